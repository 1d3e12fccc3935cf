"""Register video."""

import pytest

from attendance.errors import BadEventError, BadVideoKeyError, EmptyVideoError, UnknownCourseError, VideoTooLargeError
from attendance.model import Progress
from functions.register_video.handler import handler
from tests.builders import EXECUTION, event
from tests.fakes import World
from tests.functional.functions.conftest import Step


def given(*args: object, **kwargs: object) -> dict[str, object]:
    return {"event": event(*args, **kwargs), "execution_arn": EXECUTION}  # type: ignore[arg-type]


def test_the_video_is_filed_under_the_course_and_date_of_its_key(world: World, step: Step) -> None:
    world.enrol("cs101")
    video = step("register_video", given())
    assert (video["course_id"], video["session_id"], video["session_key"]) == (
        "cs101",
        "2026-11-20",
        "cs101#2026-11-20",
    )
    session = world.sessions.items["cs101", "2026-11-20"]
    assert session["status"] == Progress.PROCESSING
    assert session["videos"][video["video_id"]]["execution_arn"] == EXECUTION


def test_a_bare_key_goes_to_the_default_course_on_the_local_day_of_the_upload(world: World, step: Step) -> None:
    world.courses.add("default", time_zone="Asia/Tokyo")
    video = step("register_video", given("videos/lecture.mp4", time="2026-11-20T16:00:00Z"))
    assert (video["course_id"], video["date"]) == ("default", "2026-11-21")


def test_a_bare_key_stays_in_the_session_of_its_first_run_whatever_the_settings_become(
    world: World, step: Step
) -> None:
    first = step("register_video", given("videos/lecture.mp4", time="2026-11-20T16:00:00Z"))
    world.courses.add("default", time_zone="Asia/Tokyo")
    again = given("videos/lecture.mp4", time="2026-11-20T16:00:01Z")
    assert step("register_video", again) == first
    failed = step("record_failure", {**again, "error": {"Error": "States.Timeout", "Cause": ""}})
    assert failed["session_id"] == first["session_id"] == "2026-11-20"
    assert list(world.sessions.items) == [("default", "2026-11-20")]


def test_the_default_course_needs_no_item(step: Step) -> None:
    assert step("register_video", given("videos/lecture.mp4"))["course_id"] == "default"


def test_a_key_with_spaces_accents_and_plus_signs_is_kept_as_it_is(world: World, step: Step) -> None:
    world.enrol("cs101")
    key = "videos/cs101/2026-11-20/C++ für Anfänger (1)%20.mp4"
    assert step("register_video", given(key))["key"] == key


def test_the_same_event_twice_is_one_video(world: World, step: Step) -> None:
    world.enrol("cs101")
    assert step("register_video", given()) == step("register_video", given())
    assert len(world.sessions.items["cs101", "2026-11-20"]["videos"]) == 1


def test_an_unversioned_bucket_gives_null_for_the_version(world: World, step: Step) -> None:
    world.enrol("cs101")
    assert step("register_video", given(version=None))["version_id"] is None


@pytest.mark.parametrize(
    "key", ["videos/cs101/x.mp4", "videos/cs101/2026-02-30/x.mp4", "videos/../x.mp4", "videos/a.txt"]
)
def test_a_key_of_another_form_is_refused_and_nothing_is_noted(key: str, world: World, step: Step) -> None:
    world.enrol("cs101")
    with pytest.raises(BadVideoKeyError):
        step("register_video", given(key))
    assert world.sessions.items == {}


def test_an_unknown_course_is_refused_by_name(step: Step) -> None:
    with pytest.raises(UnknownCourseError, match="cs404"):
        step("register_video", given("videos/cs404/2026-11-20/x.mp4"))


def test_an_empty_object_is_refused(world: World, step: Step) -> None:
    world.enrol("cs101")
    with pytest.raises(EmptyVideoError, match="0 bytes"):
        step("register_video", given(size=0))


def test_a_video_of_more_than_ten_gigabytes_is_refused_before_it_costs_anything(world: World, step: Step) -> None:
    world.enrol("cs101")
    assert step("register_video", given(size=10 * 1024**3))
    with pytest.raises(VideoTooLargeError, match=r"10\.0 GB|shorter"):
        step("register_video", given(size=10 * 1024**3 + 1))


def test_an_event_that_tells_of_no_object_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("functions.register_video.handler.services", lambda: world.services)
    with pytest.raises(BadEventError):
        handler({"event": {}, "execution_arn": EXECUTION}, None)
