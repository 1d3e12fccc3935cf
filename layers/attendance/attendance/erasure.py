"""Erasing a student: every face, photo and piece of evidence, in an order that can be begun again after a failure.

The mark comes first: from then on no photo is taken, nothing more is decided or collected of the student, and everyone
sees that the student is being removed. Then whatever recognises goes (faces, accounts), then what a run could write
from (rosters, documents), then what was written (rows, photos). A receipt ends it, in one transaction with what the
table of students keeps for good: that this id was erased, so that it is never given again. As long as that is not there
the erasing is not done, and the same call goes on with it; after that the same call looks for traces once more.

Past rows stay, with the status and the student's id: they are the school's record of its class. What was seen of the
student goes from them, and so does the name.

Runs that are at work meanwhile leave nothing behind. Whoever keeps a document looks at the marks after it is there, so
either they see the mark or the document is found here. A decided register that names the student gets another name with
its new content, and nothing is written any more for a decision that does not stand (`attendance.decisions`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Protocol

from attendance import documents, keys
from attendance.errors import RollcallError
from attendance.model import Place
from attendance.students import Faces, Photos, Student
from attendance.users import User

FORMER = "Former student"
"""The name in rows of a student who was erased."""
AT_ONCE = 16
"""Documents that are read at the same time."""

Pages = Iterable[Sequence[str]]


class NoSuchStudentError(RollcallError):
    """There is, and was, no student of this id."""


@dataclass(frozen=True)
class Traces:
    """What is kept of a student, counted."""

    faces: int
    photos: int
    rows: int
    courses: int
    accounts: int = 0


@dataclass(frozen=True)
class Receipt:
    """That a student was erased: what there was when it began, when (ISO 8601) it was done, by whom and why."""

    student_id: str
    erased: Traces
    time: str
    actor: str
    reason: str


@dataclass(frozen=True)
class Mark:
    """That a student is being erased.

    Attributes:
        traces: what the first such mark counted.
        cleaned: the last document that was cleaned, empty where the cleaning begins.
    """

    traces: Mapping[str, int]
    cleaned: str


@dataclass(frozen=True)
class RowKey:
    """A student's row in the register of a session, and whether it was made nameless already."""

    session_key: str
    is_nameless: bool


class Records(Protocol):
    """The tables, as an erasing uses them."""

    def student(self, student_id: str) -> Student | None:
        """The student, or None."""

    def rows_of(self, student_id: str) -> Sequence[RowKey]:
        """Every row of the student in any register, as far as the index knows."""

    def course_ids_of(self, student_id: str) -> Sequence[str]:
        """The courses on whose rosters the student is, as far as the index knows."""

    def accounts_of(self, student_id: str) -> Sequence[User]:
        """The accounts that show the student's record, as far as the index knows."""

    def receipts(self, student_id: str) -> Sequence[Receipt]:
        """The receipts of an id, the newest first."""

    def mark(self, student_id: str, traces: Mapping[str, int], actor: str, time: str) -> Mark:
        """Mark the student as being erased, with an audit entry; a mark that is there stays."""

    def cleaned(self, student_id: str, key: str) -> None:
        """Note in the mark up to which document all are clean."""

    def leave_course(self, student_id: str, course_id: str) -> None:
        """Take the student off a roster."""

    def close_account(self, student_id: str, user: User, actor: str) -> None:
        """Delete a student's account; one of another role is only no longer the student's."""

    def forget_notes(self, student_id: str) -> None:
        """Delete what the student wrote about own rows, and what was answered."""

    def stands(self, place: Place, key: str) -> bool:
        """Whether a document is the session's decision."""

    def replace_decision(self, place: Place, old: str, new: str) -> None:
        """Let a document of another name be the session's decision, if the old one still is."""

    def anonymise(self, student_id: str, session_key: str, name: str) -> None:
        """Take what was seen of the student out of a row, if it is there, and give the row another name."""

    def forget(self, student_id: str, student: Student | None, receipt: Receipt) -> None:
        """Keep the receipt, and of the student only that the id was erased; nothing new where that is so already."""


class Documents(Protocol):
    """The documents of the work bucket."""

    def pages(self, after: str) -> Pages:
        """The keys of all documents behind a key, in order, at most 1000 at a time."""

    def naming(self, key: str, student_id: str) -> tuple[Any, str] | None:
        """The document and its version, or None where the student's id is nowhere in it or it is gone."""

    def put(self, key: str, document: Any) -> None:
        """Keep a document."""

    def replace(self, key: str, document: Any, version: str) -> bool:
        """Keep a document in place of that version; False, and nothing done, where it is another one by now."""


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
            accounts=len(self._records.accounts_of(student_id)),
        )

    def erase(
        self, student_id: str, actor: str, reason: str, in_time: Callable[[Pages], Pages] = lambda pages: pages
    ) -> Receipt:
        """Erase a student, go on with an erasing that broke off, or look for traces of one who was erased.

        Args:
            student_id: of a student who is or was registered.
            actor: who does this, for the audit.
            reason: why, for the receipt; may be empty.
            in_time: passes pages of documents on, and may raise when the time of a request is over; the same call goes
                on behind the last page.

        Returns:
            The receipt of the erasing, also where it was done long ago.

        Raises:
            NoSuchStudentError: nobody was ever registered under the id.
        """
        student = self._records.student(student_id)
        if student is None and not self._records.receipts(student_id):
            raise NoSuchStudentError(f"There is no student {student_id}: check the id.")
        mark = self._records.mark(student_id, asdict(self.traces(student_id)), actor, self._time())
        for face_id in self._faces.of_student(student_id):
            self._faces.delete(face_id)
        self._leave(student_id, actor)
        self._clean(student_id, in_time(self._documents.pages(mark.cleaned)))
        self._records.forget_notes(student_id)
        for key in self._photos.of_student(student_id):
            self._photos.delete(key)
        self._anonymise(student_id, self._records.rows_of(student_id))
        # Once more, since the indexes may have been behind.
        self._leave(student_id, actor)
        self._anonymise(student_id, [row for row in self._records.rows_of(student_id) if not row.is_nameless])
        receipt = Receipt(student_id, Traces(**mark.traces), self._time(), actor, reason)
        self._records.forget(student_id, student, receipt)
        return self._records.receipts(student_id)[0]

    def _leave(self, student_id: str, actor: str) -> None:
        for course_id in self._records.course_ids_of(student_id):
            self._records.leave_course(student_id, course_id)
        for user in self._records.accounts_of(student_id):
            self._records.close_account(student_id, user, actor)

    def _clean(self, student_id: str, pages: Pages) -> None:
        """Take the student out of every document; where it breaks off, the mark says up to which."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for page in pages:
                for _ in pool.map(lambda key: self._clean_document(student_id, key), page):
                    pass
                self._records.cleaned(student_id, page[-1])

    def _clean_document(self, student_id: str, key: str) -> None:
        """Take the student out of a document; one that somebody else changes meanwhile is looked at again."""
        clean = without_row if keys.is_resolved(key) else without_student
        while found := self._documents.naming(key, student_id):
            document, version = found
            kept = clean(document, student_id)
            if kept == document:
                return
            if self._documents.replace(key, kept, version):
                if keys.is_resolved(key):
                    self._clean_session(student_id, key, kept)
                return

    def _clean_session(self, student_id: str, key: str, document: Any) -> None:
        """Let the cleaned register stand where the one did that named the student, and make the row nameless."""
        register = documents.to_register(document)
        place = Place(register.course_id, register.session_id, register.session_key, register.date)
        if self._records.stands(place, key):
            # A step that read it before would write the row now; for a decision of another name it writes nothing.
            renamed = keys.resolved_key(place, document)
            self._documents.put(renamed, document)
            self._records.replace_decision(place, key, renamed)
        self._records.anonymise(student_id, register.session_key, FORMER)

    def _anonymise(self, student_id: str, rows: Iterable[RowKey]) -> None:
        for row in rows:
            self._records.anonymise(student_id, row.session_key, FORMER)

    def _time(self) -> str:
        return self._now().isoformat(timespec="seconds")


def without_row(register: Mapping[str, Any], student_id: str) -> Mapping[str, Any]:
    """The document of a register that only knows of a student's row that it stays, and with which status."""
    status = next((row["status"] for row in register["rows"] if row["student_id"] == student_id), None)
    if status is None:
        return register
    rows = [row for row in register["rows"] if row["student_id"] != student_id]
    return {**register, "rows": rows, "former": {**register.get("former", {}), student_id: status}}


def without_student(document: Any, student_id: str) -> Any:
    """A JSON document without every object that carries the student's id, at any depth and whatever its form."""
    if isinstance(document, Mapping):
        return {key: without_student(value, student_id) for key, value in document.items()}
    if isinstance(document, list):
        return [without_student(value, student_id) for value in document if not _is_of(value, student_id)]
    return document


def _is_of(value: Any, student_id: str) -> bool:
    return isinstance(value, Mapping) and value.get("student_id") == student_id
