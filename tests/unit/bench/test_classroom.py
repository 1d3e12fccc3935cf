"""Generated classrooms."""

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from bench.classroom import Classroom, make, sequence, truth, write_truth
from bench.encode import CODECS, cut, encode, key_frames
from bench.people import Person
from bench.scene import Interval, Options, SceneError, plan
from rekognition_local.engine import FaceEngine


@pytest.fixture(scope="module")
def made(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path_factory: pytest.TempPathFactory
) -> Classroom:
    return make(people, tiny, engine, tmp_path_factory.mktemp("class"))


def looks(video: Path) -> list[tuple[float, bool]]:
    with av.open(str(video)) as container:
        return [(float(frame.time), frame.key_frame) for frame in container.decode(video=0)]


def test_the_video_is_as_long_large_and_keyed_as_asked(made: Classroom) -> None:
    frames = looks(made.video)
    assert [time for time, _ in frames] == pytest.approx([number / 5 for number in range(20)])
    assert [time for time, is_key in frames if is_key] == pytest.approx([0, 2])
    with av.open(str(made.video)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 640, 360)


def test_the_truth_names_the_present_and_not_the_absent_or_strangers(made: Classroom) -> None:
    assert len(made.enrolled) == 4
    assert len(made.present) == 2
    assert made.present < set(made.enrolled)
    assert sum(one.student_id is None for one in made.shown) == 1
    assert {student_id for student_id, _ in made.photos} == set(made.enrolled)


def test_every_face_is_found_where_the_truth_says_and_as_tall(made: Classroom, engine: FaceEngine) -> None:
    with av.open(str(made.video)) as container:
        image = np.asarray(next(container.decode(video=0)).to_ndarray(format="rgb24"), np.uint8)
    faces = engine.detect(image)
    assert len(faces) == len(made.shown)
    for face in faces:
        x, y = (face.box.left + face.box.width / 2) * 640, (face.box.top + face.box.height / 2) * 360
        owner = made.at(x, y, 0.0)
        assert owner is not None
        assert face.box.height * 360 == pytest.approx(owner.seat.face, rel=0.25)


def test_nobody_is_where_nobody_sits(made: Classroom) -> None:
    assert made.at(-500, -500, 0) is None
    seat = made.shown[0].seat
    assert made.at(seat.x, seat.y, 0) == made.shown[0]
    assert made.at(seat.x, seat.y, 100) is None


def test_the_same_seed_makes_the_same_pixels(
    made: Classroom, people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    again = make(people, tiny, engine, tmp_path)
    assert again.shown == made.shown
    with av.open(str(again.video)) as one, av.open(str(made.video)) as other:
        pairs = zip(one.decode(video=0), other.decode(video=0), strict=True)
        assert all(np.array_equal(a.to_ndarray(), b.to_ndarray()) for a, b in pairs)


def test_too_few_people_are_refused_with_their_number(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    with pytest.raises(SceneError, match="Ask for fewer"):
        make(people, replace(tiny, absent=50), engine, tmp_path)
    with pytest.raises(SceneError, match="0 present"):
        make((), tiny, engine, tmp_path)


def test_a_long_video_repeats_its_blocks_without_gap(
    people: tuple[Person, ...], engine: FaceEngine, tiny: Options, tmp_path: Path
) -> None:
    options = replace(tiny, blocks=2, seconds=240, frame_rate=1)
    made = make(people, options, engine, tmp_path)
    frames = looks(made.video)
    assert [time for time, _ in frames] == pytest.approx(range(240))
    assert made.shown[0].visible_seconds == 240
    assert list(tmp_path.iterdir()) == [made.video]
    cut(made.video, 100, tmp_path / "part.mp4")
    assert [time for time, _ in looks(tmp_path / "part.mp4")] == pytest.approx(range(100))


def test_the_truth_of_a_repeated_block_moves_with_it(tiny: Options) -> None:
    options = replace(tiny, blocks=2, seconds=180, away_share=1)
    blocks = plan(options, [1])
    assert sequence(options) == (0, 1, 0)
    shown = truth(blocks, sequence(options), options, ["S-1"])
    first = blocks[0].parts[0].visible
    assert shown[0].visible[: len(first)] == first
    assert shown[0].visible[-len(first) :] == tuple(Interval(one.start + 120, one.end + 120) for one in first)


def test_irregular_key_frames_come_half_to_twelve_seconds_apart() -> None:
    keys = sorted(key_frames(Options(key_seconds=0, seconds=600)))
    gaps = np.diff(keys) / 25
    assert keys[0] == 0
    assert gaps.min() >= 0.4
    assert gaps.max() <= 12.1
    assert gaps.std() > 1


@pytest.mark.parametrize("codec", CODECS)
def test_every_codec_makes_a_video_that_decodes(codec: str, tmp_path: Path) -> None:
    options = Options(codec=codec, width=320, height=192, seconds=2, frame_rate=5, key_seconds=1)
    video = tmp_path / ("a.webm" if "vp9" in codec else "a.mp4")
    encode(options, (np.full((192, 320, 3), 20 * number, np.uint8) for number in range(10)), video)
    frames = looks(video)
    assert len(frames) == 10
    assert [time for time, is_key in frames if is_key] == pytest.approx([0, 1], abs=0.01)


def test_an_unknown_codec_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="libx264"):
        encode(Options(codec="theora"), iter(()), tmp_path / "a.mp4")


def test_the_written_truth_holds_no_names(made: Classroom, people: tuple[Person, ...], tmp_path: Path) -> None:
    write_truth(made, tmp_path / "truth.json")
    text = (tmp_path / "truth.json").read_text()
    assert {one["student_id"] for one in json.loads(text)["shown"]} == {*made.present, None}
    assert not any(person.name in text for person in people)
