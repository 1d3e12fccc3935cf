"""The adapters keep the promises of the ports on DynamoDB and S3, as moto plays them."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from attendance.aws import clients
from attendance.aws.courses import DynamoCourseBook
from attendance.aws.erasing import DynamoRecords
from attendance.aws.faces import RekognitionFaceSearch
from attendance.aws.tables import DynamoCourses
from attendance.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    ServiceBusyError,
    SessionChangedError,
)
from attendance.model import Status, Thresholds
from attendance.ports import Services
from tests.builders import SETTINGS, detection, event, page, video
from tests.fakes import World
from tests.functional.functions.answers import answer, answering
from tests.functional.functions.conftest import run_with, step_on
from tests.functional.functions.moto_tables import enrol, session_item, table

CountCalls = Callable[[str], list[str]]


@pytest.fixture
def count_calls(aws_services: Services) -> Iterator[CountCalls]:
    """Gives a list that grows with each call of the shared DynamoDB client."""
    listening = []
    events = clients.dynamodb().meta.client.meta.events

    def count(operation: str) -> list[str]:
        calls: list[str] = []
        heard = (f"before-call.dynamodb.{operation}", lambda **_: calls.append(operation))
        events.register(*heard)
        listening.append(heard)
        return calls

    yield count
    for heard in listening:
        events.unregister(*heard)


def row(student_id: str, **more: Any) -> dict[str, Any]:
    return {"session_key": "cs101#2026-11-20", "student_id": student_id, "source": "machine", **more}


def test_the_whole_chain_makes_the_register_on_real_tables(
    aws_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol("cs101", "ada", "eve", "joe")
    run = run_with(step_on(aws_services, monkeypatch))
    world.faces.results[event()["detail"]["object"]["key"]] = [
        page(detection(0, 0, {"ada": 99.516, "eve": 91.0})),
        page(detection(500, 1, {"eve": 95.25})),
    ]
    first = run(event())
    assert first == run(event())
    items = {item["student_id"]: item for item in table("rollcall-attendance").scan()["Items"]}
    assert {name: item["status"] for name, item in items.items()} == {
        "ada": "present",
        "eve": "review",
        "joe": "absent",
    }
    assert (float(items["ada"]["similarity"]), float(items["ada"]["margin"])) == (99.52, 8.52)
    assert items["eve"]["margin"] is None
    assert "similarity" not in items["joe"]
    session = session_item(video())
    assert (session["status"], session["counts"]) == ("complete", {"present": 1, "review": 1, "absent": 1})
    assert (session["thresholds"]["present"], session["thresholds"]["review"]) == (99, 90)
    assert session["session_key"] == "cs101#2026-11-20"
    assert [each["model"] for each in session["videos"].values()] == ["7.0"]


def test_a_roster_of_more_than_a_megabyte_is_read_to_its_end(aws_services: Services, count_calls: CountCalls) -> None:
    enrol("cs101", *(f"s{number:04}" for number in range(3000)), name="N" * 400)
    calls = count_calls("Query")
    found = [enrolment.student_id for enrolment in aws_services.rosters.of("cs101")]
    assert found == [f"s{number:04}" for number in range(3000)]
    assert len(calls) >= 2


def test_a_roster_of_nobody_is_empty(aws_services: Services) -> None:
    assert list(aws_services.rosters.of("cs101")) == []


PLACE = video().place
DECISION = "cs101/2026-11-20/resolved-1.json"


def let_stand(decision: str = DECISION) -> None:
    """The session's decision, as Resolve names leaves it."""
    key = {"course_id": PLACE.course_id, "session_id": PLACE.session_id}
    table("rollcall-sessions").put_item(Item={**key, "decision": {"key": decision, "turn": 1}})


def stored() -> set[str]:
    return {item["student_id"] for item in table("rollcall-attendance").scan()["Items"]}


def test_rows_are_written_99_in_a_transaction_with_the_check_of_their_decision(
    aws_services: Services, count_calls: CountCalls
) -> None:
    let_stand()
    calls = count_calls("TransactWriteItems")
    aws_services.attendance.put(PLACE, DECISION, (row(f"s{number}", similarity=99.5) for number in range(200)))
    assert len(calls) == 3
    assert len(stored()) == 200


def test_writing_no_rows_calls_nobody(aws_services: Services, count_calls: CountCalls) -> None:
    calls = count_calls("TransactWriteItems")
    aws_services.attendance.put(PLACE, DECISION, [])
    aws_services.attendance.remove(PLACE, DECISION, [])
    assert calls == []


def test_nothing_is_written_for_a_decision_that_does_not_stand_any_more(aws_services: Services) -> None:
    let_stand("another")
    table("rollcall-attendance").put_item(Item=row("ada"))
    with pytest.raises(SessionChangedError):
        aws_services.attendance.put(PLACE, DECISION, [row("eve")])
    with pytest.raises(SessionChangedError):
        aws_services.attendance.remove(PLACE, DECISION, ["ada"])
    assert stored() == {"ada"}


def test_a_decision_that_is_replaced_between_two_transactions_stops_the_writing(aws_services: Services) -> None:
    let_stand()

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(150):
            if number == 120:
                let_stand("another")
            yield row(f"s{number:03}")

    with pytest.raises(SessionChangedError):
        aws_services.attendance.put(PLACE, DECISION, rows())
    assert stored() == {f"s{number:03}" for number in range(99)}


def test_the_students_of_a_session_are_read_over_all_pages_and_of_no_other_session(aws_services: Services) -> None:
    with table("rollcall-attendance").batch_writer() as batch:
        for number in range(1500):
            batch.put_item(Item=row(f"s{number:04}", note="x" * 900, status="present"))
        batch.put_item(Item={**row("other"), "session_key": "cs101#2026-11-21"})
    everyone = [f"s{number:04}" for number in range(1500)]
    assert aws_services.attendance.statuses("cs101#2026-11-20") == dict.fromkeys(everyone, Status.PRESENT)


def test_rows_are_deleted_but_for_those_a_person_corrected(aws_services: Services) -> None:
    let_stand()
    students = [f"s{number:03}" for number in range(120)]
    aws_services.attendance.put(PLACE, DECISION, (row(student) for student in students))
    correct = {"session_key": PLACE.session_key, "version": 1, "before": [None], "changed_by": "ann"}
    said = {"status": "excused", "late": False, "left_early": False, "reason": None, "actor": "ann", "at": "2026"}
    for student in ("s003", "s117"):
        table("rollcall-corrections").put_item(Item={**correct, "student_id": student, "correction": said})
    table("rollcall-corrections").put_item(Item={**correct, "student_id": "s004"})
    aws_services.attendance.remove(PLACE, DECISION, students)
    assert stored() == {"s003", "s117"}
    standings = aws_services.corrections.of(PLACE.session_key)
    assert {student: standing.correction is None for student, standing in standings.items()} == {
        "s003": False,
        "s004": True,
        "s117": False,
    }


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({}, Thresholds(99, 90)),
        ({"present_threshold": 95, "review_threshold": 80}, Thresholds(95, 80)),
        ({"present_threshold": 80}, Thresholds(80, 80)),
        ({"review_threshold": 0}, Thresholds(99, 0)),
        ({"present_threshold": None, "time_zone": ""}, Thresholds(99, 90)),
    ],
)
def test_what_a_course_leaves_open_comes_from_the_settings(
    aws_services: Services, item: dict[str, Any], expected: Thresholds
) -> None:
    table("rollcall-courses").put_item(Item={"course_id": "cs101", **item})
    course = aws_services.courses.get("cs101")
    assert course is not None
    assert (course.thresholds, course.time_zone) == (expected, "UTC")


def test_only_the_default_course_needs_no_item(aws: None) -> None:
    courses = DynamoCourses(clients.dynamodb(), SETTINGS)
    assert courses.get("cs101") is None
    assert courses.get("default") is not None


def test_documents_come_back_and_missing_ones_have_a_name(aws_services: Services) -> None:
    aws_services.work.put("a/é b+c/matches.json", {"x": [1, 2.5, None, "ü"]})
    assert aws_services.work.get("a/é b+c/matches.json") == {"x": [1, 2.5, None, "ü"]}
    with pytest.raises(ObjectNotFoundError):
        aws_services.work.get("a/missing.json")


@pytest.mark.parametrize(
    ("code", "status", "named"),
    [
        ("AccessDenied", 403, AccessDeniedError),
        ("SlowDown", 503, ServiceBusyError),
        ("NoSuchKey", 404, ObjectNotFoundError),
    ],
)
def test_errors_that_boto3_calls_just_clienterror_get_names(
    aws: None, monkeypatch: pytest.MonkeyPatch, code: str, status: int, named: type[Exception]
) -> None:
    client = clients.s3()
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    refused = answer(status, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode())
    with answering(client, "s3.GetObject", lambda _: refused), pytest.raises(named):
        client.get_object(Bucket="b-1", Key="k")


@pytest.mark.parametrize("body", [b"", b'{"x": ', b'{"x": 1}'])
def test_a_document_that_breaks_off_on_its_way_is_asked_for_again_later(aws_services: Services, body: bytes) -> None:
    aws_services.work.put("a/matches.json", {"x": 1})
    broken = answer(200, body, length=1000)
    with answering(clients.s3(), "s3.GetObject", lambda _: broken), pytest.raises(ServiceBusyError, match="Try again"):
        aws_services.work.get("a/matches.json")
    assert aws_services.work.get("a/matches.json") == {"x": 1}


@pytest.mark.parametrize("code", ["ThrottlingException", "ProvisionedThroughputExceededException"])
def test_a_page_of_a_result_that_is_refused_for_a_moment_does_not_cost_the_pages_before(
    aws: None, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    page_one: dict[str, Any] = {"JobStatus": "SUCCEEDED", "Persons": [], "NextToken": "two"}
    page_two: dict[str, Any] = {"JobStatus": "SUCCEEDED", "Persons": []}
    answers = [(200, page_one), *[(400, {"__type": code, "Message": "slow down"})] * 7, (200, page_two)]
    asked, pauses = list[str](), list[float]()

    def give(request: Any) -> AWSResponse:
        asked.append(json.loads(request.body).get("NextToken", "one"))
        status, body = answers.pop(0)
        return answer(status, json.dumps(body).encode())

    client = clients.rekognition()
    monkeypatch.setattr("botocore.endpoint.time.sleep", pauses.append)
    with answering(client, "rekognition.GetFaceSearch", give):
        found = list(RekognitionFaceSearch(client, SETTINGS).pages("job"))
    assert (len(found), asked) == (2, ["one", *["two"] * 8])
    assert len(pauses) == 7
    assert sum(pauses) <= 32


def test_who_is_erased_or_taken_off_the_roster_stays_in_past_registers_as_they_were_left(
    aws_services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol("cs101", "ada", "eve", "joe")
    run = run_with(step_on(aws_services, monkeypatch))
    key = event()["detail"]["object"]["key"]
    world.faces.results[key] = [page(detection(0, 0, {"ada": 99.5}), detection(0, 1, {"eve": 99.5}))]
    counts = run(event())["session"]["counts"]
    DynamoCourseBook(SETTINGS).take_off_roster("cs101", "ada", "ann")
    erased = DynamoRecords(SETTINGS)
    erased.leave_course("eve", "cs101")
    (row_of_eve,) = erased.rows_of("eve")
    erased.anonymise("eve", row_of_eve.session_key, "Erased")
    before = table("rollcall-attendance").scan()["Items"]
    assert run(event())["session"]["counts"] == counts == {"present": 2, "review": 0, "absent": 1}
    assert table("rollcall-attendance").scan()["Items"] == before
    (kept,) = [item for item in before if item["student_id"] == "eve"]
    assert (kept["student_name"], kept["status"]) == ("Erased", "present")
    assert "similarity" not in kept
