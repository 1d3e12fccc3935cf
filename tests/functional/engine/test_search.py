import threading
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from rekognition_local.engine import (
    FaceEngine,
    Gallery,
    InvalidVideoError,
    SearchProgress,
    VideoSearchResult,
    decode_picture,
)
from rekognition_local.engine.runtime import CORES
from rekognition_local.engine.search import ordered, search_video
from tests.functional.engine.videos import write_video


def search(path: Path, engine: FaceEngine, gallery: Gallery, threshold: float = 80) -> VideoSearchResult:
    return search_video(path, engine, gallery, threshold, lambda percent: None)


def names(result: VideoSearchResult) -> dict[int, set[str]]:
    """The enrolled faces each person of a video matched."""
    found: dict[int, set[str]] = defaultdict(set)
    for sighting in result.persons:
        found[sighting.index] |= {match.face_id for match in sighting.matches}
    return dict(found)


def portrait(pictures: Path, name: str, size: int = 320) -> NDArray[np.uint8]:
    """The upper square of a portrait."""
    image = decode_picture((pictures / name).read_bytes())
    side = min(image.shape[:2])
    return np.asarray(cv2.resize(image[:side, :side], (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def test_the_man_enrolled_by_photo_is_found_in_his_footage(
    engine: FaceEngine, gallery: Gallery, pictures: Path
) -> None:
    result = search(pictures / "man.mp4", engine, gallery, threshold=99)
    assert names(result) == {0: {"man"}}
    assert len(result.persons) >= 4
    assert [sighting.timestamp_ms for sighting in result.persons] == sorted(s.timestamp_ms for s in result.persons)
    assert result.metadata.duration_ms == 2400


def test_a_stranger_is_one_person_without_a_name(engine: FaceEngine, gallery: Gallery, pictures: Path) -> None:
    result = search(pictures / "woman.mp4", engine, gallery)
    assert names(result) == {0: set()}
    assert result.persons[-1].timestamp_ms > 17_500  # of 19.7 s, looked at about every second


def test_footage_without_people_has_no_persons(engine: FaceEngine, gallery: Gallery, pictures: Path) -> None:
    assert search(pictures / "no_face.mp4", engine, gallery).persons == ()


def test_an_empty_gallery_still_tells_who_is_there(engine: FaceEngine, pictures: Path) -> None:
    assert names(search(pictures / "man.mp4", engine, Gallery())) == {0: set()}


def test_people_following_each_other_at_one_place_are_told_apart(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    shown = [portrait(pictures, name) for name in ("obama2.jpg", "biden.jpg", "collins.png", "obama3.jpg")]
    video = write_video(tmp_path / "v.mp4", [image for image in shown for _ in range(15)])
    result = search(video, engine, gallery, threshold=92)
    assert sorted(map(sorted, names(result).values())) == [["biden"], ["collins"], ["obama"]]
    obama = {s.timestamp_ms for s in result.persons if s.matches and s.matches[0].face_id == "obama"}
    assert min(obama) == 0
    assert max(obama) >= 5000
    assert not any(1500 <= moment < 4500 for moment in obama)


def test_people_side_by_side_each_get_their_own_name(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    row = np.hstack([portrait(pictures, name) for name in ("obama2.jpg", "biden.jpg", "collins.png")])
    result = search(write_video(tmp_path / "v.mp4", [row] * 12), engine, gallery, threshold=92)
    by_place = {round(3 * s.box.left): s.matches[0].face_id for s in result.persons}
    assert by_place == {0: "obama", 1: "biden", 2: "collins"}


def test_in_one_picture_a_name_is_given_to_one_face_only(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    row = np.hstack([portrait(pictures, "obama2.jpg"), portrait(pictures, "obama3.jpg")])
    result = search(write_video(tmp_path / "v.mp4", [row] * 12), engine, gallery)
    moments: dict[int, list[str]] = defaultdict(list)
    for sighting in result.persons:
        moments[sighting.timestamp_ms] += [match.face_id for match in sighting.matches]
    assert len(names(result)) == 2
    assert all(found == ["obama"] for found in moments.values())


def test_a_face_too_small_is_somebody_but_never_named(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    scene = np.full((180, 240, 3), 128, np.uint8)
    scene[40:100, 70:130] = portrait(pictures, "collins.png", 60)
    video = write_video(tmp_path / "v.mp4", [scene] * 12)
    result = search(video, engine, gallery, threshold=0)
    assert len(result.persons) >= 2
    for sighting in result.persons:
        assert sighting.box.height * 180 < 20
        assert sighting.matches == ()


def test_progress_rises_to_a_hundred(engine: FaceEngine, gallery: Gallery, pictures: Path) -> None:
    told: list[SearchProgress] = []
    search_video(pictures / "woman.mp4", engine, gallery, 80, told.append)
    percents = [progress.percent for progress in told]
    assert percents == sorted(set(percents))
    assert percents[-1] == 100
    assert len(percents) > 10
    assert told[-1].people == 1


def test_a_recording_without_a_duration_is_searched_as_the_same_one_with_it(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    shown = [portrait(pictures, "obama2.jpg")] * 120
    told, untold = (write_video(tmp_path / f"{live}.mkv", shown, is_streamed=live) for live in (False, True))
    percents: list[int] = []
    result = search_video(untold, engine, gallery, 92, lambda progress: percents.append(progress.percent))
    assert result.persons == search(told, engine, gallery, threshold=92).persons
    assert result.metadata.duration_ms == 12_000
    assert len(percents) > 5
    assert percents == sorted(set(percents))


def test_what_is_no_video_is_refused(engine: FaceEngine, gallery: Gallery, tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_text("not a video")
    with pytest.raises(InvalidVideoError, match="not a video"):
        search(tmp_path / "v.mp4", engine, gallery)


def test_work_shared_by_threads_comes_back_in_order_and_little_is_held_at_a_time() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    def squared(number: int) -> int:
        return sum(number for _ in range(number * (1 + 5000 * (number % 2)))) // (1 + 5000 * (number % 2))

    with ThreadPoolExecutor(2) as pool:
        for number, result in enumerate(ordered(pool, squared, items())):
            assert result == number * number
            assert len(made) <= number + CORES + 1


def test_a_search_that_is_stopped_raises_at_once_and_leaves_no_thread(
    engine: FaceEngine, gallery: Gallery, pictures: Path
) -> None:
    class StoppedError(Exception):
        pass

    def stop(_: SearchProgress) -> None:
        raise StoppedError

    before = threading.active_count()
    with pytest.raises(StoppedError):
        search_video(pictures / "woman.mp4", engine, gallery, 80, stop)
    assert threading.active_count() == before


def test_a_tilted_head_in_a_crowd_of_small_faces_is_recognised(
    engine: FaceEngine, gallery: Gallery, pictures: Path, tmp_path: Path
) -> None:
    scene = np.full((540, 960, 3), 128, np.uint8)
    for number, name in enumerate(("obama2.jpg", "biden.jpg", "collins.png")):
        turn = cv2.getRotationMatrix2D((80, 80), 20, 1)
        scene[200:360, 100 + 250 * number : 260 + 250 * number] = cv2.warpAffine(
            portrait(pictures, name, 160), turn, (160, 160), borderMode=cv2.BORDER_REPLICATE
        )
    result = search(write_video(tmp_path / "v.mp4", [scene] * 12), engine, gallery, threshold=92)
    assert {match.face_id for s in result.persons for match in s.matches} == {"obama", "biden", "collins"}
