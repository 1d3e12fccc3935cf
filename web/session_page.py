"""The page of a session: the register with what needs a person first, unknown faces, and the videos."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from flask import render_template, request

from attendance import documents
from attendance.errors import ObjectNotFoundError
from attendance.meaning import meaning
from attendance.model import Status, Stranger
from attendance.register import CourseInfo, RegisterRow, Session, SessionVideo, counts_of, in_review_order
from attendance.students import Student
from attendance.users import Role
from web.moments import Moment, TimeBar, moment_of, time_bar
from web.security import account, store
from web.services import services

ROWS_PER_PAGE = 50
"""A page of them weighs about 100 kB."""
MOST_RECOGNISED = 100
"""Unknown faces with a name that can be kept as photos: as many students as are read at once."""
SAYINGS = ("present", "late", "absent", "excused")
"""What the buttons of a row say of a student."""


@dataclass(frozen=True)
class Problem:
    """Why what was said of a student was not kept; `say` is what to send again with a reason, empty for nothing."""

    student_id: str
    text: str
    say: str = ""


@dataclass(frozen=True)
class ReviewRow:
    """A row with what helps a person to decide: similarity in words, where to look, the enrolment photo."""

    row: RegisterRow
    words: str
    moment: Moment | None
    bar: TimeBar | None
    photo: str | None

    @property
    def says(self) -> str:
        """Which of the buttons says what counts now, empty for none."""
        if self.row.status is Status.PRESENT and self.row.late:
            return "late"
        is_said_by_none = self.row.status is Status.REVIEW or self.row.left_early
        return "" if is_said_by_none else self.row.status.value


@dataclass(frozen=True)
class UnknownFace:
    """Somebody of a video without a name; `row` is who an instructor said it is."""

    video: SessionVideo
    stranger: Stranger
    moment: Moment
    row: RegisterRow | None

    def is_(self, video_id: str, person: int) -> bool:
        """Whether this is who the video's search tracked under that number."""
        return (self.video.video_id, self.stranger.person) == (video_id, person)

    @property
    def anchor(self) -> str:
        """Under which the page shows it."""
        return f"{self.video.video_id}-{self.stranger.person}"

    def source_in(self, session: Session) -> str:
        """What a photo that is a picture of this moment has as its `StoredPhoto.source`."""
        return f"{session.session_key}/{self.video.video_id}/{self.moment.at_ms}"

    def is_a_photo_of(self, student: Student, session: Session) -> bool:
        """Whether this moment is among the student's photos."""
        return any(photo.source == self.source_in(session) for photo in student.photos)


def render(
    course: CourseInfo,
    session: Session,
    runs: Sequence[object],
    *,
    is_awaited: bool = False,
    problem: Problem | None = None,
    note_problem: Problem | None = None,
) -> str:
    """The page, with the rows that its address asks for.

    Args:
        course: of the session.
        session: what is shown.
        runs: of its videos that are being worked on, for `runs.html`.
        is_awaited: whether a video arrived of which the session does not tell yet.
        problem: what a row's form could not do; the page is then that form's answer.
        note_problem: the same of the form that answers a student's note.
    """
    rows = in_review_order(store().rows(session))
    named = page_number(rows, request.args.get("student", ""))
    number, pages = page_of(len(rows), ROWS_PER_PAGE, named)
    shown = rows[(number - 1) * ROWS_PER_PAGE : number * ROWS_PER_PAGE]
    unknown = unknown_faces(session, rows) if number == 1 else []
    to_check = next((index for index, row in enumerate(rows) if row.status is Status.REVIEW), None)
    return render_template(
        "session.html",
        course=course,
        session=session,
        rows=_review_rows(shown, session),
        counts=counts_of(rows),
        number=number,
        pages=pages,
        first_to_check=None if to_check is None else (rows[to_check].student_id, to_check // ROWS_PER_PAGE + 1),
        unknown=unknown,
        recognised=_recognised(unknown),
        not_present=[row for row in rows if row.status is not Status.PRESENT],
        runs=runs,
        is_awaited=is_awaited,
        problem=problem,
        note_problem=note_problem,
        all_rows=rows,
        sayings=SAYINGS,
    )


def page_number(rows: Iterable[RegisterRow], student_id: str) -> int | None:
    """The page with a student's row; None for the first, and where there is no such row."""
    ids = [row.student_id for row in in_review_order(rows)]
    number = ids.index(student_id) // ROWS_PER_PAGE + 1 if student_id in ids else 1
    return number if number > 1 else None


def unknown_faces(session: Session, rows: Iterable[RegisterRow]) -> list[UnknownFace]:
    """People of the videos that count to whom no name was given, those seen most often first in each."""
    recognised = [(row.correction.evidence, row) for row in rows if row.correction and row.correction.evidence]
    return [
        UnknownFace(video, stranger, moment, next((row for seen, row in recognised if seen == stranger.evidence), None))
        for video in session.in_use
        for stranger in strangers_of(video)
        if (moment := moment_of(stranger.evidence, session))
    ]


def _recognised(unknown: Iterable[UnknownFace]) -> Mapping[str, Student]:
    """By id the students to whom unknown faces were given, if the account may keep a face as a photo of one."""
    if account().role is not Role.ADMIN:
        return {}
    return services().students.students([one.row.student_id for one in unknown if one.row][:MOST_RECOGNISED])


def strangers_of(video: SessionVideo) -> tuple[Stranger, ...]:
    """Who was seen in a video without a name, as far as that is known."""
    if video.matches_key is None:
        return ()
    with suppress(ObjectNotFoundError):
        return documents.to_matches(services().recovery.services.work.get(video.matches_key)).strangers
    return ()


def page_of(total: int, size: int, otherwise: int | None = None) -> tuple[int, int]:
    """The number of the page that the address asks for, from 1, and how many there are of that size.

    Args:
        total: how many are shown on all pages.
        size: how many on one.
        otherwise: the page where the address names none; None for the first.
    """
    pages = max(1, -(-total // size))
    asked = request.args.get("page", "")
    number = int(asked[:6]) if asked.isascii() and asked.isdigit() else otherwise or 1
    return min(max(number, 1), pages), pages


def _review_rows(rows: Sequence[RegisterRow], session: Session) -> list[ReviewRow]:
    students = services().students.students([row.student_id for row in rows])
    limits = session.thresholds
    return [
        ReviewRow(
            row=row,
            words=meaning(row, limits) if limits else "",
            moment=moment_of(row.evidence, session),
            bar=time_bar(row, session),
            photo=_photo_of(row.student_id, students),
        )
        for row in rows
    ]


def _photo_of(student_id: str, students: Mapping[str, Student]) -> str | None:
    student = students.get(student_id)
    return student.photos[0].digest if student and student.photos else None
