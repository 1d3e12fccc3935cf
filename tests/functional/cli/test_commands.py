"""The other commands, each in a process of its own on the emulated AWS."""

import csv
import io
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from attendance.aws import compose
from attendance.aws.people import DynamoAudit, DynamoDirectory
from attendance.aws.photos import S3Photos
from attendance.enrolment import Enroller
from attendance.importing import Importer, parse_roster
from attendance.photo_sources import open_photos
from attendance.users import Role
from cli.actor import actor
from tests.functional.cli.conftest import Rollcall
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import PASSWORD, get, put, row_item, session_item, settings

HEAD = "student_id;student_name;photo\n"


def test_accounts_are_added_listed_changed_and_removed(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    course = ("--role", "instructor", "--course", "physics")
    added = rollcall("users", "add", "Ann@School.edu", *course, stdin=f"{PASSWORD}\n{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    assert "There is no course physics yet" in added.stderr
    assert PASSWORD not in added.stdout + added.stderr
    listed = rollcall("users", "list").stdout
    assert "ann@school.edu" in listed
    assert "physics" in listed
    assert "argon2" not in listed
    users = compose.users(settings())
    opened = users.verify("ann@school.edu", PASSWORD)
    assert opened is not None
    assert opened.role is Role.INSTRUCTOR
    changed = rollcall("users", "password", "ann@school.edu", "--password", "another long password")
    assert changed.returncode == 0
    assert users.verify("ann@school.edu", PASSWORD) is None
    assert rollcall("users", "remove", "ann@school.edu").returncode == 0
    assert users.get("ann@school.edu") is None
    noted = DynamoAudit(settings().audit_table).history("account#ann@school.edu", 9)
    assert [entry.action for entry in noted] == ["remove account", "new password", "add account"]
    assert {entry.actor.partition(":")[0] for entry in noted} == {"cli"}


def test_the_last_administrator_stays(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    for email in ("one@school.edu", "two@school.edu"):
        assert rollcall("users", "add", email, "--role", "admin", "--password", PASSWORD).returncode == 0
    admins = [user.email for user in compose.users(settings()).all() if user.role is Role.ADMIN]
    for email in admins[:-1]:
        assert rollcall("users", "remove", email).returncode == 0
    refused = rollcall("users", "remove", admins[-1])
    assert refused.returncode == 1
    assert "the last administrator" in refused.stderr


def test_an_export_takes_the_place_of_an_older_one_only_when_it_is_whole(
    rollcall: Rollcall, in_stack: dict[str, str], tmp_path: Path
) -> None:
    old = tmp_path / "old.csv"
    old.write_text("what was there")
    for arguments, words in (
        (("--course", "nosuch", "--output", str(old)), "there is no course nosuch"),
        (("--course", "default", "--from", "2026-03-02", "--to", "2026-03-01", "--output", str(old)), "before"),
        (("--course", "default", "--output", str(tmp_path / "no" / "where.csv")), "cannot be written: No such file"),
    ):
        refused = rollcall("export", *arguments)
        assert refused.returncode in (1, 2)
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["old.csv"]
    assert old.read_text() == "what was there"
    assert rollcall("export", "--course", "default", "--output", str(old)).returncode == 0
    assert old.read_text(encoding="utf-8-sig").startswith("course_id,")
    assert [file.name for file in tmp_path.iterdir()] == ["old.csv"]


def test_a_course_that_is_not_there_has_no_list_of_sessions(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    refused = rollcall("session", "list", "--course", "nosuch")
    assert refused.returncode == 2
    assert "there is no course nosuch" in refused.stderr


def test_a_students_account_is_bound_to_the_student(rollcall: Rollcall, in_stack: dict[str, str]) -> None:
    bound = ("--role", "student", "--student", "S-1", "--password", PASSWORD)
    assert rollcall("users", "add", "joe@school.edu", *bound).returncode == 0
    assert "S-1" in rollcall("users", "list").stdout
    user = compose.users(settings()).get("joe@school.edu")
    assert user is not None
    assert user.student_id == "S-1"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["add", "no email", "--role", "admin", "--password", PASSWORD], "not an email address"),
        (["add", "a@b.c", "--role", "admin", "--password", "short"], "12 to 1024"),
        (["add", "a@b.c", "--role", "instructor", "--course", "a/b", "--password", PASSWORD], "no course id"),
        (["add", "a@b.c", "--role", "admin", "--student", "S-1", "--password", PASSWORD], "Only a student's account"),
        (["remove", "nobody@b.c"], "There is no such account"),
        (["password", "nobody@b.c", "--password", PASSWORD], "No account has the email"),
    ],
)
def test_what_cannot_be_done_with_an_account_is_told(rollcall: Rollcall, arguments: list[str], words: str) -> None:
    done = rollcall("users", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_dry_run_tells_what_is_wrong_with_each_line_and_changes_nothing(
    rollcall: Rollcall, in_stack: dict[str, str], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "a.jpg").write_bytes(photo("a"))
    (photos / "text.jpg").write_bytes(b"text")
    roster = tmp_path / "roster.csv"
    lines = "s0;Taken;a.jpg\ns/2;Bob;a.jpg\ns3;;a.jpg\ns4;Dan;../roster.csv\ns5;Eve;text.jpg\ns0;Other;a.jpg\n"
    put("students", {"student_id": "s0", "student_name": "Someone else"})
    roster.write_text(HEAD + lines, encoding="utf-8-sig")
    done = rollcall("students", "import", roster, photos, "--course", "dry", "--dry-run")
    assert done.returncode == 1
    for words in (
        "line 2: s0: failed: The id s0 belongs to a student of another name",
        "line 3: s/2: failed: 's/2' is no student id",
        "line 4: s3: failed: A name has 1 to 200 characters",
        "line 5: s4: failed: there is no such file among the photos",
        "line 6: s5: failed: This is neither a JPEG nor a PNG",
        "line 7: s0: failed: an earlier line has this student_id with another name",
        "0 of 6 lines are good, 6 failed",
    ):
        assert words in done.stdout
    assert get("courses", course_id="dry") is None
    assert get("rosters", course_id="dry", student_id="s0") is None


def test_an_import_does_what_it_can_and_a_second_one_finishes_it(in_stack: dict[str, str], tmp_path: Path) -> None:
    made = settings()
    directory = DynamoDirectory(made.students_table, made.courses_table, made.rosters_table, made.audit_table)
    faces = MemoryFaces()
    enroller = Enroller(faces, S3Photos(made.photos_bucket), directory, "default", compose.utc_now)
    enroller.ensure_course("import", "Import", "UTC")
    (tmp_path / "a.jpg").write_bytes(photo("a"))
    lines = parse_roster(HEAD + "i1;Ann;a.jpg\ni2;Bob;b.jpg\n")
    with open_photos(tmp_path) as source:
        importer = Importer(lines, source, enroller, "import", "tester")
        first = list(importer.outcomes(lines))
        (tmp_path / "b.jpg").write_bytes(photo("b"))
        second = list(importer.outcomes(lines))
    assert [(outcome.done, bool(outcome.problem)) for outcome in first] == [("enrolled", False), ("", True)]
    assert [outcome.done for outcome in second] == ["already there", "enrolled"]
    assert len(faces.faces) == 2
    assert get("rosters", course_id="import", student_id="i2")
    assert "import" in compose.reader(made).course_ids()


def test_a_roster_that_is_none_creates_no_course(rollcall: Rollcall, in_stack: dict[str, str], tmp_path: Path) -> None:
    roster = tmp_path / "roster.csv"
    roster.write_text("id,name\n1,Ann\n")
    done = rollcall("students", "import", roster, tmp_path, "--course", "never")
    assert done.returncode == 1
    assert "must name student_id, student_name and photo" in done.stderr
    assert get("courses", course_id="never") is None


def test_an_export_holds_the_asked_dates_and_no_formula(
    rollcall: Rollcall, in_stack: dict[str, str], tmp_path: Path
) -> None:
    put("courses", {"course_id": "export", "course_name": "Export"})
    for day in ("2026-01-05", "2026-01-06", "2026-01-07"):
        put("sessions", session_item("export", day))
        put("attendance", row_item("export", day, "s1", "present", student_name="=HYPERLINK(1)"))
        put("attendance", row_item("export", day, "s2", "absent", student_name="Zoë"))
    file = tmp_path / "out.csv"
    done = rollcall("export", "--course", "export", "--from", "2026-01-05", "--to", "2026-01-06", "--output", file)
    assert done.returncode == 0, done.stderr
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["date"], row["student_id"]) for row in rows] == [
        ("2026-01-06", "s1"),
        ("2026-01-06", "s2"),
        ("2026-01-05", "s1"),
        ("2026-01-05", "s2"),
    ]
    assert rows[0]["student_name"] == "'=HYPERLINK(1)"
    assert rows[0]["similarity"] == "97.25"
    assert rows[1]["student_name"] == "Zoë"
    assert rows[1]["similarity"] == ""
    assert rollcall("export", "--course", "export").stdout.count("\n") == 7
    book = tmp_path / "out.xlsx"
    assert rollcall("export", "--course", "export", "--output", book).returncode == 0
    with zipfile.ZipFile(book) as archive:
        assert archive.read("xl/worksheets/sheet1.xml").count(b"<row") == 7
    assert rollcall("export", "--course", "export", "--from", "someday").returncode == 2
    noted = DynamoAudit(settings().audit_table).history(f"export#{actor()}", 3)
    asked = "rows course=export from=2026-01-05 to=2026-01-06"
    assert [(entry.action, entry.new) for entry in noted][-1] == ("export", asked)


def _old_video(course_id: str, day: str, status: str = "complete", *, versioned: bool = True) -> str:
    """A session of a course whose one video is in the bucket; gives the video's key."""
    item: dict[str, Any] = session_item(course_id, day, status=status)
    (video,) = item["videos"].values()
    made = boto3.client("s3").put_object(Bucket="rollcall-videos", Key=video["key"], Body=b"video")
    video["version_id"] = made["VersionId"] if versioned else None
    video["etag"] = made["ETag"].strip('"')
    put("sessions", item)
    key: str = video["key"]
    return key


def _versions(key: str) -> int:
    return len(boto3.client("s3").list_object_versions(Bucket="rollcall-videos", Prefix=key).get("Versions", []))


def test_old_videos_are_erased_with_an_entry_in_the_audit_and_their_registers_stay(
    rollcall: Rollcall, in_stack: dict[str, str]
) -> None:
    today = compose.utc_now().date().isoformat()
    old, new = _old_video("default", "2020-01-01"), _old_video("default", today)
    running = _old_video("default", "2020-01-02", "processing")
    unversioned = _old_video("default", "2020-01-03", versioned=False)
    refused = rollcall("retention", "run", "--older-than", "30", stdin="n\n")
    assert refused.returncode == 1
    assert old in refused.stdout
    assert _versions(old) == 1
    done = rollcall("retention", "run", "--older-than", "30", "--yes")
    assert done.returncode == 0, done.stderr
    assert "2 videos are erased" in done.stdout
    assert (_versions(old), _versions(unversioned), _versions(new), _versions(running)) == (0, 0, 1, 1)
    assert get("sessions", course_id="default", session_id="2020-01-01")
    entries = (
        boto3.resource("dynamodb")
        .Table("rollcall-audit")
        .query(KeyConditionExpression="subject = :s", ExpressionAttributeValues={":s": "video#0123456789abcdef"})[
            "Items"
        ]
    )
    assert [(entry["action"], entry["old"]) for entry in entries] == [("erase", unversioned), ("erase", old)]
    assert "No video is of a class before" in rollcall("retention", "run", "--older-than", "30", "--yes").stdout
