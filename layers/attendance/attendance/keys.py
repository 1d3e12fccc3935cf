"""What names mean: an object's key, and every id and key made from it. Ids never come from chance or a clock."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytz

from attendance.errors import BadEventError, BadVideoKeyError
from attendance.model import Video, VideoKey, VideoObject

UNFILED = "unfiled"
"""The course_id under which videos are kept whose key names no course and date."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RIGHT_FORM = (
    "Name the video videos/<course>/<YYYY-MM-DD>/<name>.mp4 (or .mov), "
    "or videos/<name>.mp4 for the default course and the day of the upload."
)


def is_id(text: str) -> bool:
    """Whether the text can be a course_id or student_id."""
    return _ID.fullmatch(text) is not None


def video_object(event: Mapping[str, Any]) -> VideoObject:
    """The object an EventBridge "Object Created" event tells of. Keys there are not URL-encoded.

    Raises:
        BadEventError: it is no such event.
    """
    try:
        detail = event["detail"]
        made, bucket = detail["object"], detail["bucket"]["name"]
        version = made.get("version-id")
        uploaded_at = datetime.fromisoformat(event["time"])
        found = VideoObject(
            bucket=str(bucket),
            key=str(made["key"]),
            version_id=None if version in (None, "", "null") else str(version),  # "null": stored before versioning
            etag=str(made.get("etag", "")).strip('"'),
            size=int(made["size"]),
            uploaded_at=uploaded_at if uploaded_at.tzinfo else pytz.utc.localize(uploaded_at),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise BadEventError(
            "The execution was not started by the upload of a video. Upload the video to the bucket, "
            'or start the execution with the whole "Object Created" event.'
        ) from error
    return found


def video_key(key: str) -> VideoKey:
    """Course and date that an object's key names.

    Raises:
        BadVideoKeyError: the key has another form; the message tells the right one.
    """
    prefix, *folders, name = key.split("/") if "/" in key else ("", key)
    problem = _problem(key, prefix, folders, name)
    if problem:
        raise BadVideoKeyError(f"{problem} {_RIGHT_FORM}")
    return VideoKey(folders[0], folders[1]) if folders else VideoKey(None, None)


def video_id(video: VideoObject) -> str:
    """16 hex digits that name one upload, however often its event arrives."""
    return _sha256(video.bucket, video.key, video.version_id or video.etag)[:16]


def session_key(course_id: str, session_id: str) -> str:
    """The key of a session's rows."""
    return f"{course_id}#{session_id}"


def filed(video: VideoObject, course_id: str, day: str) -> Video:
    """The video as a part of its course's session on that day; `session_id` is the date."""
    return _video(video, course_id, day, day)


def unfiled(video: VideoObject, day: str) -> Video:
    """The video as a session of its own, for uploads that cannot be filed under a course and date."""
    return _video(video, UNFILED, f"{day}#{video_id(video)}", day)


def local_date(moment: datetime, time_zone: str) -> str:
    """The date of a moment (with a zone) on the calendar of an IANA time zone.

    Raises:
        pytz.UnknownTimeZoneError: there is no such zone.
    """
    return moment.astimezone(pytz.timezone(time_zone)).date().isoformat()


def request_token(video: Video, collection_id: str, threshold: float) -> str:
    """Names one search of one upload: Rekognition gives the same job for the same token and charges it once.

    Hex digits of a sha256 are just the 64 characters that a ClientRequestToken may have.
    """
    return _sha256(video.bucket, video.key, video.version_id or video.etag, collection_id, f"{threshold:g}")


def matches_key(video: Video) -> str:
    """Where the work bucket keeps what was found in the video."""
    return f"{video.course_id}/{video.session_id}/{video.video_id}/matches.json"


def resolved_key(video: Video) -> str:
    """Where the work bucket keeps the register that was decided when the video was done."""
    return f"{video.course_id}/{video.session_id}/{video.video_id}/resolved.json"


def _problem(key: str, prefix: str, folders: list[str], name: str) -> str:
    """What is wrong with a key as a sentence, or nothing."""
    if prefix != "videos":
        return "The object is not under videos/."
    if key.endswith("/"):
        return "The object is a folder, not a video."
    if any(part.strip() in ("", ".", "..") for part in (*folders, name)):
        return "The object's key has an empty part, '.' or '..' between its slashes."
    if not name.lower().endswith((".mp4", ".mov")) or name.lower() in (".mp4", ".mov"):
        return "The object's name does not end in .mp4 or .mov."
    if len(folders) not in (0, 2):
        return "Between videos/ and the object's name come a course and a date, or nothing."
    return _folder_problem(*folders) if folders else ""


def _folder_problem(course_id: str, day: str) -> str:
    if not is_id(course_id):
        return "The course in the object's key is not 1 to 64 letters, digits, dots, dashes or underscores."
    if course_id == UNFILED:
        return f"No course can be called {UNFILED}: that is where videos go that cannot be filed."
    return "" if _is_date(day) else "The date in the object's key is not a day of the calendar."


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _video(video: VideoObject, course_id: str, session_id: str, day: str) -> Video:
    return Video(
        bucket=video.bucket,
        key=video.key,
        version_id=video.version_id,
        etag=video.etag,
        video_id=video_id(video),
        course_id=course_id,
        session_id=session_id,
        session_key=session_key(course_id, session_id),
        date=day,
    )


def _sha256(*parts: str) -> str:
    """Hex digits; JSON keeps the parts apart, so that no two lists of parts read the same."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
