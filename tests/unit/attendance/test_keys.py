"""What object keys mean, and the ids made from them."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from attendance import keys
from attendance.errors import BadEventError, BadSessionError, BadVideoKeyError
from attendance.model import VideoKey
from tests.builders import event, video

IDS = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(lambda text: text != keys.UNFILED)
NAMES = st.text(st.characters(exclude_characters="/", exclude_categories=["Cs"]), min_size=1).filter(str.strip)


def test_course_and_date_come_from_the_key() -> None:
    assert keys.video_key("videos/cs101/2026-11-20/lecture.mp4") == VideoKey("cs101", "2026-11-20")


@pytest.mark.parametrize("slot", ["1", "A", "10-12", "morning_lab", "s" * 32])
def test_a_slot_tells_sessions_of_one_day_apart(slot: str) -> None:
    assert keys.video_key(f"videos/cs101/2026-11-20/{slot}/x.mp4") == VideoKey("cs101", "2026-11-20", slot)
    where = keys.place("cs101", keys.session_id("2026-11-20", slot))
    assert (where.session_id, where.date, keys.slot_of(where)) == (f"2026-11-20_{slot}", "2026-11-20", slot)
    assert where.session_key == f"cs101#2026-11-20_{slot}"
    assert keys.upload_folder(where) == f"videos/cs101/2026-11-20/{slot}/"


def test_a_session_without_a_slot_is_its_date() -> None:
    where = keys.place("cs101", keys.session_id("2026-11-20"))
    assert (where.session_id, keys.slot_of(where)) == ("2026-11-20", None)
    assert keys.upload_folder(where) == "videos/cs101/2026-11-20/"


@pytest.mark.parametrize(
    ("course_id", "session_id"),
    [
        ("cs101", ""),
        ("cs101", "2026-02-30"),
        ("cs101", "2026-11-20_"),
        ("cs101", "2026-11-20_a b"),
        ("cs101", "2026-11-20_."),
        ("cs101", "2026-11-20_.."),
        ("cs101", "2026-11-20#0123456789abcdef"),
        ("c#1", "2026-11-20"),
        ("unfiled", "2026-11-20"),
    ],
)
def test_what_cannot_be_a_session_is_refused(course_id: str, session_id: str) -> None:
    with pytest.raises(BadSessionError, match="YYYY-MM-DD"):
        keys.place(course_id, session_id)


def test_a_bare_name_is_left_to_the_default_course() -> None:
    assert keys.video_key("videos/lecture.mov") == VideoKey(None, None)


@pytest.mark.parametrize(
    "name",
    ["a b.mp4", "cours_été.mp4", "c++ + java.mp4", "%20.mp4", "..mp4", "UPPER.MP4", "講義.mov", "a" * 900 + ".mp4"],
)
def test_spaces_accents_plus_and_percent_signs_in_the_name_are_taken_as_they_are(name: str) -> None:
    assert keys.video_key(f"videos/cs101/2026-11-20/{name}") == VideoKey("cs101", "2026-11-20")


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "not under videos/"),
        ("lecture.mp4", "not under videos/"),
        ("/videos/lecture.mp4", "not under videos/"),
        ("Videos/lecture.mp4", "not under videos/"),
        ("photos/lecture.mp4", "not under videos/"),
        ("videos/", "a folder"),
        ("videos/cs101/", "a folder"),
        ("videos/cs101/2026-11-20/", "a folder"),
        ("videos//lecture.mp4", "empty part"),
        ("videos/cs101//lecture.mp4", "empty part"),
        ("videos/ /2026-11-20/lecture.mp4", "empty part"),
        ("videos/../secrets.mp4", "empty part, '.' or '..'"),
        ("videos/cs101/2026-11-20/../x.mp4", "empty part, '.' or '..'"),
        ("videos/./2026-11-20/x.mp4", "empty part, '.' or '..'"),
        ("videos/cs101/2026-11-20/lecture.avi", "does not end in .mp4 or .mov"),
        ("videos/cs101/2026-11-20/lecture", "does not end in .mp4 or .mov"),
        ("videos/cs101/2026-11-20/.mp4", "does not end in .mp4 or .mov"),
        ("videos/cs101/2026-11-20/mp4", "does not end in .mp4 or .mov"),
        ("videos/cs101/lecture.mp4", "a course, a date"),
        ("videos/a/b/c/d/lecture.mp4", "a course, a date"),
        ("videos/cs101/2026-11-20/a b/lecture.mp4", "The slot"),
        ("videos/cs101/2026-11-20/é/lecture.mp4", "The slot"),
        ("videos/cs101/2026-11-20/" + "s" * 33 + "/lecture.mp4", "The slot"),
        ("videos/cs101/2026-02-30/x.mp4", "not a day of the calendar"),
        ("videos/cs101/2026-13-01/x.mp4", "not a day of the calendar"),
        ("videos/cs101/20261120/x.mp4", "not a day of the calendar"),
        ("videos/cs101/2026-W47-5/x.mp4", "not a day of the calendar"),
        ("videos/cs101/\u0662\u0660\u0662\u0666-\u0661\u0661-\u0662\u0660/x.mp4", "not a day of the calendar"),
        ("videos/2026-11-20/cs101/x.mp4", "not a day of the calendar"),
        ("videos/-cs/2026-11-20/x.mp4", "The course"),
        ("videos/c#1/2026-11-20/x.mp4", "The course"),
        ("videos/" + "c" * 65 + "/2026-11-20/x.mp4", "The course"),
        ("videos/cs101\n/2026-11-20/x.mp4", "The course"),
        ("videos/unfiled/2026-11-20/x.mp4", "No course can be called unfiled"),
    ],
)
def test_any_other_key_is_refused_with_the_problem_and_the_right_form(key: str, problem: str) -> None:
    with pytest.raises(BadVideoKeyError, match=re.escape(problem)) as refused:
        keys.video_key(key)
    assert "videos/<course>/<YYYY-MM-DD>/<name>.mp4" in str(refused.value)


@given(course=IDS, day=st.dates(), name=NAMES, ending=st.sampled_from([".mp4", ".MOV", ".Mp4"]))
def test_every_right_key_gives_back_what_it_was_made_of(course: str, day: object, name: str, ending: str) -> None:
    assert keys.video_key(f"videos/{course}/{day}/{name}{ending}") == VideoKey(course, str(day))


@given(st.text())
def test_no_key_does_anything_but_parse_or_be_refused(key: str) -> None:
    for text in (key, f"videos/{key}", f"videos/{key}.mp4", f"videos/c/2026-11-20/{key}"):
        try:
            named = keys.video_key(text)
        except BadVideoKeyError:
            continue
        assert (named.course_id is None) == (named.date is None)
        assert named.course_id is None or keys.is_id(named.course_id)


def test_one_upload_has_one_id_however_often_its_event_arrives() -> None:
    first, again = (
        keys.video_object(event(time="2026-11-20T16:00:00Z")),
        keys.video_object(event(time="2026-11-21T09:00:00Z")),
    )
    assert keys.video_id(first) == keys.video_id(again)
    assert re.fullmatch(r"[0-9a-f]{16}", keys.video_id(first))


def test_a_new_version_is_a_new_video_and_so_is_new_content_without_versions() -> None:
    made = keys.video_object(event(version="v1"))
    assert keys.video_id(made) != keys.video_id(replace(made, version_id="v2"))
    assert keys.video_id(made) == keys.video_id(replace(made, etag="other"))
    unversioned = replace(made, version_id=None)
    assert keys.video_id(unversioned) != keys.video_id(replace(unversioned, etag="other"))


def test_ids_do_not_confuse_a_bucket_with_the_start_of_a_key() -> None:
    made = keys.video_object(event())
    assert keys.video_id(replace(made, bucket="ab", key="c")) != keys.video_id(replace(made, bucket="a", key="bc"))


@pytest.mark.parametrize("version", [None, "", "null"])
def test_a_bucket_without_versions_gives_no_version(version: str | None) -> None:
    given = event()
    given["detail"]["object"]["version-id"] = version
    assert keys.video_object(given).version_id is None


@pytest.mark.parametrize(
    "broken", [{}, {"detail": None}, {"detail": {}}, {**event(), "time": "soon"}, {**event(), "time": 5}]
)
def test_an_execution_started_with_anything_else_is_told_so(broken: dict[str, object]) -> None:
    with pytest.raises(BadEventError, match="Upload the video"):
        keys.video_object(broken)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("UTC", "2026-11-20"),
        ("Asia/Tokyo", "2026-11-21"),
        ("America/Los_Angeles", "2026-11-20"),
        ("Pacific/Kiritimati", "2026-11-21"),
    ],
)
def test_the_date_is_the_local_one_of_the_course(zone: str, day: str) -> None:
    assert keys.local_date(datetime(2026, 11, 20, 16, 30, tzinfo=UTC), zone) == day


def test_the_local_date_knows_summer_time() -> None:
    assert keys.local_date(datetime(2026, 7, 1, 22, 30, tzinfo=UTC), "Europe/London") == "2026-07-01"
    assert keys.local_date(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), "Europe/London") == "2026-07-02"
    assert keys.local_date(datetime(2026, 12, 1, 23, 30, tzinfo=UTC), "Europe/London") == "2026-12-01"


def test_a_zone_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(pytz.UnknownTimeZoneError):
        keys.local_date(datetime(2026, 11, 20, tzinfo=UTC), "Mars/Olympus")


def test_a_request_token_fits_the_service_and_changes_with_every_part_of_the_request() -> None:
    token = keys.request_token(video(), "rollcall", 90.0)
    assert re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", token)
    others = [
        keys.request_token(video(name="other.mp4"), "rollcall", 90.0),
        keys.request_token(video(version="v2"), "rollcall", 90.0),
        keys.request_token(video(), "another", 90.0),
        keys.request_token(video(), "rollcall", 91.0),
        keys.request_token(video(), "rollcall", 90.0, "job-1"),
        keys.request_token(video(), "rollcall", 90.0, "job-2"),
    ]
    assert len({token, *others}) == 7
    assert token == keys.request_token(video(), "rollcall", 90)


def test_matches_are_kept_by_video_and_registers_by_content() -> None:
    made = video()
    assert keys.matches_key(made) == f"cs101/2026-11-20/{made.video_id}/matches.json"
    one, same, other = (keys.resolved_key(made.place, content) for content in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {}))
    assert one == same != other
    assert re.fullmatch(r"cs101/2026-11-20/resolved-[0-9a-f]{32}\.json", one)


def test_an_unfiled_video_is_a_session_of_its_own() -> None:
    made = keys.unfiled(keys.video_object(event("videos/x.txt")), "2026-11-20")
    assert (made.course_id, made.session_id) == ("unfiled", f"2026-11-20#{made.video_id}")
    assert made.session_key == f"unfiled#2026-11-20#{made.video_id}"
