"""Importing a class in the browser: tried first, done in pieces, gone on with after anything, no file left behind."""

import io
import zipfile
from typing import Any

import boto3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.functional.web.browsing import ADMIN, send, words
from tests.functional.web.conftest import SignIn
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get
from web import imports

TABLE = (
    "\N{ZERO WIDTH NO-BREAK SPACE}student_id;student_name;photo\r\n"
    "s1;Zoë;a.jpg\r\ns2;=cmd();b.jpg\r\ns3;Kim;nowhere.jpg\r\n"
)
COMMON = {"course_id": "physics", "consent": "y", "consent_day": "2026-03-01"}


def zipped(**files: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, data in files.items():
            archive.writestr(f"class/{name}.jpg", data)
    return content.getvalue()


FILES = {"table": (TABLE.encode(), "class.csv"), "photos": (zipped(a=photo("zoë"), b=photo("bob")), "photos.zip")}


@pytest.fixture
def admin(signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


def begin(client: FlaskClient, **changed: Any) -> TestResponse:
    return send(client, "/imports", **COMMON | FILES | changed)


def finished(client: FlaskClient, path: str) -> str:
    """The words of an import's page once it is done, its form sent as the page's script does."""
    for _ in range(10):
        page = client.get(path).text
        if "data-go" not in page:
            return words(page)
        send(client, f"{path}/go", path)
    pytest.fail("the import does not end")


def kept_files() -> list[str]:
    found = boto3.client("s3").list_objects_v2(Bucket="rollcall-work").get("Contents", [])
    return [item["Key"].rpartition("/")[2] for item in found]


def test_an_import_enrols_every_good_line_and_tells_about_the_others(admin: FlaskClient, faces: MemoryFaces) -> None:
    page = finished(admin, begin(admin).headers["Location"])
    assert "3 of 3 lines, 1 failed" in page
    assert "4 s3 failed: there is no such file among the photos" in page
    assert "2 s1 enrolled" in page
    assert {owner for owner, _ in faces.faces.values()} == {"s1", "s2"}
    assert get("students", student_id="s2")["consent"] == {"given_at": "2026-03-01", "recorded_by": ADMIN}  # type: ignore[index]
    assert get("rosters", course_id="physics", student_id="s1")
    assert kept_files() == ["state.json"]


def test_a_dry_run_judges_the_photos_and_changes_nothing_until_it_is_done_in_earnest(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    photos = (zipped(a=photo("zoë"), b=photo("bob", "eve")), "photos.zip")
    path = begin(admin, is_dry_run="y", photos=photos).headers["Location"]
    page = finished(admin, path)
    assert "3 s2 failed: There are 2 faces on this photo" in page
    assert "2 s1 checked" in page
    assert "Nothing was changed." in page
    assert not faces.faces
    send(admin, f"{path}/in-earnest", path)
    assert "3 of 3 lines, 2 failed" in finished(admin, path)
    assert {owner for owner, _ in faces.faces.values()} == {"s1"}


def test_the_same_import_again_skips_who_is_enrolled(admin: FlaskClient, faces: MemoryFaces) -> None:
    finished(admin, begin(admin).headers["Location"])
    mended = (zipped(a=photo("zoë"), b=photo("bob"), nowhere=photo("kim")), "photos.zip")
    page = finished(admin, begin(admin, photos=mended).headers["Location"])
    assert "2 s1 already there" in page
    assert "4 s3 enrolled" in page
    assert len(faces.faces) == 3


def test_an_import_is_done_in_pieces_and_gone_on_with_where_it_stopped(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SECONDS", 0.0)
    path = begin(admin).headers["Location"]
    for number in (1, 2):
        send(admin, f"{path}/go", path)
        assert f"{number} of 3 lines" in words(admin.get(path).text)
    assert "3 of 3 lines" in finished(admin, path)


def test_an_import_that_is_given_up_leaves_no_photo_behind(app: Flask, admin: FlaskClient) -> None:
    path = begin(admin).headers["Location"]
    send(admin, f"{path}/give-up", path)
    assert "given up" in words(admin.get(path).text)
    assert kept_files() == ["state.json"]


def test_photos_that_are_gone_meanwhile_are_told(app: Flask, admin: FlaskClient) -> None:
    path = begin(admin).headers["Location"]
    app.extensions["rollcall_services"].imports.erase_photos(path.rpartition("/")[2])
    assert "not kept any more: begin it again" in finished(admin, path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"table": (b"", "x.csv")}, "lacks student_id, student_name, photo"),
        ({"table": (b"\xff\xfe", "x.csv")}, "not UTF-8"),
        ({"table": (b"student_id,student_name,photo\n", "x.csv")}, "names no student"),
        ({"table": (b"student_id,student_name,photo\n" + b"a,b,c\n" * 5001, "x.csv")}, "more than 5000 lines"),
        ({"photos": (b"", "x.zip")}, "zip them again"),
        ({"photos": (b"\x89PNG", "x.zip")}, "zip them again"),
        ({"photos": (FILES["photos"][0][:-30], "x.zip")}, "zip them again"),
        ({"photos": ""}, "Choose both"),
        ({"consent": ""}, "only with consent"),
        ({"consent_day": "soon"}, "no day of the calendar"),
        ({"course_id": "nowhere"}, "Not a valid choice"),
    ],
)
def test_what_cannot_be_imported_is_refused_as_a_whole_and_nothing_is_kept(
    admin: FlaskClient, changed: dict[str, Any], told: str
) -> None:
    answer = begin(admin, **changed)
    assert answer.status_code == 422
    assert told in words(answer.text)
    assert kept_files() == []


def test_hostile_lines_are_told_one_by_one(admin: FlaskClient, faces: MemoryFaces) -> None:
    table = (
        "student_id,student_name,photo\na/b,Ann,a.jpg\né,Ann,a.jpg\ns0,,a.jpg\ns1,Zoë,../../etc/passwd\n"
        "s1,Zoë,a.jpg\ns1,Other,a.jpg\ns4,Kim,a.jpg\n"
    )
    page = finished(admin, begin(admin, table=(table.encode(), "x.csv")).headers["Location"])
    assert "7 of 7 lines, 5 failed" in page
    assert "2 a/b failed:" in page
    assert "no such file among the photos" in page
    assert "another name: correct one" in page
    assert "This face looks like student" in page


@pytest.mark.parametrize("name", ["0" * 16, "x", "../state", "A" * 16])
def test_an_import_that_never_was_is_not_found(admin: FlaskClient, name: str) -> None:
    assert admin.get(f"/imports/{name}").status_code == 404
