"""Importing a class in the browser: tried first, done in pieces, gone on with after anything, no file left behind."""

import base64
import html
import io
import json
import re
import zipfile
from dataclasses import replace
from typing import Any

import boto3
import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from attendance.aws.imports import MAX_ZIP_BYTES, Import
from tests.functional.web.browsing import ADMIN, send, words
from tests.functional.web.conftest import SignIn, token
from tests.functional.web.faces import MemoryFaces, photo
from tests.functional.web.tables import get
from web import imports
from web.services import services

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


PHOTOS = zipped(a=photo("zoë"), b=photo("bob"))


@pytest.fixture
def admin(signed_in: SignIn) -> FlaskClient:
    return signed_in(ADMIN)


def begin(client: FlaskClient, **changed: Any) -> TestResponse:
    """Send the table."""
    return send(client, "/imports", **COMMON | {"table": (TABLE.encode(), "class.csv")} | changed)


def send_photos(client: FlaskClient, path: str, content: bytes = PHOTOS) -> requests.Response:
    """Send the zip file by the form on the import's page, as a browser without scripts does."""
    form = re.search(r'<form[^>]* action="([^"]+)"[^>]* data-zip.*?</form>', client.get(path).text, re.DOTALL)
    assert form
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form[0])
    fields = {name: html.unescape(value) for name, value in hidden}
    return requests.post(html.unescape(form[1]), fields, files={"file": content}, allow_redirects=False, timeout=10)


def begun(client: FlaskClient, photos: bytes = PHOTOS, **changed: Any) -> str:
    """The address of an import whose photos are there."""
    path = begin(client, **changed).headers["Location"]
    assert send_photos(client, path, photos).status_code == 303
    return path


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
    page = finished(admin, begun(admin))
    assert "3 of 3 lines, 1 failed" in page
    assert "4 s3 failed: there is no such file among the photos" in page
    assert "2 s1 enrolled" in page
    assert {owner for owner, _ in faces.faces.values()} == {"s1", "s2"}
    assert get("students", student_id="s2")["consent"] == {"given_at": "2026-03-01", "recorded_by": ADMIN}  # type: ignore[index]
    assert get("rosters", course_id="physics", student_id="s1")
    assert kept_files() == ["state.json"]


def test_an_import_that_was_left_is_found_again_until_it_is_finished(admin: FlaskClient) -> None:
    assert "not finished" not in words(admin.get("/imports").text)
    left = begin(admin).headers["Location"]
    tried = begun(admin, is_dry_run="y")
    assert "3 lines into physics , done: 0 begun by admin@school.edu" in words(admin.get("/imports").text)
    finished(admin, tried)
    assert tried in admin.get("/imports").text  # its photos wait for it to be done in earnest
    send(admin, f"{tried}/in-earnest", tried)
    finished(admin, tried)
    assert tried not in admin.get("/imports").text
    assert left in admin.get("/imports").text
    send(admin, f"{left}/give-up", left)
    assert "not finished" not in words(admin.get("/imports").text)


def test_a_dry_run_judges_the_photos_and_changes_nothing_until_it_is_done_in_earnest(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    path = begun(admin, zipped(a=photo("zoë"), b=photo("bob", "eve")), is_dry_run="y")
    page = finished(admin, path)
    assert "3 s2 failed: There are 2 faces on this photo" in page
    assert "2 s1 checked" in page
    assert "Nothing was changed." in page
    assert not faces.faces
    send(admin, f"{path}/in-earnest", path)
    assert "3 of 3 lines, 2 failed" in finished(admin, path)
    assert {owner for owner, _ in faces.faces.values()} == {"s1"}


def test_the_same_import_again_skips_who_is_enrolled(admin: FlaskClient, faces: MemoryFaces) -> None:
    finished(admin, begun(admin))
    page = finished(admin, begun(admin, zipped(a=photo("zoë"), b=photo("bob"), nowhere=photo("kim"))))
    assert "2 s1 already there" in page
    assert "4 s3 enrolled" in page
    assert len(faces.faces) == 3


def test_an_import_is_done_in_pieces_and_gone_on_with_where_it_stopped(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "SECONDS", 0.0)
    path = begun(admin)
    for number in (1, 2):
        send(admin, f"{path}/go", path)
        assert f"{number} of 3 lines" in words(admin.get(path).text)
    assert "3 of 3 lines" in finished(admin, path)


def test_an_import_that_is_given_up_leaves_no_photo_behind(app: Flask, admin: FlaskClient) -> None:
    path = begun(admin)
    send(admin, f"{path}/give-up", path)
    page = words(admin.get(path).text)
    assert "Import given up" in page
    assert "0 of 3 lines" in page
    assert "Who is enrolled stays enrolled, and the uploaded files are erased." in page
    assert kept_files() == ["state.json"]


def test_an_import_that_was_only_tried_and_is_given_up_says_that_nobody_was_enrolled(
    admin: FlaskClient, faces: MemoryFaces
) -> None:
    path = begun(admin, zipped(a=photo("zoë"), b=photo("bob"), nowhere=photo("kim")), is_dry_run="y")
    finished(admin, path)
    send(admin, f"{path}/give-up", path)
    page = words(admin.get(path).text)
    assert "Import given up" in page
    assert "3 of 3 lines tried" in page
    assert "Nobody was enrolled, and the uploaded files are erased." in page
    assert "Everything is done" not in page
    assert "Import in earnest" not in page
    admin.post(f"{path}/in-earnest", data={"csrf_token": token(admin, "/imports")})
    assert "Import given up" in words(admin.get(path).text)
    assert not faces.faces
    assert kept_files() == ["state.json"]


def test_lines_that_are_being_done_do_not_bring_back_what_is_given_up_meanwhile(
    admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = begun(admin)
    fields = {"csrf_token": token(admin, path)}
    some_more = imports._some_more

    def given_up_meanwhile(state: Import) -> Import:
        done = some_more(state)
        services().imports.save(replace(state, is_given_up=True))
        return done

    monkeypatch.setattr(imports, "_some_more", given_up_meanwhile)
    admin.post(f"{path}/go", data=fields)
    assert "Import given up" in words(admin.get(path).text)


def test_an_import_that_is_done_cannot_be_given_up_any_more(admin: FlaskClient) -> None:
    path = begun(admin)
    finished(admin, path)
    admin.post(f"{path}/give-up", data={"csrf_token": token(admin, "/imports")})
    assert "Import given up" not in words(admin.get(path).text)


def test_photos_that_are_gone_meanwhile_are_asked_for_again(app: Flask, admin: FlaskClient) -> None:
    path = begun(admin)
    app.extensions["rollcall_services"].imports.erase_photos(path.rpartition("/")[2])
    send(admin, f"{path}/go", path)
    assert "3 lines to do. Now send the photos" in words(admin.get(path).text)
    send_photos(admin, path)
    assert "3 of 3 lines, 1 failed" in finished(admin, path)


def test_the_photos_go_to_the_bucket_by_a_form_for_this_import_alone(admin: FlaskClient) -> None:
    path = begin(admin).headers["Location"]
    answer = send_photos(admin, path)
    assert answer.headers["Location"].startswith(f"http://localhost{path}")
    page = admin.get(begin(admin).headers["Location"])
    scripted = json.loads(html.unescape(re.search(r"data-zip='([^']+)'", page.text)[1]))  # type: ignore[index]
    policy = json.loads(base64.b64decode(scripted["fields"]["policy"]))
    assert ["content-length-range", 1, MAX_ZIP_BYTES] in policy["conditions"]
    assert "success_action_redirect" not in scripted["fields"]
    import_id = page.request.path.rpartition("/")[2]
    assert scripted["fields"]["key"] == f"_imports/{import_id}/photos.zip"
    host = scripted["url"].removesuffix("/")
    policy_of_page = page.headers["Content-Security-Policy"]
    assert re.search(rf"form-action [^;]*{re.escape(host)}", policy_of_page)
    assert re.search(rf"connect-src [^;]*{re.escape(host)}", policy_of_page)


@pytest.mark.parametrize("content", [b"\x89PNG", PHOTOS[:-30]])
def test_photos_that_are_no_zip_file_are_erased_and_asked_for_again(admin: FlaskClient, content: bytes) -> None:
    path = begun(admin, content)
    page = finished(admin, path)
    assert "The photos must be a zip file that can be read: zip them again." in page
    assert "Now send the photos" in page
    assert kept_files() == ["state.json"]
    send_photos(admin, path)
    assert "3 of 3 lines, 1 failed" in finished(admin, path)


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"table": (b"", "x.csv")}, "lacks student_id, student_name, photo"),
        ({"table": (b"\xff\xfe", "x.csv")}, "not UTF-8"),
        ({"table": (b"student_id,student_name,photo\n", "x.csv")}, "names no student"),
        ({"table": (b"student_id,student_name,photo\n" + b"a,b,c\n" * 5001, "x.csv")}, "more than 5000 lines"),
        ({"table": ""}, "Choose the table"),
        ({"consent": ""}, "only with consent"),
        ({"consent_day": "soon"}, "no day of the calendar"),
        ({"consent_day": "2999-01-01"}, "still to come"),
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
    page = finished(admin, begun(admin, table=(table.encode(), "x.csv")))
    assert "7 of 7 lines, 5 failed" in page
    assert "2 a/b failed:" in page
    assert "no such file among the photos" in page
    assert "another name: correct one" in page
    assert "This face looks like student" in page


@pytest.mark.parametrize("name", ["0" * 16, "x", "../state", "A" * 16])
def test_an_import_that_never_was_is_not_found(admin: FlaskClient, name: str) -> None:
    assert admin.get(f"/imports/{name}").status_code == 404
