"""Students, and those who answer them: a note and its answer, accounts, tokens and what a video will cost."""

import hashlib
import json
import re
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Page, expect

from local.demo_class import COURSE_ID
from local.home import ROOT
from tests.browser.accessible import assert_accessible
from tests.browser.conftest import DATE, OpenPage, sign_in
from tests.browser.test_pages import SCREENSHOTS
from tests.e2e.running import RunningStack

pytestmark = pytest.mark.stack

EMAIL, STUDENT_ID, NAME = "joe@example.org", "S-1003", "Joe Biden"
PASSWORD = "a phrase of several words"


@pytest.fixture(scope="module")
def student_account(stack: RunningStack) -> str:
    """The email of an account that shows a student's record."""
    stack.rollcall(
        *("users", "add", EMAIL, "--role", "student", "--student", STUDENT_ID, "--password", PASSWORD),
    )
    return EMAIL


def signed_in_as(page: Page, email: str, password: str) -> Page:
    page.goto("/login")
    sign_in(page, email, password)
    return page


def test_a_student_doubts_a_row_and_reads_the_answer(
    open_page: OpenPage, signed_in: OpenPage, student_account: str
) -> None:
    student = signed_in_as(open_page(390, 844), student_account, PASSWORD)
    expect(student.get_by_role("heading", name="My attendance")).to_be_visible()
    assert "Sam Rivers" not in student.content()
    assert_accessible(student)
    student.get_by_role("rowheader").get_by_role("link").first.click()
    expect(student.get_by_text("Your face was not found")).to_be_visible()
    expect(student.get_by_alt_text("Your photo")).to_have_js_property("complete", value=True)
    assert_accessible(student)
    student.get_by_label("This is wrong").fill("I sat behind the pillar.")
    student.get_by_role("button", name="Send the note").click()
    expect(student.get_by_text("Waits for an answer.")).to_be_visible()
    assert_accessible(student)

    instructor = signed_in()
    instructor.goto(f"/courses/{COURSE_ID}")
    instructor.get_by_role("link", name="Notes from students").click()
    assert_accessible(instructor)
    instructor.get_by_role("link", name=NAME).click()
    expect(instructor.get_by_text("I sat behind the pillar.")).to_be_visible()
    instructor.get_by_role("button", name=f"Reject {NAME}'s note").click()
    expect(instructor.get_by_role("alert")).to_contain_text("Write a reason")
    assert_accessible(instructor)
    instructor.screenshot(path=SCREENSHOTS / "note.png")
    instructor.get_by_label("Your answer").fill("Seen at the door.")
    instructor.keyboard.press("Enter")
    expect(instructor.get_by_role("radio", name="Present")).to_have_js_property("validity.valueMissing", value=True)
    instructor.get_by_role("radio", name="Present").focus()
    instructor.keyboard.press("ArrowRight")
    expect(instructor.get_by_role("radio", name="Late")).to_be_checked()
    instructor.get_by_role("button", name=f"Accept {NAME}'s note").press("Enter")
    instructor.wait_for_url(f"**/sessions/{DATE}#row-{STUDENT_ID}")
    expect(instructor.get_by_text("I sat behind the pillar.")).to_have_count(0)
    expect(instructor.locator(f"#row-{STUDENT_ID}")).to_contain_text("Note of the student accepted: Seen at the door.")
    assert_accessible(instructor)

    student.reload()
    expect(student.get_by_text("Accepted as present, late")).to_be_visible()
    expect(student.get_by_role("heading", level=1)).to_contain_text("present late")
    assert_accessible(student)
    student.screenshot(path=SCREENSHOTS / "note-answered-phone.png", full_page=True)


def test_who_corrects_the_row_first_accepts_the_note_on_the_same_page(
    open_page: OpenPage, signed_in: OpenPage, student_account: str
) -> None:
    student = signed_in_as(open_page(), student_account, PASSWORD)
    student.goto(f"/my-attendance/{COURSE_ID}/{DATE}")
    student.get_by_label("This is wrong").fill("I was ill.")
    student.get_by_role("button", name="Send the note").click()
    expect(student.get_by_text("Waits for an answer.")).to_be_visible()

    instructor = signed_in()
    instructor.goto(f"/courses/{COURSE_ID}/sessions/{DATE}")
    note, row = (instructor.locator(f"#{kind}-{STUDENT_ID}") for kind in ("note", "row"))
    note.get_by_label("Your answer").fill("Get well.")
    row.get_by_role("button", name="Excused").click()
    row.get_by_label("Reason").fill("Ill")
    row.get_by_label("Reason").press("Enter")
    expect(note).to_contain_text("The register says excused, as")
    expect(note.get_by_label("Your answer")).to_have_value("Get well.")
    note.get_by_role("radio", name="Excused").check()
    note.get_by_role("button", name="Accept").click()
    expect(instructor.get_by_text("Accepted: excused counts now.")).to_be_visible()
    expect(row).to_contain_text("Ill")
    student.reload()
    expect(student.get_by_text("Accepted as excused")).to_be_visible()


def test_an_account_made_in_the_web_chooses_its_own_password(signed_in: OpenPage, open_page: OpenPage) -> None:
    admin = signed_in()
    admin.goto("/accounts")
    assert_accessible(admin)
    admin.get_by_label("Email").fill("ines@example.org")
    admin.get_by_label("Courses").fill(COURSE_ID)
    admin.get_by_role("button", name="Add").click()
    expect(admin.get_by_role("heading", name="The account is made")).to_be_visible()
    assert_accessible(admin)
    handed_out = admin.get_by_role("code").inner_text()
    admin.get_by_role("link", name="Back to the accounts").click()
    admin.get_by_role("link", name="ines@example.org").click()
    assert_accessible(admin)

    instructor = signed_in_as(open_page(), "ines@example.org", handed_out)
    expect(instructor.get_by_text("Choose one of your own")).to_be_visible()
    instructor.get_by_label("Password now").fill(handed_out)
    instructor.get_by_label("New password", exact=True).fill(PASSWORD)
    instructor.get_by_label("New password once more").fill(PASSWORD)
    instructor.get_by_role("button", name="Change").click()
    expect(instructor.get_by_text("Your password is changed.")).to_be_visible()
    instructor.get_by_role("link", name="Registers").click()
    expect(instructor.get_by_role("heading", name="Registers")).to_be_visible()


def test_a_program_reads_the_register_with_a_token_of_the_page(signed_in: OpenPage, stack: RunningStack) -> None:
    page = signed_in(390, 844)
    page.goto("/account/tokens")
    page.get_by_label("What it is for").fill("Learning platform")
    page.get_by_role("button", name="Make a token").click()
    expect(page.get_by_text("Copy it now")).to_be_visible()
    assert_accessible(page)
    token = re.search(r"rollcall_[\w-]+\.[\w-]+", page.content())
    assert token
    address = f"{stack.endpoints.web}/api/v1/courses/{COURSE_ID}/sessions/{DATE}/rows"
    with urlopen(Request(address, headers={"Authorization": f"Bearer {token[0]}"})) as answer:  # noqa: S310
        register = json.load(answer)
    assert {row["student_id"]: row["status"] for row in register["rows"]}["S-1001"] == "present"


def test_the_cost_of_the_chosen_videos_is_told_before_they_are_sent(
    signed_in: OpenPage, pictures: Path, tmp_path: Path
) -> None:
    page = signed_in()
    page.goto(f"/courses/{COURSE_ID}/upload")
    expect(page.get_by_text("The search is not charged")).to_be_visible()
    # What the page holds where Amazon Rekognition is used, and the script that it loads there.
    page.evaluate(
        "document.querySelector('[data-videos]').append(Object.assign(document.createElement('strong'), {id: 'cost'}));"
        "Object.assign(document.querySelector('#cost').dataset, {minute: '0.1', steps: '0.01'})"
    )
    digest = hashlib.sha256((ROOT / "web" / "static" / "cost.js").read_bytes()).hexdigest()[:12]
    page.add_script_tag(url=f"/assets/{digest}/cost.js")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    cost = page.locator("#cost")
    page.get_by_label("Video").set_input_files(broken)
    expect(cost).to_have_text("The browser cannot tell how long one video is.")
    page.get_by_label("Video").set_input_files([pictures / "woman.mp4", broken])
    expect(cost).to_have_text(re.compile(r"^\d+\.\d minutes of video: at most \$0\.0\d\. The browser cannot tell"))
