"""Lets a browser put videos into the bucket itself: the bytes never pass through a server of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from attendance.aws.addresses import UPLOAD_SECONDS, PostForm, origin, post_form, signing_client
from attendance.errors import RollcallError
from attendance.keys import upload_folder, video_key
from attendance.model import Place

MAX_VIDEO_BYTES = 10 * 2**30
"""The largest video a face search takes."""
MAX_FORM_BYTES = 5 * 2**30
"""The largest object that S3 takes in one request; more needs parts."""
PART_BYTES = 16 * 2**20
"""Of each part but the last; S3 wants at least 5 MB and at most 10,000 parts."""
SMALL_BYTES = 2 * PART_BYTES
"""Up to here a video is sent in one request, which is simply sent again when it fails."""
WATCH_SECONDS = 4 * 3600
"""How long the address of a video works."""


class UploadRefusedError(RollcallError):
    """The file cannot become a video of this course; the text says what to do."""


@dataclass(frozen=True)
class Ticket:
    """How to send one video: by `form` in one request, or in parts of the upload `upload_id`."""

    key: str
    form: PostForm | None
    upload_id: str


class VideoUploads:
    """Presigned uploads into the videos bucket."""

    def __init__(self, bucket: str) -> None:
        self._client = signing_client()
        self._bucket = bucket

    @cached_property
    def origin(self) -> str:
        """The bucket's scheme, host and port, for the browser's leave to send there."""
        return origin(self._client, self._bucket)

    def address(self, key: str, version_id: str | None) -> str:
        """Where a browser plays a video of the bucket, without an account, for as long as a review may take."""
        kind = "video/quicktime" if key.lower().endswith(".mov") else "video/mp4"
        asked: dict[str, str] = {"Key": key, "ResponseContentType": kind, "ResponseContentDisposition": "inline"}
        if version_id:
            asked["VersionId"] = version_id
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, **asked}, ExpiresIn=WATCH_SECONDS
        )

    def form(self, where: Place, then: str) -> PostForm:
        """A form whose file is kept under its own name, for browsers without scripts; `then` is where it leads."""
        prefix = upload_folder(where)
        named = [["starts-with", "$key", prefix]]
        return post_form(self._client, self._bucket, prefix + "${filename}", MAX_FORM_BYTES, then, named)

    def start(self, where: Place, name: str, size: int) -> Ticket:
        """Begin to upload a video of a class.

        Args:
            where: the class.
            name: of the file.
            size: of the file in bytes.

        Raises:
            UploadRefusedError: it is empty or too large.
            BadVideoKeyError: the name makes no key of a video; the message tells the right form.
        """
        if size <= 0:
            raise UploadRefusedError("The file is empty: check that the recording is complete.")
        if size > MAX_VIDEO_BYTES:
            raise UploadRefusedError("The video has more than 10 GB: save it smaller, or cut it into parts.")
        key = upload_folder(where) + name
        video_key(key)
        if size <= SMALL_BYTES:
            return Ticket(key, post_form(self._client, self._bucket, key, SMALL_BYTES), "")
        made = self._client.create_multipart_upload(Bucket=self._bucket, Key=key)
        return Ticket(key, None, made["UploadId"])

    def part(self, key: str, upload_id: str, number: int) -> str:
        """Where to PUT a part; numbers begin at 1."""
        return self._client.generate_presigned_url(
            "upload_part",
            Params={"Bucket": self._bucket, "Key": key, "UploadId": upload_id, "PartNumber": number},
            ExpiresIn=UPLOAD_SECONDS,
        )

    def finish(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        """Put the parts together; `etags` are those that the bucket answered with, in order.

        Raises:
            UploadRefusedError: a part is missing, or the upload is gone.
        """
        parts: Any = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, start=1)]
        try:
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload_id, MultipartUpload={"Parts": parts}
            )
        except self._client.exceptions.ClientError as error:
            raise UploadRefusedError("The upload is not complete any more: send the video again.") from error
