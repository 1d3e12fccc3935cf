"""Which videos are run again at a start, and with which event."""

from typing import Any

import pytest

from attendance import keys
from local.resume import Event, interrupted, upload_event

BUCKET = "videos-bucket"


def upload(key: str, time: str = "2026-11-20T10:00:00+00:00", version: str = "v1") -> tuple[str, Event]:
    event = upload_event(BUCKET, time, {"key": key, "size": 7, "etag": "e", "version-id": version})
    return keys.video_id(keys.video_object(event)), event


def record(status: str, **more: Any) -> dict[str, Any]:
    kept = {"bucket": BUCKET, "key": "videos/gone.mp4", "etag": "e", "version_id": None}
    return {**kept, "uploaded_at": "2026-11-20T09:00:00+00:00", "status": status, **more}


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_a_video_whose_run_ended_is_left_alone(status: str) -> None:
    video_id, event = upload("videos/a.mp4")
    assert interrupted({video_id: event}, {video_id: record(status)}) == []


def test_a_video_in_the_middle_of_its_run_is_run_again_with_its_event() -> None:
    video_id, event = upload("videos/a.mp4")
    assert interrupted({video_id: event}, {video_id: record("processing")}) == [event]


def test_an_upload_nobody_noticed_is_run_the_earliest_first() -> None:
    late, early = upload("videos/a.mp4", "2026-11-20T12:00:00+00:00"), upload("videos/b.mp4")
    assert interrupted(dict([late, early]), {}) == [early[1], late[1]]


def test_each_version_of_an_object_is_a_video() -> None:
    (first, one), (second, two) = upload("videos/a.mp4", version="v1"), upload("videos/a.mp4", version="v2")
    assert interrupted({first: one, second: two}, {second: record("complete")}) == [one]


@pytest.mark.parametrize("version", [None, "v7"])
def test_a_video_deleted_while_it_ran_has_the_event_of_its_record(version: str | None) -> None:
    uploaded = keys.video_object(
        upload_event(BUCKET, "2026-11-20T09:00:00Z", {"key": "videos/gone.mp4", "size": 1, "etag": "e"})
        if version is None
        else upload("videos/gone.mp4", version=version)[1]
    )
    video_id = keys.video_id(uploaded)
    [event] = interrupted({}, {video_id: record("processing", version_id=version)})
    assert keys.video_id(keys.video_object(event)) == video_id
    assert keys.video_object(event).size > 0
