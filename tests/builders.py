"""Makes the things tests talk about, each with just what the test cares for."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from attendance import keys
from attendance.model import Enrolment, Evidence, Sighting, Thresholds, Video, VideoObject
from attendance.settings import Settings

ENVIRONMENT = {
    "STUDENTS_TABLE": "rollcall-students",
    "COURSES_TABLE": "rollcall-courses",
    "ROSTERS_TABLE": "rollcall-rosters",
    "SESSIONS_TABLE": "rollcall-sessions",
    "ATTENDANCE_TABLE": "rollcall-attendance",
    "CORRECTIONS_TABLE": "rollcall-corrections",
    "USERS_TABLE": "rollcall-users",
    "AUDIT_TABLE": "rollcall-audit",
    "VIDEOS_BUCKET": "rollcall-videos-000000000000",
    "PHOTOS_BUCKET": "rollcall-photos-000000000000",
    "WORK_BUCKET": "rollcall-work-000000000000",
    "COLLECTION_ID": "rollcall",
    "DEFAULT_COURSE_ID": "default",
    "DEFAULT_TIME_ZONE": "UTC",
    "PRESENT_THRESHOLD": "99",
    "REVIEW_THRESHOLD": "90",
    "MARGIN": "0",
    "MINIMUM_SIGHTINGS": "1",
    "LATE_AFTER_MINUTES": "0",
    "LEFT_EARLY_MINUTES": "0",
    "POLL_SECONDS": "5",
}
SETTINGS = Settings.from_environment(ENVIRONMENT)
THRESHOLDS = Thresholds(present=99.0, review=90.0)
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.05, "Height": 0.1}
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:rollcall-attendance:one"


def event(
    key: str = "videos/cs101/2026-11-20/lecture.mp4",
    *,
    size: int = 1_000_000,
    version: str | None = "v1",
    etag: str = "e1",
    time: str = "2026-11-20T16:00:00Z",
) -> dict[str, Any]:
    """The EventBridge event of an upload."""
    made: dict[str, Any] = {"key": key, "size": size, "etag": etag, "sequencer": "0068"}
    return {
        "version": "0",
        "id": "17793124-05d4-b198-2fde-7ededc63b103",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "000000000000",
        "time": time,
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{SETTINGS.videos_bucket}"],
        "detail": {
            "version": "0",
            "bucket": {"name": SETTINGS.videos_bucket},
            "object": made | ({"version-id": version} if version else {}),
            "request-id": "N4N7GDK58NMKJ12R",
            "requester": "000000000000",
            "reason": "PutObject",
        },
    }


def video(course_id: str = "cs101", day: str = "2026-11-20", name: str = "lecture.mp4", version: str = "v1") -> Video:
    """A video that is filed under a course and date."""
    key = f"videos/{course_id}/{day}/{name}"
    made = VideoObject(SETTINGS.videos_bucket, key, version, "e1", 1_000_000, datetime(2026, 11, 20, 16, tzinfo=UTC))
    return keys.filed(made, keys.place(course_id, day))


def enrolment(student_id: str, begins: str | None = None, ends: str | None = None, name: str = "") -> Enrolment:
    """A student on a roster."""
    return Enrolment(student_id, name or f"Name of {student_id}", begins, ends)


def sighting(student_id: str, similarity: float = 99.5, at: int = 1000, seen_in: Video | None = None) -> Sighting:
    """One frame in which a student was seen."""
    place = seen_in or video()
    moment = Evidence(place.bucket, place.key, place.version_id, at, BOX)
    return Sighting(student_id, similarity, None, 1, at, at, moment)


def detection(at: int, person: int, matches: Mapping[str, float] | Sequence[tuple[str, float]] = ()) -> dict[str, Any]:
    """One face of one frame as GetFaceSearch tells it; a student may be matched by several photos."""
    pairs = matches.items() if isinstance(matches, Mapping) else matches
    return {
        "Timestamp": at,
        "Person": {"Index": person, "BoundingBox": {**BOX, "Height": 0.8}, "Face": {"BoundingBox": BOX}},
        "FaceMatches": [
            {
                "Similarity": similarity,
                "Face": {"FaceId": f"{student_id}-{number}", "ExternalImageId": student_id, "Confidence": 99.9},
            }
            for number, (student_id, similarity) in enumerate(pairs)
        ],
    }


def page(*detections: Mapping[str, Any], duration_ms: int = 60_000) -> dict[str, Any]:
    """One page of a search that succeeded."""
    return {
        "JobStatus": "SUCCEEDED",
        "VideoMetadata": {"DurationMillis": duration_ms, "Format": "QuickTime / MOV"},
        "Persons": list(detections),
    }
