"""Indexing the kept photos again. Tables and photos are moto's."""

from collections.abc import Iterator

import boto3
import pytest

from attendance.aws.students import DynamoStudents
from attendance.reindexing import Reindexed, reindex
from tests.functional.test_enrolment import ACTOR, People
from tests.functional.web.faces import photo
from tests.functional.web.tables import settings
from tests.moto_aws import moto_aws


@pytest.fixture
def people() -> Iterator[People]:
    """Three students, the first with two photos."""
    with moto_aws():
        people = People()
        for student_id, name, shot in (("s1", "Zoë", 1), ("s1", "Zoë", 2), ("s2", "Ada", 1), ("s3", "Bob", 1)):
            people.enrol(student_id, name, photo(name, shot=shot))
        yield people


def again(people: People, together: int = 2) -> list[Reindexed]:
    return list(reindex(people.enroller, people.faces, DynamoStudents(settings()).pages(together), ACTOR))


def test_every_kept_photo_has_a_face_again(people: People) -> None:
    before = dict(people.faces.faces)
    people.faces.faces.clear()
    assert sorted(outcome.student_id for outcome in again(people)) == ["s1", "s1", "s2", "s3"]
    assert people.faces.faces == before
    student = people.directory.student("s1")
    assert student is not None
    assert {stored.face_id for stored in student.photos} <= set(before)
    assert [entry["action"] for entry in people.audit("s2")][-1] == "mend face"


def test_what_is_there_is_left_and_a_run_that_was_cut_off_goes_on(people: People) -> None:
    assert again(people) == []
    people.faces.faces.clear()
    one = reindex(people.enroller, people.faces, DynamoStudents(settings()).pages(2), ACTOR)
    assert next(one).problem == ""
    assert len(again(people)) == 3
    assert len(people.faces.faces) == 4
    assert again(people) == []


def test_a_photo_that_is_gone_is_told_and_keeps_no_other_back(people: People) -> None:
    people.faces.faces.clear()
    student = people.directory.student("s2")
    assert student is not None
    boto3.client("s3").delete_object(Bucket="rollcall-photos", Key=student.photos[0].key)
    problems = {outcome.student_id: outcome.problem for outcome in again(people)}
    assert "The photo itself is gone" in problems.pop("s2")
    assert problems == {"s1": "", "s3": ""}


def test_a_student_who_is_being_erased_gets_no_face_again(people: People) -> None:
    boto3.resource("dynamodb").Table("rollcall-students").update_item(
        Key={"student_id": "s3"},
        UpdateExpression="SET erasing = :mark",
        ExpressionAttributeValues={":mark": {"since": "2026-11-23T08:00:00+00:00"}},
    )
    people.faces.faces.clear()
    assert {outcome.student_id for outcome in again(people)} == {"s1", "s2"}


def test_students_are_read_page_by_page(people: People) -> None:
    pages = list(DynamoStudents(settings()).pages(2))
    assert all(len(page) <= 2 for page in pages)
    assert sorted(student.student_id for page in pages for student in page) == ["s1", "s2", "s3"]
