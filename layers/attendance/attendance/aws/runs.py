"""The executions of the state machine, the uploads they are about, and the sessions that tell of them."""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from boto3.dynamodb.conditions import Key

from attendance import keys
from attendance.aws.tables import query
from attendance.errors import ObjectNotFoundError
from attendance.model import VideoObject
from attendance.recovery import GOING_ON
from attendance.register import Session, session_from
from attendance.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import DynamoDBServiceResource
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_stepfunctions.client import SFNClient

PREFIX = "videos/"
"""As in the template's rule: only uploads under it start the state machine."""


class StepFunctionsRuns:
    """The executions of the settings' state machine."""

    def __init__(self, states: "SFNClient", settings: Settings) -> None:
        self._states = states
        self._machine = settings.state_machine_arn
        self._executions = self._machine.replace(":stateMachine:", ":execution:") + ":"

    def start(self, video: VideoObject, after: str) -> str:
        """Start a run of the video, or find the one that somebody else has just started after the same execution.

        The name of the execution derives from the one it follows, so that Step Functions itself refuses a second.
        """
        event = json.dumps(keys.upload_event(video), sort_keys=True)
        while True:
            name = _name(video, after)
            try:
                return self._states.start_execution(stateMachineArn=self._machine, name=name, input=event)[
                    "executionArn"
                ]
            except self._states.exceptions.ExecutionAlreadyExists:
                after = self._executions + name
            if self.status(after) in GOING_ON:
                return after

    def status(self, execution_arn: str) -> str | None:
        """How an execution stands; None when there is none, or none any more: they are kept for 90 days.

        Those of another machine, as in tables that were restored into another stack, are none either.
        """
        if not execution_arn.startswith(self._executions):
            return None
        try:
            return self._states.describe_execution(executionArn=execution_arn)["status"]
        except self._states.exceptions.ExecutionDoesNotExist:
            return None


class S3Uploads:
    """The settings' videos bucket."""

    def __init__(self, s3: "S3Client", settings: Settings) -> None:
        self._s3 = s3
        self._bucket = settings.videos_bucket

    def since(self, moment: datetime) -> Iterator[VideoObject]:
        """Every version under videos/ that was stored at that moment or later, in the order of their keys."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self._bucket, Prefix=PREFIX)
        for page in pages:
            for version in page.get("Versions", []):
                if version["LastModified"] >= moment:
                    yield VideoObject(
                        bucket=self._bucket,
                        key=version["Key"],
                        version_id=None if version["VersionId"] == "null" else version["VersionId"],
                        etag=version["ETag"].strip('"'),
                        size=version["Size"],
                        uploaded_at=version["LastModified"],
                    )

    def size_of(self, bucket: str, key: str, version_id: str | None, etag: str) -> int | None:
        """Bytes of one upload; None when the object is gone, or has other content by now."""
        version = {"VersionId": version_id} if version_id else {}
        try:
            found = self._s3.head_object(Bucket=bucket, Key=key, **version)  # type: ignore[arg-type]
        except ObjectNotFoundError:
            return None
        return found["ContentLength"] if found["ETag"].strip('"') == etag else None

    def versions_of(self, bucket: str, key: str, version_id: str | None, etag: str) -> list[str]:
        """The stored versions that are one upload: the named one, or where none was named those of its bytes."""
        pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=key)
        found = [version for page in pages for version in page.get("Versions", []) if version["Key"] == key]
        if version_id:
            return [version_id for version in found if version["VersionId"] == version_id]
        return [version["VersionId"] for version in found if version["ETag"].strip('"') == etag]

    def erase(self, bucket: str, key: str, version_id: str | None, etag: str) -> None:
        """Delete every stored version that is one upload; deleting without a version would only hide the object."""
        for version in self.versions_of(bucket, key, version_id, etag):
            self._s3.delete_object(Bucket=bucket, Key=key, VersionId=version)


class DynamoSessionReader:
    """The sessions of the settings' table, by key."""

    def __init__(self, dynamodb: "DynamoDBServiceResource", settings: Settings) -> None:
        self._table = dynamodb.Table(settings.sessions_table)

    def session(self, course_id: str, session_id: str) -> Session | None:
        """The session as it is now, or None."""
        key = {"course_id": course_id, "session_id": session_id}
        item = self._table.get_item(Key=key, ConsistentRead=True).get("Item")
        return session_from(item) if item else None

    def sessions_on(self, date: str) -> list[Session]:
        """Sessions of every course on one local date, as the index has them by now."""
        items = query(self._table, IndexName="by_date", KeyConditionExpression=Key("date").eq(date))
        return [session_from(item) for item in items]


def _name(video: VideoObject, after: str) -> str:
    """At most 80 characters of those that a name may have."""
    return f"{keys.video_id(video)}-{hashlib.sha256(after.encode()).hexdigest()[:32]}"
