"""Brings a stack to where the recorded events under events/ are true: their course, students, video and search exist.

The real thing is run: three students are enrolled, a real video is put at the events' key, and the state machine makes
its register. Only ids that derive from the object's bytes and the search's job differ from the recorded ones.
"""

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from attendance.aws.compose import enroller
from attendance.settings import Settings
from local import clients
from local.home import ROOT, Endpoints

EVENTS = ROOT / "events"
PICTURES = ROOT / "build" / "pictures"
STUDENTS = {"s-001": "man.jpg", "s-002": "obama.jpg", "s-003": "biden.jpg"}
VIDEO = "man.mp4"

PATIENCE_SECONDS = 120.0
_POLL_SECONDS = 0.2


class SeedError(Exception):
    """The stack could not be brought to where the events are true."""


@dataclass(frozen=True)
class Ids:
    """What names one upload and its search."""

    etag: str
    video_id: str
    job_id: str


def recorded() -> tuple[dict[str, Any], Ids]:
    """The video of the recorded events, and the ids they were recorded with."""
    event = json.loads((EVENTS / "collect_matches.json").read_text())
    video = event["video"]
    return video, Ids(video["etag"], video["video_id"], event["job"]["job_id"])


def event_for(step: str, endpoints: Endpoints) -> Any:
    """A step's recorded event, with the ids its video and search have in this stack, if it was seeded."""
    text = (EVENTS / f"{step}.json").read_text()
    here, there = _ids(endpoints), recorded()[1]
    if here is not None:
        for old, new in zip(
            (there.etag, there.video_id, there.job_id), (here.etag, here.video_id, here.job_id), strict=True
        ):
            text = text.replace(old, new)
    return json.loads(text)


def seed(endpoints: Endpoints) -> None:
    """Make the events' course, students, video and register, unless they are there.

    It points this process's AWS environment at the stack.

    Raises:
        SeedError: the pictures are missing, or the register did not come about.
    """
    if _ids(endpoints) is not None:
        return
    video, _ = recorded()
    os.environ.update(endpoints.client_environment)
    people = enroller(Settings.from_environment(endpoints.settings))
    people.ensure_course(video["course_id"], "The course of the recorded events", "UTC")
    for student_id, photo in STUDENTS.items():
        people.enrol(student_id, f"Student {student_id}", _picture(photo), [video["course_id"]], "local.seed")
    clients.s3(endpoints.aws).put_object(Bucket=endpoints.bucket, Key=video["key"], Body=_picture(VIDEO))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while _ids(endpoints) is None:
        if time.monotonic() > deadline:
            raise SeedError(f"The video {video['key']} has no register after {PATIENCE_SECONDS:.0f} s.")
        time.sleep(_POLL_SECONDS)


def _ids(endpoints: Endpoints) -> Ids | None:
    """The ids of the events' video in this stack, once its register is complete."""
    video, _ = recorded()
    table = clients.dynamodb(endpoints.aws).Table(endpoints.settings["SESSIONS_TABLE"])
    key = {"course_id": video["course_id"], "session_id": video["session_id"]}
    session: Any = table.get_item(Key=key, ConsistentRead=True).get("Item", {})
    for video_id, kept in session.get("videos", {}).items():
        if kept["key"] == video["key"] and kept["status"] == "failed":
            raise SeedError(f"The video {video['key']} failed: {kept['error']['reason']}")
        if kept["key"] == video["key"] and kept["status"] == "complete":
            return Ids(kept["etag"], video_id, kept["job_id"])
    return None


def _picture(name: str) -> bytes:
    path: Path = PICTURES / name
    if not path.is_file():
        raise SeedError(f"{path} is missing: run `make pictures` first.")
    return path.read_bytes()
