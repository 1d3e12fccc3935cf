"""The rules of the register."""

from collections import Counter
from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attendance.model import Enrolment, Progress, Row, Sighting, Status, Thresholds
from attendance.rollcall import (
    LONGEST_WAIT,
    decide,
    is_enrolled,
    seconds_left,
    session_progress,
    unseen,
    wait_seconds,
)
from tests.builders import THRESHOLDS, enrolment, sighting, video

DAY = "2026-11-20"
DAYS = st.sampled_from(["2026-11-18", "2026-11-19", DAY, "2026-11-21", "2026-11-22"])
IDS = [f"s{number}" for number in range(6)]


def statuses(rows: tuple[Row, ...]) -> dict[str, str]:
    return {row.student_id: row.status.value for row in rows}


def test_everybody_enrolled_gets_exactly_one_row() -> None:
    roster = [enrolment("ada"), enrolment("grace"), enrolment("linus")]
    seen = [sighting("ada", 99.5), sighting("grace", 95.0)]
    assert statuses(decide(roster, [seen], THRESHOLDS, DAY)) == {"ada": "present", "grace": "review", "linus": "absent"}


def test_a_video_without_any_known_face_makes_everybody_absent() -> None:
    rows = decide([enrolment("ada"), enrolment("grace")], [], THRESHOLDS, DAY)
    assert statuses(rows) == {"ada": "absent", "grace": "absent"}


def test_an_empty_roster_makes_an_empty_register() -> None:
    assert decide([], [[sighting("ada")]], THRESHOLDS, DAY) == ()


def test_students_of_one_name_stay_two_students() -> None:
    roster = [enrolment("s1", name="Anna Kim"), enrolment("s2", name="Anna Kim")]
    assert statuses(decide(roster, [[sighting("s2")]], THRESHOLDS, DAY)) == {"s1": "absent", "s2": "present"}


def test_somebody_of_another_course_is_nobody_here() -> None:
    assert statuses(decide([enrolment("ada")], [[sighting("eve")]], THRESHOLDS, DAY)) == {"ada": "absent"}


@pytest.mark.parametrize(
    ("similarity", "status"),
    [
        (100.0, "present"),
        (99.0, "present"),
        (98.995, "present"),
        (98.99, "review"),
        (90.0, "review"),
        (89.99, "absent"),
    ],
)
def test_a_threshold_belongs_to_the_better_outcome_and_is_held_against_the_two_shown_decimals(
    similarity: float, status: str
) -> None:
    assert statuses(decide([enrolment("ada")], [[sighting("ada", similarity)]], THRESHOLDS, DAY)) == {"ada": status}


def test_a_seen_row_keeps_what_proves_it() -> None:
    (row,) = decide([enrolment("ada")], [[sighting("ada", 99.1234, at=700)]], THRESHOLDS, DAY)
    assert (row.similarity, row.first_seen_ms, row.last_seen_ms, row.sightings) == (99.12, 700, 700, 1)
    assert row.evidence is not None
    assert row.evidence.timestamp_ms == 700


def test_an_absent_row_claims_nothing() -> None:
    (row,) = decide([enrolment("ada")], [[sighting("ada", 85.0)]], THRESHOLDS, DAY)
    assert row == Row("ada", "Name of ada", Status.ABSENT)


@pytest.mark.parametrize(
    ("begins", "ends", "belongs"),
    [
        (None, None, True),
        (DAY, DAY, True),
        ("2026-11-21", None, False),
        (None, "2026-11-19", False),
        ("2026-11-19", "2026-11-21", True),
        ("", "", True),
    ],
)
def test_the_first_and_the_last_day_of_an_enrolment_count(begins: str | None, ends: str | None, belongs: bool) -> None:
    assert is_enrolled(Enrolment("ada", "Ada", begins, ends), DAY) is belongs
    assert len(decide([Enrolment("ada", "Ada", begins, ends)], [], THRESHOLDS, DAY)) == belongs


MARGINS = st.none() | st.integers(-5, 30).map(float)
SEEN = st.lists(
    st.builds(
        lambda student, similarity, at, margin: replace(sighting(student, similarity, at), margin=margin),
        st.sampled_from(IDS),
        st.integers(80, 100).map(float),
        st.integers(0, 5),
        MARGINS,
    ),
    max_size=6,
)
RULES = st.builds(Thresholds, st.just(99.0), st.just(90.0), st.integers(0, 20).map(float), st.integers(1, 3))


@given(st.lists(SEEN, max_size=3), RULES)
def test_the_order_of_videos_makes_no_difference(videos: list[list[Sighting]], rules: Thresholds) -> None:
    roster = [enrolment(student_id) for student_id in IDS]
    decided = [decide(roster, order, rules, DAY) for order in permutations(videos)]
    assert all(other == decided[0] for other in decided)


@given(st.lists(SEEN, max_size=3), SEEN, RULES)
def test_another_video_never_takes_a_student_away(
    videos: list[list[Sighting]], more: list[Sighting], rules: Thresholds
) -> None:
    order = [Status.ABSENT, Status.REVIEW, Status.PRESENT]
    roster = [enrolment(student_id) for student_id in IDS]
    before, after = decide(roster, videos, rules, DAY), decide(roster, [*videos, more], rules, DAY)
    assert all(order.index(b.status) <= order.index(a.status) for b, a in zip(before, after, strict=True))


@given(
    st.lists(
        st.builds(Enrolment, st.sampled_from(IDS), st.just("x"), st.none() | DAYS, st.none() | DAYS),
        max_size=6,
        unique_by=lambda enrolled: enrolled.student_id,
    ),
    SEEN,
    st.tuples(st.integers(0, 100), st.integers(0, 100)),
)
def test_any_roster_gets_one_row_per_enrolled_student(
    roster: list[Enrolment], seen: list[Sighting], bounds: tuple[int, int]
) -> None:
    thresholds = Thresholds(present=max(bounds), review=min(bounds))
    rows = decide(roster, [seen], thresholds, DAY)
    enrolled = [
        each.student_id for each in roster if (each.enrolled_from or DAY) <= DAY <= (each.enrolled_until or DAY)
    ]
    assert Counter(row.student_id for row in rows) == Counter(enrolled)
    for row in rows:
        own = [each for each in seen if each.student_id == row.student_id and each.similarity >= thresholds.review]
        clear = [each for each in own if each.similarity >= thresholds.present and (each.margin or 0) >= 0]
        assert row.status == ("present" if clear else "review" if own else "absent")


def test_two_cameras_of_one_session_unite_with_the_better_moment() -> None:
    front, back = video(name="front.mp4"), video(name="back.mp4")
    videos = [[sighting("ada", 92.0, 100, front)], [sighting("ada", 99.5, 900, back)]]
    (row,) = decide([enrolment("ada")], videos, THRESHOLDS, DAY)
    assert (row.similarity, row.sightings, row.first_seen_ms, row.last_seen_ms) == (99.5, 2, 100, 900)
    assert row.evidence is not None
    assert row.evidence.key == back.key


@pytest.mark.parametrize(
    ("margin", "status"), [(None, "present"), (5.0, "present"), (4.995, "present"), (4.99, "review"), (-3.0, "review")]
)
def test_who_is_not_clearly_more_like_themselves_than_like_another_is_reviewed(
    margin: float | None, status: str
) -> None:
    seen = [replace(sighting("ada", 99.5), margin=margin)]
    assert statuses(decide([enrolment("ada")], [seen], replace(THRESHOLDS, margin=5.0), DAY)) == {"ada": status}


def test_the_clear_moment_of_one_video_outweighs_the_more_similar_but_unclear_one_of_another() -> None:
    clear, unclear = replace(sighting("ada", 99.1), margin=30.0), replace(sighting("ada", 99.9), margin=1.0)
    (row,) = decide([enrolment("ada")], [[unclear], [clear]], replace(THRESHOLDS, margin=5.0), DAY)
    assert (row.status, row.similarity, row.margin) == (Status.PRESENT, 99.1, 30.0)


def test_who_was_seen_too_seldom_is_reviewed_and_sightings_of_all_videos_count() -> None:
    rules = replace(THRESHOLDS, minimum_sightings=3)
    once, twice = sighting("ada"), replace(sighting("ada"), sightings=2)
    assert statuses(decide([enrolment("ada")], [[twice]], rules, DAY)) == {"ada": "review"}
    assert statuses(decide([enrolment("ada")], [[twice], [once]], rules, DAY)) == {"ada": "present"}


def flags(*videos: Sighting, late: int = 10, early: int = 5) -> tuple[bool, bool]:
    rules = replace(THRESHOLDS, late_after_minutes=late, left_early_minutes=early)
    (row,) = decide([enrolment("ada")], [[each] for each in videos], rules, DAY)
    return row.late, row.left_early


def seen_from(minutes: float, unseen_after: float | None = 0.0) -> Sighting:
    after = None if unseen_after is None else int(unseen_after * 60_000)
    return replace(sighting("ada", at=int(minutes * 60_000)), unseen_after_ms=after)


@pytest.mark.parametrize(
    ("first", "after", "expected"),
    [
        (0, 0, (False, False)),
        (10, 5, (False, False)),
        (10.01, 5, (True, False)),
        (0, 5.01, (False, True)),
        (30, 30, (True, True)),
        (0, None, (False, False)),
    ],
)
def test_late_and_left_early_begin_beyond_the_courses_minutes(
    first: float, after: float | None, expected: tuple[bool, bool]
) -> None:
    assert flags(seen_from(first, after)) == expected


def test_late_and_left_early_are_said_only_if_every_video_that_saw_the_student_says_so() -> None:
    late_and_early, whole = seen_from(20, 20), seen_from(0, 0)
    assert flags(late_and_early, late_and_early) == (True, True)
    assert flags(late_and_early, whole) == (False, False)
    assert flags(late_and_early, seen_from(20, None)) == (True, False)


def test_a_course_without_limits_never_says_late_or_left_early() -> None:
    assert flags(seen_from(300, 300), late=0, early=0) == (False, False)


def test_an_absent_student_is_neither_late_nor_left_early() -> None:
    (row,) = decide([enrolment("ada")], [], replace(THRESHOLDS, late_after_minutes=1), DAY)
    assert (row.late, row.left_early) == (False, False)


def test_a_section_has_its_own_students_and_those_of_no_section() -> None:
    roster = [replace(enrolment(name), section=section) for name, section in (("a", "A"), ("b", "B"), ("c", None))]
    assert statuses(decide(roster, [], THRESHOLDS, DAY, "A")) == {"a": "absent", "c": "absent"}
    assert len(decide(roster, [], THRESHOLDS, DAY)) == 3


def test_a_session_that_no_video_shows_leaves_everybody_to_a_person() -> None:
    rows = unseen([enrolment("ada"), enrolment("eve", begins="2026-11-21")], DAY)
    assert statuses(rows) == {"ada": "review"}
    assert rows[0].evidence is None


@pytest.mark.parametrize(
    ("videos", "session"),
    [
        ("", "complete"),
        ("p", "processing"),
        ("cp", "processing"),
        ("fp", "processing"),
        ("c", "complete"),
        ("cf", "complete"),
        ("f", "failed"),
        ("ff", "failed"),
    ],
)
def test_a_session_is_as_far_as_its_videos(videos: str, session: str) -> None:
    letters = {"p": Progress.PROCESSING, "c": Progress.COMPLETE, "f": Progress.FAILED}
    for order in permutations(videos):
        assert session_progress(letters[letter] for letter in order) == session


EVENTS_PER_POLL = 9
"""Wait entered, exited; task entered, scheduled, started, succeeded, exited; choice entered, exited."""


def looks(duration: int, first: int) -> list[int]:
    """When a search of this duration (s) is looked at, up to the look that finds it done."""
    times, polls = [wait_seconds(0, first)], 1
    while times[-1] < duration:
        times.append(times[-1] + wait_seconds(polls, first))
        polls += 1
    return times


@pytest.mark.parametrize("first", [1, 2, 5, 30, 300])
def test_a_search_of_six_hours_stays_under_2000_events(first: int) -> None:
    assert len(looks(6 * 3600, first)) * EVENTS_PER_POLL < 1900


@pytest.mark.parametrize("first", [1, 5])
@pytest.mark.parametrize("duration", [1, 5, 20, 60, 300, 1200])
def test_a_finished_search_is_noticed_within_a_quarter_of_its_duration(first: int, duration: int) -> None:
    assert looks(duration, first)[-1] - duration <= first + duration / 4


@given(st.integers(0, 100_000), st.integers(1, 300))
def test_waits_are_whole_seconds_that_never_shrink_and_have_a_cap(polls: int, first: int) -> None:
    now, then = wait_seconds(polls, first), wait_seconds(polls + 1, first)
    assert isinstance(now, int)
    assert first <= now <= then <= LONGEST_WAIT


@pytest.mark.parametrize(
    ("percent", "seconds", "left"),
    [
        (None, 60, None),
        (0.0, 60, None),
        (-1.0, 60, None),
        (50.0, 0, None),
        (25.0, 60, 180),
        (100.0, 60, 0),
        (250.0, 9, 0),
    ],
)
def test_the_time_left_is_told_where_anything_can_be_said(
    percent: float | None, seconds: float, left: int | None
) -> None:
    assert seconds_left(percent, seconds) == left


@given(total=st.integers(1, 100_000), done=st.floats(1, 100))
def test_a_search_that_goes_on_as_it_went_ends_when_it_was_said(total: int, done: float) -> None:
    taken = total * done / 100
    left = seconds_left(done, taken)
    assert left is not None
    assert abs(taken + left - total) <= 1
