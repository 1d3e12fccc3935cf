import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

if TYPE_CHECKING:
    from mypy_boto3_rekognition import RekognitionClient
    from mypy_boto3_s3 import S3Client


def blank(width: int = 200, height: int = 200) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), "grey").save(stream, "PNG")
    return stream.getvalue()


def test_every_face_of_a_picture_is_detected_largest_first(rekognition: "RekognitionClient", pictures: Path) -> None:
    photo: Any = {"Bytes": (pictures / "friends.jpg").read_bytes()}
    details = rekognition.detect_faces(Image=photo, Attributes=["ALL"])["FaceDetails"]
    assert len(details) == 5
    areas = [detail["BoundingBox"]["Width"] * detail["BoundingBox"]["Height"] for detail in details]
    assert areas == sorted(areas, reverse=True)
    for detail in details:
        # ALL adds nothing that is not measured: no age, no gender, no emotion
        assert set(detail) == {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
        assert {mark["Type"] for mark in detail["Landmarks"]} == {
            "eyeLeft",
            "eyeRight",
            "nose",
            "mouthLeft",
            "mouthRight",
        }


def test_a_picture_without_faces_has_none(rekognition: "RekognitionClient", collection: str) -> None:
    assert rekognition.detect_faces(Image={"Bytes": blank()})["FaceDetails"] == []
    answer = rekognition.index_faces(CollectionId=collection, Image={"Bytes": blank()})
    assert (answer["FaceRecords"], answer["UnindexedFaces"]) == ([], [])
    with pytest.raises(rekognition.exceptions.InvalidParameterException, match="no faces in the image"):
        rekognition.search_faces_by_image(CollectionId=collection, Image={"Bytes": blank()})


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ({"Bytes": b"a text, not a picture"}, "InvalidImageFormatException"),
        ({"Bytes": blank()[:200]}, "InvalidImageFormatException"),
        ({"Bytes": blank(width=79)}, "InvalidParameterException"),
        ({"Bytes": blank() + bytes(5 * 1024**2)}, "ImageTooLargeException"),
        ({"Bytes": blank() + bytes(20 * 1024**2)}, "ImageTooLargeException"),
        ({}, "InvalidParameterException"),
        ({"S3Object": {"Bucket": "class-videos", "Name": "missing.jpg"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "no-such-bucket", "Name": "a.jpg"}}, "InvalidS3ObjectException"),
        ({"S3Object": {"Bucket": "No_Bucket", "Name": "a.jpg"}}, "InvalidS3ObjectException"),
        ({"S3Object": {}}, "InvalidS3ObjectException"),
    ],
)
def test_a_picture_that_cannot_be_used_is_a_typed_error(
    rekognition: "RekognitionClient", image: Any, error: str
) -> None:
    with pytest.raises(getattr(rekognition.exceptions, error)) as raised:
        rekognition.detect_faces(Image=image)
    assert len(raised.value.response["Error"]["Message"]) > 20


def test_a_picture_in_s3_is_indexed_with_all_the_client_asked_for(
    rekognition: "RekognitionClient", s3: "S3Client", collection: str, pictures: Path
) -> None:
    name = "photos/Ada Łuck + 1.jpg"
    s3.put_object(Bucket="class-videos", Key=name, Body=(pictures / "man.jpg").read_bytes())
    answer = rekognition.index_faces(
        CollectionId=collection,
        Image={"S3Object": {"Bucket": "class-videos", "Name": name}},
        ExternalImageId="s:1_a.b-c",
        DetectionAttributes=["DEFAULT"],
        QualityFilter="AUTO",
    )
    (record,) = answer["FaceRecords"]
    assert record["Face"]["ExternalImageId"] == "s:1_a.b-c"
    assert record["Face"]["BoundingBox"] == record["FaceDetail"]["BoundingBox"]
    assert answer["UnindexedFaces"] == []
    version = rekognition.describe_collection(CollectionId=collection)["FaceModelVersion"]
    assert answer["FaceModelVersion"] == version


def test_a_named_version_of_an_object_is_read(rekognition: "RekognitionClient", s3: "S3Client", pictures: Path) -> None:
    face = (pictures / "man.jpg").read_bytes()
    older = s3.put_object(Bucket="class-videos", Key="versions.jpg", Body=face)["VersionId"]
    s3.put_object(Bucket="class-videos", Key="versions.jpg", Body=blank())
    latest: Any = {"Bucket": "class-videos", "Name": "versions.jpg"}
    assert rekognition.detect_faces(Image={"S3Object": latest})["FaceDetails"] == []
    named: Any = {"S3Object": {**latest, "Version": older}}
    assert len(rekognition.detect_faces(Image=named)["FaceDetails"]) == 1


def test_the_smaller_faces_of_a_picture_are_left_out_with_the_reason(
    rekognition: "RekognitionClient", collection: str, pictures: Path
) -> None:
    photo: Any = {"Bytes": (pictures / "friends.jpg").read_bytes()}
    answer = rekognition.index_faces(CollectionId=collection, Image=photo, MaxFaces=2, QualityFilter="NONE")
    assert len(answer["FaceRecords"]) == 2
    assert [face["Reasons"] for face in answer["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]] * 3
    kept, left = answer["FaceRecords"][-1]["FaceDetail"], answer["UnindexedFaces"][0]["FaceDetail"]
    assert kept["BoundingBox"]["Width"] * kept["BoundingBox"]["Height"] >= (
        left["BoundingBox"]["Width"] * left["BoundingBox"]["Height"]
    )
    assert rekognition.describe_collection(CollectionId=collection)["FaceCount"] == 2


def test_a_face_of_poor_quality_is_left_out_unless_the_filter_is_off(
    rekognition: "RekognitionClient", collection: str, pictures: Path
) -> None:
    with Image.open(pictures / "man.jpg") as picture:
        dark = picture.convert("RGB").point(lambda value: value // 12)
    stream = io.BytesIO()
    dark.save(stream, "PNG")
    photo: Any = {"Bytes": stream.getvalue()}
    refused = rekognition.index_faces(CollectionId=collection, Image=photo, QualityFilter="HIGH")
    assert refused["FaceRecords"] == []
    assert "LOW_BRIGHTNESS" in refused["UnindexedFaces"][0]["Reasons"]
    assert len(rekognition.index_faces(CollectionId=collection, Image=photo, QualityFilter="NONE")["FaceRecords"]) == 1
    with pytest.raises(rekognition.exceptions.InvalidParameterException):
        rekognition.search_faces_by_image(CollectionId=collection, Image=photo, QualityFilter="HIGH")


def test_the_same_picture_indexed_twice_is_one_face(
    rekognition: "RekognitionClient", collection: str, pictures: Path
) -> None:
    photo: Any = {"Bytes": (pictures / "friends.jpg").read_bytes()}

    def indexed(external_image_id: str) -> list[str]:
        answer = rekognition.index_faces(CollectionId=collection, Image=photo, ExternalImageId=external_image_id)
        return [record["Face"]["FaceId"] for record in answer["FaceRecords"]]

    first = indexed("one")
    assert len(first) > 1
    assert indexed("one") == first
    assert not set(indexed("two")) & set(first)


def test_two_photos_of_one_person_match_and_a_stranger_does_not(
    rekognition: "RekognitionClient", pictures: Path
) -> None:
    def compared(source: str, target: str) -> Any:
        return rekognition.compare_faces(
            SourceImage={"Bytes": (pictures / source).read_bytes()},
            TargetImage={"Bytes": (pictures / target).read_bytes()},
        )

    same = compared("obama.jpg", "obama2.jpg")
    assert [match["Similarity"] >= 80 for match in same["FaceMatches"]] == [True]
    assert same["UnmatchedFaces"] == []
    assert same["SourceImageFace"]["Confidence"] > 80
    stranger = compared("obama.jpg", "biden.jpg")
    assert stranger["FaceMatches"] == []
    assert len(stranger["UnmatchedFaces"]) == 1
    assert len(compared("obama.jpg", "friends.jpg")["UnmatchedFaces"]) == 5


@pytest.mark.parametrize("missing", ["SourceImage", "TargetImage"])
def test_comparing_without_a_face_is_a_typed_error(
    rekognition: "RekognitionClient", pictures: Path, missing: str
) -> None:
    photo: Any = {"Bytes": (pictures / "obama.jpg").read_bytes()}
    images: Any = {"SourceImage": photo, "TargetImage": photo, missing: {"Bytes": blank()}}
    with pytest.raises(rekognition.exceptions.InvalidParameterException, match="no faces"):
        rekognition.compare_faces(**images)
