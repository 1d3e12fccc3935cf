"""The bars of a chart are as high as their values, and words say the same."""

from hypothesis import given
from hypothesis import strategies as st

from web.charts import HEIGHT, LABELS, WIDTH, presence_chart, term_chart


@given(st.lists(st.none() | st.floats(0, 100), max_size=60))
def test_bars_stand_side_by_side_within_the_plot(values: list[float | None]) -> None:
    days = [f"day {number}" for number in range(len(values))]
    chart = term_chart(days, values)
    known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
    if len(known) < 2:
        assert chart is None
        return
    assert chart
    assert [bar.words.split(":")[0] for bar in chart.bars] == [day for day, _ in known]
    for bar, (_, value) in zip(chart.bars, known, strict=True):
        assert abs(bar.height / HEIGHT * 100 - value) < 0.01
        assert abs(bar.y + bar.height - HEIGHT) < 0.02
    ends = [bar.x + bar.width for bar in chart.bars]
    assert all(end <= bar.x for end, bar in zip(ends, chart.bars[1:], strict=False))
    assert ends[-1] <= WIDTH
    assert 1 <= len(chart.labels) <= LABELS


def test_the_summary_names_the_least_and_the_most() -> None:
    chart = term_chart(["2026-03-01", "2026-03-02", "2026-03-03"], [50.0, None, 80.4])
    assert chart
    assert chart.summary == (
        "2 classes from 2026-03-01 to 2026-03-03: least present 50 % on 2026-03-01, most 80 % on 2026-03-03."
    )


def test_the_fullest_part_of_a_session_is_as_high_as_the_plot() -> None:
    chart = presence_chart([0, 60_000, 120_000], [2, 4, 0])
    assert chart
    assert [bar.height for bar in chart.bars] == [HEIGHT / 2, HEIGHT, 0]
    assert chart.summary == "2 at the start, 0 at the end, most at 1:00: 4."
    assert chart.bars[1].words == "1:00: 4 students"


def test_an_empty_room_has_no_chart() -> None:
    assert presence_chart([], []) is None
    assert presence_chart([0, 1], [0, 0]) is None
