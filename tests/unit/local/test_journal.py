"""The journal's file: what it holds after any crash, any damage, any failure of the disk."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.journal import HEADER, MARK, Journal, JournalCorruptError, JournalError, frame

ENTRIES = st.lists(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner, max_size=3)), max_size=4)
GROUPS = st.lists(ENTRIES, max_size=4)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal"


def written(path: Path, *groups: list[object]) -> list[int]:
    """Append groups to a journal; its size after each."""
    journal = Journal(path)
    sizes = []
    for group in groups:
        journal.append(group)
        sizes.append(path.stat().st_size)
    journal.close()
    return sizes


def opened(path: Path) -> Iterator[Journal]:
    journal = Journal(path)
    yield journal
    journal.close()


def entries(path: Path) -> list[object]:
    return next(opened(path)).entries


@settings(max_examples=40, deadline=None)
@given(GROUPS, ENTRIES)
def test_cut_at_any_byte_of_its_last_frame_a_journal_holds_every_frame_before(
    groups: list[list[object]], last: list[object]
) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        sizes = [0, *written(path, *groups, last)]
        content = path.read_bytes()
        before = [entry for group in groups for entry in group]
        for length in range(sizes[-2], sizes[-1]):
            path.write_bytes(content[:length])
            assert entries(path) == before
            assert path.stat().st_size == sizes[-2]
        path.write_bytes(content)
        assert entries(path) == [*before, *last]


@settings(max_examples=40, deadline=None)
@given(GROUPS, st.binary(min_size=1, max_size=60))
def test_whatever_follows_the_last_frame_is_cut_off(groups: list[list[object]], rest: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal"
        size = [0, *written(path, *groups)][-1]
        path.write_bytes(path.read_bytes() + rest if groups else rest)
        journal = Journal(path)
        assert (journal.size, journal.torn) == (size, len(rest))
        assert path.with_suffix(".torn").read_bytes() == rest
        journal.close()


def test_after_a_torn_frame_new_frames_are_read_again(path: Path) -> None:
    written(path, [1])
    path.write_bytes(path.read_bytes() + frame(b"[2]")[:-1])
    written(path, [3])
    assert entries(path) == [1, 3]


def test_a_damaged_byte_before_the_last_frame_is_told_and_nothing_is_changed(path: Path) -> None:
    first, _ = written(path, ["a", "b"], ["c"])
    content = path.read_bytes()
    for place in range(first):
        damaged = content[:place] + bytes([content[place] ^ 0x40]) + content[place + 1 :]
        path.write_bytes(damaged)
        with pytest.raises(JournalCorruptError, match=r"journal is damaged: .* Restore the folder"):
            Journal(path)
        assert path.read_bytes() == damaged


def test_a_frame_inside_an_item_is_no_frame_of_the_journal(path: Path) -> None:
    hostile = frame(b"[]").decode("latin-1")
    size, _ = written(path, [hostile], [hostile])
    path.write_bytes(path.read_bytes()[: size + HEADER.size + 20])
    assert entries(path) == [hostile]


def test_a_whole_frame_that_holds_no_list_is_damage(path: Path) -> None:
    path.write_bytes(frame(b"{"))
    with pytest.raises(JournalCorruptError):
        Journal(path)


def test_a_length_that_lies_does_not_hide_the_next_frame(path: Path) -> None:
    path.write_bytes(HEADER.pack(MARK, 2**32 - 1, 0) + frame(b"[1]"))
    with pytest.raises(JournalCorruptError):
        Journal(path)


def test_a_restart_forgets_everything_and_goes_on(path: Path) -> None:
    journal = Journal(path)
    journal.append([1])
    kept = journal.set_aside("kept")
    journal.restart()
    assert path.stat().st_size == 0
    journal.append([2])
    journal.close()
    assert (entries(path), entries(kept)) == ([2], [1])


def test_a_journal_is_its_owners_only(path: Path) -> None:
    journal = Journal(path)
    journal.restart()
    journal.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_once_a_frame_could_not_be_written_no_other_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.append([1])
    real = os.write

    def full(file: int, content: bytes) -> int:
        if len(content) <= 5:
            raise OSError(28, "No space left on device")
        return real(file, content[:5])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(JournalError, match="No space left on device"):
            journal.append([2])
    with pytest.raises(JournalError, match="No space left"):
        journal.append([3])
    journal.close()
    assert entries(path) == [1]


def test_a_restart_that_may_be_undone_by_a_power_loss_takes_no_more_entries(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(path)
    journal.append([1])
    real = os.fsync

    def fails_for_folders(file: int) -> None:
        if stat.S_ISDIR(os.fstat(file).st_mode) and path.stat().st_size == 0:
            raise OSError(5, "Input/output error")
        real(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fails_for_folders)
        with pytest.raises(JournalError, match="Input/output error"):
            journal.restart()
    with pytest.raises(JournalError, match="Input/output error"):
        journal.append([2])
    journal.close()
