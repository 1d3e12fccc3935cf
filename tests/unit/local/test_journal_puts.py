"""Objects of the real emulated AWS are on the disk before their client is told."""

import asyncio
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest

from local.journal_calls import Answer, App, call
from local.journal_puts import DurableObjects
from tests.unit.local.journaled import s3_request

BUCKET = "kept"


class Disk:
    """Notes what is brought to the disk, which it is; refuses when told to."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.files: list[str] = []
        self.whole = 0
        self.refuses = False
        self._fsync = os.fsync
        patch.setattr(os, "fsync", self.fsync)
        patch.setattr(os, "sync", self.sync)

    def fsync(self, file: int) -> None:
        if self.refuses:
            raise OSError(errno.EIO, "Input/output error")
        self.files.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        self._fsync(file)

    def sync(self) -> None:
        self.whole += 1

    def names(self, folder: Path) -> set[str]:
        return {str(Path(file).relative_to(folder)) for file in self.files if Path(file).is_relative_to(folder)}


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


@pytest.fixture
def objects(folder: Path) -> Path:
    return folder / "s3"


@pytest.fixture
def app(emulator: App, objects: Path) -> App:
    app = DurableObjects(emulator, objects)
    assert s3(app, "PUT", f"/{BUCKET}").status == 200
    return app


def s3(app: App, method: str, path: str, body: bytes = b"", query: bytes = b"", **headers: str) -> Answer:
    return asyncio.run(call(app, s3_request(method, path, query, len(body), **headers), body))


def test_an_object_its_description_and_its_folders_are_on_the_disk_when_it_is_acknowledged(
    app: App, disk: Disk, objects: Path
) -> None:
    assert s3(app, "PUT", f"/{BUCKET}/a/b/lé cture.json", b"{}").status == 200
    home = f"000000000000/{BUCKET}"
    named = {f"{home}/a/b/lé cture.json", f"{home}/a/b/lé cture.json.meta.json"}
    assert disk.names(objects) == named | {f"{home}/a/b", f"{home}/a", home, "000000000000", "."}
    assert disk.whole == 0


def test_nothing_is_told_before_the_disk_has_it(app: App, disk: Disk, objects: Path) -> None:
    order: list[str] = []

    async def run() -> None:
        async def receive() -> Any:
            return {"type": "http.request", "body": b"x", "more_body": False}

        async def send(message: Any) -> None:
            order.append(f"told, {len(disk.files)} synced")

        await app(s3_request("PUT", f"/{BUCKET}/order", length=1), receive, send)

    asyncio.run(run())
    assert order[0] == f"told, {len(disk.files)} synced"
    assert len(disk.files) > 4


def test_the_version_that_is_replaced_is_on_the_disk_too(app: App, disk: Disk, objects: Path) -> None:
    versioned = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
    assert s3(app, "PUT", "/versions").status == 200
    assert s3(app, "PUT", "/versions", versioned, b"versioning").status == 200
    former = dict(s3(app, "PUT", "/versions/v", b"one").headers)[b"x-amz-version-id"].decode()
    disk.files.clear()
    assert s3(app, "PUT", "/versions/v", b"two").status == 200
    copy = f".versions/000000000000/versions/{former}/v"
    assert (objects / copy).read_bytes() == b"one"
    assert {copy, str(Path(copy).parent)} <= disk.names(objects)
    disk.files.clear()
    assert s3(app, "DELETE", "/versions/v").status == 204
    assert "000000000000/versions/v.meta.json" in disk.names(objects)


def test_a_deletion_is_on_the_disk(app: App, disk: Disk, objects: Path) -> None:
    s3(app, "PUT", f"/{BUCKET}/gone/one", b"x")
    disk.files.clear()
    assert s3(app, "DELETE", f"/{BUCKET}/gone/one").status == 204
    assert f"000000000000/{BUCKET}" in disk.names(objects)
    assert disk.whole == 0


@pytest.mark.parametrize("redirect", ["", "http://127.0.0.1/uploaded?course=a&key=other"])
def test_an_object_of_a_browsers_form_is_on_the_disk(app: App, disk: Disk, objects: Path, redirect: str) -> None:
    fields = {"key": "videos/a b/ü.mp4"} | ({"success_action_redirect": redirect} if redirect else {})
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in fields.items()
    ]
    form = "".join(parts) + '--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nvideo\r\n--x--\r\n'
    kind = "multipart/form-data; boundary=x"
    answer = s3(app, "POST", f"/{BUCKET}", form.encode(), content_type=kind)
    assert answer.status == (303 if redirect else 204), answer.body
    assert f"000000000000/{BUCKET}/videos/a b/ü.mp4" in disk.names(objects)


def test_a_part_of_an_upload_waits_for_its_completion(app: App, disk: Disk, objects: Path) -> None:
    begun = s3(app, "POST", f"/{BUCKET}/large", query=b"uploads").body.decode()
    upload = begun.partition("<UploadId>")[2].partition("<")[0].encode()
    disk.files.clear()
    part = s3(app, "PUT", f"/{BUCKET}/large", b"x" * 10, b"partNumber=1&uploadId=" + upload)
    assert (part.status, disk.names(objects)) == (200, set())
    etag = {name.lower(): value for name, value in part.headers}[b"etag"].decode()
    listed = (
        f"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
    )
    assert s3(app, "POST", f"/{BUCKET}/large", listed.encode(), b"uploadId=" + upload).status == 200
    assert f"000000000000/{BUCKET}/large" in disk.names(objects)


@pytest.mark.parametrize("key", ["a//b", "../../escape", "x" * 250, "end/"])
def test_what_is_kept_under_another_name_brings_everything_to_the_disk(app: App, disk: Disk, key: str) -> None:
    assert s3(app, "PUT", f"/{BUCKET}/{key}", b"x").status == 200
    assert disk.whole == 1


def test_many_deletions_at_once_bring_everything_to_the_disk(app: App, disk: Disk) -> None:
    s3(app, "PUT", f"/{BUCKET}/many", b"x")
    asked = b"<Delete><Object><Key>many</Key></Object></Delete>"
    assert s3(app, "POST", f"/{BUCKET}", asked, b"delete").status == 200
    assert disk.whole == 1


def test_a_disk_that_fails_is_told(app: App, disk: Disk) -> None:
    disk.refuses = True
    answer = s3(app, "PUT", f"/{BUCKET}/lost", b"x")
    assert answer.status == 500
    assert b"<Code>InternalError</Code>" in answer.body
    assert b"Input/output error" in answer.body


def test_what_is_refused_read_or_for_another_service_waits_for_no_disk(app: App, disk: Disk) -> None:
    s3(app, "PUT", f"/{BUCKET}/read", b"x")
    disk.files.clear()
    assert s3(app, "GET", f"/{BUCKET}/read").body == b"x"
    assert s3(app, "PUT", "/no-such-bucket/x", b"x").status == 404
    s3(app, "POST", "/2015-03-31/functions/none/invocations", b"{}")
    s3(app, "POST", "/", json.dumps({}).encode(), x_amz_target="DynamoDB_20120810.ListTables")
    assert (disk.files, disk.whole) == ([], 0)


def test_a_hostile_path_reaches_nothing(app: App, disk: Disk, objects: Path) -> None:
    for path in ("/.versions/000000000000", "//etc/passwd", f"/{BUCKET}/../../../etc/passwd", "/..", "/\x00/x"):
        s3(app, "PUT", path, b"x")
    assert all(Path(file).is_relative_to(objects) for file in disk.files)
