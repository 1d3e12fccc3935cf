"""The table of sessions: one item per session, in it a map of its videos.

Each video is changed by an update of its own path, so that runs of several videos do not undo each other's. What the
videos together mean for the session is written only if they are still what it was made from, else made again.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attendance.aws.values import to_item
from attendance.model import Progress, Thresholds, Video
from attendance.ports import VideoRecord
from attendance.rollcall import session_progress
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

Item = Mapping[str, Any]

_TRIES = 20
"""Runs of one session that may get in each other's way one after another before the state machine tries later."""
_NAMES = {"#status": "status", "#error": "error"}


def _now() -> datetime:
    return datetime.now(UTC)


class DynamoSessions:
    """The table of sessions; `now` gives the time of a change."""

    def __init__(
        self, dynamodb: "DynamoDBServiceResource", settings: Settings, now: Callable[[], datetime] = _now
    ) -> None:
        self._table = dynamodb.Table(settings.sessions_table)
        self._refused = self._table.meta.client.exceptions.ConditionalCheckFailedException
        self._now = now

    def add_video(self, video: Video, uploaded_at: datetime, execution_arn: str) -> None:
        """Note that the video is being worked on, unless it is complete."""
        session = {"session_key": video.session_key, "date": video.date}
        change = _sets("", session) + ", videos = if_not_exists(videos, :none)"
        self._update(video, change, _names(session), {**_values(session), ":none": {}})
        run = {"status": Progress.PROCESSING.value, "execution_arn": execution_arn}
        record = run | {
            "bucket": video.bucket,
            "key": video.key,
            "etag": video.etag,
            "version_id": video.version_id,
            "uploaded_at": uploaded_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
        added = "SET videos.#id = if_not_exists(videos.#id, :record)"
        self._update(video, added, {"#id": video.video_id}, {":record": record})
        if self._set_progress(video, run, unless_complete=True):
            self._settle(video, {})

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        """Keep the job that searches the video and the model it searches with."""
        change = "SET videos.#id.job_id = :job_id, model = :model"
        self._update(video, change, {"#id": video.video_id}, {":job_id": job_id, ":model": model})

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        """Keep where the video's matches are."""
        found = {"matches_key": matches_key, "duration_ms": duration_ms}
        self._update(video, _sets("videos.#id.", found), {"#id": video.video_id, **_names(found)}, _values(found))

    def videos(self, video: Video) -> Mapping[str, VideoRecord]:
        """The videos of the session as they are now."""
        return {
            video_id: VideoRecord(Progress(record["status"]), record.get("matches_key"))
            for video_id, record in self._item(video).get("videos", {}).items()
        }

    def video_complete(self, video: Video, counts: Mapping[str, int], thresholds: Thresholds) -> Progress:
        """Mark the video complete and keep the register's counts."""
        self._set_progress(video, {"status": Progress.COMPLETE.value}, unless_complete=False)
        register = {"counts": counts, "thresholds": {"present": thresholds.present, "review": thresholds.review}}
        return self._settle(video, register)

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        """Mark the video failed, unless it is complete."""
        failure = {"name": error, "reason": reason}
        self._set_progress(video, {"status": Progress.FAILED.value, "error": failure}, unless_complete=True)
        return self._settle(video, {})

    def _set_progress(self, video: Video, record: Item, *, unless_complete: bool) -> bool:
        """Change a video's record, where an error of a former run goes unless there is a new one.

        Returns:
            Whether it was changed: a complete video may be left as it is.
        """
        change = _sets("videos.#id.", record) + ("" if "error" in record else " REMOVE videos.#id.#error")
        values = _values(record)
        condition = None
        if unless_complete:
            condition, values[":complete"] = "videos.#id.#status <> :complete", Progress.COMPLETE.value
        try:
            self._update(video, change, {"#id": video.video_id, **_NAMES, **_names(record)}, values, condition)
        except self._refused:
            return False
        return True

    def _settle(self, video: Video, register: Item) -> Progress:
        """Write what the session's videos together mean.

        Raises:
            ConditionalCheckFailedException: other runs changed the videos every time in between.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._settle_once(video, register)
            except self._refused:
                continue
        return self._settle_once(video, register)

    def _settle_once(self, video: Video, register: Item) -> Progress:
        videos: Mapping[str, Item] = self._item(video)["videos"]
        progress = session_progress(Progress(record["status"]) for record in videos.values())
        session: dict[str, Any] = {"status": progress.value, **register}
        if progress is Progress.FAILED:
            session["error"] = max(videos.values(), key=lambda record: str(record["uploaded_at"]))["error"]
        change = _sets("", session) + ("" if "error" in session else " REMOVE #error")
        values = {**_values(session), ":videos": videos}
        self._update(video, change, {**_NAMES, **_names(session)}, values, "videos = :videos")
        return progress

    def _item(self, video: Video) -> Item:
        return self._table.get_item(Key=_key(video), ConsistentRead=True).get("Item", {})

    def _update(self, video: Video, change: str, names: Item, values: Item, condition: str | None = None) -> None:
        """One UpdateItem that also notes when it was; of the names only those used, as DynamoDB wants it."""
        now = self._now().isoformat(timespec="milliseconds")
        expression = change.replace("SET ", "SET updated_at = :now, ", 1)
        request: Any = {
            "Key": _key(video),
            "UpdateExpression": expression,
            "ExpressionAttributeNames": {
                name: real for name, real in names.items() if name in f"{expression} {condition}"
            },
            "ExpressionAttributeValues": to_item({**values, ":now": now}),
        }
        if condition:
            request["ConditionExpression"] = condition
        self._table.update_item(**request)


def _sets(path: str, changes: Item) -> str:
    return "SET " + ", ".join(f"{path}#{name} = :{name}" for name in changes)


def _names(changes: Item) -> dict[str, str]:
    return {f"#{name}": name for name in changes}


def _values(changes: Item) -> dict[str, Any]:
    return {f":{name}": value for name, value in changes.items()}


def _key(video: Video) -> dict[str, Any]:
    return {"course_id": video.course_id, "session_id": video.session_id}
