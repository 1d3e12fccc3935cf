"""An ASGI application in front of the emulated AWS, which makes what it acknowledged of S3 outlive a power loss.

MiniStack writes an object's body and description before it answers, which a kill cannot undo; but it leaves them in
the system's memory. Here they are on the disk, with the copy of the version they replace and the names of their
folders, before the client is told. That is a handful of fsyncs for each object, off the event loop.

Where a request does not say which file it changed, everything that the system holds in memory is brought to the disk.
"""

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from local.journal import sync_folder
from local.journal_calls import Answer, App, header
from local.journal_objects import DESCRIPTION, VERSIONS

CHANGES = frozenset({"PUT", "POST", "DELETE"})
SYNCS_AT_ONCE = 4
"""Threads of their own: those of the event loop may all be taken by functions that wait for an object to be kept."""
_REFUSED = 400
_LAST_VERSIONS = 2
"""The current one and the one it replaced, which is copied in the same request."""


class DurableObjects:
    """The application whose objects are durable.

    Args:
        app: the emulated AWS.
        folder: of all objects, as `local.journal_objects` describes it.
    """

    def __init__(self, app: App, folder: Path) -> None:
        self._app = app
        self._folder = folder
        self._threads = ThreadPoolExecutor(SYNCS_AT_ONCE, thread_name_prefix="objects")

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serve a request or a lifespan, as ASGI has it."""
        buckets = self._buckets(scope)
        if not buckets:
            await self._app(scope, receive, send)
            return
        refused = False

        async def sent(message: Any) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] < _REFUSED:
                key = _key_of(scope, message)
                try:
                    await asyncio.get_running_loop().run_in_executor(self._threads, self._keep, buckets, key, scope)
                except OSError as error:
                    refused = True
                    await _failed(error).send(send)
            if not refused:
                await send(message)

        await self._app(scope, receive, sent)

    def _buckets(self, scope: Mapping[str, Any]) -> list[Path]:
        """The folders of the bucket that a request may change, one for each account that has it; none for others."""
        if scope["type"] != "http" or scope["method"] not in CHANGES or header(scope, b"x-amz-target"):
            return []
        name = scope["path"].split("/")[1] if "/" in scope["path"] else ""
        is_part = b"partNumber=" in scope["query_string"]  # kept in memory until the upload is completed
        if is_part or not name or name.startswith(".") or not self._folder.is_dir():
            return []
        accounts = (folder for folder in self._folder.iterdir() if folder.name != VERSIONS)
        return [account / name for account in accounts if _is(Path.is_dir, account / name)]

    def _keep(self, buckets: list[Path], key: str, scope: Mapping[str, Any]) -> None:
        """Bring what a request changed to the disk.

        Raises:
            OSError: it may not be there.
        """
        if not key and scope["method"] == "PUT":
            return  # of the bucket itself, which the snapshot keeps
        if not key or not set(key.split("/")).isdisjoint({"", ".", ".."}):
            os.sync()
            return
        files = [file for bucket in buckets for file in self._files(bucket, key)]
        if not files and scope["method"] != "DELETE":
            os.sync()  # under another name than its key, which a path cannot hold
        for file in files:
            _sync(file)
        for folder in {folder for bucket in buckets for file in (bucket / key, *files) for folder in file.parents}:
            if folder.is_relative_to(self._folder) and _is(Path.is_dir, folder):
                sync_folder(folder)

    def _files(self, bucket: Path, key: str) -> Iterator[Path]:
        body = bucket / key
        description = body.with_name(body.name + DESCRIPTION)
        copies = self._folder / VERSIONS / bucket.parent.name / bucket.name
        candidates = [body, description, *(copies / version / key for version in _last_versions(description))]
        yield from (file for file in candidates if _is(Path.is_file, file))


def _key_of(scope: Mapping[str, Any], answer: Mapping[str, Any]) -> str:
    """The key of the object that a request was about, empty where it is not told.

    A browser's form names it inside; the answer to that tells it, as an address or in what the browser is led to.
    """
    if key := scope["path"].partition("/")[2].partition("/")[2]:
        return str(key)
    location = next((value for name, value in answer["headers"] if name.lower() == b"location"), b"").decode("latin-1")
    address = urlsplit(location)
    return parse_qs(address.query).get("key", [unquote(address.path).lstrip("/")])[-1]


def _last_versions(description: Path) -> list[str]:
    with suppress(OSError, ValueError):
        versions = json.loads(description.read_bytes()).get("versions", [])[-_LAST_VERSIONS:]
        return [str(version.get("version_id")) for version in versions]
    return []


def _is(what: Callable[[Path], bool], path: Path) -> bool:
    """Whether a path is something; none is that is too long, or holds a character that no name can."""
    try:
        return what(path)
    except (OSError, ValueError):
        return False


def _sync(file: Path) -> None:
    with suppress(FileNotFoundError):  # another request has replaced or deleted it, and answers for that
        opened = os.open(file, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def _failed(error: OSError) -> Answer:
    message = f"The object may be lost with the power: {error.strerror}. See to the disk."
    body = f"<?xml version='1.0'?><Error><Code>InternalError</Code><Message>{message}</Message></Error>"
    return Answer(500, ((b"content-type", b"application/xml"),), body.encode())
