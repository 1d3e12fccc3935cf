"""The translation of S3's errors; the reading itself is proved against a real S3 in tests/parity."""

import errno
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.response import StreamingBody
from botocore.stub import Stubber

from rekognition_local.errors import InternalServerError, InvalidS3ObjectError
from rekognition_local.objects import S3Objects, S3UnavailableError
from rekognition_local.ports import ObjectFacts, S3Reference

PHOTO = S3Reference("photos", "a.jpg", None)


@pytest.fixture
def objects() -> S3Objects:
    return S3Objects("us-east-1")


@pytest.fixture
def s3(objects: S3Objects) -> Iterator[Stubber]:
    with Stubber(objects._client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_an_object_is_described(objects: S3Objects, s3: Stubber) -> None:
    s3.add_response("head_object", {"ContentLength": 3, "ETag": '"e"'}, {"Bucket": "photos", "Key": "a.jpg"})
    assert objects.describe(PHOTO) == ObjectFacts(size=3, etag='"e"')


def test_a_version_is_asked_for_when_it_is_named(objects: S3Objects, s3: Stubber) -> None:
    expected = {"Bucket": "photos", "Key": "a.jpg", "VersionId": "v2"}
    s3.add_response("head_object", {"ContentLength": 3, "ETag": '"e"'}, expected)
    objects.describe(S3Reference("photos", "a.jpg", "v2"))


def test_no_more_is_read_than_tells_that_it_is_too_much(objects: S3Objects, s3: Stubber) -> None:
    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"a" * 100), 100)})
    assert objects.read(PHOTO, 10) == b"a" * 11


@pytest.mark.parametrize("status", [301, 400, 403, 404])
def test_an_object_that_cannot_be_had_is_invalid(objects: S3Objects, s3: Stubber, status: int) -> None:
    s3.add_client_error("head_object", http_status_code=status)
    with pytest.raises(InvalidS3ObjectError, match="Unable to get object metadata from S3"):
        objects.describe(PHOTO)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_s3_in_trouble_is_unavailable(objects: S3Objects, s3: Stubber, status: int) -> None:
    s3.add_client_error("head_object", http_status_code=status)
    with pytest.raises(S3UnavailableError):
        objects.describe(PHOTO)


def test_an_s3_out_of_reach_is_unavailable(objects: S3Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:9")

    monkeypatch.setattr(objects._client, "head_object", unreachable)
    with pytest.raises(S3UnavailableError, match="is its endpoint right"):
        objects.describe(PHOTO)


@pytest.mark.parametrize("reference", [S3Reference("", "", None), S3Reference("No Bucket", "a.jpg", None)])
def test_a_name_no_object_can_have_is_invalid(objects: S3Objects, reference: S3Reference) -> None:
    with pytest.raises(InvalidS3ObjectError):
        objects.describe(reference)


def test_a_download_is_of_the_content_that_was_described(objects: S3Objects, s3: Stubber, tmp_path: Path) -> None:
    expected = {"Bucket": "photos", "Key": "a.jpg", "IfMatch": '"e"'}
    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"video"), 5)}, expected)
    objects.download(PHOTO, '"e"', tmp_path / "video")
    assert (tmp_path / "video").read_bytes() == b"video"
    s3.add_client_error("get_object", http_status_code=412)
    with pytest.raises(InvalidS3ObjectError, match="changed after its search was started"):
        objects.download(PHOTO, '"e"', tmp_path / "video")


def test_a_download_cut_short_is_unavailable_and_not_half_a_video(
    objects: S3Objects, s3: Stubber, tmp_path: Path
) -> None:
    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"vid"), 5)})
    with pytest.raises(S3UnavailableError):
        objects.download(PHOTO, '"e"', tmp_path / "video")


def test_a_full_disk_is_told(objects: S3Objects, s3: Stubber, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    s3.add_response("get_object", {"Body": StreamingBody(BytesIO(b"video"), 5)})
    monkeypatch.setattr("rekognition_local.objects.shutil.copyfileobj", full)
    with pytest.raises(InternalServerError, match="No space left on device"):
        objects.download(PHOTO, '"e"', tmp_path / "video")
