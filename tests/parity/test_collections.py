from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient

NO_FACE = "00000000-0000-4000-8000-000000000000"


def test_a_collection_is_made_described_listed_and_deleted(rekognition: "RekognitionClient") -> None:
    made = rekognition.create_collection(CollectionId="term.2026-autumn_1")
    assert made["StatusCode"] == 200
    assert made["CollectionArn"] == "aws:rekognition:us-east-1:000000000000:collection/term.2026-autumn_1"
    described = rekognition.describe_collection(CollectionId="term.2026-autumn_1")
    assert described["FaceCount"] == 0
    assert described["FaceModelVersion"] == made["FaceModelVersion"]
    assert abs(described["CreationTimestamp"] - datetime.now(UTC)) < timedelta(minutes=1)
    assert "term.2026-autumn_1" in rekognition.list_collections()["CollectionIds"]
    assert rekognition.delete_collection(CollectionId="term.2026-autumn_1")["StatusCode"] == 200
    assert "term.2026-autumn_1" not in rekognition.list_collections()["CollectionIds"]


def test_a_collection_that_exists_already_is_a_typed_error(rekognition: "RekognitionClient", collection: str) -> None:
    with pytest.raises(rekognition.exceptions.ResourceAlreadyExistsException):
        rekognition.create_collection(CollectionId=collection)


def test_collections_come_in_pages(rekognition: "RekognitionClient") -> None:
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        rekognition.create_collection(CollectionId=name)
    pages = list(rekognition.get_paginator("list_collections").paginate(PaginationConfig={"PageSize": 2}))
    assert [name for page in pages for name in page["CollectionIds"] if name in names] == names
    assert all(len(page["CollectionIds"]) == len(page["FaceModelVersions"]) <= 2 for page in pages)
    for name in names:
        rekognition.delete_collection(CollectionId=name)


@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("describe_collection", {}),
        ("delete_collection", {}),
        ("list_faces", {}),
        ("delete_faces", {"FaceIds": [NO_FACE]}),
        ("search_faces", {"FaceId": NO_FACE}),
        ("index_faces", {"Image": {"Bytes": b"x"}}),
        ("search_faces_by_image", {"Image": {"Bytes": b"x"}}),
        ("start_face_search", {"Video": {"S3Object": {"Bucket": "class-videos", "Name": "x.mp4"}}}),
    ],
)
def test_a_missing_collection_is_a_typed_error(
    rekognition: "RekognitionClient", method: str, parameters: dict[str, Any]
) -> None:
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException, match="nobody"):
        getattr(rekognition, method)(CollectionId="nobody", **parameters)


def test_a_name_outside_of_the_pattern_is_told(rekognition: "RekognitionClient") -> None:
    with pytest.raises(ClientError, match="regular expression pattern") as raised:
        rekognition.create_collection(CollectionId="Ada's class")
    assert raised.value.response["Error"]["Code"] == "ValidationException"


def test_an_operation_that_is_not_offered_is_a_typed_error(rekognition: "RekognitionClient") -> None:
    with pytest.raises(rekognition.exceptions.AccessDeniedException, match="does not offer DetectLabels"):
        rekognition.detect_labels(Image={"Bytes": b"x"})


def test_faces_come_in_pages_in_the_order_of_enrolment(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str]
) -> None:
    face_ids = [enrol(name) for name in ("obama.jpg", "biden.jpg", "man.jpg", "obama2.jpg", "collins.png")]
    pages = list(
        rekognition.get_paginator("list_faces").paginate(CollectionId=collection, PaginationConfig={"PageSize": 2})
    )
    assert [[face["FaceId"] for face in page["Faces"]] for page in pages] == [face_ids[:2], face_ids[2:4], face_ids[4:]]
    assert rekognition.describe_collection(CollectionId=collection)["FaceCount"] == 5
    some = rekognition.list_faces(CollectionId=collection, FaceIds=[face_ids[3], NO_FACE])
    assert [face["ExternalImageId"] for face in some["Faces"]] == ["obama2.jpg"]
    assert "NextToken" not in some


def test_a_page_of_another_collection_is_refused(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str]
) -> None:
    enrol("obama.jpg")
    enrol("biden.jpg")
    token = rekognition.list_faces(CollectionId=collection, MaxResults=1)["NextToken"]
    rekognition.create_collection(CollectionId="another")
    with pytest.raises(rekognition.exceptions.InvalidPaginationTokenException):
        rekognition.list_faces(CollectionId="another", NextToken=token)
    rekognition.delete_collection(CollectionId="another")


def test_deleted_faces_are_gone_and_missing_ones_told(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str], pictures: Path
) -> None:
    face_id = enrol("obama.jpg")
    answer = rekognition.delete_faces(CollectionId=collection, FaceIds=[face_id, NO_FACE])
    assert answer["DeletedFaces"] == [face_id]
    assert answer["UnsuccessfulFaceDeletions"] == [{"FaceId": NO_FACE, "Reasons": ["FACE_NOT_FOUND"]}]
    assert rekognition.list_faces(CollectionId=collection)["Faces"] == []
    photo: Any = {"Bytes": (pictures / "obama2.jpg").read_bytes()}
    assert rekognition.search_faces_by_image(CollectionId=collection, Image=photo)["FaceMatches"] == []


def test_a_stored_face_finds_the_others_of_the_same_person_and_not_itself(
    rekognition: "RekognitionClient", collection: str, enrol: Callable[..., str]
) -> None:
    face_ids = [enrol(name) for name in ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg")]
    answer = rekognition.search_faces(CollectionId=collection, FaceId=face_ids[0])
    assert answer["SearchedFaceId"] == face_ids[0]
    assert {match["Face"]["FaceId"] for match in answer["FaceMatches"]} == set(face_ids[1:3])
    similarities = [match["Similarity"] for match in answer["FaceMatches"]]
    assert similarities == sorted(similarities, reverse=True)
    best = rekognition.search_faces(CollectionId=collection, FaceId=face_ids[0], MaxFaces=1)["FaceMatches"]
    assert best == answer["FaceMatches"][:1]
    everybody = rekognition.search_faces(CollectionId=collection, FaceId=face_ids[0], FaceMatchThreshold=0)
    assert len(everybody["FaceMatches"]) == 3
    with pytest.raises(rekognition.exceptions.ResourceNotFoundException):
        rekognition.search_faces(CollectionId=collection, FaceId=NO_FACE)
