"""A registered student as people see one, and where students, their photos and their faces are kept."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from attendance.model import Enrolment
from attendance.register import RegisterRow
from attendance.rollcall import is_enrolled


@dataclass(frozen=True)
class StoredPhoto:
    """One photo of a student: its object key in the photos bucket and its face in the collection.

    Attributes:
        added_at: an ISO 8601 time.
        source: the moment of a video that it is a picture of, `<session_key>/<video_id>/<milliseconds>`; else empty.
    """

    key: str
    face_id: str
    added_at: str
    source: str = ""

    @property
    def digest(self) -> str:
        """The sha256 of its bytes in hex: the name of its object."""
        return self.key.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True)
class Consent:
    """That a student agreed to be recognised by face: on which day (YYYY-MM-DD), and who wrote it down."""

    given_at: str
    recorded_by: str


@dataclass(frozen=True)
class Student:
    """A registered student.

    Attributes:
        consent: None where nobody has recorded one, or it was withdrawn.
        created_at: an ISO 8601 time, of the first photo.
        erasing_since: an ISO 8601 time; from then on the student is being erased and takes no photo any more.
        consent_withdrawn_at: an ISO 8601 time; from then on no photo is kept until a consent is recorded again.
    """

    student_id: str
    student_name: str
    photos: tuple[StoredPhoto, ...] = ()
    consent: Consent | None = None
    created_at: str = ""
    created_by: str = ""
    erasing_since: str = ""
    consent_withdrawn_at: str = ""


@dataclass(frozen=True)
class FaceMatch:
    """A face of the collection that looks like the photo; `similarity` is 0-100."""

    student_id: str
    similarity: float


@dataclass(frozen=True)
class KeptFace:
    """A face of the collection; `student_id` is the id it was added under, empty where there was none."""

    face_id: str
    student_id: str


@dataclass(frozen=True)
class Indexed:
    """What indexing one photo gave: the new face, or the codes of why there is none."""

    face_id: str | None
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True)
class Enrolled:
    """The outcome: `is_new` is whether this call added a photo; `warnings` are sentences for a person."""

    student_id: str
    student_name: str
    photo_key: str
    face_id: str
    is_new: bool
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class CourseRow:
    """One row of a student's history, as it counts: in which course, on which local date (YYYY-MM-DD)."""

    course_id: str
    session_id: str
    date: str
    row: RegisterRow


class Faces(Protocol):
    """The collection of faces."""

    def ensure_collection(self) -> None:
        """Make the collection unless it is there."""

    def count(self, photo: bytes) -> int:
        """How many faces are on a photo; raises InvalidPhotoError when the service cannot read it."""

    def search(self, photo: bytes, threshold: float) -> Sequence[FaceMatch]:
        """Enrolled faces at least `threshold` (0-100) similar to the largest face of the photo, best first."""

    def index(self, photo: bytes, student_id: str) -> Indexed:
        """Add the largest face of a photo under the student's id, if its quality allows."""

    def delete(self, face_id: str) -> None:
        """Remove a face; nothing when it is not there."""

    def of_student(self, student_id: str) -> Sequence[str]:
        """The ids of every face that is kept under a student's id, wherever it came from."""

    def page(self, limit: int, after: str | None) -> tuple[Sequence[KeptFace], str | None]:
        """Some of the collection's faces, and the cursor of what follows, None at the end."""

    def kept(self, face_ids: Sequence[str]) -> Sequence[KeptFace]:
        """Those of the faces, at most 4096, that are in the collection."""


class Photos(Protocol):
    """The private photos."""

    def put(self, key: str, photo: bytes, content_type: str) -> None:
        """Keep a photo."""

    def get(self, key: str) -> bytes | None:
        """A photo's bytes; None when it is not there."""

    def delete(self, key: str) -> None:
        """Remove a photo; nothing when it is not there."""

    def of_student(self, student_id: str) -> Sequence[str]:
        """The keys of every photo that is kept of a student."""


class Directory(Protocol):
    """The tables of students, courses and rosters."""

    def student(self, student_id: str) -> Student | None:
        """The student, or None."""

    def was_erased(self, student_id: str) -> bool:
        """Whether the id was a student's who was erased."""

    def course_exists(self, course_id: str) -> bool:
        """Whether the course has been created."""

    def add_photo(self, student: Student, photo: StoredPhoto, course_ids: Sequence[str], actor: str) -> bool:
        """Keep the photo, the consent, the roster rows and an audit entry, all or nothing.

        `student` is what was read before, with the consent to keep; False when the table holds something else by now.
        """

    def replace_face(self, student: Student, key: str, face_id: str, actor: str) -> bool:
        """Note another face of a photo, with an audit entry; False when the table holds something else by now."""

    def remove_photo(self, student: Student, key: str, actor: str) -> bool:
        """Forget a photo, with an audit entry; False when the table holds something else by now."""

    def withdraw_consent(self, student: Student, time: str, actor: str) -> bool:
        """Forget the consent and take no photo any more, with an audit entry; False when the student changed."""

    def add_to_rosters(self, student: Student, course_ids: Sequence[str]) -> None:
        """Put the student on the rosters; rows that are there keep their dates."""

    def add_course(self, course_id: str, course_name: str, time_zone: str, created_at: str) -> bool:
        """Create a course; False when it is there already."""


class StudentReader(Protocol):
    """Reads what is known of students, by key only."""

    def student(self, student_id: str) -> Student | None:
        """The student, or None."""

    def search(self, text: str, limit: int) -> Sequence[tuple[str, str]]:
        """Ids and names of students whose id, or a word of whose name, begins with the text; at most `limit`."""

    def enrolments_of(self, student_id: str) -> Mapping[str, Enrolment]:
        """The student's places on the rosters of courses, by course_id and in the order of these."""

    def history(self, student_id: str) -> Iterator[CourseRow]:
        """Every row of the student, course by course, each course's oldest first."""


@dataclass(frozen=True)
class Tally:
    """How often a student was there: rows by what they say."""

    present: int
    absent: int
    excused: int
    review: int

    @property
    def percent(self) -> float | None:
        """Present among present and absent, 0-100; None before anything is decided. Excused rows do not count."""
        return percent_of(self.present, self.absent)

    def possible(self, to_come: int) -> float | None:
        """The percent if the student is at each of the classes to come and every review says present."""
        return percent_of(self.present + self.review + to_come, self.absent)


def percent_of(present: int, absent: int) -> float | None:
    """Present among present and absent, 0-100; None where there are neither."""
    return 100 * present / (present + absent) if present + absent else None


def belonging(rows: Iterable[CourseRow], enrolments: Mapping[str, Enrolment]) -> list[CourseRow]:
    """The rows of a student that count.

    A row of a day on which the student was not enrolled is from before somebody said so, and goes when its class is
    decided again. Who is on a course's roster no more keeps every row.
    """
    return [row for row in rows if row.course_id not in enrolments or is_enrolled(enrolments[row.course_id], row.date)]


def tally(rows: Iterable[CourseRow]) -> Tally:
    """The tally of some rows."""
    found = Counter(entry.row.status.value for entry in rows)
    return Tally(found["present"], found["absent"], found["excused"], found["review"])
