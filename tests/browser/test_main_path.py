"""From a photo to a register and out again, as people do it: in a browser, on a running stack, on desk and phone."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import av
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from local.demo_class import write_video
from local.home import ADMIN_EMAIL
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import OpenPage
from tests.statemachine.machine import eventually
from tests.unit.attendance.test_spreadsheet import sheets_of

pytestmark = pytest.mark.stack

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
Role = Literal["button", "link"]
RUN_MS = 120_000
"""How long a run may take on a machine with other things to do."""


@pytest.fixture(scope="module")
def portrait(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A photo of the one person of the lesson who is enrolled nowhere."""
    path = tmp_path_factory.mktemp("photo") / "portrait.jpg"
    with av.open(str(pictures / "woman.mp4")) as container:
        picture = next(container.decode(video=0)).to_ndarray(format="rgb24")
    Image.fromarray(picture).save(path, quality=95)
    return path


@pytest.fixture(scope="module")
def lesson(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lesson, made larger than one request may be by a box that players skip."""
    path = tmp_path_factory.mktemp("video") / "lesson.mp4"
    write_video(pictures, path)
    padding = 33 * 2**20
    with path.open("ab") as file:
        file.write(padding.to_bytes(4, "big") + b"free")
        file.truncate(file.tell() + padding - 8)
    return path


@dataclass(frozen=True)
class Visitor:
    """Somebody at a page: with a mouse and a keyboard at a desk, with a finger on a phone."""

    page: Page
    is_at_desk: bool

    def press(self, role: Role, name: str) -> None:
        """Click or tap what has that name."""
        found = self.page.get_by_role(role, name=name)
        (found.click if self.is_at_desk else found.tap)()

    def say(self, name: str, key: str) -> None:
        """Say something of the student of the row that has the focus, with the key or with the button of that name."""
        if self.is_at_desk:
            self.page.keyboard.press(key)
        else:
            self.press("button", name)


@pytest.mark.parametrize("size", SIZES)
def test_a_student_is_registered_recognised_corrected_exported_and_removed(
    signed_in: OpenPage, portrait: Path, lesson: Path, size: str
) -> None:
    is_phone = size == "phone"
    page = signed_in(*SIZES[size], has_touch=is_phone, is_mobile=is_phone)
    visitor, student_id, course_id = Visitor(page, not is_phone), f"W-{size}", f"B-{size}"
    register(visitor, student_id, portrait)
    create_course(visitor, course_id, student_id)
    upload(visitor, course_id, lesson)

    expect(page.get_by_role("row", name="Wanda Winter")).to_contain_text("present", timeout=RUN_MS)
    assert urlsplit(page.url).path == f"/courses/{course_id}/sessions/2026-11-19_lab"
    assert_accessible(page)
    review(visitor)
    export(visitor, course_id, student_id)

    page.goto(f"/students/{student_id}")
    expect(page.get_by_text("100.0 % of 1 class")).to_be_visible()
    assert_accessible(page)
    remove(visitor, student_id)
    page.goto(f"/courses/{course_id}/sessions/2026-11-19_lab")
    expect(page.get_by_role("row", name="Former student")).to_contain_text("present")


def register(visitor: Visitor, student_id: str, portrait: Path) -> None:
    page = visitor.page
    page.goto("/students")
    visitor.press("link", "Register a student")
    page.get_by_label("Full name").fill("Wanda Winter")
    page.get_by_label("Student id").fill(student_id)
    page.get_by_label("Photos").set_input_files(portrait)
    expect(page.get_by_text("portrait.jpg: good.")).to_be_visible()
    page.get_by_label("The student has agreed").check()
    assert_accessible(page)
    visitor.press("button", "Register")
    expect(page.get_by_text("Wanda Winter is registered.")).to_be_visible()
    photo = page.get_by_role("img", name="Photo 1 of Wanda Winter")
    photo.scroll_into_view_if_needed()
    expect(photo).not_to_have_js_property("naturalWidth", 0)  # it is shown once it is in sight


def create_course(visitor: Visitor, course_id: str, student_id: str) -> None:
    page = visitor.page
    page.goto("/courses")
    visitor.press("link", "New course")
    page.get_by_label("Name").fill("Browser course")
    page.get_by_label("Course id").fill(course_id)
    visitor.press("button", "Create")
    expect(page.get_by_text("Browser course is created.")).to_be_visible()
    page.get_by_label("Student id").fill(student_id)
    visitor.press("button", "Put on the roster")
    expect(page.get_by_text("Wanda Winter is on the roster.")).to_be_visible()
    assert_accessible(page)


def upload(visitor: Visitor, course_id: str, lesson: Path) -> None:
    page = visitor.page
    page.goto(f"/courses/{course_id}/upload")
    page.get_by_label("Date of the class").fill("2026-11-19")
    page.get_by_label("Which class of that day").fill("lab")
    page.get_by_label("Video").set_input_files(lesson)
    visitor.press("button", "Upload")
    page.wait_for_url("**/sessions/2026-11-19_lab*", timeout=RUN_MS)


def review(visitor: Visitor) -> None:
    """Overturn the machine with a reason, undo that, and say something milder; at a desk with the keyboard alone."""
    page = visitor.page
    row = page.get_by_role("row", name="Wanda Winter")
    status = row.get_by_role("cell").first
    if visitor.is_at_desk:
        page.keyboard.press("j")
        expect(row).to_be_focused()
    visitor.say("Absent", "a")
    expect(page.get_by_label("Reason")).to_be_focused()
    page.keyboard.type("She left after a minute.")
    visitor.say("Keep as absent", "Enter")
    expect(status).to_contain_text("absent")
    expect(status).to_contain_text("She left after a minute. It was present.")
    visitor.say("Undo", "u")
    expect(status).not_to_contain_text("absent")
    visitor.say("Late", "l")
    expect(status).to_contain_text("late")
    assert_accessible(page)


def export(visitor: Visitor, course_id: str, student_id: str) -> None:
    """Both files of the course's log hold its one row as it was corrected."""
    page = visitor.page
    page.goto(f"/log?course={course_id}")
    files = []
    for link in ("Export CSV", "Export XLSX"):
        with page.expect_download() as started:
            visitor.press("link", link)
        files.append(started.value.path().read_bytes())
    (found,) = csv.DictReader(io.StringIO(files[0].decode("utf-8-sig"), newline=""))
    expected = {"course_id": course_id, "date": "2026-11-19", "student_id": student_id, "student_name": "Wanda Winter"}
    expected |= {"status": "present", "late": "yes", "decided": "present", "corrected_by": ADMIN_EMAIL}
    assert {name: found[name] for name in expected} == expected
    assert 92 <= float(found["similarity"]) <= 100
    ((header, line),) = sheets_of(files[1])
    assert header == list(found)
    assert line[:6] == list(found.values())[:6]
    assert float(line[6]) == pytest.approx(float(found["similarity"]))


def remove(visitor: Visitor, student_id: str) -> None:
    page = visitor.page
    visitor.press("link", "Remove")
    expect(page.get_by_text("1 face in the collection")).to_be_visible()
    page.get_by_label("Type the student's id").fill(student_id)
    visitor.press("button", "Remove for ever")
    expect(page.get_by_role("heading", name=f"Student {student_id} is removed")).to_be_visible()
    assert_accessible(page)
    page.goto(f"/students?q={student_id}")
    expect(page.get_by_text("Nobody found")).to_be_visible()


def test_without_scripts_a_video_goes_to_the_bucket_by_a_plain_form(signed_in: OpenPage, pictures: Path) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto("/courses/default/upload")
    page.get_by_label("Date of the class").fill("2026-11-18")
    page.get_by_label("Which class of that day").fill("lab")
    page.get_by_role("button", name="Use this class").click()
    page.get_by_label("Video").set_input_files(pictures / "no_face.mp4")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="Wed 18 Nov 2026, lab")).to_be_visible()
    row = page.get_by_role("row", name="Sam Rivers")
    expect(row).to_be_visible(timeout=RUN_MS)
    # From the first row on the page stays with its reader, who looks again.
    eventually(lambda: page.get_by_text("complete").first.is_visible() or not page.reload(), "the register")
    assert row.get_by_role("cell").first.inner_text() == "absent"


@pytest.fixture
def registration(signed_in: OpenPage) -> Page:
    page = signed_in()
    page.goto("/register-student")
    return page


def test_a_photo_that_cannot_be_used_is_told_before_the_form_is_sent(
    registration: Page, pictures: Path, tmp_path: Path
) -> None:
    gif, empty, huge = tmp_path / "a.gif", tmp_path / "empty.jpg", tmp_path / "huge.png"
    gif.write_bytes(b"GIF89a")
    empty.write_bytes(b"")
    Image.new("1", (20_000, 10_000)).save(huge)
    registration.get_by_label("Photos").set_input_files([gif, empty, huge, pictures / "friends.jpg"])
    expect(registration.get_by_text("a.gif: This is neither a JPEG nor a PNG file.")).to_be_visible()
    expect(registration.get_by_text("empty.jpg: The photo is empty")).to_be_visible()
    expect(registration.get_by_text("huge.png: The photo cannot be read: save it again")).to_be_visible()
    expect(registration.get_by_text("friends.jpg: There are 5 faces on this photo: crop it")).to_be_visible()
    registration.get_by_role("button", name="Register").click()
    expect(registration.get_by_text("The student is not registered yet.")).to_be_visible()
    assert_accessible(registration)


def test_a_face_that_is_enrolled_already_is_told_before_the_form_is_sent(registration: Page, pictures: Path) -> None:
    expect(registration.get_by_label("This is another person")).to_be_hidden()
    registration.get_by_label("Photos").set_input_files(pictures / "man.jpg")
    expect(registration.get_by_text("this face is enrolled already, as student S-1001")).to_be_visible()
    expect(registration.get_by_label("This is another person")).to_be_visible()


def test_a_photo_can_be_taken_with_the_camera(registration: Page) -> None:
    registration.context.grant_permissions(["camera"])
    registration.get_by_role("button", name="Use the camera").click()
    take = registration.get_by_role("button", name="Take a photo")
    take.click()  # it can be clicked once there is a picture
    # Chromium's own test picture shows nobody.
    expect(registration.get_by_text("camera-1.jpg: There is no face on this photo")).to_be_visible()
