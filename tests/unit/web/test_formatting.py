"""How values are written on pages."""

import pytest

from web.formatting import NOTHING, class_name, file_name, local_time, long_date, moment, percent


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, NOTHING), (0, "0:00"), (999, "0:00"), (61_000, "1:01"), (3_599_999, "59:59"), (3_600_000, "1:00:00")],
)
def test_a_moment_is_minutes_and_seconds(milliseconds: int | None, text: str) -> None:
    assert moment(milliseconds) == text


@pytest.mark.parametrize(("similarity", "text"), [(None, NOTHING), (0.0, "0.0"), (98.99, "98.9"), (100.0, "100.0")])
def test_a_similarity_is_never_rounded_up(similarity: float | None, text: str) -> None:
    assert percent(similarity) == text


@pytest.mark.parametrize(
    ("time", "zone", "text"),
    [
        ("2026-03-29T00:59:00+00:00", "Europe/Berlin", "Sun 29 Mar 2026, 01:59"),
        ("2026-03-29T01:00:00Z", "Europe/Berlin", "Sun 29 Mar 2026, 03:00"),
        ("2026-03-02T23:30:00", "Pacific/Auckland", "Tue 03 Mar 2026, 12:30"),
        ("not a time", "UTC", "not a time"),
        ("", "UTC", NOTHING),
        (None, "UTC", NOTHING),
    ],
)
def test_a_time_is_told_in_the_zone_of_the_course(time: str | None, zone: str, text: str) -> None:
    assert local_time(time, zone) == text


def test_a_date_carries_its_day_of_the_week() -> None:
    assert long_date("2026-03-02") == "Mon 02 Mar 2026"
    assert long_date("someday") == "someday"


@pytest.mark.parametrize(
    ("session_id", "name"),
    [
        ("2026-03-02", "Mon 02 Mar 2026"),
        ("2026-03-02_lab_2", "Mon 02 Mar 2026, lab_2"),
        ("2026-03-02#0123456789abcdef", "Mon 02 Mar 2026"),
    ],
)
def test_the_classes_of_one_day_have_names_of_their_own(session_id: str, name: str) -> None:
    assert class_name(session_id) == name


def test_a_file_name_is_the_last_part_of_a_key() -> None:
    assert file_name("videos/physics/2026-03-02/a lecture.mp4") == "a lecture.mp4"
    assert file_name("") == ""
