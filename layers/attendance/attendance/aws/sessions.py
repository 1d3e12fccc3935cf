"""The table of sessions: one item per session, in it a map of its videos.

What runs of several videos know of them goes to each video's own path, so that they do not undo each other's. What a
video's progress means for its session is written only if the videos are still what it was made from, else made again.
"""

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from attendance.aws.transactions import transact
from attendance.aws.values import to_item
from attendance.errors import SessionChangedError, VideoErasedError
from attendance.keys import UNFILED
from attendance.model import Place, Progress, Video
from attendance.ports import Outcome, Turn, VideoRecord
from attendance.rollcall import session_progress
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource

Item = Mapping[str, Any]

_TRIES = 20
"""Runs of one session that may get in each other's way one after another before the state machine tries later."""

FILED = "#moved"
"""In place of a course_id: items that tell which session a video belongs to. No course_id starts with #."""
OUTDATED = "outdated_turn"
"""Of a session: decisions of this turn and of those before miss something, and no run is at work that would not."""
_OUTDATES = f"SET {OUTDATED} = if_not_exists(turns, :none)"
_OF_A_RUN = frozenset({"status", "error"})
"""Of a video's record, what does not hold in another session."""


def _now() -> datetime:
    return datetime.now(UTC)


class DynamoSessions:
    """The table of sessions; `now` gives the time of a change."""

    def __init__(
        self, dynamodb: "DynamoDBServiceResource", settings: Settings, now: Callable[[], datetime] = _now
    ) -> None:
        self._table = dynamodb.Table(settings.sessions_table)
        self._refused = self._table.meta.client.exceptions.ConditionalCheckFailedException
        self._audit = settings.audit_table
        self._now = now

    def add_video(self, video: Video, uploaded_at: datetime, execution_arn: str) -> None:
        """Note that the video is being worked on, unless it is complete."""
        self._open(video.place, {})
        run = {"status": Progress.PROCESSING.value, "execution_arn": execution_arn}
        record = run | {
            "bucket": video.bucket,
            "key": video.key,
            "etag": video.etag,
            "version_id": video.version_id,
            "uploaded_at": uploaded_at.astimezone(UTC).isoformat(timespec="seconds"),
        }
        added = "SET videos.#id = if_not_exists(videos.#id, :record)"
        self._update(video.place, added, {"#id": video.video_id}, {":record": record})
        self._progress(video.place, video.video_id, run, {})

    def forget(self, video: Video) -> None:
        """Take a video that could not be filed, and now is elsewhere, out of this session, if it is in it."""
        with contextlib.suppress(self._refused):
            self._table.update_item(
                Key=_key(video.place),
                UpdateExpression="REMOVE videos.#id",
                ConditionExpression="attribute_exists(videos.#id)",
                ExpressionAttributeNames={"#id": video.video_id},
            )

    def search_started(self, video: Video, job_id: str, model: str) -> None:
        """Keep the job that searches the video and the model it searches with."""
        self._note(video, {"job_id": job_id, "model": model})

    def search_failed(self, video: Video) -> None:
        """Note that the service gave up the video's job."""
        with contextlib.suppress(self._refused):
            self._table.update_item(
                Key=_key(video.place),
                UpdateExpression="SET videos.#id.failed_job_id = videos.#id.job_id",
                ConditionExpression="attribute_exists(videos.#id.job_id)",
                ExpressionAttributeNames={"#id": video.video_id},
            )

    def failed_job_id(self, video: Video) -> str | None:
        """The last job that the service gave up."""
        job_id = self._item(video.place).get("videos", {}).get(video.video_id, {}).get("failed_job_id")
        return str(job_id) if job_id else None

    def collected(self, video: Video, matches_key: str, duration_ms: int | None) -> None:
        """Keep where the video's matches are."""
        self._note(video, {"matches_key": matches_key, "duration_ms": duration_ms})

    def take_turn(self, place: Place) -> Turn:
        """The session as it is now, with a number higher than that of any turn before."""
        item = self._table.update_item(
            Key=_key(place),
            UpdateExpression="ADD turns :one",
            ExpressionAttributeValues={":one": 1},
            ReturnValues="ALL_NEW",
        )["Attributes"]
        videos: Any = item.get("videos", {})
        return Turn(
            number=int(str(item["turns"])),
            videos={
                video_id: VideoRecord(
                    status=Progress(record["status"]),
                    bucket=record["bucket"],
                    key=record["key"],
                    uploaded_at=record["uploaded_at"],
                    matches_key=record.get("matches_key"),
                    model=record.get("model"),
                    is_left_out=bool(record.get("left_out")),
                )
                for video_id, record in videos.items()
            },
            is_roll_call=bool(item.get("is_roll_call")),
        )

    def decide(self, place: Place, turn: Turn, decision: str, video_id: str | None) -> str:
        """Let a decided register stand, unless one of a later turn does; the key of the one that stands."""
        given = {"decision": {"key": decision, "turn": turn.number}}
        change, names = _sets("", given), _names(given)
        condition = "attribute_not_exists(#decision) OR #decision.turn < :turn"
        values = {**_values(given), ":turn": turn.number}
        if video_id:
            working = {"status": Progress.PROCESSING.value}
            change += ", #status = :status, videos.#id.#status = :status"
            condition = f"attribute_exists(videos.#id) AND ({condition})"
            names |= {"#id": video_id, **_names(working)}
            values |= _values(working)
        else:
            # Until its rows are written, as no run does that if whoever decided here is cut off. A mark that is there
            # stays: it may be of a change that came after this turn was taken.
            change += f", {OUTDATED} = if_not_exists({OUTDATED}, :before)"
            values[":before"] = turn.number - 1
        try:
            self._update(place, change, names, values, condition)
        except self._refused:
            return self._standing(place)
        return decision

    def written(self, place: Place, outcome: Outcome, video_id: str | None) -> Progress:
        """Mark the video and those of the outcome's sources complete, and keep the outcome; the session's progress.

        Raises:
            SessionChangedError: another decision stands.
        """
        session = {
            "counts": outcome.counts,
            "counted": outcome.corrected,
            "thresholds": asdict(outcome.thresholds),
        }
        record = {"status": Progress.COMPLETE.value}
        return self._progress(place, video_id, record, session, outcome)

    def corrected(self, place: Place) -> int:
        """How many corrections the session has seen."""
        return int(self._item(place).get("corrected", 0))

    def video_failed(self, video: Video, error: str, reason: str) -> Progress:
        """Mark the video failed, unless it is complete."""
        failure = {"status": Progress.FAILED.value, "error": {"name": error, "reason": reason}}
        return self._progress(video.place, video.video_id, failure, {})

    def open_roll_call(self, place: Place) -> None:
        """Note that a person calls the roll of this session."""
        self._open(place, {})
        called = {"is_roll_call": True}
        change = f"{_OUTDATES}, {_sets('', called).removeprefix('SET ')}"
        self._update(place, change, _names(called), {**_values(called), ":none": 0})

    def close_roll_call(self, place: Place, corrected: int, actor: str) -> bool:
        """Note, in the audit as well, that nobody calls the roll there after all; False if it is not as was seen."""
        closed: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": _key(place),
            "UpdateExpression": f"{_OUTDATES} REMOVE is_roll_call",
            "ConditionExpression": "is_roll_call = :yes AND (attribute_not_exists(corrected) OR corrected = :seen)",
            "ExpressionAttributeValues": {":none": 0, ":yes": True, ":seen": corrected},
        }
        subject = f"session#{place.session_key}"
        return self._transacted({"Update": closed}, self._noting(subject, actor, "close roll call", {}))

    def file(self, video_id: str, place: Place) -> Place:
        """Remember the session the video is in, unless one is remembered; the one that is."""
        item: Any = self._table.update_item(
            Key=_filed_key(video_id),
            UpdateExpression="SET place = if_not_exists(place, :place)",
            ExpressionAttributeValues={":place": asdict(place)},
            ReturnValues="ALL_NEW",
        )["Attributes"]
        return Place(**item["place"])

    def filed_in(self, video_id: str) -> Place | None:
        """The session that is remembered for the video, None if its key alone says where it belongs.

        Raises:
            VideoErasedError: a person erased the recording.
        """
        item: Any = self._table.get_item(Key=_filed_key(video_id), ConsistentRead=True).get("Item", {})
        if "erased_at" in item:
            raise VideoErasedError(
                "An administrator erased this recording. Upload it under another name if it is wanted after all."
            )
        return Place(**item["place"]) if item else None

    def move(self, video_id: str, place: Place, to: Place, actor: str) -> bool:
        """Take a video that is not being worked on to another session, for good, and into the audit."""
        record = self._item(place).get("videos", {}).get(video_id)
        if record is None or record["status"] == Progress.PROCESSING.value:
            return False
        self._open(to, {})
        moved = {name: value for name, value in record.items() if name not in _OF_A_RUN}
        filed = {**_filed_key(video_id), "place": asdict(to)}
        return self._transacted(
            self._leaving(place, video_id, record),
            self._arriving(to, video_id, {**moved, "status": Progress.PROCESSING.value}),
            {"Put": {"TableName": self._table.name, "Item": filed}},
            self._noting(f"video#{video_id}", actor, "move", {"old": place.session_key, "new": to.session_key}),
        )

    def leave_out(self, video_id: str, place: Place, actor: str, *, is_left_out: bool) -> bool:
        """Let a video not count, or count again, and note it in the audit; False if there was nothing to change."""
        change: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": _key(place),
            "UpdateExpression": f"REMOVE videos.#id.left_out {_OUTDATES}",
            "ConditionExpression": "attribute_exists(videos.#id.left_out)",
            "ExpressionAttributeNames": {"#id": video_id},
            "ExpressionAttributeValues": {":none": 0},
        }
        if is_left_out:
            change["UpdateExpression"] = f"{_OUTDATES}, videos.#id.left_out = :yes"
            change["ConditionExpression"] = "attribute_exists(videos.#id) AND attribute_not_exists(videos.#id.left_out)"
            change["ExpressionAttributeValues"] |= {":yes": True}
        action = "leave out" if is_left_out else "count again"
        return self._transacted(
            {"Update": change}, self._noting(f"video#{video_id}", actor, action, {"old": place.session_key})
        )

    def erase(self, video_id: str, place: Place, actor: str) -> bool:
        """Take a video that is left out out of its session for good, note it in the audit, and remember that."""
        record = self._item(place).get("videos", {}).get(video_id)
        if record is None or not record.get("left_out"):
            return False
        filed = {**_filed_key(video_id), "erased_at": self._now().isoformat(timespec="seconds")}
        return self._transacted(
            self._leaving(place, video_id, record),
            {"Put": {"TableName": self._table.name, "Item": filed}},
            self._noting(f"video#{video_id}", actor, "erase", {"old": place.session_key}),
        )

    def _transacted(self, *actions: Any) -> bool:
        """Do all of the actions or, when a condition does not hold, none: then False.

        Raises:
            UnprocessedItemsError: DynamoDB kept refusing; nothing was done.
        """
        return not transact(self._table.meta.client, actions)

    def _leaving(self, place: Place, video_id: str, record: Item) -> dict[str, Any]:
        """The session without the video; what could not be filed is a session of that video alone, and goes with it."""
        change: dict[str, Any] = {
            "TableName": self._table.name,
            "Key": _key(place),
            "ConditionExpression": "videos.#id = :record",
            "ExpressionAttributeNames": {"#id": video_id},
            "ExpressionAttributeValues": {":record": record},
        }
        if place.course_id == UNFILED:
            return {"Delete": change}
        change["ExpressionAttributeValues"] |= {":none": 0}
        return {"Update": {**change, "UpdateExpression": f"REMOVE videos.#id {_OUTDATES}"}}

    def _arriving(self, to: Place, video_id: str, record: Item) -> dict[str, Any]:
        """The session with the video; no run is to come for one in which somebody was looked for already."""
        arrived, values = "SET videos.#id = :record, #status = :status", {}
        if record.get("matches_key"):
            arrived, values = f"{_OUTDATES}, {arrived.removeprefix('SET ')}", {":none": 0}
        return {
            "Update": {
                "TableName": self._table.name,
                "Key": _key(to),
                "UpdateExpression": arrived,
                "ExpressionAttributeNames": {"#id": video_id, "#status": "status"},
                "ExpressionAttributeValues": {**values, ":record": record, ":status": Progress.PROCESSING.value},
            }
        }

    def _noting(self, subject: str, actor: str, action: str, more: Item) -> dict[str, Any]:
        """The writing of an entry in the audit."""
        time = self._now().isoformat(timespec="microseconds")
        entry = {"subject": subject, "time": time, "actor": actor, "action": action, **more}
        return {"Put": {"TableName": self._audit, "Item": entry}}

    def _open(self, place: Place, more: Item) -> None:
        """Make the session's item unless it is there."""
        session = {"session_key": place.session_key, "date": place.date, **more}
        change = _sets("", session) + ", videos = if_not_exists(videos, :none)"
        self._update(place, change, _names(session), {**_values(session), ":none": {}})

    def _note(self, video: Video, found: Item) -> None:
        """Keep what was found out about the video, unless it was moved to another session meanwhile."""
        names = {"#id": video.video_id, **_names(found)}
        with contextlib.suppress(self._refused):
            self._update(
                video.place, _sets("videos.#id.", found), names, _values(found), "attribute_exists(videos.#id)"
            )

    def _progress(
        self, place: Place, video_id: str | None, record: Item, session: Item, outcome: Outcome | None = None
    ) -> Progress:
        """Change a video's record, and of an outcome those of its sources; write what the videos then mean together.

        Raises:
            SessionChangedError: there is an outcome, and another decision than its own stands.
            ConditionalCheckFailedException: other runs changed the videos every time in between.
        """
        for _ in range(_TRIES - 1):
            try:
                return self._progress_once(place, video_id, record, session, outcome)
            except self._refused:
                continue
        return self._progress_once(place, video_id, record, session, outcome)

    def _progress_once(
        self, place: Place, video_id: str | None, record: Item, session: Item, outcome: Outcome | None
    ) -> Progress:
        item = self._item(place)
        if outcome and item.get("decision", {}).get("key") != outcome.decision:
            raise SessionChangedError("The rows of this session were decided anew meanwhile. They are written again.")
        before: Mapping[str, Item] = item.get("videos", {})
        sources = outcome.sources if outcome else ()
        after = {
            each: changed(kept, record) if each == video_id or kept.get("matches_key") in sources else kept
            for each, kept in before.items()
        }
        progress = session_progress(Progress(each["status"]) for each in after.values())
        given: dict[str, Any] = {"videos": after, "status": progress.value, **session}
        if progress is Progress.FAILED:
            given["error"] = max(after.values(), key=lambda each: str(each["uploaded_at"]))["error"]
        gone = [] if "error" in given else ["#error"]
        if outcome and int(item.get(OUTDATED, 0)) < int(item["decision"]["turn"]):
            gone.append(OUTDATED)
        change = _sets("", given) + (f" REMOVE {', '.join(gone)}" if gone else "")
        names = {**_names(given), "#error": "error"}
        values, condition = {**_values(given), ":before": before}, "videos = :before"
        if outcome:
            names["#decision"], values[":decision"] = "decision", item["decision"]
            condition += " AND #decision = :decision"
        self._update(place, change, names, values, condition)
        return progress

    def _standing(self, place: Place) -> str:
        """The key of the decision that stands.

        Raises:
            SessionChangedError: there is none: the video was moved to another session.
        """
        standing = self._item(place).get("decision", {}).get("key")
        if standing is None:
            raise SessionChangedError("The video does not belong to this session any more.")
        return str(standing)

    def _item(self, place: Place) -> Item:
        return self._table.get_item(Key=_key(place), ConsistentRead=True).get("Item", {})

    def _update(self, place: Place, change: str, names: Item, values: Item, condition: str | None = None) -> None:
        """One UpdateItem that also notes when it was."""
        now = self._now().isoformat(timespec="milliseconds")
        request: Any = {
            "Key": _key(place),
            "UpdateExpression": change.replace("SET ", "SET updated_at = :now, ", 1),
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": to_item({**values, ":now": now}),
        }
        if condition:
            request["ConditionExpression"] = condition
        self._table.update_item(**request)


def changed(record: Item, change: Item) -> Item:
    """A video's record after a change of its progress: an error of a former run goes unless there is a new one.

    Only a decision takes up a complete video again; of a run that begins it keeps just which one it is.
    """
    if record["status"] == Progress.COMPLETE.value:
        return {**record, **{name: value for name, value in change.items() if name == "execution_arn"}}
    return {name: value for name, value in record.items() if name != "error"} | dict(change)


def _filed_key(video_id: str) -> dict[str, Any]:
    return {"course_id": FILED, "session_id": video_id}


def _sets(path: str, changes: Item) -> str:
    return "SET " + ", ".join(f"{path}#{name} = :{name}" for name in changes)


def _names(changes: Item) -> dict[str, str]:
    return {f"#{name}": name for name in changes}


def _values(changes: Item) -> dict[str, Any]:
    return {f":{name}": value for name, value in changes.items()}


def _key(place: Place) -> dict[str, Any]:
    return {"course_id": place.course_id, "session_id": place.session_id}
