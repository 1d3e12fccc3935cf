"""Snapshots are whole or not there, wherever they are cut short."""

from pathlib import Path

import pytest

from local.journal_snapshot import SnapshotError, Snapshots


class Emulator:
    """Writes its state as the emulated AWS does: a file at a time, each replaced by a finished draft."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"

    def save(self, content: str, *names: str) -> None:
        self.state.mkdir(exist_ok=True)
        for name in names or ("dynamodb.json", "s3.json"):
            draft = self.state / f"{name}.tmp"
            draft.write_text(content)
            draft.replace(self.state / name)

    def read(self) -> dict[str, str]:
        return {file.name: file.read_text() for file in self.state.iterdir()} if self.state.exists() else {}


OLD = {"dynamodb.json": "old", "s3.json": "old"}
NEW = {"dynamodb.json": "new", "s3.json": "new"}


@pytest.fixture
def emulator(tmp_path: Path) -> Emulator:
    return Emulator(tmp_path)


def started(folder: Path) -> Snapshots:
    """As of a new process."""
    snapshots = Snapshots(folder)
    snapshots.recover()
    return snapshots


def test_a_completed_snapshot_counts(tmp_path: Path, emulator: Emulator) -> None:
    emulator.save("old")
    snapshots = started(tmp_path)
    snapshots.begin()
    emulator.save("new")
    snapshots.complete()
    assert not Snapshots(tmp_path).recover()
    assert emulator.read() == NEW
    assert {path.name for path in tmp_path.iterdir()} == {"state"}


@pytest.mark.parametrize("names", [(), ("s3.json",), ("dynamodb.json", "s3.json")])
def test_a_snapshot_cut_short_is_undone(tmp_path: Path, emulator: Emulator, names: tuple[str, ...]) -> None:
    emulator.save("old")
    started(tmp_path).begin()
    if names:
        emulator.save("new", *names)
    (emulator.state / "dynamodb.json.tmp").write_text("half")
    assert Snapshots(tmp_path).exists()
    assert Snapshots(tmp_path).recover()
    assert emulator.read() == OLD


def test_what_lies_in_folders_of_the_state_comes_back_too(tmp_path: Path, emulator: Emulator) -> None:
    emulator.save("old")
    code = emulator.state / "lambda-blobs" / "0a1b.zip"
    code.parent.mkdir()
    code.write_bytes(b"code")
    started(tmp_path).begin()
    emulator.save("new")
    code.unlink()  # as the emulated AWS does with the code of a function that has other code now
    Snapshots(tmp_path).recover()
    assert code.read_bytes() == b"code"
    assert (emulator.state / "dynamodb.json").read_text() == "old"


def test_the_first_snapshot_cut_short_leaves_none(tmp_path: Path, emulator: Emulator) -> None:
    started(tmp_path).begin()
    emulator.save("new", "s3.json")
    assert not Snapshots(tmp_path).exists()
    assert Snapshots(tmp_path).recover()
    assert not emulator.state.exists()


def test_a_way_back_that_is_cut_short_is_gone_to_its_end(tmp_path: Path, emulator: Emulator) -> None:
    emulator.save("old")
    started(tmp_path).begin()
    for file in emulator.state.iterdir():
        file.unlink()
    emulator.state.rmdir()
    assert Snapshots(tmp_path).exists()
    assert Snapshots(tmp_path).recover()
    assert emulator.read() == OLD


def test_a_snapshot_cut_short_while_it_began_changes_nothing(tmp_path: Path, emulator: Emulator) -> None:
    emulator.save("old")
    (tmp_path / "state.draft").mkdir()
    snapshots = started(tmp_path)
    snapshots.begin()
    emulator.save("new")
    snapshots.complete()
    assert emulator.read() == NEW


@pytest.mark.parametrize("name", ["dynamodb.json", "s3.json"])
def test_a_file_that_was_not_replaced_undoes_the_others(tmp_path: Path, emulator: Emulator, name: str) -> None:
    emulator.save("old")
    snapshots = started(tmp_path)
    snapshots.begin()
    emulator.save("new", name)
    missing = (OLD.keys() - {name}).pop()
    with pytest.raises(SnapshotError, match=missing):
        snapshots.complete()
    assert emulator.read() == OLD


def test_a_snapshot_without_tables_is_none(tmp_path: Path, emulator: Emulator) -> None:
    snapshots = started(tmp_path)
    snapshots.begin()
    emulator.save("new", "s3.json")
    with pytest.raises(SnapshotError, match=r"dynamodb\.json"):
        snapshots.complete()
    assert not snapshots.exists()
