"""Imports that people began in the browser: their photos and how far they are, in the work bucket.

A request does a few seconds of an import and keeps what came of it, so that an import outlives requests, restarts and
closed browsers. The files hold faces: they are erased as soon as the import is done or given up.
"""

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any

from attendance.aws.addresses import PostForm, origin, post_form, signing_client
from attendance.importing import RosterLine

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

PREFIX = "_imports/"
"""No course_id starts with an underscore, so that no session's documents are under it."""
MAX_ZIP_BYTES = 256 * 1024 * 1024
"""Of the photos of one import: about a thousand. Larger classes are imported with the command line."""
_STATE = "/state.json"
_READ_AHEAD = 1024 * 1024
"""Bytes that are fetched at once of a zip file: a photo is rarely larger."""


@dataclass(frozen=True)
class LineReport:
    """What became of one line: `done` as of `importing.Outcome`, `problem` is why not."""

    number: int
    student_id: str
    done: str
    problem: str
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Import:
    """One import.

    Attributes:
        actor: who began it.
        is_dry_run: it only checks.
        consent_day: the day (YYYY-MM-DD) on which the students agreed.
        reports: one for each line that is done, in order.
        is_given_up: the lines without a report are not done any more.
    """

    import_id: str
    course_id: str
    actor: str
    is_dry_run: bool
    consent_day: str
    lines: tuple[RosterLine, ...]
    reports: tuple[LineReport, ...] = field(default=())
    is_given_up: bool = False

    @property
    def is_done(self) -> bool:
        """Whether nothing more is done of it: every line has its report, or it was given up."""
        return self.is_given_up or len(self.reports) >= len(self.lines)

    @property
    def left(self) -> Sequence[RosterLine]:
        """The lines to do, in order."""
        return self.lines[len(self.reports) :]


class S3Imports:
    """The imports in the work bucket."""

    def __init__(self, bucket: str) -> None:
        self._client = signing_client()
        self._bucket = bucket

    @cached_property
    def origin(self) -> str:
        """The bucket's scheme, host and port, for the browser's leave to send there."""
        return origin(self._client, self._bucket)

    def photos_form(self, import_id: str, then: str = "") -> PostForm:
        """A form by which a browser sends the zip file itself; it is led to `then`, if that is given."""
        return post_form(self._client, self._bucket, _photos_key(import_id), MAX_ZIP_BYTES, then)

    def has_photos(self, import_id: str) -> bool:
        """Whether the zip file is there."""
        return self._photos_size(import_id) is not None

    def photos(self, import_id: str) -> IO[bytes] | None:
        """The zip file, of which only what is read is fetched; None when it is not there."""
        size = self._photos_size(import_id)
        if size is None:
            return None
        remote = _RemoteFile(self._client, self._bucket, _photos_key(import_id), size)
        return io.BufferedReader(remote, _READ_AHEAD)

    def save(self, state: Import) -> None:
        """Keep how far an import is."""
        body = json.dumps(asdict(state), ensure_ascii=False).encode()
        self._client.put_object(Bucket=self._bucket, Key=_state_key(state.import_id), Body=body)

    def load(self, import_id: str) -> Import | None:
        """An import, or None."""
        try:
            stored = self._client.get_object(Bucket=self._bucket, Key=_state_key(import_id))
        except self._client.exceptions.NoSuchKey:
            return None
        state: dict[str, Any] = json.load(stored["Body"])
        lines = tuple(RosterLine(**line) for line in state.pop("lines"))
        reports = tuple(
            LineReport(**report | {"warnings": tuple(report["warnings"])}) for report in state.pop("reports")
        )
        return Import(**state, lines=lines, reports=reports)

    def unfinished(self, most: int) -> list[Import]:
        """Of the imports that were worked on last, those that can be gone on with or still have their photos."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=PREFIX)
        changed = {item["Key"]: item["LastModified"] for page in pages for item in page.get("Contents", ())}
        states = [key for key in sorted(changed, key=lambda key: changed[key], reverse=True) if key.endswith(_STATE)]
        ids = [key.removeprefix(PREFIX).removesuffix(_STATE) for key in states[:most]]
        found = [state for import_id in ids if (state := self.load(import_id))]
        return [state for state in found if not state.is_done or _photos_key(state.import_id) in changed]

    def erase_photos(self, import_id: str) -> None:
        """Erase the zip file; nothing when it is not there."""
        self._client.delete_object(Bucket=self._bucket, Key=_photos_key(import_id))

    def _photos_size(self, import_id: str) -> int | None:
        try:
            return self._client.head_object(Bucket=self._bucket, Key=_photos_key(import_id))["ContentLength"]
        except self._client.exceptions.ClientError:
            return None


class _RemoteFile(io.RawIOBase):
    """An object of a bucket as a file that can be read anywhere."""

    def __init__(self, client: "S3Client", bucket: str, key: str, size: int) -> None:
        self._client, self._bucket, self._key = client, bucket, key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning of the file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        last = min(self._at + len(buffer), self._size) - 1
        if last < self._at:
            return 0
        span = f"bytes={self._at}-{last}"
        found = self._client.get_object(Bucket=self._bucket, Key=self._key, Range=span)["Body"].read()
        buffer[: len(found)] = found
        self._at += len(found)
        return len(found)


def photos_beside(key: str) -> str | None:
    """The key of the photos of the import that a key is the state of; None for other keys."""
    is_state = key.startswith(PREFIX) and key.endswith(_STATE)
    return _photos_key(key.removeprefix(PREFIX).removesuffix(_STATE)) if is_state else None


def _photos_key(import_id: str) -> str:
    return f"{PREFIX}{import_id}/photos.zip"


def _state_key(import_id: str) -> str:
    return f"{PREFIX}{import_id}{_STATE}"
