from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.parity.conftest import eventually

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_rekognition.type_defs import GetFaceSearchResponseTypeDef
    from mypy_boto3_s3 import S3Client

BUCKET = "class-videos"


def video(name: str) -> Any:
    return {"S3Object": {"Bucket": BUCKET, "Name": name}}


def ended(rekognition: "RekognitionClient", job_id: str) -> "GetFaceSearchResponseTypeDef":
    eventually(lambda: rekognition.get_face_search(JobId=job_id, MaxResults=1)["JobStatus"] != "IN_PROGRESS")
    return rekognition.get_face_search(JobId=job_id)


@pytest.fixture(scope="session", autouse=True)
def videos(s3: "S3Client", pictures: Path) -> None:
    for name in ("man.mp4", "no_face.mp4", "woman.mp4"):
        s3.put_object(Bucket=BUCKET, Key=name, Body=(pictures / name).read_bytes())


def test_an_enrolled_man_is_found_in_his_video_and_others_are_not(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str]
) -> None:
    man, _ = enrol("man.jpg", "s-17"), enrol("obama.jpg")
    started = rekognition.start_face_search(
        Video=video("man.mp4"), CollectionId=collection, FaceMatchThreshold=80, JobTag="week-1"
    )
    answer = ended(rekognition, started["JobId"])
    assert answer["JobStatus"] == "SUCCEEDED"
    assert (answer["JobId"], answer["JobTag"], answer["Video"]) == (started["JobId"], "week-1", video("man.mp4"))
    metadata = answer["VideoMetadata"]
    assert metadata["Codec"] == "h264"
    assert metadata["DurationMillis"] > 0
    assert metadata["FrameWidth"] > 0
    matched = [match for person in answer["Persons"] for match in person.get("FaceMatches", [])]
    assert {(match["Face"]["FaceId"], match["Face"]["ExternalImageId"]) for match in matched} == {(man, "s-17")}
    times = [person["Timestamp"] for person in answer["Persons"]]
    assert times == sorted(times)
    assert set(answer["Persons"][0]["Person"]) == {"Index", "BoundingBox", "Face"}


def test_pages_together_are_the_whole_in_both_orders(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str]
) -> None:
    enrol("man.jpg")
    job_id = rekognition.start_face_search(Video=video("woman.mp4"), CollectionId=collection)["JobId"]
    whole = ended(rekognition, job_id)["Persons"]
    assert len(whole) > 4
    for sort_by in ("TIMESTAMP", "INDEX"):
        parameters: Any = {"JobId": job_id, "SortBy": sort_by, "MaxResults": 3}
        pages = [rekognition.get_face_search(**parameters)]
        while "NextToken" in pages[-1]:
            pages.append(rekognition.get_face_search(**parameters, NextToken=pages[-1]["NextToken"]))
        persons = [person for page in pages for person in page["Persons"]]
        assert all(len(page["Persons"]) == 3 for page in pages[:-1])
        assert sorted(map(repr, persons)) == sorted(map(repr, whole))
        keys = [(person["Timestamp"], person["Person"]["Index"]) for person in persons]
        ordered = keys if sort_by == "TIMESTAMP" else [(index, timestamp) for timestamp, index in keys]
        assert ordered == sorted(ordered)
    with pytest.raises(rekognition.exceptions.InvalidPaginationTokenException):
        rekognition.get_face_search(JobId=job_id, SortBy="INDEX", NextToken="forged")
    assert len(rekognition.get_face_search(JobId=job_id, MaxResults=5000)["Persons"]) == len(whole)


def test_a_video_without_faces_succeeds_with_nobody(rekognition: "RekognitionClient", collection: str) -> None:
    job_id = rekognition.start_face_search(Video=video("no_face.mp4"), CollectionId=collection)["JobId"]
    answer = ended(rekognition, job_id)
    assert (answer["JobStatus"], answer["Persons"]) == ("SUCCEEDED", [])


@pytest.mark.parametrize("name", ["text.mp4", "empty.mp4", "picture.mp4", "truncated.mp4"])
def test_a_broken_video_fails_with_a_reason(
    rekognition: "RekognitionClient", s3: "S3Client", collection: str, pictures: Path, name: str
) -> None:
    body = {
        "text.mp4": b"this is no video",
        "empty.mp4": b"",
        "picture.mp4": (pictures / "collins.png").read_bytes(),
        "truncated.mp4": (pictures / "man.mp4").read_bytes()[:200],
    }[name]
    s3.put_object(Bucket=BUCKET, Key=name, Body=body)
    job_id = rekognition.start_face_search(Video=video(name), CollectionId=collection)["JobId"]
    answer = ended(rekognition, job_id)
    assert answer["JobStatus"] == "FAILED"
    assert len(answer["StatusMessage"]) > 10
    assert answer["Persons"] == []


def test_a_missing_video_is_a_typed_error(rekognition: "RekognitionClient", collection: str) -> None:
    with pytest.raises(rekognition.exceptions.InvalidS3ObjectException, match="Unable to get object metadata from S3"):
        rekognition.start_face_search(Video=video("missing.mp4"), CollectionId=collection)


def test_a_missing_job_is_a_typed_error(rekognition: "RekognitionClient") -> None:
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.get_face_search(JobId="0" * 64)


def test_one_token_starts_one_search(rekognition: "RekognitionClient", collection: str) -> None:
    parameters: Any = {"Video": video("no_face.mp4"), "CollectionId": collection, "ClientRequestToken": collection[:64]}
    job_id = rekognition.start_face_search(**parameters)["JobId"]
    assert rekognition.start_face_search(**parameters)["JobId"] == job_id
    with pytest.raises(rekognition.exceptions.IdempotentParameterMismatchException):
        rekognition.start_face_search(**parameters, FaceMatchThreshold=99)
    ended(rekognition, job_id)


def test_a_named_version_of_a_video_is_searched(
    rekognition: "RekognitionClient", s3: "S3Client", collection: str, enrol: Callable[..., str], pictures: Path
) -> None:
    enrol("man.jpg")
    older = s3.put_object(Bucket=BUCKET, Key="week 1.mp4", Body=(pictures / "man.mp4").read_bytes())["VersionId"]
    s3.put_object(Bucket=BUCKET, Key="week 1.mp4", Body=b"replaced")
    named: Any = {"S3Object": {**video("week 1.mp4")["S3Object"], "Version": older}}
    answer = ended(rekognition, rekognition.start_face_search(Video=named, CollectionId=collection)["JobId"])
    assert answer["JobStatus"] == "SUCCEEDED"
    assert answer["Video"] == named
    assert any("FaceMatches" in person for person in answer["Persons"])
