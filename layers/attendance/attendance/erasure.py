"""Erasing a student: every face, photo and piece of evidence, in an order that can be begun again after a failure.

The mark comes first: from then on no photo is taken and everyone sees that the student is being removed. Then whatever
recognises goes (faces), then what a run could write from (rosters, documents), then what was written (rows, photos).
The student's own item goes last, in one transaction with the receipt: as long as it is there, the erasing is not done
and the same call goes on with it. Past rows stay, with the status and the student's id: they are the school's record
of its class. What was seen of the student goes from them, and so does the name.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Protocol

from attendance.errors import RollcallError
from attendance.students import Faces, Photos, Student

FORMER = "Former student"
"""The name in rows of a student who was erased."""


class NoSuchStudentError(RollcallError):
    """There is no student of this id."""


@dataclass(frozen=True)
class Traces:
    """What is kept of a student, counted."""

    faces: int
    photos: int
    rows: int
    courses: int


@dataclass(frozen=True)
class Receipt:
    """That a student was erased: what there was when it began, when (ISO 8601) it was done, by whom and why."""

    student_id: str
    erased: Traces
    time: str
    actor: str
    reason: str


@dataclass(frozen=True)
class RowKey:
    """The key of a row of the register, and the session it is of."""

    session_key: str
    course_id: str
    session_id: str


class Records(Protocol):
    """The tables, as an erasing uses them."""

    def student(self, student_id: str) -> Student | None:
        """The student, or None."""

    def rows_of(self, student_id: str) -> Sequence[RowKey]:
        """Every row of the student in any register."""

    def course_ids_of(self, student_id: str) -> Sequence[str]:
        """The courses on whose rosters the student is."""

    def mark(self, student_id: str, traces: Mapping[str, int], actor: str, time: str) -> Mapping[str, int]:
        """Mark the student as being erased, with an audit entry; what the first such mark counted."""

    def leave_course(self, student_id: str, course_id: str) -> None:
        """Take the student off a roster."""

    def forget_notes(self, student_id: str) -> None:
        """Delete what the student wrote about own rows, and what was answered."""

    def anonymise(self, student_id: str, row: RowKey, name: str) -> None:
        """Take what was seen of the student out of a row, and give the row another name."""

    def forget(self, student: Student, traces: Mapping[str, int], actor: str, reason: str, time: str) -> None:
        """Delete the student's item, the words of the name and the last roster row, and keep the receipt."""


class Documents(Protocol):
    """The documents of the work bucket."""

    def of_session(self, course_id: str, session_id: str) -> Iterator[tuple[str, Any]]:
        """Keys and contents of a session's documents."""

    def of_imports(self) -> Iterator[tuple[str, Any]]:
        """Keys and contents of what is kept of the imports of classes."""

    def put(self, key: str, document: Any) -> None:
        """Keep a document."""


class Eraser:
    """Erases students."""

    def __init__(
        self, faces: Faces, photos: Photos, records: Records, documents: Documents, now: Callable[[], datetime]
    ) -> None:
        self._faces = faces
        self._photos = photos
        self._records = records
        self._documents = documents
        self._now = now

    def traces(self, student_id: str) -> Traces:
        """What would be erased now."""
        return Traces(
            faces=len(self._faces.of_student(student_id)),
            photos=len(self._photos.of_student(student_id)),
            rows=len(self._records.rows_of(student_id)),
            courses=len(self._records.course_ids_of(student_id)),
        )

    def erase(self, student_id: str, actor: str, reason: str) -> Receipt:
        """Erase a student, or go on with an erasing that broke off.

        Args:
            student_id: of a registered student.
            actor: who does this, for the audit.
            reason: why, for the receipt; may be empty.

        Raises:
            NoSuchStudentError: there is none; an erasing that was done leaves none either.
        """
        student = self._records.student(student_id)
        if student is None:
            raise NoSuchStudentError(f"There is no student {student_id}: it may have been removed already.")
        counted = self._records.mark(student_id, asdict(self.traces(student_id)), actor, self._time())
        self._erase_what_recognises(student_id)
        self._erase_what_was_seen(student_id)
        for key in self._photos.of_student(student_id):
            self._photos.delete(key)
        time = self._time()
        self._records.forget(student, counted, actor, reason, time)
        return Receipt(student_id, Traces(**counted), time, actor, reason)

    def _erase_what_recognises(self, student_id: str) -> None:
        for face_id in self._faces.of_student(student_id):
            self._faces.delete(face_id)
        for course_id in self._records.course_ids_of(student_id):
            self._records.leave_course(student_id, course_id)

    def _erase_what_was_seen(self, student_id: str) -> None:
        self._records.forget_notes(student_id)
        rows = self._records.rows_of(student_id)
        sessions = sorted({(row.course_id, row.session_id) for row in rows})
        of_sessions = chain.from_iterable(self._documents.of_session(*session) for session in sessions)
        for key, document in chain(of_sessions, self._documents.of_imports()):
            kept = without_student(document, student_id)
            if kept != document:
                self._documents.put(key, kept)
        for row in rows:
            self._records.anonymise(student_id, row, FORMER)

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def without_student(document: Any, student_id: str) -> Any:
    """A JSON document without every object that carries the student's id, at any depth and whatever its form."""
    if isinstance(document, Mapping):
        return {key: without_student(value, student_id) for key, value in document.items() if key != student_id}
    if isinstance(document, list):
        return [without_student(value, student_id) for value in document if not _is_of(value, student_id)]
    return document


def _is_of(value: Any, student_id: str) -> bool:
    return isinstance(value, Mapping) and value.get("student_id") == student_id
