"""What names mean: an object's key, and every id and key made from it. Ids never come from chance or a clock."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import pytz

from attendance.errors import BadEventError, BadSessionError, BadVideoKeyError
from attendance.model import Place, Video, VideoKey, VideoObject

UNFILED = "unfiled"
"""The course_id under which videos are kept whose key names no course and date."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SLOT = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,32}")
"""Neither . nor .., which no object's key may have between its slashes."""
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_RIGHT_FORM = (
    "Name the video videos/<course>/<YYYY-MM-DD>/<name>.mp4 (or .mov), "
    "videos/<course>/<YYYY-MM-DD>/<slot>/<name>.mp4 for one of several sessions of the day, "
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


def upload_event(video: VideoObject) -> dict[str, Any]:
    """The event that the upload of this object made, as far as anybody reads it: `video_object` gives it back."""
    made = {"key": video.key, "size": video.size, "etag": video.etag}
    if video.version_id is not None:
        made["version-id"] = video.version_id
    return {
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": video.uploaded_at.isoformat(),
        "resources": [f"arn:aws:s3:::{video.bucket}"],
        "detail": {"version": "0", "bucket": {"name": video.bucket}, "object": made, "reason": "PutObject"},
    }


def video_key(key: str) -> VideoKey:
    """Course and date that an object's key names.

    Raises:
        BadVideoKeyError: the key has another form; the message tells the right one.
    """
    prefix, *folders, name = key.split("/") if "/" in key else ("", key)
    problem = _problem(key, prefix, folders, name)
    if problem:
        raise BadVideoKeyError(f"{problem} {_RIGHT_FORM}")
    return VideoKey(*folders) if folders else VideoKey(None, None)


def video_id(video: VideoObject) -> str:
    """16 hex digits that name one upload, however often its event arrives."""
    return _sha256(video.bucket, video.key, video.version_id or video.etag)[:16]


def session_key(course_id: str, session_id: str) -> str:
    """The key of a session's rows."""
    return f"{course_id}#{session_id}"


def session_id(day: str, slot: str | None = None) -> str:
    """The date, and the slot after an underscore where the day has several sessions."""
    return f"{day}_{slot}" if slot else day


def slot_of(place: Place) -> str | None:
    """The slot of a session, if it has one."""
    return day_and_slot(place.session_id)[1] or None


def day_and_slot(session_id: str) -> tuple[str, str]:
    """The date that a session's id names, and its slot; empty for the only class of a day and for what is unfiled."""
    day, _, slot = session_id.partition("#")[0].partition("_")
    return day, slot


def upload_folder(where: Place) -> str:
    """What the keys of a session's videos begin with when they are uploaded, with the last slash."""
    slot = slot_of(where)
    return "/".join(("videos", where.course_id, where.date, *([slot] if slot else []), ""))


def place(course_id: str, session_id: str) -> Place:
    """The session of these ids.

    Raises:
        BadSessionError: they cannot be a session's.
    """
    day, _, slot = session_id.partition("_")
    problem = _folder_problem(course_id, day, slot) if session_id != f"{day}_" else "The slot is empty."
    if problem:
        raise BadSessionError(f"{problem} A session is YYYY-MM-DD, or YYYY-MM-DD_<slot>, of a course.")
    return Place(course_id, session_id, session_key(course_id, session_id), day)


def filed(video: VideoObject, where: Place) -> Video:
    """The video as a part of a session."""
    return Video(
        bucket=video.bucket,
        key=video.key,
        version_id=video.version_id,
        etag=video.etag,
        video_id=video_id(video),
        course_id=where.course_id,
        session_id=where.session_id,
        session_key=where.session_key,
        date=where.date,
    )


def unfiled(video: VideoObject, day: str) -> Video:
    """The video as a session of its own, for uploads that cannot be filed under a course and date."""
    alone = f"{day}#{video_id(video)}"
    return filed(video, Place(UNFILED, alone, session_key(UNFILED, alone), day))


def local_date(moment: datetime, time_zone: str) -> str:
    """The date of a moment (with a zone) on the calendar of an IANA time zone.

    Raises:
        pytz.UnknownTimeZoneError: there is no such zone.
    """
    return moment.astimezone(pytz.timezone(time_zone)).date().isoformat()


def request_token(video: Video, collection_id: str, threshold: float, failed_job_id: str | None = None) -> str:
    """Names one search of one upload: Rekognition gives the same job for the same token and charges it once.

    It gives a job that failed again too: `failed_job_id` names the one after which the video is to be searched anew.
    Hex digits of a sha256 are just the 64 characters that a ClientRequestToken may have.
    """
    after = [failed_job_id] if failed_job_id else []
    return _sha256(video.bucket, video.key, video.version_id or video.etag, collection_id, f"{threshold:g}", *after)


def matches_key(video: Video) -> str:
    """Where the work bucket keeps what was found in the video."""
    return f"{video.course_id}/{video.session_id}/{video.video_id}/matches.json"


def resolved_key(where: Place, register: Mapping[str, Any]) -> str:
    """Where the work bucket keeps a decided register: named by its content, so equal decisions are one."""
    content = json.dumps(register, sort_keys=True).encode()
    return f"{where.course_id}/{where.session_id}/resolved-{hashlib.sha256(content).hexdigest()[:32]}.json"


def is_resolved(key: str) -> bool:
    """Whether the work bucket's object of this key is a decided register."""
    return key.rpartition("/")[2].startswith("resolved-")


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
    if len(folders) not in (0, 2, 3):
        return "Between videos/ and the object's name come a course, a date and perhaps a slot, or nothing."
    return _folder_problem(*folders) if folders else ""


def _folder_problem(course_id: str, day: str, slot: str = "") -> str:
    if not is_id(course_id):
        return "The course is not 1 to 64 letters, digits, dots, dashes or underscores."
    if course_id == UNFILED:
        return f"No course can be called {UNFILED}: that is where videos go that cannot be filed."
    if not _is_date(day):
        return "The date is not a day of the calendar."
    return "" if not slot or _SLOT.fullmatch(slot) else "The slot is not 1 to 32 letters, digits, dots, dashes or _."


def _is_date(text: str) -> bool:
    if not _DATE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _sha256(*parts: str) -> str:
    """Hex digits; JSON keeps the parts apart, so that no two lists of parts read the same."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
