"""A whole school in the tables: students, courses, and the registers of some weeks, all made up and always the same."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from attendance import names
from attendance.aws.people import CATALOGUE
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_BATCH = 25
"""Items DynamoDB takes in one BatchWriteItem."""
_EXCUSED_EVERY = 5
"""One session of so many holds a correction."""

Item = dict[str, Any]


@dataclass(frozen=True)
class School:
    """How large it is; each student is in one course, and in the default course as everybody.

    Attributes:
        students: in all.
        courses: in all.
        weeks: of one session a week each, the last of them the week before `today`'s.
        today: the day it is.
    """

    students: int
    courses: int
    weeks: int
    today: date

    @property
    def rows(self) -> int:
        """Rows of all registers."""
        return self.students // self.courses * self.courses * self.weeks

    def course_id(self, number: int) -> str:
        """A course's id."""
        return f"C{number:03}"

    def members(self, course: int) -> range:
        """The numbers of a course's students."""
        size = self.students // self.courses
        return range(course * size, (course + 1) * size)

    def day(self, course: int, week: int) -> str:
        """The date of a course's session, some weekday of a week back; week 0 is the last."""
        monday = self.today - timedelta(days=self.today.weekday() + 7 * (week + 1))
        return (monday + timedelta(days=course % 5)).isoformat()


def student_id(number: int) -> str:
    """A student's id."""
    return f"S-{number:05}"


def student_name(number: int) -> str:
    """A name of two words, of which neither is anybody's own."""
    return f"{_FIRST[number % len(_FIRST)]} {_LAST[number // len(_FIRST) % len(_LAST)]}{number % 97}"


def fill(client: "DynamoDBClient", settings: Settings, school: School) -> int:
    """Write the school's items; gives how many there are."""
    written = 0
    items = _items(settings, school)
    while batch := list(islice(items, _BATCH)):
        requests: dict[str, list[Any]] = {}
        for table, item in batch:
            requests.setdefault(table, []).append({"PutRequest": {"Item": {k: _typed(v) for k, v in item.items()}}})
        left: Any = requests
        while left:
            left = client.batch_write_item(RequestItems=left).get("UnprocessedItems")
        written += len(batch)
    return written


def _items(settings: Settings, school: School) -> Iterator[tuple[str, Item]]:
    """Table and item of everything."""
    catalogue = {school.course_id(course) for course in range(school.courses)}
    yield settings.courses_table, {"course_id": CATALOGUE, "course_ids": catalogue}
    for number in range(school.students):
        yield from _student(settings, number)
    for course in range(school.courses):
        course_id = school.course_id(course)
        about = {"course_id": course_id, "course_name": f"Course {course}", "time_zone": "UTC", "created_at": "2026"}
        yield settings.courses_table, about
        for number in school.members(course):
            yield settings.rosters_table, _enrolment(course_id, number)
        for week in range(school.weeks):
            yield from _session(settings, school, course, week)


def _student(settings: Settings, number: int) -> Iterator[tuple[str, Item]]:
    one, name = student_id(number), student_name(number)
    made = {"created_at": "2026-01-01T00:00:00+00:00", "created_by": "bench"}
    yield settings.students_table, {"student_id": one, "student_name": name, "photos": [], **made}
    yield settings.rosters_table, _enrolment(settings.default_course_id, number)
    for partition, word in names.keys(one, name):
        yield settings.rosters_table, {"course_id": partition, "student_id": word, "student_name": name}


def _enrolment(course_id: str, number: int) -> Item:
    return {"course_id": course_id, "student_id": student_id(number), "student_name": student_name(number)}


def _session(settings: Settings, school: School, course: int, week: int) -> Iterator[tuple[str, Item]]:
    """A session, its rows and, in some, a correction of the first of them."""
    course_id, day = school.course_id(course), school.day(course, week)
    place = {"course_id": course_id, "session_id": day, "session_key": f"{course_id}#{day}", "date": day}
    statuses = {number: _status(course, week, number) for number in school.members(course)}
    excused = next(iter(statuses)) if (course + week) % _EXCUSED_EVERY == 0 else None
    counts = Counter({"present": 0, "review": 0, "absent": 0})
    counts.update("excused" if number == excused else status for number, status in statuses.items())
    known = 0 if excused is None else 1
    yield settings.sessions_table, {**place, **_recorded(place), "counts": counts, "corrected": known, "counted": known}
    for number, status in statuses.items():
        yield settings.attendance_table, {**place, **_row(place, number, status)}
    if excused is not None:
        yield settings.corrections_table, _correction(place, excused)


def _recorded(place: Mapping[str, str]) -> Item:
    """What a session keeps of its video and its thresholds."""
    key = f"videos/{place['course_id']}/{place['date']}/lecture.mp4"
    at = f"{place['date']}T16:00:00+00:00"
    video: Item = {"bucket": "videos", "key": key, "etag": "e" * 32, "version_id": "1", "status": "complete"}
    video |= {"uploaded_at": at, "duration_ms": 3_000_000, "execution_arn": "arn"}
    decided: Item = {"decision": {"key": f"{key}.json", "turn": 1}, "turns": 1, "updated_at": at}
    return {"status": "complete", "videos": {"0123456789abcdef": video}, "thresholds": _THRESHOLDS, **decided}


def _status(course: int, week: int, number: int) -> str:
    """Four in five are present, one in twenty is to be reviewed."""
    lot = (course * 7 + week * 3 + number * 11) % 20
    return "present" if lot < 16 else "review" if lot == 16 else "absent"


def _row(place: Mapping[str, str], number: int, status: str) -> Item:
    row: Item = {"student_id": student_id(number), "student_name": student_name(number), "status": status}
    row |= {"source": "machine", "thresholds": _THRESHOLDS, "model": "7.0", "sightings": 0}
    if status == "absent":
        return row
    box = dict.fromkeys(("Left", "Top", "Width", "Height"), 0.1)
    evidence: Item = {"bucket": "videos", "key": f"videos/{place['course_id']}/{place['date']}/lecture.mp4"}
    evidence |= {"version_id": "1", "timestamp_ms": 61_500, "box": box}
    times = {"first_seen_ms": 61_000, "last_seen_ms": 2_961_000, "late": False, "left_early": False}
    return {**row, **times, "similarity": 97.25, "margin": 40.5, "sightings": 12, "evidence": evidence}


def _correction(place: Mapping[str, str], number: int) -> Item:
    teacher, at = "teacher@school.edu", f"{place['date']}T18:00:00+00:00"
    said: Item = {"status": "excused", "late": False, "left_early": False, "reason": "ill", "actor": teacher, "at": at}
    key = {"session_key": place["session_key"], "student_id": student_id(number)}
    return {**key, "version": 1, "correction": said, "before": [None], "changed_by": teacher}


def _typed(value: Any) -> Any:
    """A value in DynamoDB's own notation, which is several times quicker to send than through boto3's conversion."""
    if isinstance(value, str):
        return {"S": value}
    if value is None or isinstance(value, bool):
        return {"NULL": True} if value is None else {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": json.dumps(value)}
    if isinstance(value, set):
        return {"SS": sorted(value)}
    if isinstance(value, Mapping):
        return {"M": {name: _typed(inner) for name, inner in value.items()}}
    return {"L": [_typed(inner) for inner in value]}


_THRESHOLDS = {"present": 99, "review": 90, "margin": 0, "minimum_sightings": 1}
_FIRST = ("Ada", "Bo", "Chloé", "Dmitri", "Eve", "Farid", "Grace", "Hana", "Ivo", "Jun", "Kofi", "Lena", "Zoë")
_LAST = ("Archer", "Brandt", "Castillo", "Dahl", "Evans", "Fischer", "García", "Hughes", "Ito", "Jensen", "Khan")
