"""Stages, memory, measuring processes, and the report."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console

from attendance.model import Thresholds
from bench import searching, speed, stages
from bench.__main__ import bands, main, overrides
from bench.memory import peak_mb
from bench.people import Person
from bench.report import Report, machine, shown
from bench.scene import Options
from rekognition_local.engine import FaceEngine, Gallery


def test_every_stage_of_the_engine_is_known_by_its_present_name() -> None:
    with stages.measured():
        for module, name in stages.HOOKS.values():
            assert stages._places(f"rekognition_local.engine.{module}", name), f"{module}.{name} is gone: update HOOKS"


def test_a_stage_whose_function_is_gone_is_left_out() -> None:
    assert stages._places("rekognition_local.engine.nothing", "f") == []
    assert stages._places("rekognition_local.engine.gallery", "Nothing.search") == []
    assert stages._places("rekognition_local.engine.gallery", "Gallery.nothing") == []


def test_stages_are_timed_only_inside_the_context() -> None:
    gallery, probe = Gallery(["a"], np.eye(1, 128, dtype=np.float32)), np.eye(1, 128, dtype=np.float32)
    before = Gallery.search
    with stages.measured() as clock:
        assert Gallery.search is not before
        assert gallery.search(probe, 1, 80)[0][0].face_id == "a"
    spent = dict(clock.seconds)
    gallery.search(probe, 1, 80)
    assert Gallery.search is before
    assert clock.seconds == spent
    assert spent["search"] > 0


def test_the_time_to_get_each_item_counts_and_the_time_between_does_not() -> None:
    clock = stages.Clock()

    def slow() -> Iterator[int]:
        for number in range(3):
            time.sleep(0.01)
            yield number

    for _ in clock.wrapped("decode", slow)():
        time.sleep(0.05)
    assert 0.03 <= clock.seconds["decode"] < 0.15


def test_the_peak_of_memory_rises_with_what_is_held() -> None:
    before = peak_mb()
    held = np.ones(100_000_000, np.uint8)
    assert held[-1] == 1
    assert peak_mb() - before + 51 > 50
    assert peak_mb() >= 100


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(speed.MeasurementError, match="no such thing"):
        speed.measured([sys.executable, "-c", "raise SystemExit('no such thing')"])


def test_a_process_is_not_charged_for_its_parents_memory() -> None:
    held = np.ones(400_000_000, np.uint8)
    command = "import json; from bench.memory import peak_mb; print('noise'); print(json.dumps({'mb': peak_mb()}))"
    assert speed.measured([sys.executable, "-c", command])["mb"] < 100
    assert held[0] == 1


def test_one_search_is_measured_in_a_process_of_its_own() -> None:
    (row,) = searching.run([500])
    assert row["faces"] == 500
    assert 0 < row["search ms"] <= row["p95 ms"]
    assert row["peak MB"] > 20


def test_the_engine_is_measured_beside_decoding(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    with speed.lab(people, tiny, engine, tmp_path, Thresholds(92, 80)) as place:
        folder = place.folder
        rows, told = speed.beside_peers(place, with_peers=False)
        assert len(list((folder / "photos").iterdir())) == 4
    assert not folder.exists()
    assert [row["what"] for row in rows] == ["Rollcall, first video", "Rollcall, next video", "decoding all frames"]
    assert (rows[0]["precision"], rows[0]["recall"]) == (1.0, 1.0)
    assert rows[2]["of decoding"] == 1.0
    assert rows[0]["faster than face_recognition"] is None
    assert {row["stage"] for row in told} >= {"decode", "detect and describe", "embed", "search", "the rest"}


def test_stage_shares_tell_of_the_second_run_and_leave_a_rest() -> None:
    rows = speed.stage_rows({"again_s": 10.0, "stages": {"decode": 4.0, "detect": 5.0, "- of it the network": 3.0}})
    assert [row["share of wall"] for row in rows] == [0.4, 0.5, 0.3, 0.1]


def test_the_report_keeps_every_table_with_the_machine(tmp_path: Path) -> None:
    console = Console(record=True, width=100)
    report = Report(console, ["speed"])
    report.add("speed", [{"what": "a", "s": 1.23456}, {"what": "b", "ratio": None}], "Fast")
    content = json.loads(report.write(tmp_path / "new").read_text())
    assert content["tables"] == {"speed": [{"what": "a", "s": 1.23456}, {"what": "b", "ratio": None}]}
    assert content["command"] == ["speed"]
    assert content["machine"] == {**machine(), "load": content["machine"]["load"]}
    assert "1.235" in console.export_text()


@pytest.mark.parametrize(("value", "text"), [(None, "-"), (0.000123456, "0.0001235"), (123456.7, "123,457"), (3, "3")])
def test_numbers_are_shown_short(value: object, text: str) -> None:
    assert shown(value) == text


def test_face_heights_are_read() -> None:
    assert bands(None, None, ["40-110", "24-40"]) == {"40-110 px": (40, 110), "24-40 px": (24, 40)}


@pytest.mark.parametrize("text", ["", "40", "110-40", "a-b", "0-10", "40-5000", "nan-nan"])
def test_wrong_face_heights_are_refused(text: str) -> None:
    result = CliRunner().invoke(main, ["register", "--face", text])
    assert result.exit_code == 2
    assert "must rise" in result.output or "is not like" in result.output


def test_an_unusable_folder_of_people_is_told_in_one_line(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["accuracy", "--people", str(tmp_path), "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "one folder per person" in result.output
    assert "Traceback" not in result.output


def test_scene_options_are_read_by_name_and_type() -> None:
    assert overrides(None, None, ["codec=libx265", "noise=4", "seconds=90"]) == {
        "codec": "libx265",
        "noise": 4.0,
        "seconds": 90,
    }


@pytest.mark.parametrize("text", ["colour=red", "seconds=long", "seconds", "=5", ""])
def test_wrong_scene_options_are_refused(text: str) -> None:
    result = CliRunner().invoke(main, ["register", "--scene", text])
    assert result.exit_code == 2
    assert "is none of" in result.output or "must be int" in result.output


def test_parts_of_a_lecture_are_measured_with_their_growth(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    options = replace(tiny, blocks=2, seconds=120, frame_rate=1)
    with speed.lab(people, options, engine, tmp_path, Thresholds(92, 80)) as place:
        rows = speed.lengths(place, [1, 2])
        assert [row["minutes"] for row in rows] == [1, 2, "grows as n^"]
        assert all(row["peak MB"] > 50 and row["first s"] > 0 for row in rows[:2])
        assert place.made.video.exists()


def test_a_collection_is_filled_with_strangers_to_its_size(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    with speed.lab(people, tiny, engine, tmp_path, Thresholds(92, 80)) as place:
        rows = speed.collections(place, [4, 500])
        with np.load(place.folder / "gallery-500.npz") as stored:
            assert len(set(stored["ids"])) == len(stored["rows"]) == 500
    assert [row["enrolled"] for row in rows] == [4, 500, "grows as n^"]
