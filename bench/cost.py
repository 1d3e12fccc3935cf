"""What a video costs on AWS beside Rekognition, counted from the machine's definition and runs of the real handlers.

Transitions follow from the definition and the polls that a search of that length takes. What the functions ask of
DynamoDB and S3 is counted on the emulated AWS; their time is measured here, in fresh processes, and scaled to Lambda's
share of a processor. Beside it stands the design this one replaces: one function that waits for the search inside
Lambda and writes the absent anew for every student it recognises.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from attendance.prices import (
    GB_SECOND,
    INVOCATION,
    READ_UNIT,
    S3_READ,
    S3_WRITE,
    TRANSITION,
    VIDEO_MINUTE,
    WRITE_UNIT,
)
from attendance.rollcall import wait_seconds
from bench.lecture import Lecture
from bench.lecture_hall import Hall, Played
from bench.machine import ROOT, folder, path, poll, states, tasks
from bench.report import Row
from bench.step import Ran

MINUTES = (1, 10, 50)
ROSTERS = (30, 300)

SEARCH_SHARE = 1.0
"""Assumed: a search takes as long as its video. AWS names no figure; half or twice as long changes little here."""
SEEN_SHARE = 0.8
"""Assumed: students of the roster who are in the room."""
SECONDS_A_FRAME = 1
"""Assumed: a detection of everyone in the room for each second of video."""
WHOLE_PROCESSOR_MB = 1_769
"""Lambda gives a function of this memory one processor, and less memory a proportional share."""

BUSY_WAIT_MB = 128
"""Lambda's default, which the replaced design is assumed to use: it names none."""
LONGEST_FUNCTION = 900
"""Seconds after which Lambda ends any function."""


@dataclass(frozen=True)
class Bill:
    """What one video uses.

    Attributes:
        transitions: of states.
        invocations: of functions.
        gb_seconds: of functions.
        writes: DynamoDB's write request units.
        reads: DynamoDB's read request units.
        puts: S3 requests that write.
        gets: S3 requests that read.
    """

    transitions: int
    invocations: int
    gb_seconds: float
    writes: int
    reads: int
    puts: int
    gets: int

    @property
    def dollars(self) -> float:
        """All of it."""
        return (
            self.transitions * TRANSITION
            + self.invocations * INVOCATION
            + self.gb_seconds * GB_SECOND
            + self.writes * WRITE_UNIT
            + self.reads * READ_UNIT
            + self.puts * S3_WRITE
            + self.gets * S3_READ
        )


def run(hall: Hall, minutes: Iterable[int], rosters: Iterable[int]) -> list[Row]:
    """A row for each length of video and size of roster."""
    sizes = tuple(rosters)
    return [
        row(length, roster, bill(hall.play(f"C-{length}-{roster}", lecture(length, roster)), length * 60))
        for length in minutes
        for roster in sizes
    ]


def lecture(minutes: int, roster: int) -> Lecture:
    """A video in which most of the roster is seen all the time."""
    seen = round(roster * SEEN_SHARE)
    frames = minutes * 60 // SECONDS_A_FRAME
    return Lecture(roster, seen, 0, seen, strangers=0, frames=frames, frame_ms=SECONDS_A_FRAME * 1000)


def row(minutes: int, roster: int, ours: Bill) -> Row:
    """The table's row, with the replaced design's beside ours."""
    theirs = busy_waiting(minutes * 60, roster)
    return {
        "minutes": minutes,
        "roster": roster,
        "transitions": ours.transitions,
        "Lambda GB-s": ours.gb_seconds,
        "DynamoDB writes": ours.writes,
        "reads": ours.reads,
        "S3 PUT": ours.puts,
        "GET": ours.gets,
        "$": ours.dollars,
        "before: Lambda s": min(minutes * 60 * SEARCH_SHARE, LONGEST_FUNCTION),
        "before: writes": theirs.writes,
        "before: reads": theirs.reads,
        "before: $": theirs.dollars,
        "before: finishes": "yes" if minutes * 60 * SEARCH_SHARE < LONGEST_FUNCTION else "never",
        "$ Rekognition": minutes * VIDEO_MINUTE,
    }


def bill(played: Played, video_seconds: float) -> Bill:
    """What a video uses on AWS."""
    polls = polls_of(video_seconds * SEARCH_SHARE, _parameter("PollSeconds"))
    times = {folder(state): polls if state in poll() else 1 for state in path() if state in tasks()}
    calls: Counter[str] = Counter()
    for step, ran in played.ran.items():
        calls.update({name: count * times[step] for name, count in ran.calls.items()})
    return Bill(
        transitions=len(path()) + (polls - 1) * len(poll()),
        invocations=sum(times.values()),
        gb_seconds=sum(times[step] * gb_seconds(step, ran) for step, ran in played.ran.items()),
        writes=sum(times[step] * written(ran) for step, ran in played.ran.items()),
        reads=sum(times[step] * sum(ran.read.values()) for step, ran in played.ran.items()),
        puts=calls["s3.PutObject"],
        gets=sum(calls[name] for name in ("s3.GetObject", "s3.HeadObject")),
    )


def polls_of(search_seconds: float, first: int) -> int:
    """How often a search of that length is asked after."""
    polls, waited = 0, 0.0
    while not polls or waited < search_seconds:
        waited += wait_seconds(polls, first)
        polls += 1
    return polls


def gb_seconds(step: str, ran: Ran) -> float:
    """What Lambda bills for a run: the time it waited as it was, the time it computed at its share of a processor."""
    memory = _memory_mb(step)
    slower = max(1.0, WHOLE_PROCESSOR_MB / memory)
    return memory / 1024 * (max(0.0, ran.seconds - ran.cpu) + ran.cpu * slower)


def written(ran: Ran) -> int:
    """Write request units of a run: in transactions twice, and once for each index of the table."""
    indexes = _indexes()
    return sum(
        units * (1 + indexes[table.rpartition("-")[2]]) + ran.transacted.get(table, 0)
        for table, units in ran.stored.items()
    )


def busy_waiting(search_seconds: float, roster: int) -> Bill:
    """The replaced design: one function polls until the search is done, and reads before each write.

    For each student it recognises it writes that student, and then all who are not recognised yet as absent: with 35
    of 70 recognised that is 35 and 35 times 70 less the recognised so far, 1,855 writes in all, as was counted in it.
    """
    seconds = min(search_seconds * SEARCH_SHARE, LONGEST_FUNCTION)
    seen = round(roster * SEEN_SHARE)
    finished = search_seconds * SEARCH_SHARE < LONGEST_FUNCTION
    writes = seen + sum(roster - number for number in range(1, seen + 1)) if finished else 0
    return Bill(0, 1, seconds * BUSY_WAIT_MB / 1024, writes, writes, 0, 0)


@cache
def _template() -> Mapping[str, Any]:
    parsed: Mapping[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
    return parsed


def _parameter(name: str) -> int:
    return int(_template()["Parameters"][name]["Default"])


def _memory_mb(step: str) -> int:
    """What the template gives a function."""
    (state,) = (state for state in tasks() if folder(state) == step)
    resource = states()[state]["Resource"].removeprefix("${").removesuffix("Arn}")
    own = _template()["Resources"][resource]["Properties"]
    return int(own.get("MemorySize", _template()["Globals"]["Function"]["MemorySize"]))


def _indexes() -> dict[str, int]:
    """How many indexes each table has, by its short name."""
    return {
        name.removesuffix("Table").lower(): len(made["Properties"].get("GlobalSecondaryIndexes", ()))
        for name, made in _template()["Resources"].items()
        if made["Type"] == "AWS::DynamoDB::Table"
    }
