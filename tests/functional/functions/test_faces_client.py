"""The face search behind its port, with answers as Rekognition gives them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from attendance.aws.faces import RekognitionFaceSearch
from attendance.model import Video
from tests.builders import SETTINGS, video


def searches(stubber: Stubber) -> RekognitionFaceSearch:
    client: Any = stubber.client
    return RekognitionFaceSearch(client, SETTINGS)


class TestFaces:
    """The face service, held against botocore's model of Rekognition by its stubber."""

    @pytest.fixture
    def rekognition(self) -> Iterator[Stubber]:
        with Stubber(boto3.client("rekognition", region_name="us-east-1")) as stubber:
            yield stubber
            stubber.assert_no_pending_responses()

    @pytest.mark.parametrize("version", ["v1", None])
    def test_a_search_is_started_for_the_version_with_a_token(self, rekognition: Stubber, version: str | None) -> None:
        stored = {"Bucket": video().bucket, "Name": video().key} | ({"Version": version} if version else {})
        wanted = {
            "Video": {"S3Object": stored},
            "CollectionId": "rollcall",
            "FaceMatchThreshold": 90.0,
            "ClientRequestToken": "token",
            "JobTag": video().video_id,
        }
        rekognition.add_response("start_face_search", {"JobId": "job-1"}, wanted)
        place = Video(**{**video().to_state(), "version_id": version})
        assert searches(rekognition).start(place, 90.0, "token") == "job-1"

    def test_waiting_asks_for_as_little_as_can_be(self, rekognition: Stubber) -> None:
        faces = searches(rekognition)
        for message, percent, people in (
            ("", None, None),
            ("40 percent of the video searched, people seen: 5", 40.0, 5),
            ("searching, 40 %", 40.0, None),
            ("12.5% done", 12.5, None),
            ("999%", 100.0, None),
            ("people seen: 12345678901", None, None),
            ("Waiting; earlier searches in progress: 3", None, None),
        ):
            answer = {"JobStatus": "IN_PROGRESS", "StatusMessage": message}
            rekognition.add_response("get_face_search", answer, {"JobId": "job-1", "MaxResults": 1})
            state = faces.state("job-1")
            assert (state.percent, state.people) == (percent, people)

    def test_every_page_is_asked_for_in_the_order_of_time(self, rekognition: Stubber) -> None:
        wanted = {"JobId": "job-1", "MaxResults": 1000, "SortBy": "TIMESTAMP"}
        rekognition.add_response("get_face_search", {"JobStatus": "SUCCEEDED", "NextToken": "two"}, wanted)
        rekognition.add_response("get_face_search", {"JobStatus": "SUCCEEDED"}, {**wanted, "NextToken": "two"})
        assert len(list(searches(rekognition).pages("job-1"))) == 2

    def test_errors_keep_the_names_that_the_machine_knows(self, rekognition: Stubber) -> None:
        rekognition.add_client_error("start_face_search", "LimitExceededException", http_status_code=400)
        with pytest.raises(ClientError, match="LimitExceededException") as raised:
            searches(rekognition).start(video(), 90.0, "token")
        assert type(raised.value).__name__ == "LimitExceededException"

    def test_the_model_is_the_collections(self, rekognition: Stubber) -> None:
        rekognition.add_response("describe_collection", {"FaceModelVersion": "7.0"}, {"CollectionId": "rollcall"})
        assert searches(rekognition).model() == "7.0"
