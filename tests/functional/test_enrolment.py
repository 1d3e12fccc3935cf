"""Enrolling students: every refusal leaves nothing behind. Tables and photos are moto's."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from attendance.aws import compose
from attendance.aws.people import DynamoDirectory
from attendance.aws.photos import S3Photos
from attendance.enrolment import (
    ANY_TERMS,
    MAX_PHOTO_BYTES,
    DuplicateStudentError,
    Enroller,
    EnrolmentError,
    InvalidIdError,
    InvalidNameError,
    InvalidPhotoError,
    InvalidTimeZoneError,
    LookalikeError,
    NoConsentError,
    NoFaceError,
    NoSuchCourseError,
    PhotoConflictError,
    PoorPhotoError,
    SeveralFacesError,
    Terms,
    check_name,
)
from attendance.students import StoredPhoto, Student
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get, make_tables
from tests.moto_aws import moto_aws

ACTOR = "tester"


class People:
    """An enroller with its parts at hand."""

    def __init__(self) -> None:
        made = make_tables()
        self.faces = MemoryFaces()
        self.photos = S3Photos(made.photos_bucket)
        self.directory = DynamoDirectory(made.students_table, made.courses_table, made.rosters_table, made.audit_table)
        self.enroller = Enroller(self.faces, self.photos, self.directory, made.default_course_id, compose.utc_now)
        self.enroller.ensure_course("physics", "Physics", "Europe/Berlin")

    def enrol(self, student_id: str = "s1", name: str = "Zoë", content: bytes = photo("zoë")) -> Any:
        return self.enroller.enrol(student_id, name, content, ["physics"], ACTOR)

    def keys(self) -> list[str]:
        found = boto3.client("s3").list_objects_v2(Bucket="rollcall-photos")
        return [item["Key"] for item in found.get("Contents", [])]

    def audit(self, student_id: str = "s1") -> list[dict[str, Any]]:
        table = boto3.resource("dynamodb").Table("rollcall-audit")
        items = table.query(
            KeyConditionExpression="subject = :s", ExpressionAttributeValues={":s": f"student#{student_id}"}
        )["Items"]
        return [dict(item) for item in items]

    def nothing_is_kept(self, student_id: str = "s1") -> bool:
        rows = [get("rosters", course_id=course, student_id=student_id) for course in ("physics", "default")]
        student = get("students", student_id=student_id)
        return not (self.faces.faces or self.keys() or any(rows) or self.audit() or student)


@pytest.fixture
def people() -> Iterator[People]:
    with moto_aws():
        yield People()


def test_an_enrolled_student_has_a_face_a_private_photo_and_roster_rows(people: People) -> None:
    enrolled = people.enrol()
    assert enrolled.is_new
    assert not enrolled.warnings
    assert list(people.faces.faces.values()) == [("s1", "zoë")]
    assert people.keys() == [enrolled.photo_key]
    assert enrolled.photo_key.startswith("photos/s1/")
    student = get("students", student_id="s1")
    assert student is not None
    assert student["photos"][0]["key"] == enrolled.photo_key
    assert student["photos"][0]["face_id"] == enrolled.face_id
    assert student["created_by"] == ACTOR
    for course in ("physics", "default"):
        assert get("rosters", course_id=course, student_id="s1") == {
            "course_id": course,
            "student_id": "s1",
            "student_name": "Zoë",
        }
    assert [entry["action"] for entry in people.audit()] == ["enrol"]


def test_the_same_photo_twice_changes_nothing(people: People) -> None:
    first = people.enrol()
    before = get("students", student_id="s1")
    second = people.enrol()
    assert not second.is_new
    assert (second.face_id, second.photo_key) == (first.face_id, first.photo_key)
    assert get("students", student_id="s1") == before
    assert len(people.audit()) == 1


def test_the_same_photo_for_another_course_adds_only_the_roster_row(people: People) -> None:
    people.enroller.enrol("s1", "Zoë", photo("zoë"), [], ACTOR)
    assert get("rosters", course_id="physics", student_id="s1") is None
    assert not people.enrol().is_new
    assert get("rosters", course_id="physics", student_id="s1")
    assert len(people.faces.faces) == 1


def test_another_photo_of_the_same_student_is_added_without_a_warning(people: People) -> None:
    people.enrol()
    second = people.enrol(content=photo("zoë", shot=2))
    assert second.is_new
    assert not second.warnings
    student = get("students", student_id="s1")
    assert student is not None
    assert len(student["photos"]) == len(people.faces.faces) == len(people.keys()) == 2


def test_enrolment_dates_survive_another_enrolment(people: People) -> None:
    people.enrol()
    table = boto3.resource("dynamodb").Table("rollcall-rosters")
    row = {"course_id": "physics", "student_id": "s1", "student_name": "Zoë", "enrolled_from": "2026-02-01"}
    table.put_item(Item=row)
    people.enrol()
    people.enrol(content=photo("zoë", shot=2))
    assert get("rosters", course_id="physics", student_id="s1") == row


def test_an_id_of_another_student_is_refused_and_changes_nothing(people: People) -> None:
    people.enrol()
    before = get("students", student_id="s1")
    with pytest.raises(DuplicateStudentError, match="check the id"):
        people.enrol(name="Someone Else", content=photo("else"))
    assert get("students", student_id="s1") == before
    assert len(people.faces.faces) == len(people.keys()) == 1


def test_two_students_of_one_name_are_two(people: People) -> None:
    people.enrol("s1")
    people.enrol("s2", content=photo("another zoë"))
    assert {student for student, _ in people.faces.faces.values()} == {"s1", "s2"}


def test_a_face_already_enrolled_under_another_id_is_a_warning(people: People) -> None:
    people.enrol("s1")
    enrolled = people.enrol("s2", "Zoé", photo("zoë", shot=2))
    assert enrolled.is_new
    assert len(enrolled.warnings) == 1
    assert "student s1" in enrolled.warnings[0]


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (photo(), NoFaceError, "no face"),
        (photo("zoë", "bob"), SeveralFacesError, "2 faces"),
        (photo("zoë", flaw="LOW_BRIGHTNESS"), PoorPhotoError, "too dark"),
        (photo("zoë", flaw="SOMETHING_NEW"), PoorPhotoError, "SOMETHING_NEW"),
        (b"", InvalidPhotoError, "empty"),
        (b"GIF89a", InvalidPhotoError, "neither a JPEG nor a PNG"),
        (b"plain text", InvalidPhotoError, "neither"),
        (photo("zoë") + b"\0" * MAX_PHOTO_BYTES, InvalidPhotoError, "5 MB"),
    ],
    ids=["no face", "two faces", "dark", "unknown reason", "empty", "gif", "text", "huge"],
)
def test_a_photo_that_cannot_be_used_is_refused_and_nothing_is_kept(
    people: People, content: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        people.enrol(content=content)
    assert people.nothing_is_kept()


@pytest.mark.parametrize("student_id", ["", "a/b", "../x", "é", "a b", "-a", "x" * 65, "a#b", "a\n", "unfiled"])
def test_an_id_of_other_characters_is_refused(people: People, student_id: str) -> None:
    with pytest.raises(InvalidIdError, match="letters A-Z"):
        people.enrol(student_id or "")
    assert people.nothing_is_kept("s1")


@pytest.mark.parametrize("name", ["", "  \t", "x" * 201, "a\x00b", "a\x1bb", "\ud800", "\ufffe"])
def test_a_name_that_cannot_be_shown_is_refused(people: People, name: str) -> None:
    with pytest.raises(InvalidNameError):
        people.enrol(name=name)
    assert people.nothing_is_kept()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("  Zoe\u0308 \t O'Neill\n", "Zoë O'Neill"),
        ("李小龍", "李小龍"),
        ("עברית", "עברית"),
        ("می‌خواهم", "می‌خواهم"),  # a zero-width non-joiner belongs to Persian words
        ("<b>", "<b>"),
        ("x" * 200, "x" * 200),
    ],
)
def test_a_name_of_any_script_is_kept_in_one_spelling(text: str, name: str) -> None:
    assert check_name(text, "name") == name


def test_a_course_nobody_created_is_refused_and_nothing_is_kept(people: People) -> None:
    with pytest.raises(NoSuchCourseError, match="create it first"):
        people.enroller.enrol("s1", "Zoë", photo("zoë"), ["physics", "chemistry"], ACTOR)
    assert people.nothing_is_kept()


def test_more_courses_than_one_transaction_can_hold_are_refused(people: People) -> None:
    with pytest.raises(NoSuchCourseError, match="at most 80"):
        people.enroller.enrol("s1", "Zoë", photo("zoë"), [f"c{number}" for number in range(91)], ACTOR)


def test_a_photo_that_cannot_be_stored_takes_its_face_with_it(people: People) -> None:
    boto3.client("s3").delete_bucket(Bucket="rollcall-photos")
    with pytest.raises(ClientError):
        people.enrol()
    boto3.client("s3").create_bucket(Bucket="rollcall-photos")
    assert people.nothing_is_kept()


def test_a_table_that_cannot_be_written_takes_photo_and_face_with_it(people: People) -> None:
    client = boto3.client("dynamodb")
    client.delete_table(TableName="rollcall-audit")
    with pytest.raises(ClientError):
        people.enrol()
    assert not people.faces.faces
    assert not people.keys()
    assert get("students", student_id="s1") is None
    assert get("rosters", course_id="physics", student_id="s1") is None


def test_tables_out_of_reach_leave_no_face_either(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(*_: object) -> bool:
        boto3.client("dynamodb").delete_table(TableName="rollcall-students")
        raise ConnectionError

    monkeypatch.setattr(people.directory, "add_photo", break_off)
    with pytest.raises(ConnectionError):
        people.enrol()
    assert not people.faces.faces
    assert not people.keys()


def test_the_second_of_two_at_once_never_deletes_the_firsts_face(
    people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_photo = people.directory.add_photo

    def after_another(student: Student, stored: StoredPhoto, courses: list[str], actor: str) -> bool:
        assert add_photo(student, stored, courses, "the quicker one")
        return add_photo(student, stored, courses, actor)

    monkeypatch.setattr(people.directory, "add_photo", after_another)
    with pytest.raises(PhotoConflictError, match="try again"):
        people.enrol()
    monkeypatch.undo()
    assert len(people.faces.faces) == len(people.keys()) == 1
    assert not people.enrol().is_new


def test_the_second_of_two_names_for_one_new_id_is_refused(people: People) -> None:
    stale = Student("s1", "Someone Else")
    people.enrol()
    assert not people.directory.add_photo(stale, StoredPhoto("k", "f", ""), ["physics"], ACTOR)
    student = get("students", student_id="s1")
    assert student is not None
    assert student["student_name"] == "Zoë"


def test_a_rehearsal_keeps_nothing_and_warns_as_the_enrolment_does(people: People) -> None:
    assert not people.enroller.rehearse("s1", "Zoë", photo("zoë"))
    assert people.nothing_is_kept()
    people.enrol()
    assert not people.enroller.rehearse("s1", "Zoë", photo("zoë"))
    assert [match.student_id for match in people.enroller.rehearse("s2", "Bob", photo("zoë", shot=2))] == ["s1"]
    assert get("students", student_id="s2") is None


@pytest.mark.parametrize(
    ("student_id", "name", "content", "terms", "refusal"),
    [
        ("s/1", "Zoë", photo("kim"), ANY_TERMS, InvalidIdError),
        ("s1", "", photo("kim"), ANY_TERMS, InvalidNameError),
        ("s1", "Someone Else", photo("kim"), ANY_TERMS, DuplicateStudentError),
        ("s1", "Zoë", photo("kim"), Terms(must_be_new=True), DuplicateStudentError),
        ("s2", "Bob", photo("bob"), Terms(must_have_consent=True), NoConsentError),
        ("s2", "Bob", b"text", ANY_TERMS, InvalidPhotoError),
        ("s2", "Bob", photo(), ANY_TERMS, NoFaceError),
        ("s2", "Bob", photo("bob", "eve"), ANY_TERMS, SeveralFacesError),
        ("s2", "Bob", photo("zoë"), Terms(may_look_alike=False), LookalikeError),
    ],
)
def test_a_rehearsal_is_refused_as_the_enrolment_is(
    people: People, student_id: str, name: str, content: bytes, terms: Terms, refusal: type[EnrolmentError]
) -> None:
    people.enrol()
    with pytest.raises(refusal) as rehearsed:
        people.enroller.rehearse(student_id, name, content, terms)
    with pytest.raises(refusal) as enrolled:
        people.enroller.enrol(student_id, name, content, ["physics"], ACTOR, terms)
    assert str(rehearsed.value) == str(enrolled.value)


def test_a_student_without_a_photo_left_can_be_enrolled_again(people: People) -> None:
    boto3.resource("dynamodb").Table("rollcall-students").put_item(
        Item={"student_id": "s1", "student_name": "Zoë", "photos": []}
    )
    assert people.enrol().is_new


def test_a_course_is_created_once_and_listed(people: People) -> None:
    assert not people.enroller.ensure_course("physics", "Other", "UTC")
    assert people.enroller.ensure_course("art", "Art", "UTC")
    course = get("courses", course_id="physics")
    assert course is not None
    assert (course["course_name"], course["time_zone"]) == ("Physics", "Europe/Berlin")
    catalogue = get("courses", course_id="#courses")
    assert catalogue is not None
    assert catalogue["course_ids"] == {"art", "physics"}


@pytest.mark.parametrize("zone", ["", "Berlin", "UTC+1", "../etc/passwd", "europe/berlin "])
def test_a_course_needs_a_real_time_zone(people: People, zone: str) -> None:
    with pytest.raises(InvalidTimeZoneError, match="Europe/Berlin"):
        people.enroller.ensure_course("art", "Art", zone)


@pytest.mark.parametrize("course_id", ["#courses", "unfiled", "a/b", ""])
def test_a_course_may_not_take_a_word_of_ours(people: People, course_id: str) -> None:
    with pytest.raises(InvalidIdError):
        people.enroller.ensure_course(course_id, "Art", "UTC")
