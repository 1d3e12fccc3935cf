"""The photos of an import: a folder or a zip file, from which nothing outside can be reached."""

import lzma
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import IO, Literal, Protocol

from attendance.enrolment import MAX_PHOTO_BYTES
from attendance.errors import RollcallError

MAX_ZIP_ENTRIES = 200_000
"""Names in one zip file; the list of them is read into memory."""
_SPELLINGS: tuple[Literal["NFC", "NFD"], ...] = ("NFC", "NFD")
"""Composed, as most write an ü, and decomposed, as macOS does in names of files."""
_SAYS_UTF_8 = 0x800
"""Of an entry's general purpose bits."""
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
"""What Python's zipfile raises of files that are damaged, encrypted or made by something newer."""


class PhotosError(RollcallError):
    """The folder or zip file as a whole cannot be used."""


class PhotoNotFoundError(RollcallError):
    """There is no such photo, or its name leads elsewhere."""


class PhotoUnreadableError(RollcallError):
    """The photo is there and cannot be read."""


class PhotoSource(Protocol):
    """Where photos are read by the name the roster gives."""

    def read(self, name: str) -> bytes:
        """The photo's bytes, one more than the limit at most; raises PhotoNotFoundError or PhotoUnreadableError."""


class FolderPhotos:
    """Photos in a folder and the folders below it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()

    def read(self, name: str) -> bytes:
        """The photo's bytes, one more than the limit at most.

        Raises:
            PhotoNotFoundError: no such file, or the name (or a link) leads out of the folder.
            PhotoUnreadableError: the file may not be read.
        """
        try:
            file = self._file(name)
            with file.open("rb") as stream:
                return stream.read(MAX_PHOTO_BYTES + 1)
        except (OSError, ValueError) as error:
            raise PhotoUnreadableError("the photo cannot be read") from error

    def _file(self, name: str) -> Path:
        """The file of a name, in whichever of Unicode's spellings the folder has it."""
        for form in _SPELLINGS:
            file = (self._folder / _inside(unicodedata.normalize(form, name))).resolve()
            if file.is_relative_to(self._folder) and file.is_file():
                return file
        raise _not_found()


class ZipPhotos:
    """Photos in a zip file, read one by one and never unpacked to the disk."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = _without_shared_top(archive.infolist())

    def read(self, name: str) -> bytes:
        """The photo's bytes, one more than the limit at most, whatever size the zip file claims or inflates to.

        Raises:
            PhotoNotFoundError: no such entry.
            PhotoUnreadableError: the entry is broken or encrypted.
        """
        entry = self._names.get(unicodedata.normalize("NFC", str(_inside(name))))
        if entry is None:
            raise _not_found()
        try:
            with self._archive.open(entry) as stream:
                return stream.read(MAX_PHOTO_BYTES + 1)
        except _BROKEN as error:
            raise PhotoUnreadableError("the photo in the zip file is broken or encrypted: zip it again") from error


@contextmanager
def open_photos(path: Path) -> Iterator[PhotoSource]:
    """The photos of a folder or a zip file.

    Raises:
        PhotosError: neither, or a zip file with far too many entries.
    """
    if path.is_dir():
        yield FolderPhotos(path)
        return
    with open_zip(path) as photos:
        yield photos


@contextmanager
def open_zip(file: Path | IO[bytes]) -> Iterator[ZipPhotos]:
    """The photos of a zip file.

    Raises:
        PhotosError: it is none, or has far too many entries.
    """
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise PhotosError("The photos must be a zip file that can be read: zip them again.") from error
    with archive:
        if len(archive.infolist()) > MAX_ZIP_ENTRIES:
            raise PhotosError(f"The zip file holds more than {MAX_ZIP_ENTRIES} files: split it.")
        yield ZipPhotos(archive)


def _inside(name: str) -> PurePosixPath:
    """The name as a path that cannot leave its place; backslashes are slashes, as Windows writes them."""
    path = PurePosixPath(name.replace("\\", "/"))
    if not path.parts or path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\x00" in name:
        raise _not_found()
    return path


def _without_shared_top(entries: list[zipfile.ZipInfo]) -> dict[str, str]:
    """Entries by name, in NFC; also without the one folder that zipping a folder puts above them all."""
    named = {_spelled(entry): entry.filename for entry in entries}
    files = {
        name: entry for name, entry in named.items() if not name.endswith("/") and not name.startswith("__MACOSX/")
    }
    names = {str(PurePosixPath(name)): entry for name, entry in files.items()}
    tops = {PurePosixPath(name).parts[0] for name in files if PurePosixPath(name).parts}
    if len(tops) == 1 and all("/" in name for name in files):
        names |= {str(PurePosixPath(*PurePosixPath(name).parts[1:])): entry for name, entry in files.items()}
    return names


def _spelled(entry: zipfile.ZipInfo) -> str:
    """An entry's name in NFC. macOS writes UTF-8 without saying so, and zipfile then reads it as code page 437."""
    name = entry.filename
    if not entry.flag_bits & _SAYS_UTF_8:
        with suppress(UnicodeError):
            name = name.encode("cp437").decode("utf-8")
    return unicodedata.normalize("NFC", name)


def _not_found() -> PhotoNotFoundError:
    return PhotoNotFoundError("there is no such file among the photos: check the column photo")
