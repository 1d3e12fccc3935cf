"""The nine steps against a plain model of the rules, whatever happens: `EXAMPLES=5000` asks for more than usual.

Hypothesis makes rosters, videos, duplicate and out-of-order events, runs that overlap, corrections, changes of the
roster, videos that are replaced, left out or counted again, sessions that a person has decided again, and crashes
before and after any call of a step; in the middle of a call others may act. The state machine is walked as its
definition says. In the end every run is finished and every video without a register is run again, as
the reconciler does; then each session's register must be what the model says, by two loops and no cleverness.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from attendance import keys
from attendance.corrections import CorrectionConflictError, Corrector, NothingToUndoError, NotOnRegisterError, Said
from attendance.decisions import settle
from attendance.matching import Page
from attendance.model import Course, Enrolment, Progress, Status, Thresholds
from attendance.register import counts_of
from tests.builders import detection, event, page
from tests.fakes import World
from tests.functional.walking import HANDLERS, CrashError, Gate, Gated, Run

EXAMPLES = int(os.environ.get("EXAMPLES", "100"))
COURSE = "cs101"
RULES = Thresholds(present=99.0, review=90.0, margin=5.0, minimum_sightings=2)
STUDENTS = ("s1", "s2", "s3", "s4")
SESSIONS = (("2026-11-20", ""), ("2026-11-20", "A"), ("2026-11-21", ""))
DAYS = st.sampled_from([None, "2026-11-19", "2026-11-20", "2026-11-21"])
WORSE = {"present": 0, "review": 1, "absent": 2}

FACES = st.dictionaries(
    st.sampled_from([*STUDENTS, "stranger"]), st.sampled_from([99.8, 99.2, 95.0, 92.0, 89.0]), min_size=1, max_size=2
)
FRAMES = st.lists(st.lists(FACES, min_size=1, max_size=3), max_size=4)
"""Frames of faces; of each face the students it looks like, and how much."""
CALLS = st.integers(0, 16)
"""At which call of a step, before or after it, something happens."""
WAYS = st.sampled_from(["Register video", "Resolve names", "Write present", "Write absent", "Close session", "the end"])
"""How far a new run goes at once."""
SAYINGS = st.sampled_from(
    [Said(Status.PRESENT), Said(Status.PRESENT, late=True), Said(Status.ABSENT), Said(Status.EXCUSED)]
)


def pages(frames: list[list[dict[str, float]]]) -> list[Page]:
    """The result of a search: each student with two photos, the weaker one too, and a frame that goes over a page."""
    found = []
    for at, faces in enumerate(frames):
        for person, likeness in enumerate(faces):
            photos = [(student, similarity - off) for student, similarity in likeness.items() for off in (0.0, 1.5)]
            found.append(detection(at * 1000, person, photos))
    half = len(found) // 2
    return [page(*found[:half]), page(*found[half:])]


def model_video(frames: list[list[dict[str, float]]]) -> dict[str, tuple[str, int]]:
    """Of each student what a video says, without the number of sightings, and that number."""
    seen: dict[str, list[tuple[float, int, bool]]] = {}
    for at, faces in enumerate(frames):
        pairs = [
            (-similarity, person, student) for person, face in enumerate(faces) for student, similarity in face.items()
        ]
        named: dict[str, int] = {}
        for negative, person, student in sorted(pairs):
            if student in named or person in named.values():
                continue
            named[student] = person
            others = [similarity for other, similarity in faces[person].items() if other != student]
            seen.setdefault(student, []).append(
                (negative, at, all(-negative - other >= RULES.margin for other in others))
            )
    said = {}
    for student, moments in seen.items():
        negative, _, is_clear = min(moments)
        similarity = -negative
        word = (
            "absent" if similarity < RULES.review else "sure" if similarity >= RULES.present and is_clear else "review"
        )
        said[student] = (word, len(moments))
    return said


def model(
    roster: Mapping[str, Enrolment], day: str, slot: str, videos: list[list[list[dict[str, float]]]]
) -> dict[str, str]:
    """The register as the rules have it."""
    register = {}
    for student, enrolment in roster.items():
        if enrolment.enrolled_from and enrolment.enrolled_from > day:
            continue
        if enrolment.enrolled_until and enrolment.enrolled_until < day:
            continue
        if slot and enrolment.section and enrolment.section != slot:
            continue
        said = [found[student] for found in map(model_video, videos) if student in found]
        words = {word for word, _ in said}
        enough = sum(number for _, number in said) >= RULES.minimum_sightings
        status = "present" if "sure" in words and enough else "review" if words & {"sure", "review"} else "absent"
        register[student] = status
    return register


@dataclass
class Video:
    """An upload: where it belongs, what it shows, its event, and whether a person left it out."""

    key: str
    session: tuple[str, str]
    frames: list[list[dict[str, float]]]
    event: dict[str, Any]
    is_left_out: bool = False


class RegisterMachine(RuleBasedStateMachine):
    """Everything that can happen to a course's sessions."""

    @initialize(outsiders=st.sets(st.sampled_from(STUDENTS)))
    def begin(self, outsiders: set[str]) -> None:
        self.world = World()
        self.world.courses.courses[COURSE] = Course(COURSE, "UTC", RULES, frozenset({"A", "B"}))
        self.gate = Gate()
        services = self.world.services
        names = ("courses", "rosters", "sessions", "attendance", "corrections", "erasures", "work", "faces")
        ports: dict[str, Any] = {name: Gated(getattr(services, name), self.gate) for name in names}
        gated = self.gated = replace(services, **ports)
        self.patch = pytest.MonkeyPatch()
        for handler in HANDLERS.values():
            self.patch.setattr(handler, "services", lambda: gated)
        self.rosters: list[dict[str, Enrolment]] = []
        self.change_roster({name: Enrolment(name, "Anna Kim") for name in STUDENTS if name not in outsiders})
        self.videos: dict[str, Video] = {}
        self.shrunk: set[str] = set()
        """Sessions in which a video was replaced or left out: there rows may get worse."""
        self.runs: list[Run] = []
        self.said: dict[tuple[str, str], list[Said]] = {}
        self.best: dict[tuple[str, str], int] = {}
        self.history: dict[tuple[str, str], Any] = {}
        self.clock = datetime(2026, 11, 20, tzinfo=UTC)
        self.corrector = Corrector(self.world.store, self.now)

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    # ---- what happens

    @rule(student=st.sampled_from(STUDENTS), begins=DAYS, ends=DAYS, section=st.sampled_from([None, "A", "B"]))
    def enrol(self, student: str, begins: str | None, ends: str | None, section: str | None) -> None:
        """All have the same name."""
        self.change_roster({**self.rosters[-1], student: Enrolment(student, "Anna Kim", begins, ends, section)})

    @rule(student=st.sampled_from(STUDENTS))
    def remove(self, student: str) -> None:
        self.change_roster({name: one for name, one in self.rosters[-1].items() if name != student})

    def change_roster(self, roster: dict[str, Enrolment]) -> None:
        self.rosters.append(roster)
        self.world.rosters.rosters[COURSE] = list(roster.values())

    @precondition(lambda self: len(self.videos) < 5)
    @rule(session=st.sampled_from([SESSIONS[0], *SESSIONS]), frames=FRAMES, way=WAYS)
    def upload(self, session: tuple[str, str], frames: list[list[dict[str, float]]], way: str) -> None:
        day, slot = session
        key = "/".join(["videos", COURSE, day, *([slot] if slot else []), f"{len(self.videos)}.mp4"])
        self.put(key, session, frames, way)

    @precondition(lambda self: 0 < len(self.videos) < 5)
    @rule(data=st.data(), frames=FRAMES, way=WAYS)
    def replace(self, data: st.DataObject, frames: list[list[dict[str, float]]], way: str) -> None:
        """Another recording is uploaded under a key that has one already."""
        old = self.videos[data.draw(st.sampled_from(sorted(self.videos)))]
        self.shrunk.add(session_key(old.session))
        self.put(old.key, old.session, frames, way)

    def put(self, key: str, session: tuple[str, str], frames: list[list[dict[str, float]]], way: str) -> None:
        number = len(self.videos)
        told = event(key, version=f"v{number}", time=f"2026-11-20T16:00:{number:02}Z")
        video_id = keys.video_id(keys.video_object(told))
        self.videos[video_id] = Video(key, session, frames, told)
        self.world.faces.results[f"{key}?v{number}"] = pages(frames)
        self.walk_to(self.start(video_id), way)

    @precondition(lambda self: self.videos)
    @rule(data=st.data(), way=WAYS)
    def event_comes_again(self, data: st.DataObject, way: str) -> None:
        self.walk_to(self.start(data.draw(st.sampled_from(sorted(self.videos)))), way)

    @precondition(lambda self: self.videos)
    @rule(data=st.data(), is_left_out=st.sampled_from([True, True, False]))
    def leave_out(self, data: st.DataObject, is_left_out: bool) -> None:
        """A person says that a video is not to count, or that it is to."""
        video_id = data.draw(st.sampled_from(sorted(self.videos)))
        video = self.videos[video_id]
        place = keys.place(COURSE, keys.session_id(*video.session))
        services = self.gated
        if services.sessions.leave_out(video_id, place, "ann", is_left_out=is_left_out):
            video.is_left_out = is_left_out
            self.shrunk.add(place.session_key)
            settle(place, services)

    @precondition(lambda self: self.videos)
    @rule(
        data=st.data(),
        call=CALLS,
        other=st.sampled_from(["nothing", "finish", "begin", "correct", "enrol", "leave out"]),
    )
    def decide_again(self, data: st.DataObject, call: int, other: str) -> None:
        """A person has a session decided again, while others act in the middle of it."""
        video = self.videos[data.draw(st.sampled_from(sorted(self.videos)))]
        place = keys.place(COURSE, keys.session_id(*video.session))
        if (place.course_id, place.session_id) not in self.world.sessions.items:
            return
        if other != "nothing":
            self.gate.left, self.gate.happen = call, lambda: self.act(data, None, other)
        settle(place, self.gated)
        self.gate.left = None

    def start(self, video_id: str) -> Run:
        self.runs.append(Run(len(self.runs), self.videos[video_id].event))
        return self.runs[-1]

    def walk_to(self, run: Run, way: str) -> None:
        while not run.ended and run.state != way:
            self.step(run)

    def living(self) -> list[Run]:
        return [run for run in self.runs if not run.ended]

    @precondition(lambda self: self.living())
    @rule(data=st.data(), way=WAYS)
    def go_on(self, data: st.DataObject, way: str) -> None:
        """A run goes on to another state."""
        self.walk_to(data.draw(st.sampled_from(self.living())), way)

    @precondition(lambda self: self.living())
    @rule(data=st.data(), call=CALLS, is_caught=st.booleans())
    def crash(self, data: st.DataObject, call: int, is_caught: bool) -> None:
        """A step dies in the middle; the machine tries it again, or catches it."""
        self.gate.left, self.gate.happen = call, crash
        self.step(data.draw(st.sampled_from(self.living())), crash_is_caught=is_caught)
        self.gate.left = None

    @precondition(lambda self: self.living())
    @rule(
        data=st.data(),
        call=CALLS,
        other=st.sampled_from(["finish", "finish", "begin", "correct", "enrol", "leave out", "decide"]),
    )
    def overtake(self, data: st.DataObject, call: int, other: str) -> None:
        """In the middle of a step of one run others act, as if it had stood still for long."""
        writing = [run for run in self.living() if "matches" in run.data]
        run = data.draw(st.sampled_from(writing or self.living()))
        self.gate.left, self.gate.happen = call, lambda: self.act(data, run, other)
        self.step(run)
        self.gate.left = None

    def act(self, data: st.DataObject, busy: Run | None, what: str) -> None:
        others = [run for run in self.living() if run is not busy]
        if busy:
            others = [run for run in others if self.session_of(run) == self.session_of(busy)] or others
        if what == "correct":
            session, student = data.draw(st.sampled_from(SESSIONS)), data.draw(st.sampled_from(STUDENTS))
            self.correct(session, student, data.draw(SAYINGS), 0)
        elif what == "enrol":
            self.enrol(data.draw(st.sampled_from(STUDENTS)), data.draw(DAYS), None, None)
        elif what == "leave out":
            self.leave_out(data, data.draw(st.booleans()))
        elif what == "decide":
            self.decide_again(data, 0, "nothing")
        elif what == "begin" or not others:
            self.walk_to(self.start(data.draw(st.sampled_from(sorted(self.videos)))), "the end")
        else:
            self.walk_to(data.draw(st.sampled_from(others)), "the end")

    def session_of(self, run: Run) -> tuple[str, str]:
        return self.videos[keys.video_id(keys.video_object(run.event))].session

    def step(self, run: Run, *, crash_is_caught: bool = False) -> None:
        if not run.ended:
            run.step(len(self.rosters) - 1, crash_is_caught)

    @precondition(lambda self: self.living())
    @rule(data=st.data())
    def abort(self, data: st.DataObject) -> None:
        """An execution ends for good, without a word."""
        data.draw(st.sampled_from(self.living())).ended = True

    @rule(
        session=st.sampled_from(SESSIONS),
        student=st.sampled_from(STUDENTS),
        said=SAYINGS,
        off=st.sampled_from([0, 0, 0, 1]),
    )
    def correct(self, session: tuple[str, str], student: str, said: Said, off: int) -> None:
        key = (session_key(session), student)
        standing = self.world.store.standing(*key)
        is_there = key in self.world.attendance.rows
        try:
            made = self.corrector.correct(
                *key, said, f"ann{len(self.world.store.audit)}", "why", standing.version + off
            )
        except NotOnRegisterError:
            assert not is_there
        except CorrectionConflictError:
            assert off
        else:
            assert is_there
            assert not off
            assert made.version == standing.version + 1
            self.said.setdefault(key, []).append(said)

    @rule(session=st.sampled_from(SESSIONS), student=st.sampled_from(STUDENTS))
    def undo(self, session: tuple[str, str], student: str) -> None:
        key = (session_key(session), student)
        try:
            self.corrector.undo(*key, "bob", None, self.world.store.standing(*key).version)
        except NotOnRegisterError:
            assert key not in self.world.attendance.rows
            assert not self.said.get(key)
        except NothingToUndoError:
            assert not self.said.get(key)
        else:
            self.said[key].pop()

    # ---- what must always be so

    @invariant()
    def corrections_are_as_people_made_them(self) -> None:
        if not hasattr(self, "world"):
            return
        stand = {key: one.correction for key, one in self.world.corrections.standings.items() if one.correction}
        assert {key: Said(one.status, one.late, one.left_early) for key, one in stand.items()} == {
            key: said[-1] for key, said in self.said.items() if said
        }
        for key in stand:
            assert key in self.world.attendance.rows

    @invariant()
    def no_row_ever_gets_worse(self) -> None:
        """Where videos are only added, absent must never come over present or review, not even for a moment."""
        if not hasattr(self, "world"):
            return
        for key, row in self.world.attendance.rows.items():
            order = WORSE[row["status"]]
            assert order <= self.best.get(key, 2) or key[0] in self.shrunk
            self.best[key] = order

    @invariant()
    def who_is_taken_off_the_roster_keeps_the_rows_as_they_are(self) -> None:
        """Of registers that are done, also when a video is left out; until the student is on the roster again."""
        if not hasattr(self, "world"):
            return
        gone = off_roster(self.rosters[-1])
        kept = self.history.items()
        self.history = {key: row for key, row in kept if key[1] in gone}
        for key, row in self.history.items():
            assert self.world.attendance.rows.get(key) == row
        done = [session for session, item in self.world.sessions.items.items() if item.get("status") == "complete"]
        for key, row in self.world.attendance.rows.items():
            if key[1] in gone and tuple(key[0].split("#")) in done:
                self.history[key] = row

    # ---- the end

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.finish()
                self.check()
                self.again()
        finally:
            if hasattr(self, "patch"):
                self.patch.undo()

    def finish(self) -> None:
        """Every run ends, and the reconciler runs again what has no register."""
        self.walk()
        for video_id in self.videos:
            if self.status_of(video_id) is not Progress.COMPLETE:
                self.start(video_id)
        self.walk()
        assert all(self.status_of(video_id) is Progress.COMPLETE for video_id in self.videos)

    def walk(self) -> None:
        while living := self.living():
            for run in living:
                self.step(run)
            self.no_row_ever_gets_worse()

    def status_of(self, video_id: str) -> Progress | None:
        items = self.world.sessions.items.values()
        return next((item["videos"][video_id]["status"] for item in items if video_id in item["videos"]), None)

    def check(self, *, is_new: bool = False) -> None:
        self.corrections_are_as_people_made_them()
        for session in SESSIONS:
            self.check_session(session, is_new)
        assert len(self.world.faces.jobs) == len(self.videos)

    def check_session(self, session: tuple[str, str], is_new: bool) -> None:
        """The decided rows are the model's, of the roster as the last run that closed the session saw it or later.

        Rows of who is on the roster but not enrolled on the date stay while a person's correction stands, and until the
        next run. Rows of who is not on the roster any more stay, as the last run that knew the student left them.
        """
        key = session_key(session)
        of_session = [video for video in self.videos.values() if video.session == session]
        newest = {video.key: video.frames for video in of_session if not video.is_left_out}
        videos = list(newest.values())
        rows = self.world.register(key)
        assert len({row.student_id for row in rows}) == len(rows)
        corrected = {student for (where, student), said in self.said.items() if where == key and (said or not is_new)}
        if not videos:
            assert {row.student_id for row in rows} <= corrected.union(*map(off_roster, self.rosters))
            return
        seen = [
            run.resolved_at
            for run in self.runs
            if run.closed and run.data["session"]["session_id"] == key.split("#")[1]
        ]
        decided = {row.student_id: row.decided.value for row in rows}
        possible = [(model(roster, *session, videos), roster) for roster in self.rosters[max(seen, default=0) :]]
        assert any(
            register.items() <= decided.items() and decided.keys() - register.keys() <= corrected | off_roster(roster)
            for register, roster in possible
        ), (decided, possible)
        item = self.world.sessions.items[COURSE, key.split("#")[1]]
        assert item["status"] is Progress.COMPLETE
        if item.get("corrected", 0) == item.get("counted", 0):
            assert item["counts"] == counts_of(rows)

    def again(self) -> None:
        """Once everything ran with the roster as it is, running it all again changes nothing."""
        for _ in range(2):
            before = json.dumps(sorted(self.world.attendance.rows.items()), default=str)
            for video_id in self.videos:
                self.start(video_id)
            self.walk()
        assert json.dumps(sorted(self.world.attendance.rows.items()), default=str) == before
        self.check(is_new=True)


def crash() -> None:
    raise CrashError


def off_roster(roster: Mapping[str, Enrolment]) -> set[str]:
    """Who may have a row from the time they were on the roster."""
    return set(STUDENTS) - roster.keys()


def session_key(session: tuple[str, str]) -> str:
    day, slot = session
    return f"{COURSE}#{day}_{slot}" if slot else f"{COURSE}#{day}"


RegisterMachine.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(7200)
class TestRegister(RegisterMachine.TestCase):  # type: ignore[misc, valid-type]
    """Runs the machine above."""
