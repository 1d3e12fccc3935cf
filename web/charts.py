"""Pictures of numbers, as the points and words that templates draw as SVG: nothing of them needs a script or style."""

from collections.abc import Sequence
from dataclasses import dataclass

from web.formatting import moment

WIDTH, HEIGHT = 640, 120
"""Of the plot, in units of its own; it is drawn as wide as the page."""
LABELS = 6
"""Words below the plot at most."""


@dataclass(frozen=True)
class Bar:
    """A bar of a chart: where it stands, how high it is, and what it says."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True)
class Chart:
    """Bars side by side, some of them with a word below.

    Attributes:
        bars: left to right; a value that is not known has none.
        labels: where each stands, and its text.
        summary: what is to be seen, for who cannot see it.
    """

    bars: tuple[Bar, ...]
    labels: tuple[tuple[float, str], ...]
    summary: str


def term_chart(days: Sequence[str], shares: Sequence[float | None]) -> Chart | None:
    """Percent present (0-100) by session, the oldest first; None where there are fewer than two to compare."""
    known = [(value, day) for day, value in zip(days, shares, strict=True) if value is not None]
    if len(known) < 2:
        return None
    (lowest, lowest_day), (highest, highest_day) = min(known), max(known)
    summary = (
        f"{len(known)} classes from {known[0][1]} to {known[-1][1]}: "
        f"least present {lowest:.0f} % on {lowest_day}, most {highest:.0f} % on {highest_day}."
    )
    return Chart(_bars(days, shares, 100, "% present"), _labels(days), summary)


def presence_chart(starts_ms: Sequence[int], numbers: Sequence[int]) -> Chart | None:
    """Students in the room by part of a session, which starts so many milliseconds into it; None without anybody."""
    if not any(numbers):
        return None
    starts = [moment(start) for start in starts_ms]
    fullest = starts[numbers.index(max(numbers))]
    summary = f"{numbers[0]} at the start, {numbers[-1]} at the end, most at {fullest}: {max(numbers)}."
    return Chart(_bars(starts, numbers, max(numbers), "students"), _labels(starts), summary)


def _bars(words: Sequence[str], values: Sequence[float | None], top: float, unit: str) -> tuple[Bar, ...]:
    """A bar for each value that is known; one of `top` is as high as the plot."""
    step = WIDTH / max(1, len(values))
    return tuple(
        Bar(
            x=round(number * step + step * 0.1, 2),
            y=round(HEIGHT * (1 - value / top), 2),
            width=round(step * 0.8, 2),
            height=round(HEIGHT * value / top, 2),
            words=f"{word}: {value:.0f} {unit}",
        )
        for number, (word, value) in enumerate(zip(words, values, strict=True))
        if value is not None
    )


def _labels(words: Sequence[str]) -> tuple[tuple[float, str], ...]:
    step = WIDTH / max(1, len(words))
    every = -(-len(words) // LABELS)
    return tuple((round((number + 0.5) * step, 2), words[number]) for number in range(0, len(words), every))
