"""The deployed state machine end to end: everything real but the face service, which follows a script."""

import uuid
from decimal import Decimal

import pytest

from tests.statemachine.face_double import FaceDouble, Script, detection
from tests.statemachine.machine import DEFINITION, HAPPY_PATH, Machine, Run, check, task_input, videos_of

DATE = "2026-11-20"


@pytest.fixture
def course(machine: Machine) -> str:
    """A course of its own for each test, with a roster of three."""
    course_id = f"C-{uuid.uuid4().hex[:12]}"
    machine.enrol(course_id, {"S-1": "Ana Li", "S-2": "Bo O'Neil", "S-3": "Zoë Übel"})
    return course_id


def key_of(course_id: str, name: str = "class.mp4") -> str:
    return f"videos/{course_id}/{DATE}/{name}"


def assert_what_flowed_fits_the_schemas(run: Run) -> None:
    """Each function's real input and output are as the JSON Schemas of its state say."""
    for step in run.steps:
        if DEFINITION["States"][step.state]["Type"] != "Task":
            continue
        check(step.state, "input", task_input(step, run))
        if step.result is not None:
            check(step.state, "output", step.result)


def assert_failed(run: Run, machine: Machine, course_id: str, error: str, reason: str) -> None:
    """The run is red, and the session tells why."""
    assert run.status == "FAILED"
    assert run.path[-2:] == ["Record failure", "Attendance failed"]
    assert_what_flowed_fits_the_schemas(run)
    recorded = run.step("Record failure").result
    assert (recorded["course_id"], recorded["error"]) == (course_id, error)
    assert reason in recorded["reason"]
    session = machine.session(course_id, recorded["session_id"])
    video = session["videos"][recorded["video_id"]]
    assert (session["status"], video["status"]) == ("failed", "failed")
    assert video["error"] == {"name": error, "reason": recorded["reason"]}


def test_an_uploaded_video_becomes_one_row_per_student(machine: Machine, faces: FaceDouble, course: str) -> None:
    seen = [detection(1_000, 0, {"S-1": 97.5}), detection(2_000, 0, {"S-1": 99.1}), detection(2_000, 1, {"S-3": 85.0})]
    faces.scripts[key_of(course)] = Script(persons=seen)

    run = machine.upload(key_of(course))

    assert run.status == "SUCCEEDED"
    assert run.path == HAPPY_PATH
    assert_what_flowed_fits_the_schemas(run)
    rows = machine.rows(f"{course}#{DATE}")
    assert {student_id: row["status"] for student_id, row in rows.items()} == {
        "S-1": "present",
        "S-2": "absent",
        "S-3": "review",
    }
    assert rows["S-1"]["student_name"] == "Ana Li"
    assert rows["S-1"]["similarity"] == Decimal("99.1")
    assert (rows["S-1"]["first_seen_ms"], rows["S-1"]["last_seen_ms"], rows["S-1"]["sightings"]) == (1_000, 2_000, 2)
    assert rows["S-1"]["evidence"]["timestamp_ms"] == 2_000
    session = machine.session(course, DATE)
    assert session["status"] == "complete"
    assert session["counts"] == {"present": 1, "review": 1, "absent": 1}


def test_a_search_in_progress_is_asked_again_until_it_is_done(machine: Machine, faces: FaceDouble, course: str) -> None:
    faces.scripts[key_of(course)] = Script(polls=3, persons=[detection(0, 0, {"S-2": 95.0})])

    run = machine.upload(key_of(course))

    assert run.path.count("Get face search") == 4
    assert run.output["job"]["polls"] == 4
    assert_what_flowed_fits_the_schemas(run)
    assert machine.rows(f"{course}#{DATE}")["S-2"]["status"] == "present"


def test_a_student_on_the_last_page_of_the_result_is_present(machine: Machine, faces: FaceDouble, course: str) -> None:
    strangers = [detection(1_000 * moment, 0, {}) for moment in range(24)]
    faces.scripts[key_of(course)] = Script(persons=[*strangers, detection(30_000, 1, {"S-2": 96.0})], page=10)

    run = machine.upload(key_of(course))

    assert run.output["matches"]["detections"] == 25
    assert machine.rows(f"{course}#{DATE}")["S-2"]["first_seen_ms"] == 30_000


@pytest.mark.parametrize(
    "error", ["ThrottlingException", "ProvisionedThroughputExceededException", "LimitExceededException"]
)
def test_a_start_that_is_refused_for_now_is_tried_again(
    machine: Machine, faces: FaceDouble, course: str, error: str
) -> None:
    faces.scripts[key_of(course)] = Script(start_errors=[error, error], persons=[detection(0, 0, {"S-1": 95.0})])

    run = machine.upload(key_of(course))

    assert run.step("Start face search").errors == (error, error)
    assert run.status == "SUCCEEDED"
    assert len(faces.calls_of_start[key_of(course)]) == 3
    assert machine.rows(f"{course}#{DATE}")["S-1"]["status"] == "present"


@pytest.mark.parametrize("error", ["InvalidParameterException", "VideoTooLargeException", "AccessDeniedException"])
def test_a_start_that_can_never_succeed_is_not_tried_again(
    machine: Machine, faces: FaceDouble, course: str, error: str
) -> None:
    faces.scripts[key_of(course)] = Script(start_errors=[error] * 9)

    run = machine.upload(key_of(course))

    assert len(faces.calls_of_start[key_of(course)]) == 1
    assert_failed(run, machine, course, error, "")
    assert machine.rows(f"{course}#{DATE}") == {}


def test_a_failed_search_is_a_failed_session_with_the_reason(machine: Machine, faces: FaceDouble, course: str) -> None:
    faces.scripts[key_of(course)] = Script(polls=1, status="FAILED", message="the video has no video stream")

    run = machine.upload(key_of(course))

    assert_failed(run, machine, course, "FaceSearchFailedError", "the video has no video stream")
    assert machine.rows(f"{course}#{DATE}") == {}


def test_the_search_keeps_all_that_may_need_a_review(machine: Machine, faces: FaceDouble, course: str) -> None:
    faces.scripts[key_of(course)] = Script()

    machine.upload(key_of(course))

    assert faces.thresholds[key_of(course)] == 80.0


@pytest.mark.parametrize(
    ("key", "error"),
    [
        ("videos/notes.txt", "BadVideoKeyError"),
        ("videos/CS-101/20-11-2026/a.mp4", "BadVideoKeyError"),
        ("videos/CS-101/2026-02-30/a.mp4", "BadVideoKeyError"),
        ("videos/../2026-11-20/a.mp4", "BadVideoKeyError"),
        ("videos/a b/2026-11-20/Übung+1.mp4", "BadVideoKeyError"),
        ("videos/NOBODY-MADE-THIS/2026-11-20/a.mp4", "UnknownCourseError"),
    ],
)
def test_a_video_that_cannot_be_filed_is_kept_with_the_reason(machine: Machine, key: str, error: str) -> None:
    run = machine.upload(key)

    assert run.status == "FAILED"
    assert run.path == ["Register video", "Record failure", "Attendance failed"]
    assert run.step("Register video").errors == (error,)
    assert_what_flowed_fits_the_schemas(run)
    session = machine.unfiled(key)
    assert session["status"] == "failed"
    assert videos_of(session)[0]["error"]["name"] == error


def test_spaces_accents_and_plus_signs_in_a_file_name_are_kept(
    machine: Machine, faces: FaceDouble, course: str
) -> None:
    key = key_of(course, "Über uns + 100% 日本.mp4")
    faces.scripts[key] = Script(persons=[detection(0, 0, {"S-1": 95.0})])

    run = machine.upload(key)

    assert run.status == "SUCCEEDED"
    assert machine.rows(f"{course}#{DATE}")["S-1"]["evidence"]["key"] == key


def test_an_empty_object_is_a_failed_video(machine: Machine, course: str) -> None:
    run = machine.upload(key_of(course), b"")

    assert_failed(run, machine, course, "EmptyVideoError", "0 bytes")


def test_an_object_that_is_gone_is_a_failed_video(machine: Machine, faces: FaceDouble, course: str) -> None:
    key = key_of(course, "gone.mp4")
    faces.scripts[key] = Script(start_errors=["InvalidS3ObjectException"])

    run = machine.send(
        {
            "time": "2026-11-20T09:00:00Z",
            "detail-type": "Object Created",
            "source": "aws.s3",
            "detail": {
                "bucket": {"name": machine.endpoints.bucket},
                "object": {"key": key, "size": 9, "etag": "0" * 32},
            },
        }
    )

    assert_failed(run, machine, course, "InvalidS3ObjectException", "still there")


def test_an_event_that_arrives_twice_makes_the_same_register(machine: Machine, faces: FaceDouble, course: str) -> None:
    faces.scripts[key_of(course)] = Script(persons=[detection(500, 0, {"S-1": 97.0})])
    first = machine.upload(key_of(course))
    rows, jobs = machine.rows(f"{course}#{DATE}"), len(faces.jobs)

    again = machine.send(first.start)

    assert again.status == "SUCCEEDED"
    assert again.output["video"] == first.output["video"]
    assert again.output["job"]["job_id"] == first.output["job"]["job_id"]
    assert len(faces.jobs) == jobs
    assert machine.rows(f"{course}#{DATE}") == rows
    assert len(machine.session(course, DATE)["videos"]) == 1


def test_two_videos_of_one_session_unite(machine: Machine, faces: FaceDouble, course: str) -> None:
    front, back = key_of(course, "front.mp4"), key_of(course, "back.mov")
    faces.scripts[front] = Script(persons=[detection(0, 0, {"S-1": 97.0})])
    faces.scripts[back] = Script(persons=[detection(0, 0, {"S-2": 97.0})])

    machine.upload(front)
    machine.upload(back)

    rows = machine.rows(f"{course}#{DATE}")
    assert {student_id: row["status"] for student_id, row in rows.items()} == {
        "S-1": "present",
        "S-2": "present",
        "S-3": "absent",
    }


def test_a_roster_without_students_is_an_empty_register(machine: Machine, faces: FaceDouble) -> None:
    machine.enrol("EMPTY-1", {})
    faces.scripts[key_of("EMPTY-1")] = Script(persons=[detection(0, 0, {})])

    run = machine.upload(key_of("EMPTY-1"))

    assert run.status == "SUCCEEDED"
    assert machine.rows(f"EMPTY-1#{DATE}") == {}
    assert machine.session("EMPTY-1", DATE)["counts"] == {"present": 0, "review": 0, "absent": 0}
