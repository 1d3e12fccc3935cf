"""Brings a stack to where the recorded events under events/ are true: their course, students, video and search exist.

The real thing is run: three students are enrolled, a real video is put at the events' key, and the state machine makes
its register. All ids derive from the object's place and bytes, so they are the recorded ones on every machine.
"""

import contextlib
import json
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.errors import StackError
from local.home import ROOT, Endpoints

EVENTS = ROOT / "events"
PICTURES = ROOT / "build" / "pictures"
STUDENTS = {"s-001": "man.jpg", "s-002": "obama.jpg", "s-003": "biden.jpg"}
VIDEO = "man.mp4"
WEB_SECRET = "rollcall-web-secret-key"  # noqa: S105 (its name)

PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.2


class SeedError(StackError):
    """The stack could not be brought to where the events are true."""


def event_for(function: str) -> Any:
    """A function's recorded event."""
    return json.loads((EVENTS / f"{function}.json").read_text(encoding="utf-8"))


def seed(endpoints: Endpoints) -> None:
    """Make the events' course, students, video, register and secret, unless they are there.

    It points this process's AWS environment at the stack.

    Raises:
        SeedError: the pictures are missing, or the register did not come about.
    """
    video = event_for("start_face_search")["video"]
    if not _is_complete(endpoints, video):
        _make_register(endpoints, video)
    _let_the_recorded_decision_stand(endpoints, video)
    _make_web_secret(endpoints)


def _make_register(endpoints: Endpoints, video: Mapping[str, str]) -> None:
    """Enrol the students, upload the video and wait for its register."""
    os.environ.update(endpoints.client_environment)
    people = enroller(Settings.from_environment(endpoints.settings))
    people.ensure_course(video["course_id"], "The course of the recorded events", "UTC")
    for student_id, photo in STUDENTS.items():
        people.enrol(student_id, f"Student {student_id}", _picture(photo), [video["course_id"]], "local.seed")
    clients.s3(endpoints.aws).put_object(Bucket=endpoints.bucket, Key=video["key"], Body=_picture(VIDEO))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_complete(endpoints, video):
        if time.monotonic() > deadline:
            raise SeedError(f"The video {video['key']} has no register after {PATIENCE_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def _let_the_recorded_decision_stand(endpoints: Endpoints, video: Mapping[str, str]) -> None:
    """Give the decided register the name that the events have for it.

    It is named by its content, and in that are similarities, whose last digits differ from processor to processor.
    """
    resolved = event_for("close_session")["resolved"]
    work, recorded = endpoints.settings["WORK_BUCKET"], resolved["key"]
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["SESSIONS_TABLE"])
    key = {"course_id": video["course_id"], "session_id": video["session_id"]}
    session: Any = table.get_item(Key=key, ConsistentRead=True)["Item"]
    standing = session["decision"]["key"]
    if standing != recorded:
        clients.s3(endpoints.aws).copy_object(Bucket=work, Key=recorded, CopySource={"Bucket": work, "Key": standing})
    table.update_item(
        Key=key,
        UpdateExpression="SET decision.#key = :recorded",
        ExpressionAttributeNames={"#key": "key"},
        ExpressionAttributeValues={":recorded": recorded},
    )


def _make_web_secret(endpoints: Endpoints) -> None:
    """Make what signs the web's sessions: the local deployment leaves out what serves the web on AWS."""
    client = clients.secretsmanager(endpoints.aws)
    with contextlib.suppress(client.exceptions.ResourceExistsException):
        client.create_secret(Name=WEB_SECRET, SecretString=secrets.token_hex(32))


def _is_complete(endpoints: Endpoints, video: Mapping[str, str]) -> bool:
    """Whether the video has its register."""
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["SESSIONS_TABLE"])
    key = {"course_id": video["course_id"], "session_id": video["session_id"]}
    session: Any = table.get_item(Key=key, ConsistentRead=True).get("Item", {})
    kept = session.get("videos", {}).get(video["video_id"], {})
    if kept.get("status") == "failed":
        again = f"rollcall session retry {video['course_id']} {video['session_id']}"
        raise SeedError(f"The video {video['key']} failed: {kept['error']['reason']} Run it again: {again}")
    return bool(kept.get("status") == "complete")


def _picture(name: str) -> bytes:
    path: Path = PICTURES / name
    if not path.is_file():
        raise SeedError(f"{path} is missing: run `make pictures` first.")
    return path.read_bytes()
