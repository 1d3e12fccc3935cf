"""Photos of students: private objects in S3 and faces in a Rekognition collection."""

from typing import TYPE_CHECKING

import boto3

from attendance.enrolment import FaceMatch, Indexed, InvalidPhotoError

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient
    from mypy_boto3_s3.client import S3Client


class RekognitionFaces:
    """The collection of enrolled faces; a face's ExternalImageId is its student_id."""

    def __init__(self, collection_id: str) -> None:
        self._client: RekognitionClient = boto3.client("rekognition")
        self._collection_id = collection_id

    def ensure_collection(self) -> None:
        """Make the collection unless it is there."""
        try:
            self._client.describe_collection(CollectionId=self._collection_id)
        except self._client.exceptions.ResourceNotFoundException:
            self._create()

    def count(self, photo: bytes) -> int:
        """How many faces are on a photo.

        Raises:
            InvalidPhotoError: the service cannot read the photo.
        """
        try:
            return len(self._client.detect_faces(Image={"Bytes": photo})["FaceDetails"])
        except (
            self._client.exceptions.InvalidImageFormatException,
            self._client.exceptions.ImageTooLargeException,
            self._client.exceptions.InvalidParameterException,
        ) as error:
            raise InvalidPhotoError(
                "The photo cannot be read: save it again as JPEG or PNG, at most 5 MB and 4096 pixels wide and high."
            ) from error

    def search(self, photo: bytes, threshold: float) -> list[FaceMatch]:
        """Enrolled faces at least `threshold` (0-100) similar to the largest face of the photo, best first."""
        try:
            found = self._client.search_faces_by_image(
                CollectionId=self._collection_id, Image={"Bytes": photo}, FaceMatchThreshold=threshold, MaxFaces=20
            )["FaceMatches"]
        except self._client.exceptions.InvalidParameterException:
            # The search's own quality filter saw no face; indexing tells the reason.
            return []
        return [
            FaceMatch(match["Face"]["ExternalImageId"], match["Similarity"])
            for match in found
            if "ExternalImageId" in match["Face"]
        ]

    def index(self, photo: bytes, student_id: str) -> Indexed:
        """Add the largest face of a photo under the student's id, if its quality allows."""
        answer = self._client.index_faces(
            CollectionId=self._collection_id,
            Image={"Bytes": photo},
            ExternalImageId=student_id,
            MaxFaces=1,
            QualityFilter="AUTO",
            DetectionAttributes=[],
        )
        faces = answer["FaceRecords"]
        refusals = [reason for face in answer.get("UnindexedFaces", []) for reason in face.get("Reasons", [])]
        return Indexed(faces[0]["Face"]["FaceId"] if faces else None, tuple(dict.fromkeys(map(str, refusals))))

    def delete(self, face_id: str) -> None:
        """Remove a face; nothing when it is not there."""
        self._client.delete_faces(CollectionId=self._collection_id, FaceIds=[face_id])

    def _create(self) -> None:
        try:
            self._client.create_collection(CollectionId=self._collection_id)
        except self._client.exceptions.ResourceAlreadyExistsException:
            return  # another process was quicker


class S3Photos:
    """The private bucket of photos."""

    def __init__(self, bucket: str) -> None:
        self._client: S3Client = boto3.client("s3")
        self._bucket = bucket

    def put(self, key: str, photo: bytes, content_type: str) -> None:
        """Keep a photo; the bucket encrypts it."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=photo, ContentType=content_type)

    def delete(self, key: str) -> None:
        """Remove a photo; nothing when it is not there."""
        self._client.delete_object(Bucket=self._bucket, Key=key)
