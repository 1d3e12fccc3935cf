"""Enrolling many students from a table and a collection of photos: what is done is not done twice."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attendance.csvfile import read_table
from attendance.enrolment import (
    ANY_TERMS,
    Enroller,
    Terms,
    in_a_sentence,
    one_spelling,
)
from attendance.errors import RollcallError
from attendance.photo_sources import PhotoSource

COLUMNS = ("student_id", "student_name", "photo")


@dataclass(frozen=True)
class RosterLine:
    """One student to import; `number` is the line of the file, `photo` the name of a file among the photos."""

    number: int
    student_id: str
    student_name: str
    photo: str


@dataclass(frozen=True)
class Outcome:
    """What became of one line: `done` is enrolled, already there, or checked; `problem` is why not."""

    line: RosterLine
    done: str = ""
    problem: str = ""
    warnings: tuple[str, ...] = ()


def parse_roster(text: str) -> list[RosterLine]:
    """The students of a table with the columns student_id, student_name and photo.

    Raises:
        TableFileError: not a table, without a needed column, or without a line.
    """
    lines = read_table(text, COLUMNS)
    return [RosterLine(line.number, *(line.cells[column] for column in COLUMNS)) for line in lines]


def conflicting_lines(lines: Sequence[RosterLine]) -> set[int]:
    """Numbers of lines that repeat an earlier line's id under another name: one of them is wrong."""
    first: dict[str, str] = {}
    named = [(line, one_spelling(line.student_name)) for line in lines]
    return {line.number for line, name in named if first.setdefault(line.student_id, name) != name}


class Importer:
    """Does the lines of one roster.

    Args:
        lines: all lines of the roster, of which conflicts are known.
        source: where the photos are.
        enroller: enrols.
        course_id: the course the students are put on.
        actor: who does this, for the audit.
        terms: what else is meant with each enrolment.
        is_dry_run: judge each line as an enrolment would, and keep nothing.
    """

    def __init__(
        self,
        lines: Sequence[RosterLine],
        source: PhotoSource,
        enroller: Enroller,
        course_id: str,
        actor: str,
        terms: Terms = ANY_TERMS,
        *,
        is_dry_run: bool = False,
    ) -> None:
        self._conflicting = conflicting_lines(lines)
        self._source = source
        self._enroller = enroller
        self._course_id = course_id
        self._actor = actor
        self._terms = terms
        self._is_dry_run = is_dry_run

    def outcomes(self, lines: Sequence[RosterLine]) -> Iterator[Outcome]:
        """Do some of the lines, one after the other."""
        for line in lines:
            if line.number in self._conflicting:
                yield Outcome(line, problem="an earlier line has this student_id with another name: correct one")
                continue
            try:
                yield self._outcome(line)
            except RollcallError as error:
                yield Outcome(line, problem=str(error))

    def _outcome(self, line: RosterLine) -> Outcome:
        photo = self._source.read(line.photo)
        if self._is_dry_run:
            alike = self._enroller.rehearse(line.student_id, line.student_name, photo, self._terms)
            return Outcome(line, done="checked", warnings=tuple(map(in_a_sentence, alike)))
        enrolled = self._enroller.enrol(
            line.student_id, line.student_name, photo, [self._course_id], self._actor, self._terms
        )
        return Outcome(line, done="enrolled" if enrolled.is_new else "already there", warnings=enrolled.warnings)
