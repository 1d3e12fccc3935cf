"""The journal's file: what was acknowledged since the last snapshot, in the order it happened.

A frame is a mark, the payload's length and a checksum, then the payload: a JSON list of entries. A frame is written
only after the one before it is on the disk, so that whatever a crash or a power loss tears is the last frame, and
nobody was told that its entries are kept. A bad frame with a good one behind it was therefore damaged later:
that is told, and nothing is thrown away.
"""

import json
import os
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MARK = b"\xffRCJ"
"""Begins a frame; payloads are ASCII, so that its first byte is never part of one."""
HEADER = struct.Struct(">4sII")
"""Mark, bytes of the payload, CRC-32 of these bytes' number and the payload."""

Entry = Any
"""Anything JSON holds."""


class JournalError(Exception):
    """The journal cannot be written."""


class JournalCorruptError(Exception):
    """The journal was damaged after it had been written."""


def frame(payload: bytes) -> bytes:
    """The payload as a frame of the file."""
    return HEADER.pack(MARK, len(payload), _checksum(payload)) + payload


def read(content: bytes) -> tuple[list[bytes], int]:
    """The payloads of all whole frames, and where the last of them ends.

    Raises:
        JournalCorruptError: a frame that is not the last one is damaged.
    """
    payloads, end = [], 0
    while (payload := _payload_at(content, end)) is not None:
        payloads.append(payload)
        end += HEADER.size + len(payload)
    _refuse_a_frame_behind(content, end)
    return payloads, end


class Journal:
    """A journal that is open for appending; its file is made when it is not there.

    Args:
        path: the file. Another process must not write it.

    Attributes:
        entries: what the file held when it was opened, the oldest first.
        torn: bytes of a last frame that was not written to its end; cut off, and kept beside the file as `.torn`.
        size: bytes of the file.

    Raises:
        JournalCorruptError: a frame that is not the last one is damaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        content = path.read_bytes() if path.exists() else b""
        try:
            payloads, self.size = read(content)
            self.entries: list[Entry] = [entry for payload in payloads for entry in json.loads(payload)]
        except (JournalCorruptError, ValueError, TypeError) as error:
            raise JournalCorruptError(
                f"The journal {path} is damaged: {error} It was left as it is. Restore the folder from a backup; or "
                "move the file away, to go on without what was written since the last clean stop."
            ) from error
        self.torn = len(content) - self.size
        if self.torn:
            path.with_suffix(".torn").write_bytes(content[self.size :])
        self._file = self._opened(path, self.size)
        self._failure = ""

    def append(self, entries: Sequence[Entry]) -> None:
        """Write one frame; its entries outlive the process and the power when this returns.

        Raises:
            JournalError: they may not; and nothing can be appended any more, for the file may end in half a frame.
        """
        if self._failure:
            raise JournalError(self._failure)
        written = frame(json.dumps(entries, separators=(",", ":")).encode("ascii"))
        try:
            _write(self._file, written)
            os.fsync(self._file)
        except OSError as error:
            self._failure = f"{self._path} cannot be written ({error.strerror}): see to the disk, then start again."
            raise JournalError(self._failure) from error
        self.size += len(written)

    def restart(self) -> None:
        """Forget every entry at once: afterwards all are gone, or all are still there when this is cut short.

        Raises:
            JournalError: they are still there, or may be after a power loss.
        """
        draft = self._path.with_suffix(".new")
        try:
            opened = self._opened(draft, 0)
            draft.replace(self._path)
        except OSError as error:
            raise JournalError(f"{self._path} cannot be replaced ({error.strerror}).") from error
        os.close(self._file)
        self._file, self._failure, self.size, self.entries = opened, "", 0, []
        try:
            sync_folder(self._path.parent)
        except OSError as error:  # after a power loss the former file may be back, without what is appended from now on
            self._failure = f"{self._path} may not be replaced ({error.strerror}): see to the disk, then start again."
            raise JournalError(self._failure) from error

    def set_aside(self, name: str) -> Path:
        """Keep a copy of the file beside it; the copy."""
        kept = self._path.with_name(name)
        kept.hardlink_to(self._path)  # a restart makes a new file, so that this one stays as it is
        return kept

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    @staticmethod
    def _opened(path: Path, size: int) -> int:
        """The file cut to its whole frames, with its name on the disk."""
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.ftruncate(file, size)
        os.fsync(file)
        sync_folder(path.parent)
        return file


def sync_folder(path: Path) -> None:
    """Bring the names in a folder to the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest) :]


def _payload_at(content: bytes, start: int) -> bytes | None:
    """The payload of the frame at `start`, or None when there is no whole and undamaged one."""
    if len(content) - start < HEADER.size:
        return None
    mark, length, checksum = HEADER.unpack_from(content, start)
    payload = content[start + HEADER.size : start + HEADER.size + length]
    whole = mark == MARK and len(payload) == length and checksum == _checksum(payload)
    return payload if whole else None


def _refuse_a_frame_behind(content: bytes, end: int) -> None:
    later = content.find(MARK, end + 1)
    while later != -1:
        if _payload_at(content, later) is not None:
            raise JournalCorruptError(f"byte {end} begins no frame, but byte {later} does.")
        later = content.find(MARK, later + 1)


def _checksum(payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(len(payload).to_bytes(4, "big")))
