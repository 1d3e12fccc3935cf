"""What a row's similarity means, in words for the person who checks it."""

from attendance.model import Row, Thresholds

CLOSE = 5.0
"""Points between a face's best and second-best student below which the second is worth a mention: photos of one person
differ among themselves by about as much."""


def meaning(row: Row, thresholds: Thresholds) -> str:
    """What was seen of a student in one short sentence without its full stop.

    Args:
        row: as it was decided; its status does not matter.
        thresholds: those it was decided with.
    """
    if row.similarity is None:
        return "not seen"
    words = _alike(row, row.similarity, thresholds)
    if row.margin is not None and row.margin < 0:
        return f"{words}; the face looks even more like another student"
    if row.margin is not None and row.margin < max(CLOSE, thresholds.margin):
        return f"{words}; another student is only {row.margin:.1f} points behind"
    return words


def _alike(row: Row, similarity: float, thresholds: Thresholds) -> str:
    if similarity < thresholds.present:
        return "looks alike: please check"
    if row.sightings < thresholds.minimum_sightings:
        times = "once" if row.sightings == 1 else f"{row.sightings} times"
        return f"looks the same but was seen only {times}: please check"
    if row.margin is not None and row.margin < thresholds.margin:
        return "looks the same: please check"
    return "clearly the same"
