"""Snapshots that are whole or not there: the emulated AWS's own state files, kept twice while they are replaced.

It replaces its files one after another, brings none of them to the disk and only logs what it could not write.
So hard links to the former files, the code of functions among them, are kept in `state.before` until the new ones are
known to be complete and on the disk; whoever finds that folder at a start goes back to it. Removing it is the moment
from which the new ones count.
"""

import os
import shutil
from pathlib import Path

from local.journal import sync_folder

TABLES = "dynamodb.json"
_UNFINISHED = {".tmp", ".lock"}


class SnapshotError(Exception):
    """The state could not be saved; the snapshot before it still counts."""


class Snapshots:
    """The snapshots of the emulated AWS.

    Args:
        folder: the emulator's; its state is in `state` there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._state = folder / "state"
        self._before = folder / "state.before"
        self._draft = folder / "state.draft"
        self._done = folder / "state.done"

    def exists(self) -> bool:
        """Whether any state was ever saved."""
        kept = self._before if self._before.exists() else self._state
        return kept.exists() and any(kept.iterdir())

    def table_bytes(self) -> int:
        """How much of the last snapshot is tables."""
        file = self._state / TABLES
        return file.stat().st_size if file.exists() else 0

    def recover(self) -> bool:
        """Go back to the last whole snapshot; whether there was half of a newer one."""
        shutil.rmtree(self._draft, ignore_errors=True)
        shutil.rmtree(self._done, ignore_errors=True)
        if not self._before.exists():
            return False
        shutil.rmtree(self._state, ignore_errors=True)
        if any(self._before.iterdir()):
            self._before.rename(self._state)
        else:  # it was the very first
            self._before.rmdir()
        sync_folder(self._folder)
        return True

    def begin(self) -> None:
        """Keep the files as they are, before the emulated AWS replaces them.

        Raises:
            SnapshotError: they cannot be kept; nothing was changed.
        """
        try:
            self.recover()
            self._draft.mkdir()
            for file in self._files():
                kept = self._draft / file.relative_to(self._state)
                kept.parent.mkdir(exist_ok=True)
                kept.hardlink_to(file)
            _sync(self._draft)
            self._draft.rename(self._before)
            sync_folder(self._folder)
        except OSError as error:
            raise SnapshotError(f"{self._folder} cannot be written ({error.strerror}).") from error

    def complete(self) -> None:
        """Let the new files count.

        Raises:
            SnapshotError: not all are new; the former ones are back.
        """
        try:
            self._refuse_half()
            self._to_disk()
            self._before.rename(self._done)
            sync_folder(self._folder)
        except (OSError, SnapshotError) as error:
            self.recover()
            raise SnapshotError(str(error)) from error
        shutil.rmtree(self._done, ignore_errors=True)

    def _refuse_half(self) -> None:
        missing = [file.name for file in self._before.glob("*.json") if not self._is_new(file)]
        if not (self._state / TABLES).exists():
            missing.append(TABLES)
        if missing:
            raise SnapshotError(f"{', '.join(missing)} in {self._state} could not be written: see to the disk.")

    def _files(self) -> list[Path]:
        if not self._state.exists():
            return []
        return [file for file in self._state.rglob("*") if file.is_file() and file.suffix not in _UNFINISHED]

    def _is_new(self, former: Path) -> bool:
        """Whether a state file was replaced, which gives it another inode: the former one's is still in use."""
        file = self._state / former.name
        return file.exists() and not file.samefile(former)

    def _to_disk(self) -> None:
        for file in self._files():
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
        _sync(self._state)


def _sync(folder: Path) -> None:
    """Bring the names of all files in the folder to the disk."""
    for inner in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        sync_folder(inner)
