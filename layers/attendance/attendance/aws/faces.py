"""The face service: Rekognition, or one that speaks its protocol."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attendance.matching import Page
from attendance.model import Video
from attendance.ports import SearchState
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_rekognition.client import RekognitionClient

PAGE = 1000
"""Detections of one answer, the most GetFaceSearch gives."""
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?) ?(?:%|percent\b)")
_PEOPLE = re.compile(r"people seen: (\d{1,9})\b")


class RekognitionFaceSearch:
    """Searches of stored videos."""

    def __init__(self, rekognition: "RekognitionClient", settings: Settings) -> None:
        self._rekognition = rekognition
        self._collection_id = settings.collection_id

    def model(self) -> str:
        """The version of the model that the collection's faces were made with."""
        return self._rekognition.describe_collection(CollectionId=self._collection_id)["FaceModelVersion"]

    def start(self, video: Video, threshold: float, token: str) -> str:
        """Start the search, or get the job that this token started before."""
        stored: Any = {"Bucket": video.bucket, "Name": video.key}
        if video.version_id is not None:
            stored["Version"] = video.version_id
        answer = self._rekognition.start_face_search(
            Video={"S3Object": stored},
            CollectionId=self._collection_id,
            FaceMatchThreshold=threshold,
            ClientRequestToken=token,
            JobTag=video.video_id,
        )
        return answer["JobId"]

    def state(self, job_id: str) -> SearchState:
        """How a search stands, asked with as little of its result as can be."""
        answer = self._rekognition.get_face_search(JobId=job_id, MaxResults=1)
        message = answer.get("StatusMessage", "")
        # Rekognition tells neither; a face service of one's own may, in the message of a running search.
        percent, people = _PERCENT.search(message), _PEOPLE.search(message)
        return SearchState(
            status=answer["JobStatus"],
            message=message,
            percent=min(float(percent[1]), 100.0) if percent else None,
            people=int(people[1]) if people else None,
        )

    def pages(self, job_id: str) -> Iterator[Page]:
        """The whole result, sorted by time."""
        request: Any = {"JobId": job_id, "MaxResults": PAGE, "SortBy": "TIMESTAMP"}
        while True:
            answer = self._rekognition.get_face_search(**request)
            yield answer
            if not answer.get("NextToken"):
                return
            request["NextToken"] = answer["NextToken"]
