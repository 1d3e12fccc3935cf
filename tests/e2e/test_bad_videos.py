"""Whatever is put into the bucket ends in a recorded outcome that tells what to do, never in half a register."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from attendance.keys import UNFILED
from tests.e2e.conftest import COURSE, STUDENTS
from tests.e2e.running import Outcome, RunningStack, Visitor
from tests.functional.engine.videos import write_sound
from tests.statemachine.machine import Machine

pytestmark = pytest.mark.stack

EMPTY_COURSE = "NOBODY-1"
ONLY_THE_MAN = {"S-1": "present", "S-2": "absent", "S-3": "absent"}
NOBODY = dict.fromkeys(STUDENTS, "absent")
FORM = "Name the video videos/<course>/<YYYY-MM-DD>/<name>.mp4"
UPLOAD = "Upload the recording as H.264 in MP4 or MOV. If the file does not play to its end"

Content = Callable[[Path, Path], bytes]
"""The pictures' folder and an empty one ▶ an object's bytes."""


def man(pictures: Path, _: Path) -> bytes:
    return (pictures / "man.mp4").read_bytes()


def no_face(pictures: Path, _: Path) -> bytes:
    return (pictures / "no_face.mp4").read_bytes()


def text(*_: Path) -> bytes:
    return b"the lecture was recorded elsewhere\n" * 40


def nothing(*_: Path) -> bytes:
    return b""


def cut_off(pictures: Path, _: Path) -> bytes:
    return man(pictures, _)[:120_000]


def sound(_: Path, folder: Path) -> bytes:
    return write_sound(folder / "sound.mp4").read_bytes()


def picture(pictures: Path, _: Path) -> bytes:
    return (pictures / "man.jpg").read_bytes()


@dataclass(frozen=True)
class Refused:
    """An upload without a register: where it is kept, the error's name, and what its reason says among other things."""

    key: str
    content: Content
    error: str
    phrases: tuple[str, ...]
    course_id: str = COURSE


REFUSED = {
    "text named .mp4": Refused(
        f"videos/{COURSE}/2026-11-01/notes.mp4", text, "FaceSearchFailedError", ("not a video", UPLOAD)
    ),
    "zero bytes": Refused(f"videos/{COURSE}/2026-11-02/empty.mp4", nothing, "EmptyVideoError", ("0 bytes", "again")),
    "cut off": Refused(f"videos/{COURSE}/2026-11-03/cut.mp4", cut_off, "FaceSearchFailedError", ("cut off", UPLOAD)),
    "sound only": Refused(
        f"videos/{COURSE}/2026-11-04/sound.mp4", sound, "FaceSearchFailedError", ("only sound", UPLOAD)
    ),
    "a picture": Refused(
        f"videos/{COURSE}/2026-11-05/photo.mp4", picture, "FaceSearchFailedError", ("not a video", UPLOAD)
    ),
    "deleted before it is read": Refused(
        f"videos/{COURSE}/2026-11-06/gone.mp4", man, "InvalidS3ObjectException", ("still there", "upload it again")
    ),
    "unknown course": Refused(
        "videos/NO-SUCH-1/2026-11-20/a.mp4",
        man,
        "UnknownCourseError",
        ("no course NO-SUCH-1", "rollcall students import"),
        UNFILED,
    ),
    "two dots": Refused(f"videos/{COURSE}/../2026-11-20/a.mp4", man, "BadVideoKeyError", ("'..'", FORM), UNFILED),
    "no date": Refused(f"videos/{COURSE}/a.mp4", man, "BadVideoKeyError", ("a course, a date", FORM), UNFILED),
    "no such day": Refused(
        f"videos/{COURSE}/2026-02-30/a.mp4", man, "BadVideoKeyError", ("not a day of the calendar", FORM), UNFILED
    ),
    "another ending": Refused(
        f"videos/{COURSE}/2026-11-20/notes.txt", text, "BadVideoKeyError", ("does not end in .mp4 or .mov",), UNFILED
    ),
    "folder marker": Refused(
        f"videos/{COURSE}/2026-11-20/", nothing, "BadVideoKeyError", ("a folder, not a video", FORM), UNFILED
    ),
}


@dataclass(frozen=True)
class Accepted:
    """An upload with a register."""

    key: str
    content: Content
    rows: Mapping[str, str]
    course_id: str = COURSE

    @property
    def date(self) -> str:
        return self.key.split("/")[2]


ACCEPTED = {
    "spaces": Accepted(f"videos/{COURSE}/2026-11-11/my  first class.mp4", man, ONLY_THE_MAN),
    "accents": Accepted(f"videos/{COURSE}/2026-11-12/Übung é 日本 💡.mp4", man, ONLY_THE_MAN),
    "plus and percent signs": Accepted(f"videos/{COURSE}/2026-11-13/a+b %2F 100%.MP4", man, ONLY_THE_MAN),
    "no face": Accepted(f"videos/{COURSE}/2026-11-14/empty room.mp4", no_face, NOBODY),
    "no student": Accepted(f"videos/{EMPTY_COURSE}/2026-11-15/class.mp4", man, {}, EMPTY_COURSE),
    "beside a bad one": Accepted(f"videos/{COURSE}/2026-11-16/front.mp4", man, ONLY_THE_MAN),
}
AT_ONCE = 3
"""Uploads before the first is waited for: each more starts a process of its own for every function it goes through."""

BAD_ONE = f"videos/{COURSE}/2026-11-16/back.mp4"


@pytest.fixture(scope="module")
def outcomes(stack: RunningStack, pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    """What is recorded of every upload, by key."""
    folder = tmp_path_factory.mktemp("videos")
    gone = REFUSED["deleted before it is read"].key
    Machine(stack.endpoints).enrol(EMPTY_COURSE, {})
    # First, while no function has run yet: the start of the first one takes far longer than the deletion.
    stack.put(gone, man(pictures, folder))
    stack.delete(gone)
    cases: list[Refused | Accepted] = [*REFUSED.values(), *ACCEPTED.values()]
    uploads = [(case.key, case.content) for case in cases if case.key != gone] + [(BAD_ONE, text)]
    for first in range(0, len(uploads), AT_ONCE):
        together = uploads[first : first + AT_ONCE]
        for key, content in together:
            stack.put(key, content(pictures, folder))
        stack.outcomes(key for key, _ in together)
    return stack.outcomes([gone])


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_upload_is_recorded_with_its_reason_and_writes_no_row(
    case: Refused, outcomes: dict[str, Outcome], stack: RunningStack
) -> None:
    outcome = outcomes[case.key]

    assert (outcome.session.course_id, outcome.error) == (case.course_id, case.error)
    assert (outcome.session.status, outcome.video.status) == ("failed", "failed")
    assert [phrase for phrase in case.phrases if phrase not in outcome.reason] == [], outcome.reason
    assert stack.rows(outcome.session.course_id, outcome.session.session_id) == {}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_the_page_of_a_failed_session_tells_the_reason(
    case: Refused, outcomes: dict[str, Outcome], admin: Visitor
) -> None:
    outcome = outcomes[case.key]
    own_page = f"/courses/{case.course_id}/sessions/{outcome.session.session_id}"

    page = admin.get("/unfiled" if case.course_id == UNFILED else own_page)

    assert outcome.reason in page
    assert case.key.rsplit("/", 1)[-1] in page


@pytest.mark.parametrize("case", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_every_student_on_the_roster_gets_one_row(
    case: Accepted, outcomes: dict[str, Outcome], stack: RunningStack
) -> None:
    outcome = outcomes[case.key]

    assert (outcome.session.course_id, outcome.session.session_id) == (case.course_id, case.date)
    assert (outcome.session.status, outcome.video.status, outcome.reason) == ("complete", "complete", "")
    assert stack.rows(case.course_id, case.date) == case.rows
    statuses = list(case.rows.values())
    assert outcome.session.counts == {status: statuses.count(status) for status in ("present", "review", "absent")}


def test_a_bad_video_beside_a_good_one_costs_no_row_and_is_told(
    outcomes: dict[str, Outcome], stack: RunningStack, admin: Visitor
) -> None:
    bad = outcomes[BAD_ONE]

    assert (bad.session.status, bad.video.status, bad.error) == ("complete", "failed", "FaceSearchFailedError")
    page = admin.get(f"/courses/{COURSE}/sessions/2026-11-16")
    assert bad.reason in page
    assert "Student S-1" in page


def test_the_page_of_a_course_without_students_tells_how_to_import_them(
    outcomes: dict[str, Outcome], admin: Visitor
) -> None:
    page = admin.get(f"/courses/{EMPTY_COURSE}/sessions/2026-11-15")
    assert "Nobody is on the roster" in page
    assert f"rollcall students import roster.csv photos --course {EMPTY_COURSE}" in page
