"""From a photo to a register and out again, as people do it: in a browser, on a running stack, on desk and phone."""

from pathlib import Path
from urllib.parse import urlsplit

import av
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from local.demo_class import write_video
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import OpenPage

pytestmark = pytest.mark.stack

SIZES = {"desk": (1280, 800), "phone": (390, 844)}
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


@pytest.mark.parametrize("size", SIZES)
def test_a_student_is_registered_recognised_and_removed(
    signed_in: OpenPage, portrait: Path, lesson: Path, size: str
) -> None:
    page = signed_in(*SIZES[size])
    register(page, f"W-{size}", portrait)
    create_course(page, f"B-{size}", f"W-{size}")
    upload(page, f"B-{size}", lesson)

    row = page.get_by_role("row", name="Wanda Winter")
    expect(row).to_contain_text("present", timeout=RUN_MS)
    assert urlsplit(page.url).path == f"/courses/B-{size}/sessions/2026-11-19"
    assert_accessible(page)

    page.goto(f"/students/W-{size}")
    expect(page.get_by_text("100.0 % of 1 class")).to_be_visible()
    assert_accessible(page)
    remove(page, f"W-{size}")
    page.goto(f"/courses/B-{size}/sessions/2026-11-19")
    expect(page.get_by_role("row", name="Former student")).to_contain_text("present")


def register(page: Page, student_id: str, portrait: Path) -> None:
    page.goto("/students")
    page.get_by_role("link", name="Register a student").click()
    page.get_by_label("Full name").fill("Wanda Winter")
    page.get_by_label("Student id").fill(student_id)
    page.get_by_label("Photos").set_input_files(portrait)
    expect(page.get_by_text("portrait.jpg: good.")).to_be_visible()
    page.get_by_label("The student has agreed").check()
    assert_accessible(page)
    page.get_by_role("button", name="Register").click()
    expect(page.get_by_text("Wanda Winter is registered.")).to_be_visible()
    photo = page.get_by_role("img", name="Photo 1 of Wanda Winter")
    photo.scroll_into_view_if_needed()
    expect(photo).not_to_have_js_property("naturalWidth", 0)  # it is shown once it is in sight


def create_course(page: Page, course_id: str, student_id: str) -> None:
    page.goto("/courses")
    page.get_by_role("link", name="New course").click()
    page.get_by_label("Name").fill("Browser course")
    page.get_by_label("Course id").fill(course_id)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("Browser course is created.")).to_be_visible()
    page.get_by_label("Student id").fill(student_id)
    page.get_by_role("button", name="Put on the roster").click()
    expect(page.get_by_text("Wanda Winter is on the roster.")).to_be_visible()
    assert_accessible(page)


def upload(page: Page, course_id: str, lesson: Path) -> None:
    page.goto(f"/courses/{course_id}/upload")
    page.get_by_label("Date of the class").fill("2026-11-19")
    page.get_by_label("Video").set_input_files(lesson)
    page.get_by_role("button", name="Upload").click()
    page.wait_for_url("**/sessions/2026-11-19*", timeout=RUN_MS)


def remove(page: Page, student_id: str) -> None:
    page.get_by_role("link", name="Remove").click()
    expect(page.get_by_text("1 face in the collection")).to_be_visible()
    page.get_by_label("Type the student's id").fill(student_id)
    page.get_by_role("button", name="Remove for ever").click()
    expect(page.get_by_role("heading", name=f"Student {student_id} is removed")).to_be_visible()
    assert_accessible(page)
    page.goto(f"/students?q={student_id}")
    expect(page.get_by_text("Nobody found")).to_be_visible()


def test_without_scripts_a_video_goes_to_the_bucket_by_a_plain_form(signed_in: OpenPage, pictures: Path) -> None:
    page = signed_in(java_script_enabled=False)
    page.goto("/courses/default/upload")
    page.get_by_label("Date of the class").fill("2026-11-18")
    page.get_by_role("button", name="Use this date").click()
    page.get_by_label("Video").set_input_files(pictures / "no_face.mp4")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="Wed 18 Nov 2026")).to_be_visible()
    expect(page.get_by_text("complete").first).to_be_visible(timeout=RUN_MS)
    assert page.get_by_role("row", name="Sam Rivers").get_by_role("cell").first.inner_text() == "absent"


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
