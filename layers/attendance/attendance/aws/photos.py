"""Photos of students: private objects in S3 and faces in a Rekognition collection."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3

from attendance.aws.addresses import origin, signing_client
from attendance.enrolment import InvalidPhotoError, OutdatedCollectionError
from attendance.students import FaceMatch, Indexed, KeptFace

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

FACES_PER_CALL = 4096
"""The most ListFaces gives, and DeleteFaces takes."""
PHOTO_SECONDS = 60
"""How long the address of a photo works."""


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
        """Enrolled faces at least `threshold` (0-100) similar to the largest face of the photo, best first.

        Raises:
            OutdatedCollectionError: they cannot be compared with the photo.
        """
        try:
            found = self._client.search_faces_by_image(
                CollectionId=self._collection_id, Image={"Bytes": photo}, FaceMatchThreshold=threshold, MaxFaces=20
            )["FaceMatches"]
        except self._client.exceptions.InvalidParameterException:
            # The search's own quality filter saw no face; indexing tells the reason.
            return []
        except self._client.exceptions.ResourceNotReadyException as error:
            raise OutdatedCollectionError from error
        return [
            FaceMatch(match["Face"]["ExternalImageId"], match["Similarity"])
            for match in found
            if "ExternalImageId" in match["Face"]
        ]

    def index(self, photo: bytes, student_id: str) -> Indexed:
        """Add the largest face of a photo under the student's id, if its quality allows.

        Raises:
            OutdatedCollectionError: it would be of another face model than those that are there.
        """
        try:
            answer = self._client.index_faces(
                CollectionId=self._collection_id,
                Image={"Bytes": photo},
                ExternalImageId=student_id,
                MaxFaces=1,
                QualityFilter="AUTO",
                DetectionAttributes=[],
            )
        except self._client.exceptions.ResourceNotReadyException as error:
            raise OutdatedCollectionError from error
        faces = answer["FaceRecords"]
        refusals = [reason for face in answer.get("UnindexedFaces", []) for reason in face.get("Reasons", [])]
        return Indexed(faces[0]["Face"]["FaceId"] if faces else None, tuple(dict.fromkeys(map(str, refusals))))

    def delete(self, face_id: str) -> None:
        """Remove a face; nothing when it is not there."""
        self._client.delete_faces(CollectionId=self._collection_id, FaceIds=[face_id])

    def of_student(self, student_id: str) -> list[str]:
        """The ids of every face kept under a student's id: the service can only be asked for all faces."""
        pages = self._client.get_paginator("list_faces").paginate(
            CollectionId=self._collection_id, PaginationConfig={"PageSize": FACES_PER_CALL}
        )
        try:
            faces = [face for page in pages for face in page["Faces"]]
        except self._client.exceptions.ResourceNotFoundException:
            return []  # nobody was ever enrolled
        return [face["FaceId"] for face in faces if face.get("ExternalImageId") == student_id]

    def page(self, limit: int, after: str | None) -> tuple[list[KeptFace], str | None]:
        """Some of the collection's faces, and the cursor of what follows; a cursor of another list begins anew."""
        request: Any = {"CollectionId": self._collection_id, "MaxResults": limit}
        if after:
            request["NextToken"] = after
        try:
            answer = self._client.list_faces(**request)
        except self._client.exceptions.InvalidPaginationTokenException:
            return self.page(limit, None)
        except self._client.exceptions.ResourceNotFoundException:
            return [], None
        return [_kept(face) for face in answer["Faces"]], answer.get("NextToken")

    def kept(self, face_ids: Sequence[str]) -> list[KeptFace]:
        """Those of the faces, at most 4096, that are in the collection."""
        if not face_ids:
            return []
        try:
            faces = self._client.list_faces(
                CollectionId=self._collection_id, FaceIds=list(face_ids), MaxResults=FACES_PER_CALL
            )["Faces"]
        except self._client.exceptions.ResourceNotFoundException:
            return []
        return [_kept(face) for face in faces]

    def renew(self) -> bool:
        """Make the collection anew, without a face, if it is of another face model than the service's present one.

        Returns:
            Whether it was made anew.
        """
        self.ensure_collection()
        if self._model_of(self._collection_id) == self._present_model():
            return False
        self._client.delete_collection(CollectionId=self._collection_id)
        self._create()
        return True

    def _present_model(self) -> str:
        """The face model of new collections, which only a new collection tells."""
        trial = f"{self._collection_id}.trial"
        with suppress(self._client.exceptions.ResourceNotFoundException):
            self._client.delete_collection(CollectionId=trial)  # left behind by a command that was killed
        try:
            return self._client.create_collection(CollectionId=trial)["FaceModelVersion"]
        finally:
            self._client.delete_collection(CollectionId=trial)

    def _model_of(self, collection_id: str) -> str:
        return self._client.describe_collection(CollectionId=collection_id)["FaceModelVersion"]

    def _create(self) -> None:
        try:
            self._client.create_collection(CollectionId=self._collection_id)
        except self._client.exceptions.ResourceAlreadyExistsException:
            return  # another process was quicker


class S3Photos:
    """The private bucket of photos."""

    def __init__(self, bucket: str) -> None:
        self._client = signing_client()
        self._bucket = bucket

    def put(self, key: str, photo: bytes, content_type: str) -> None:
        """Keep a photo; the bucket encrypts it."""
        self._client.put_object(Bucket=self._bucket, Key=key, Body=photo, ContentType=content_type)

    def delete(self, key: str) -> None:
        """Remove a photo; nothing when it is not there."""
        self._client.delete_object(Bucket=self._bucket, Key=key)

    def of_student(self, student_id: str) -> list[str]:
        """The keys of every photo kept of a student."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=f"photos/{student_id}/"
        )
        return [stored["Key"] for page in pages for stored in page.get("Contents", [])]

    def get(self, key: str) -> bytes | None:
        """A photo's bytes; None when it is not there."""
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None

    @cached_property
    def origin(self) -> str:
        """The bucket's scheme, host and port, for the browser's leave to show what is there."""
        return origin(self._client, self._bucket)

    def address(self, key: str) -> str:
        """Where a browser gets the photo within the next minute, without an account."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=PHOTO_SECONDS
        )


def _kept(face: Mapping[str, Any]) -> KeptFace:
    return KeptFace(face["FaceId"], face.get("ExternalImageId", ""))
