"""What the page of a session shows of a row beside its words: the moment in the video and a bar of the time."""

from dataclasses import dataclass

from attendance.model import Evidence
from attendance.register import RegisterRow, Session, SessionVideo

BEST_WIDTH = 1.5
"""Of the mark at the best moment, in percent of the bar."""


@dataclass(frozen=True)
class Moment:
    """Where to look: the video of the session, the moment in milliseconds, the face's box as shares of the frame."""

    video: SessionVideo
    at_ms: int
    box: tuple[float, float, float, float] | None

    @property
    def seconds(self) -> str:
        """As the end of a video's address has it."""
        return f"{self.at_ms / 1000:.3f}"

    @property
    def sides(self) -> str:
        """Left, top, width and height of the box, as the page's script reads them."""
        return " ".join(f"{side:.4f}" for side in self.box or ())


@dataclass(frozen=True)
class TimeBar:
    """When a student was seen, in percent of the longest video's time; `best` is where the best moment begins."""

    start: float
    width: float
    best: float | None


def moment_of(evidence: Evidence | None, session: Session) -> Moment | None:
    """The moment, None where there is none or its video is not (or no longer) one of the session."""
    if evidence is None:
        return None
    found = (video for video in session.videos if _is_of(evidence, video))
    video = next(found, None)
    box = evidence.box
    sides = (box["Left"], box["Top"], box["Width"], box["Height"]) if box else None
    return Moment(video, evidence.timestamp_ms, sides) if video else None


def time_bar(row: RegisterRow, session: Session) -> TimeBar | None:
    """The bar of a row, None where nothing was seen or no video's length is known."""
    longest = max((video.duration_ms or 0 for video in session.in_use), default=0)
    first, last = row.first_seen_ms, row.last_seen_ms
    if first is None or last is None or longest <= 0:
        return None
    start, end = _percent(first, longest), _percent(last, longest)
    best = _percent(row.evidence.timestamp_ms, longest) if row.evidence else None
    width = max(round(end - start, 2), BEST_WIDTH)
    return TimeBar(min(start, 100 - width), width, None if best is None else min(best, 100 - BEST_WIDTH))


def _percent(moment: int, longest: int) -> float:
    return round(min(100.0, 100 * moment / longest), 2)


def _is_of(evidence: Evidence, video: SessionVideo) -> bool:
    same = (evidence.bucket, evidence.key) == (video.bucket, video.key)
    return same and evidence.version_id == video.version_id
