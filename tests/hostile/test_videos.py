import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.hostile.conftest import DEADLINE_SECONDS, Target
from tests.hostile.fuzz import mutations
from tests.hostile.videos import FAILED, SUCCEEDED, encoded, video_cases

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "class-videos"
AT_ONCE = 15
FUZZED = 100
# What a person can do something about, never "see the log" or "ended unexpectedly".
REASONS = ("Upload the recording", "Upload it in 4K", "cut it into parts")


def endings(target: Target, s3: "S3Client", contents: Sequence[bytes]) -> Iterator[dict[str, Any]]:
    """The answers of GetFaceSearch once each search has ended."""
    for start in range(0, len(contents), AT_ONCE):
        jobs = []
        for number, content in enumerate(contents[start : start + AT_ONCE]):
            key = f"hostile-{number}"
            version = s3.put_object(Bucket=BUCKET, Key=key, Body=content)["VersionId"]
            video: Any = {"S3Object": {"Bucket": BUCKET, "Name": key, "Version": version}}
            jobs.append(target.client.start_face_search(CollectionId="attacked", Video=video)["JobId"])
        for job_id in jobs:
            yield ended(target, job_id)


def ended(target: Target, job_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while (answer := dict(target.client.get_face_search(JobId=job_id)))["JobStatus"] == "IN_PROGRESS":
        assert time.monotonic() < deadline, "the search hangs"
        time.sleep(0.02)
    return answer


@pytest.mark.timeout(600)
def test_each_hostile_video_ends_as_it_should_and_says_why(target: Target, s3: "S3Client", tmp_path: Path) -> None:
    cases = list(video_cases(tmp_path))
    wrong = {}
    for case, answer in zip(cases, endings(target, s3, [case.content for case in cases]), strict=True):
        reason = answer.get("StatusMessage", "")
        explained = answer["JobStatus"] == SUCCEEDED or any(known in reason for known in REASONS)
        if answer["JobStatus"] not in case.endings or not explained:
            wrong[case.name] = (answer["JobStatus"], reason)
    assert wrong == {}
    target.assert_healthy()


@pytest.mark.timeout(600)
def test_mutated_videos_end(target: Target, s3: "S3Client", tmp_path: Path) -> None:
    seeds = [encoded(tmp_path / f"seed.{suffix}", frames=10) for suffix in ("mp4", "mkv", "avi", "ts")]
    contents = list(mutations(seeds, FUZZED, seed=2))
    for answer in endings(target, s3, contents):
        assert answer["JobStatus"] in {SUCCEEDED, FAILED}
        assert "see its log" not in answer.get("StatusMessage", "")
    target.assert_healthy()
