"""What the API takes and gives; its OpenAPI document is made from these."""

import datetime as dt
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from attendance.model import Enrolment
from attendance.register import CourseInfo, RegisterRow
from attendance.register import Session as RegisterSession
from web.places import PLACE

MOST = 100
"""Items of a page."""

Cursor = Annotated[str, Field(pattern=f"^{PLACE}$", description="`next` of the page before.")]
Limit = Annotated[int, Field(ge=1, le=MOST, description="Items of a page at most.")]
When = Annotated[str, Field(description="An ISO 8601 time in UTC.")]
Milliseconds = Annotated[int, Field(ge=0, description="Milliseconds from the start of the video.")]


class PageQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    cursor: Cursor | None = None
    limit: Limit = 50


class SessionsQuery(PageQuery):
    """Which sessions."""

    since: Annotated[dt.date | None, Field(description="No session before this local date.")] = None
    until: Annotated[dt.date | None, Field(description="No session after this local date.")] = None


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: Annotated[str, Field(description="What to do.")]


class Course(BaseModel):
    """A course."""

    course_id: str
    course_name: str
    time_zone: Annotated[str, Field(description="A name of the IANA database; dates are local dates there.")]
    planned_classes: Annotated[int | None, Field(ge=0, description="This term; null where that is not known.")]

    @classmethod
    def of(cls, course: CourseInfo) -> Self:
        """The course as it is given."""
        return cls(
            course_id=course.course_id,
            course_name=course.course_name,
            time_zone=course.time_zone,
            planned_classes=course.planned_classes,
        )


class Session(BaseModel):
    """One class of a course on one date."""

    course_id: str
    session_id: Annotated[str, Field(description="The date, or the date and a slot: 2026-11-20_b.")]
    date: dt.date
    status: Literal["processing", "complete", "failed"]
    counts: Annotated[dict[str, int], Field(description="Rows by status, corrections included.")]
    updated_at: When | None

    @classmethod
    def of(cls, session: RegisterSession) -> Self:
        """The session as it is given."""
        return cls(
            course_id=session.course_id,
            session_id=session.session_id,
            date=dt.date.fromisoformat(session.date),
            status=session.status.value,
            counts=dict(session.counts),
            updated_at=session.updated_at,
        )


class Sessions(BaseModel):
    """A page of a course's sessions, the newest first."""

    items: list[Session]
    next: Annotated[str | None, Field(description="The cursor of the next page; null at the end.")]


class Correction(BaseModel):
    """That a person decided a row."""

    by: str
    at: When
    reason: str | None


class Row(BaseModel):
    """A student's line of a register as it counts."""

    student_id: str
    student_name: str
    status: Literal["present", "review", "absent", "excused"]
    late: bool
    left_early: bool
    similarity: Annotated[float | None, Field(ge=0, le=100)]
    sightings: int
    first_seen_ms: Milliseconds | None
    last_seen_ms: Milliseconds | None
    decided: Annotated[Literal["present", "review", "absent"], Field(description="The status without the correction.")]
    correction: Correction | None

    @classmethod
    def of(cls, row: RegisterRow) -> Self:
        """The row as it is given."""
        said = row.correction
        return cls(
            student_id=row.student_id,
            student_name=row.student_name,
            status=row.status.value,
            late=row.late,
            left_early=row.left_early,
            similarity=row.similarity,
            sightings=row.sightings,
            first_seen_ms=row.first_seen_ms,
            last_seen_ms=row.last_seen_ms,
            decided=row.decided.value,  # type: ignore[arg-type]  # excused is never decided
            correction=Correction(by=said.actor, at=said.at, reason=said.reason) if said else None,
        )


class Register(BaseModel):
    """A session and every row of it, by student id."""

    session: Session
    rows: list[Row]


class Student(BaseModel):
    """A student on a course's roster."""

    student_id: str
    student_name: str
    enrolled_from: dt.date | None
    enrolled_until: dt.date | None
    section: str | None

    @classmethod
    def of(cls, enrolment: Enrolment) -> Self:
        """The enrolment as it is given."""
        return cls(
            student_id=enrolment.student_id,
            student_name=enrolment.student_name,
            enrolled_from=_day(enrolment.enrolled_from),
            enrolled_until=_day(enrolment.enrolled_until),
            section=enrolment.section,
        )


class Students(BaseModel):
    """A page of a course's roster, by student id."""

    items: list[Student]
    next: Annotated[str | None, Field(description="The cursor of the next page; null at the end.")]


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
