"""A home whose faces are of an older face model, as after an update of the face service."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from attendance.aws.photos import RekognitionFaces, S3Photos
from attendance.aws.students import DynamoStudents
from attendance.enrolment import OutdatedCollectionError, photo_key
from local.home import Home
from tests.functional.web.tables import make_tables, put
from tests.parity.conftest import DEADLINE_SECONDS, REGION, ROOT, Running, running_service


@pytest.fixture
def updated(tmp_path: Path, s3_url: str, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A service that finds one face of an older model in its home; this process's clients talk to it."""
    with running_service(tmp_path, s3_url) as running:
        running.client.create_collection(CollectionId="school")
        photo: Any = {"Bytes": (pictures / "obama.jpg").read_bytes()}
        running.client.index_faces(CollectionId="school", Image=photo, ExternalImageId="s1")
        running.process.terminate()
        running.process.wait()
    with closing(sqlite3.connect(tmp_path / "collections.sqlite3")) as connection, connection:
        connection.execute("UPDATE collections SET model_version = 'older'")
    with running_service(tmp_path, s3_url) as running:
        for name, value in (
            ("AWS_ENDPOINT_URL_REKOGNITION", running.url),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_DEFAULT_REGION", REGION),
        ):
            monkeypatch.setenv(name, value)
        yield running


def test_neither_a_look_for_lookalikes_nor_an_enrolment_passes_over_another_model(
    updated: Running, pictures: Path
) -> None:
    faces, photo = RekognitionFaces("school"), (pictures / "obama2.jpg").read_bytes()
    for use in (lambda: faces.search(photo, 80), lambda: faces.index(photo, "s1")):
        with pytest.raises(OutdatedCollectionError, match="rollcall students reindex"):
            use()


def test_a_collection_of_another_model_is_made_anew_once(updated: Running, pictures: Path) -> None:
    faces = RekognitionFaces("school")
    (old,), _ = faces.page(10, None)
    assert faces.renew()
    assert faces.page(10, None) == ([], None)
    face_id = faces.index((pictures / "obama.jpg").read_bytes(), "s1").face_id
    assert face_id not in (None, old.face_id)
    assert not faces.renew()
    assert [match.student_id for match in faces.search((pictures / "obama2.jpg").read_bytes(), 80)] == ["s1"]
    assert updated.client.list_collections()["CollectionIds"] == ["school"]


def test_the_command_indexes_every_kept_photo_again(
    updated: Running, s3_url: str, pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_url)
    made = replace(make_tables(), collection_id="school")
    (old,) = updated.client.list_faces(CollectionId="school")["Faces"]
    photo = (pictures / "obama.jpg").read_bytes()
    S3Photos(made.photos_bucket).put(photo_key("s1", photo), photo, "image/jpeg")
    stored = [{"key": photo_key("s1", photo), "face_id": old["FaceId"], "added_at": ""}]
    put("students", {"student_id": "s1", "student_name": "Zoë", "photos": stored})
    with Home(tmp_path / "stack").lock():
        told = {"aws": s3_url, "rekognition": updated.url, "region": REGION}
        values = {name.upper(): str(value) for name, value in asdict(made).items()}
        (tmp_path / "stack" / "endpoints.json").write_text(json.dumps({**told, "settings": values}))
        for words in ("Photos indexed again: 1, refused: 0.", "Photos indexed again: 0, refused: 0."):
            done = subprocess.run(  # noqa: S603
                [sys.executable, "-m", "cli.main", "students", "reindex", "--home", str(tmp_path / "stack")],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=DEADLINE_SECONDS,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            assert words in done.stdout
            assert ("new face model" in done.stderr) == ("again: 1" in words)
    (face,) = updated.client.list_faces(CollectionId="school")["Faces"]
    student = DynamoStudents(made).student("s1")
    assert student is not None
    assert (student.photos[0].face_id, face["ExternalImageId"]) == (face["FaceId"], "s1")
    assert face["FaceId"] != old["FaceId"]


def test_a_trial_that_a_killed_command_left_is_no_hindrance(updated: Running) -> None:
    updated.client.create_collection(CollectionId="school.trial")
    assert RekognitionFaces("school").renew()
    assert updated.client.list_collections()["CollectionIds"] == ["school"]
