"""More videos at once than the face service searches: all get their register, none twice, and the queue can be seen."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from attendance.model import Progress, Video
from attendance.ports import SearchState
from attendance.register import session_from
from cli.session import status_of
from local.home import Home
from local.supervisor import LocalStack
from rekognition_local.errors import LimitExceededError
from rekognition_local.jobs import MAX_JOBS_IN_PROGRESS
from tests.builders import detection, event, page
from tests.fakes import FakeFaces, World
from tests.samples import handlers_on
from tests.statemachine import face_double
from tests.statemachine.face_double import FaceDouble, Script, serving
from tests.statemachine.machine import Machine, eventually, folder
from tests.statemachine.virtual_time import VirtualTime

VIDEOS = 200
SEARCH_SECONDS = 15 * 60.0
"""Of a lecture of 50 minutes, about."""
COURSES = 10


class LimitExceededException(Exception):  # noqa: N818 (Rekognition's name)
    """Too many searches at once."""


@dataclass
class BusyFaces(FakeFaces):
    """Searches take time, and no more than 20 go on at once."""

    clock: VirtualTime | None = None
    began: dict[str, float] = field(default_factory=dict)
    most: int = 0
    refused: int = 0

    def start(self, video: Video, threshold: float, token: str) -> str:
        assert self.clock
        job_id = super().start(video, threshold, token)
        if job_id in self.began:
            return job_id
        going_on = sum(self.clock.now < began + SEARCH_SECONDS for began in self.began.values())
        if going_on >= MAX_JOBS_IN_PROGRESS:
            self.refused += 1
            raise LimitExceededException
        self.began[job_id] = self.clock.now
        self.most = max(self.most, going_on + 1)
        return job_id

    def state(self, job_id: str) -> SearchState:
        assert self.clock
        done = self.clock.now >= self.began[job_id] + SEARCH_SECONDS
        return SearchState("SUCCEEDED" if done else "IN_PROGRESS", "", None)


@dataclass
class Rush:
    """All videos of a term, uploaded at one moment."""

    world: World
    faces: BusyFaces
    clock: VirtualTime

    def progress(self) -> list[Progress]:
        """Of each video."""
        return [session["status"] for session in self.world.sessions.items.values()]


@pytest.fixture
def rush(monkeypatch: pytest.MonkeyPatch) -> Rush:
    faces = BusyFaces()
    world = World(faces=faces)
    call = handlers_on(world, monkeypatch)
    clock = faces.clock = VirtualTime(lambda state, given: call(folder(state), given))
    for number in range(VIDEOS):
        course, day = f"c{number % COURSES}", f"2026-11-{number // COURSES + 1:02}"
        key = f"videos/{course}/{day}/lecture.mp4"
        world.enrol(course, *(("ada", "bob") if number < COURSES else ()))
        faces.results[key] = [page(detection(0, 0, {"ada": 99.5}))]
        clock.start(event(key))
    return Rush(world, faces, clock)


def test_two_hundred_videos_at_once_all_get_their_register_within_the_machines_day(rush: Rush) -> None:
    rush.clock.run()
    assert {execution.status for execution in rush.clock.executions} == {"SUCCEEDED"}
    assert rush.progress() == [Progress.COMPLETE] * VIDEOS
    assert len(rush.world.attendance.rows) == 2 * VIDEOS
    assert sum(row["status"] == "present" for row in rush.world.attendance.rows.values()) == VIDEOS


def test_no_search_is_started_twice_and_never_more_than_the_limit_go_on(rush: Rush) -> None:
    rush.clock.run()
    assert len(rush.faces.began) == VIDEOS
    assert rush.faces.most == MAX_JOBS_IN_PROGRESS
    assert rush.faces.refused > VIDEOS


def test_the_places_of_the_face_service_are_filled_most_of_the_time(rush: Rush) -> None:
    rush.clock.run()
    least = VIDEOS / MAX_JOBS_IN_PROGRESS * SEARCH_SECONDS
    assert max(execution.ended_at for execution in rush.clock.executions) < 2 * least


def test_no_run_comes_near_the_limit_of_its_history(rush: Rush) -> None:
    rush.clock.run()
    assert max(execution.visits for execution in rush.clock.executions) < 500  # of 25,000 events, about 5 a visit


def test_an_upload_whose_event_comes_twice_in_the_rush_takes_one_place(rush: Rush) -> None:
    for execution in list(rush.clock.executions):
        rush.clock.start(execution.start)
    rush.clock.run()
    assert {execution.status for execution in rush.clock.executions} == {"SUCCEEDED"}
    assert len(rush.faces.began) == VIDEOS


# ---- the same on the deployed machine, with fewer videos

PLACES, UPLOADED = 2, 6
COURSE = "RUSH-1"


@dataclass
class FewPlaces(FaceDouble):
    """The scripted face service with two places, whose searches end when the test says so."""

    done: bool = False
    taken: set[str] = field(default_factory=set)

    def _start(self, parameters: Mapping[str, Any], call: str) -> dict[str, Any]:
        job_id: str = super()._start(parameters, call)["JobId"]
        if job_id not in self.taken and len(self.taken) >= PLACES and not self.done:
            raise LimitExceededError("Open jobs 2 maximum allowed concurrent jobs: 2")
        self.taken.add(job_id)
        return {"JobId": job_id}

    def _get(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        return super()._get(parameters) if self.done else {"JobStatus": "IN_PROGRESS"}


@pytest.fixture
def places() -> FewPlaces:
    return FewPlaces()


@pytest.fixture
def machine(places: FewPlaces, tmp_path: Path) -> Iterator[Machine]:
    with serving(places) as url, LocalStack(Home(tmp_path), rekognition_url=url, web=False, wait_scale=0.02) as stack:
        yield Machine(stack.endpoints)


def statuses(machine: Machine, days: list[str]) -> list[str]:
    """How each day's video stands, as `rollcall session list` says it."""
    sessions = [session_from(machine.session(COURSE, day)) for day in days]
    return sorted(status_of(video) for session in sessions for video in session.videos)


def is_full(machine: Machine, days: list[str], places: FewPlaces) -> bool:
    if len(places.calls_of_start) < len(days) or len(places.taken) < PLACES:
        return False
    waiting, working = "waiting for the face service", "being processed"
    return statuses(machine, days) == [working] * PLACES + [waiting] * (len(days) - PLACES)


def is_complete(machine: Machine, day: str) -> bool:
    return bool(machine.session(COURSE, day)["status"] == "complete")


@pytest.mark.stack
def test_the_deployed_machine_lets_videos_wait_where_people_see_it_and_finishes_them(
    machine: Machine, places: FewPlaces
) -> None:
    days = [f"2026-11-{number + 1:02}" for number in range(UPLOADED)]
    machine.enrol(COURSE, {"S-1": "Ana", "S-2": "Bo"})
    for day in days:
        key = f"videos/{COURSE}/{day}/class.mp4"
        places.scripts[key] = Script(persons=[face_double.detection(0, 0, {"S-1": 97.0})])
        machine.s3.put_object(Bucket=machine.endpoints.bucket, Key=key, Body=day.encode())
    eventually(partial(is_full, machine, days, places), "the queue")

    places.done = True

    for day in days:
        eventually(partial(is_complete, machine, day), f"the register of {day}")
        assert machine.rows(f"{COURSE}#{day}")["S-1"]["status"] == "present"
    assert len(places.jobs) == len(places.taken) == UPLOADED
