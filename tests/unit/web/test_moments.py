"""Where a row's moment is, and its bar of the time."""

from hypothesis import given
from hypothesis import strategies as st

from attendance.model import Evidence, Progress, Status
from attendance.register import RegisterRow, Session, SessionVideo
from tests.builders import BOX
from web.moments import BEST_WIDTH, Moment, moment_of, time_bar


def video(video_id: str, version: str | None = "v1", duration_ms: int | None = 60_000) -> SessionVideo:
    key = f"videos/cs101/2026-11-20/{video_id}.mp4"
    return SessionVideo(
        video_id, "videos", key, version, "e1", Progress.COMPLETE, None, duration_ms, None, "arn", "job"
    )


def session(*videos: SessionVideo) -> Session:
    return Session("cs101", "2026-11-20", "2026-11-20", Progress.COMPLETE, videos, {}, None, None)


def evidence(of: SessionVideo, at: int = 30_000) -> Evidence:
    return Evidence(of.bucket, of.key, of.version_id, at, BOX)


def row(first: int | None, last: int | None, best: Evidence | None = None) -> RegisterRow:
    return RegisterRow("s1", "Zoë", Status.PRESENT, first_seen_ms=first, last_seen_ms=last, evidence=best)


def test_a_moment_is_found_in_the_video_of_its_very_version() -> None:
    one, other = video("a"), video("b")
    assert moment_of(evidence(other), session(one, other)) == Moment(other, 30_000, (0.1, 0.2, 0.05, 0.1))
    assert moment_of(evidence(video("a", "v2")), session(one, other)) is None
    assert moment_of(None, session(one)) is None


def test_a_moment_without_a_box_has_no_sides() -> None:
    one = video("a")
    found = moment_of(Evidence(one.bucket, one.key, "v1", 1_500, None), session(one))
    assert found is not None
    assert (found.seconds, found.sides) == ("1.500", "")


def test_who_was_not_seen_or_where_no_length_is_known_has_no_bar() -> None:
    assert time_bar(row(None, None), session(video("a"))) is None
    assert time_bar(row(0, 10), session(video("a", duration_ms=None))) is None
    assert time_bar(row(0, 10), session()) is None


@given(st.integers(0, 90_000), st.integers(0, 90_000), st.integers(0, 90_000))
def test_a_bar_never_leaves_its_frame_and_is_never_too_thin_to_see(one: int, other: int, best: int) -> None:
    shown = video("a")
    bar = time_bar(row(min(one, other), max(one, other), evidence(shown, best)), session(shown))
    assert bar is not None
    assert bar.best is not None
    assert 0 <= bar.start <= bar.start + bar.width <= 100.01
    assert bar.width >= BEST_WIDTH
    assert 0 <= bar.best <= 100 - BEST_WIDTH
