"""The adapters keep the promises of the ports on DynamoDB and S3, as moto plays them."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from attendance.aws import clients
from attendance.aws.faces import RekognitionFaceSearch
from attendance.aws.sessions import DynamoSessions
from attendance.aws.tables import TRIES, DynamoAttendance, DynamoCourses
from attendance.errors import (
    AccessDeniedError,
    ObjectNotFoundError,
    ServiceBusyError,
    SessionChangedError,
    UnprocessedItemsError,
)
from attendance.model import Place, Progress, Thresholds, Video
from attendance.ports import Outcome, Services
from tests.builders import EXECUTION, SETTINGS, THRESHOLDS, detection, event, page, video
from tests.fakes import World
from tests.functional.functions.conftest import run_with, step_on

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BACK = video(name="back.mp4")
COUNTS = {"present": 1, "review": 0, "absent": 2}


def table(name: str) -> Any:
    return boto3.resource("dynamodb").Table(name)


def session_item(of: Video) -> dict[str, Any]:
    item: dict[str, Any] = table("rollcall-sessions").get_item(
        Key={"course_id": of.course_id, "session_id": of.session_id}
    )["Item"]
    return item


def row(student_id: str, **more: Any) -> dict[str, Any]:
    return {"session_key": "cs101#2026-11-20", "student_id": student_id, "source": "machine", **more}


def enrol(course_id: str, *student_ids: str, name: str = "Name") -> None:
    table("rollcall-courses").put_item(Item={"course_id": course_id, "course_name": "Course", "time_zone": "UTC"})
    with table("rollcall-rosters").batch_writer() as batch:
        for student_id in student_ids:
            batch.put_item(Item={"course_id": course_id, "student_id": student_id, "student_name": name})


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


def test_a_roster_of_more_than_a_megabyte_is_read_to_its_end(aws_services: Services) -> None:
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


def test_rows_are_written_99_in_a_transaction_with_the_check_of_their_decision(aws_services: Services) -> None:
    let_stand()
    calls = count_calls("TransactWriteItems")
    aws_services.attendance.put(PLACE, DECISION, (row(f"s{number}", similarity=99.5) for number in range(200)))
    assert len(calls) == 3
    assert len(stored()) == 200


def test_writing_no_rows_calls_nobody(aws_services: Services) -> None:
    calls = count_calls("TransactWriteItems")
    aws_services.attendance.put(PLACE, DECISION, [])
    aws_services.attendance.remove(PLACE, DECISION, [])
    assert calls == []


def count_calls(operation: str) -> list[str]:
    """Fills with one entry per call of the shared DynamoDB client."""
    calls: list[str] = []
    events = clients.dynamodb().meta.client.meta.events
    events.register(f"before-call.dynamodb.{operation}", lambda **_: calls.append(operation))
    return calls


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
            batch.put_item(Item=row(f"s{number:04}", note="x" * 900))
        batch.put_item(Item={**row("other"), "session_key": "cs101#2026-11-21"})
    assert list(aws_services.attendance.students("cs101#2026-11-20")) == [f"s{number:04}" for number in range(1500)]


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


class Hesitant:
    """A DynamoDB that cancels transactions for some reason before it takes one, as a busy one may."""

    def __init__(self, code: str, refusals: int) -> None:
        self.refusals = refusals
        self.taken: list[str] = []
        self.meta = self
        self.client = self
        self.exceptions = boto3.client("dynamodb", region_name="us-east-1").exceptions
        self._code = code

    def Table(self, name: str) -> Any:  # noqa: N802 (boto3's name)
        return type("Table", (), {"name": name})()

    def transact_write_items(self, TransactItems: list[Any]) -> None:  # noqa: N803 (boto3's name)
        self.refusals -= 1
        if self.refusals >= 0:
            reasons = [{"Code": "None"}, {"Code": self._code}]
            answer: Any = {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons}
            raise self.exceptions.TransactionCanceledException(answer, "TransactWriteItems")
        self.taken += [action["Put"]["Item"]["student_id"] for action in TransactItems[1:]]


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_met_others_or_a_busy_service_is_tried_again_after_growing_pauses(code: str) -> None:
    pauses: list[float] = []
    dynamodb: Any = Hesitant(code, refusals=3)
    DynamoAttendance(dynamodb, SETTINGS, pauses.append).put(
        PLACE, DECISION, [row(f"s{number}") for number in range(10)]
    )
    assert dynamodb.taken == [f"s{number}" for number in range(10)]
    assert len(pauses) == 3
    assert all(0 <= pause <= 0.05 * 2**attempt for attempt, pause in enumerate(pauses))


def test_rows_that_are_refused_for_ever_raise_an_error_that_is_tried_again() -> None:
    dynamodb: Any = Hesitant("ThrottlingError", refusals=1000)
    with pytest.raises(UnprocessedItemsError, match="after 8 tries"):
        DynamoAttendance(dynamodb, SETTINGS, lambda _: None).put(PLACE, DECISION, [row("ada")])
    assert (dynamodb.taken, 1000 - dynamodb.refusals) == ([], TRIES)


def test_a_transaction_that_can_never_succeed_is_not_tried_again() -> None:
    dynamodb: Any = Hesitant("ValidationError", refusals=1000)
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        DynamoAttendance(dynamodb, SETTINGS, lambda _: None).put(PLACE, DECISION, [row("ada")])
    assert 1000 - dynamodb.refusals == 1


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
    body = f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()
    answer: Any = AWSResponse("https://s3/", status, HTTPHeaders(), BytesIO(body))
    answer._content = body
    events: Any = client.meta.events
    events.register("before-send.s3.GetObject", lambda **_: answer)
    with pytest.raises(named):
        client.get_object(Bucket="b-1", Key="k")


class OneCallAtATime:
    """A table whose calls are atomic, as DynamoDB's are and moto's are not; between calls threads may change."""

    def __init__(self, table: Any) -> None:
        self._table = table
        self._lock = threading.Lock()

    def get_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.get_item(**request)

    def update_item(self, **request: Any) -> Any:
        with self._lock:
            return self._table.update_item(**request)


def complete(sessions: DynamoSessions, of: Video) -> Progress:
    """Decide and write a register for a video, as its run does in the end."""
    decision = sessions.decide(of.place, sessions.take_turn(of.place), DECISION, of.video_id)
    return sessions.written(of.place, Outcome(decision, COUNTS, 0, THRESHOLDS), of.video_id)


class TestSessions:
    """The sessions table."""

    @pytest.fixture
    def sessions(self, aws: None) -> DynamoSessions:
        return DynamoSessions(clients.dynamodb(), SETTINGS, now=lambda: NOON)

    def test_a_new_video_is_processing_with_all_that_names_it(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        session = session_item(video())
        assert (session["status"], session["date"], session["updated_at"]) == (
            "processing",
            "2026-11-20",
            "2026-11-20T12:00:00.000+00:00",
        )
        assert session["videos"][video().video_id] == {
            "bucket": video().bucket,
            "key": video().key,
            "etag": "e1",
            "version_id": "v1",
            "status": "processing",
            "execution_arn": EXECUTION,
            "uploaded_at": "2026-11-20T12:00:00+00:00",
        }

    def test_videos_of_one_session_do_not_disturb_each_other(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
            sessions.search_started(each, f"job-{each.video_id}", "7.0")
            sessions.collected(each, f"a/{each.video_id}", None)
        assert {name: record.matches_key for name, record in sessions.take_turn(video().place).videos.items()} == {
            each.video_id: f"a/{each.video_id}" for each in (video(), BACK)
        }
        assert complete(sessions, video()) is Progress.PROCESSING
        assert complete(sessions, BACK) is Progress.COMPLETE
        assert session_item(video())["counts"] == COUNTS

    def test_a_complete_video_stays_complete_when_its_event_comes_again_and_fails(
        self, sessions: DynamoSessions
    ) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        complete(sessions, video())
        sessions.add_video(video(), NOON, "arn:aws:states:again")
        assert sessions.video_failed(video(), "X", "why") is Progress.COMPLETE
        record = session_item(video())["videos"][video().video_id]
        assert (record["status"], record["execution_arn"]) == ("complete", "arn:aws:states:again")
        assert "error" not in record

    def test_a_failed_session_tells_why_until_it_runs_again(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        assert sessions.video_failed(video(), "X", "why") is Progress.FAILED
        assert session_item(video())["error"] == {"name": "X", "reason": "why"}
        sessions.add_video(video(), NOON, "arn:aws:states:again")
        session = session_item(video())
        assert (session["status"], session["videos"][video().video_id]["status"]) == ("processing", "processing")
        assert "error" not in session
        assert "error" not in session["videos"][video().video_id]

    def test_a_failed_video_beside_a_complete_one_leaves_the_session_complete(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        complete(sessions, video())
        assert sessions.video_failed(BACK, "X", "why") is Progress.COMPLETE

    def test_many_runs_at_once_leave_one_session_with_all_videos(self, sessions: DynamoSessions) -> None:
        table_of_sessions: Any = OneCallAtATime(sessions._table)
        sessions._table = table_of_sessions
        videos = [video(name=f"part {number}.mp4") for number in range(6)]
        failures: list[BaseException] = []

        def work(each: Video) -> None:
            try:
                sessions.add_video(each, NOON, EXECUTION)
                complete(sessions, each)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(each,)) for each in videos]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        session = session_item(video())
        assert {record["status"] for record in session["videos"].values()} == {"complete"}
        assert (len(session["videos"]), session["status"]) == (6, "complete")

    def test_turns_are_numbered_and_see_what_was_collected(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        first = sessions.take_turn(video().place)
        sessions.search_started(video(), "job-1", "7.0")
        sessions.collected(video(), "a/1", 1000)
        second = sessions.take_turn(video().place)
        assert second.number > first.number
        assert [(record.matches_key, record.model) for record in second.videos.values()] == [("a/1", "7.0")]
        assert [record.matches_key for record in first.videos.values()] == [None]

    def test_a_decision_stands_unless_one_of_a_later_turn_does(self, sessions: DynamoSessions) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        first, second = (sessions.take_turn(video().place) for _ in range(2))
        assert sessions.decide(video().place, second, "new", BACK.video_id) == "new"
        assert sessions.decide(video().place, first, "old", video().video_id) == "new"
        with pytest.raises(SessionChangedError):
            sessions.written(video().place, Outcome("old", COUNTS, 0, THRESHOLDS), video().video_id)
        third = sessions.take_turn(video().place)
        assert sessions.decide(video().place, third, "newest", None) == "newest"

    def test_a_complete_video_is_processing_again_from_its_decision_to_its_rows(self, sessions: DynamoSessions) -> None:
        sessions.add_video(video(), NOON, EXECUTION)
        complete(sessions, video())
        sessions.decide(video().place, sessions.take_turn(video().place), "other", video().video_id)
        session = session_item(video())
        assert (session["status"], session["videos"][video().video_id]["status"]) == ("processing", "processing")
        assert sessions.video_failed(video(), "X", "why") is Progress.FAILED

    def test_a_video_that_was_moved_away_while_it_ran_leaves_no_trace_in_its_old_session(
        self, sessions: DynamoSessions
    ) -> None:
        place = video().place
        sessions.add_video(BACK, NOON, EXECUTION)
        sessions.search_started(video(), "job-1", "7.0")
        sessions.collected(video(), "a/1", 1000)
        assert list(sessions.take_turn(place).videos) == [BACK.video_id]
        with pytest.raises(SessionChangedError):
            sessions.decide(place, sessions.take_turn(place), "x", video().video_id)
        complete(sessions, BACK)
        assert sessions.decide(place, sessions.take_turn(place), "x", video().video_id) == DECISION
        assert sessions.written(place, Outcome(DECISION, COUNTS, 0, THRESHOLDS), video().video_id) is Progress.COMPLETE
        assert list(session_item(video())["videos"]) == [BACK.video_id]

    def test_a_session_without_a_video_is_complete_when_its_rows_are_written(self, sessions: DynamoSessions) -> None:
        place = video().place
        sessions.open_roll_call(place)
        turn = sessions.take_turn(place)
        assert turn.is_roll_call
        decision = sessions.decide(place, turn, DECISION, None)
        assert sessions.written(place, Outcome(decision, COUNTS, 0, THRESHOLDS), None) is Progress.COMPLETE
        assert session_item(video())["status"] == "complete"

    def test_a_session_settled_by_another_run_in_between_is_settled_again(
        self, sessions: DynamoSessions, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for each in (video(), BACK):
            sessions.add_video(each, NOON, EXECUTION)
        read = sessions._item
        interrupted: list[bool] = []

        def read_then_lose_the_race(of: Place) -> Any:
            item = read(of)
            if not interrupted:
                interrupted.append(True)
                complete(sessions, BACK)
            return item

        monkeypatch.setattr(sessions, "_item", read_then_lose_the_race)
        assert complete(sessions, video()) is Progress.COMPLETE
        assert session_item(video())["status"] == "complete"


def searches(stubber: Stubber) -> RekognitionFaceSearch:
    client: Any = stubber.client
    return RekognitionFaceSearch(client, SETTINGS)


class TestFaces:
    """The face service, held against botocore's model of Rekognition by its stubber."""

    @pytest.fixture
    def rekognition(self) -> Iterator[Stubber]:
        with Stubber(boto3.client("rekognition", region_name="us-east-1")) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    @pytest.mark.parametrize("version", ["v1", None])
    def test_a_search_is_started_for_the_version_with_a_token(self, rekognition: Stubber, version: str | None) -> None:
        stored = {"Bucket": video().bucket, "Name": video().key} | ({"Version": version} if version else {})
        wanted = {
            "Video": {"S3Object": stored},
            "CollectionId": "rollcall",
            "FaceMatchThreshold": 90.0,
            "ClientRequestToken": "token",
            "JobTag": video().video_id,
        }
        rekognition.add_response("start_face_search", {"JobId": "job-1"}, wanted)
        place = Video(**{**video().to_state(), "version_id": version})
        assert searches(rekognition).start(place, 90.0, "token") == "job-1"

    def test_waiting_asks_for_as_little_as_can_be(self, rekognition: Stubber) -> None:
        faces = searches(rekognition)
        for message, percent in (
            ("", None),
            ("40 percent of the video searched", 40.0),
            ("searching, 40 %", 40.0),
            ("12.5% done", 12.5),
            ("999%", 100.0),
        ):
            answer = {"JobStatus": "IN_PROGRESS", "StatusMessage": message}
            rekognition.add_response("get_face_search", answer, {"JobId": "job-1", "MaxResults": 1})
            assert faces.state("job-1").percent == percent

    def test_every_page_is_asked_for_in_the_order_of_time(self, rekognition: Stubber) -> None:
        wanted = {"JobId": "job-1", "MaxResults": 1000, "SortBy": "TIMESTAMP"}
        rekognition.add_response("get_face_search", {"JobStatus": "SUCCEEDED", "NextToken": "two"}, wanted)
        rekognition.add_response("get_face_search", {"JobStatus": "SUCCEEDED"}, {**wanted, "NextToken": "two"})
        assert len(list(searches(rekognition).pages("job-1"))) == 2

    def test_errors_keep_the_names_that_the_machine_knows(self, rekognition: Stubber) -> None:
        rekognition.add_client_error("start_face_search", "LimitExceededException", http_status_code=400)
        with pytest.raises(ClientError, match="LimitExceededException") as raised:
            searches(rekognition).start(video(), 90.0, "token")
        assert type(raised.value).__name__ == "LimitExceededException"

    def test_the_model_is_the_collections(self, rekognition: Stubber) -> None:
        rekognition.add_response("describe_collection", {"FaceModelVersion": "7.0"}, {"CollectionId": "rollcall"})
        assert searches(rekognition).model() == "7.0"
