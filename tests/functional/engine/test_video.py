from pathlib import Path
from random import Random

import av
import numpy as np
import pytest
from PIL import Image

from rekognition_local.engine import InvalidVideoError, probe
from rekognition_local.engine.video import frames
from tests.functional.engine.videos import counting, number_of, write_sound, write_video


def test_footage_is_described(pictures: Path) -> None:
    metadata = probe(pictures / "man.mp4")
    assert (metadata.codec, metadata.format, metadata.width, metadata.height) == ("h264", "QuickTime / MOV", 640, 360)
    assert metadata.duration_ms == 2400
    assert metadata.frame_rate == pytest.approx(30)


@pytest.mark.parametrize("key_interval", [1, 5, 10, 20, 50])
def test_samples_come_in_time_wherever_the_key_frames_are(tmp_path: Path, key_interval: int) -> None:
    video = write_video(tmp_path / "v.mp4", counting(50), key_interval=key_interval)
    found = [(frame.timestamp_ms, number_of(frame.image)) for frame in frames(video, lambda: 1000)]
    assert all(moment == 100 * number for moment, number in found)
    gaps = np.diff([moment for moment, _ in found])
    assert gaps.min() >= 900
    assert gaps.max() <= 2000
    assert found[0][0] == 0
    assert found[-1][0] >= 3000


def test_where_key_frames_are_frequent_nothing_else_is_decoded(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", counting(60), key_interval=20)
    assert [number_of(frame.image) for frame in frames(video, lambda: 1000)] == [0, 20, 40]


def test_uneven_frames_are_sampled_by_their_time(tmp_path: Path) -> None:
    times = [0, 1, 2, 3, 40, 41, 42, 90, 91, 92]
    video = write_video(tmp_path / "v.mp4", counting(10), key_interval=100, times=times)
    found = [(frame.timestamp_ms, number_of(frame.image)) for frame in frames(video, lambda: 1000)]
    assert found == [(0, 0), (4000, 4), (9000, 7)]


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("v.mov", "libx264"),
        ("v.mkv", "libx264"),
        ("v.avi", "mpeg4"),
        ("v.ts", "libx264"),
        ("v.mp4", "libx265"),
        ("v.webm", "libvpx-vp9"),
        ("v.webm", "libvpx"),
    ],
)
def test_common_containers_and_codecs_are_read(tmp_path: Path, name: str, codec: str) -> None:
    video = write_video(tmp_path / name, counting(20), codec=codec)
    assert probe(video).width == 128
    found = [(frame.timestamp_ms, number_of(frame.image)) for frame in frames(video, lambda: 1000)]
    assert len(found) >= 2
    assert found[0] == (0, 0)
    assert found[1][0] == pytest.approx(100 * found[1][1], abs=50)


@pytest.mark.parametrize(("rotation", "turns"), [(90, 1), (180, 2), (-90, 3)])
def test_a_phone_held_otherwise_gives_upright_frames(tmp_path: Path, rotation: int, turns: int) -> None:
    picture = np.zeros((96, 128, 3), np.uint8)
    picture[:48, :64] = 255
    video = write_video(tmp_path / "v.mp4", [picture] * 3, rotation=rotation)
    image = next(frames(video, lambda: 1000)).image
    upright = np.rot90(picture, turns)
    assert image.shape == upright.shape
    assert np.abs(image.astype(int) - upright).mean() < 10
    assert (probe(video).height, probe(video).width) == upright.shape[:2]


def test_damage_in_the_middle_costs_only_the_damaged_part(tmp_path: Path) -> None:
    noise = [np.random.default_rng(n).integers(0, 255, (96, 128, 3), np.uint8) for n in range(60)]
    video = write_video(tmp_path / "v.mp4", noise)
    data = bytearray(video.read_bytes())
    third = len(data) // 3
    data[third : third + 20_000] = b"\xff" * 20_000
    video.write_bytes(data)
    moments = [frame.timestamp_ms for frame in frames(video, lambda: 1000)]
    assert moments[0] == 0
    assert moments[-1] == 5000


@pytest.mark.parametrize("name", ["v.mkv", "v.mp4"])
def test_a_recording_that_is_cut_off_is_not_taken_for_the_whole(tmp_path: Path, name: str) -> None:
    noise = [np.random.default_rng(n).integers(0, 255, (96, 128, 3), np.uint8) for n in range(60)]
    video = write_video(tmp_path / name, noise)
    if name == "v.mp4":
        video = with_index_in_front(video)
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])
    seen = frames(video, lambda: 1000)
    assert next(seen).timestamp_ms == 0
    with pytest.raises(InvalidVideoError, match=r"stops after [23] of 6 seconds.*Upload it whole"):
        list(seen)


def test_a_still_that_is_shown_for_long_is_no_cut(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", counting(20), times=[*range(19), 200])
    assert [frame.timestamp_ms for frame in frames(video, lambda: 1000)][-1] == 20_000


@pytest.mark.parametrize(("name", "codec"), [("v.mkv", "libx264"), ("v.webm", "libvpx-vp9")])
def test_a_recording_without_a_duration_is_measured_by_its_packets(tmp_path: Path, name: str, codec: str) -> None:
    video = write_video(tmp_path / name, counting(50), codec=codec, is_streamed=True)
    with av.open(str(video)) as container:
        assert container.duration is None, "the header tells the duration after all"
    assert probe(video).duration_ms == pytest.approx(5000, abs=100)
    assert [frame.timestamp_ms for frame in frames(video, lambda: 1000)][-1] >= 3000


def test_a_short_recording_without_a_duration_is_measured_whole(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mkv", counting(3), is_streamed=True)
    assert probe(video).duration_ms == pytest.approx(300, abs=100)


def test_a_video_that_tells_its_duration_is_not_read_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    video = write_video(tmp_path / "v.mkv", counting(50))

    def refuse(*_: object) -> int:
        raise AssertionError("the packets were read")

    monkeypatch.setattr("rekognition_local.engine.video._reached_ms", refuse)
    assert probe(video).duration_ms == 5000


def with_index_in_front(video: Path) -> Path:
    """A copy that can be played while it is loaded, as most uploads can."""
    copy = video.with_stem("fast")
    with av.open(str(video)) as source, av.open(str(copy), "w", options={"movflags": "faststart"}) as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return copy


def hostile(folder: Path, pictures: Path) -> dict[str, Path]:
    """Files that are no videos, by what they are."""
    good = write_video(folder / "good.mp4", counting(20)).read_bytes()
    mdat_end = good.index(b"moov") - 4
    portrait = Image.open(pictures / "man.jpg")
    contents = {
        "empty": b"",
        "text": b"this is not a video\n" * 50,
        "playlist": f"#EXTM3U\n#EXTINF:2,\nfile://{pictures / 'man.mp4'}\n#EXT-X-ENDLIST\n".encode(),
        "concat list": f"ffconcat version 1.0\nfile {pictures / 'man.mp4'}\n".encode(),
        "jpeg": (pictures / "man.jpg").read_bytes(),
        "png": (pictures / "collins.png").read_bytes(),
        "noise": np.random.default_rng(1).bytes(100_000),
        "zeros": b"\0" * 100_000,
        "index cut off": good[: len(good) * 2 // 3],
        "only the header": good[:40],
        "frames wiped": good[: good.index(b"mdat") + 4]
        + b"\0" * (mdat_end - good.index(b"mdat") - 4)
        + good[mdat_end:],
    }
    for name, content in contents.items():
        (folder / f"{name}.mp4").write_bytes(content)
    for name, kind in (("gif", "GIF"), ("webp", "WEBP"), ("avif", "AVIF"), ("tiff", "TIFF"), ("bmp", "BMP")):
        portrait.save(folder / f"{name}.mp4", kind)
    write_sound(folder / "sound.m4a").rename(folder / "sound.mp4")
    write_video(folder / "jpegs.mov", counting(3), codec="mjpeg").rename(folder / "jpegs.mp4")
    (folder / "good.mp4").unlink()
    return {path.stem: path for path in sorted(folder.glob("*.mp4"))}


def test_what_is_no_video_is_refused_with_a_reason_and_advice(tmp_path: Path, pictures: Path) -> None:
    files = hostile(tmp_path, pictures)
    assert len(files) == 18
    for name, path in files.items():
        for reading in (lambda path=path: probe(path), lambda path=path: list(frames(path, lambda: 500))):
            with pytest.raises(InvalidVideoError, match=r"\. .*Upload") as refusal:
                reading()
            assert str(tmp_path) not in str(refusal.value), name


def test_the_reason_names_what_is_wrong(tmp_path: Path, pictures: Path) -> None:
    files = hostile(tmp_path, pictures)
    for name, words in {
        "empty": "is empty",
        "text": "not a video",
        "sound": "no video stream",
        "avif": "a picture",
        "jpegs": "codec mjpeg is not supported",
    }.items():
        with pytest.raises(InvalidVideoError, match=words):
            probe(files[name])


def test_damaged_files_are_read_or_refused_but_never_crash(tmp_path: Path) -> None:
    random = Random(20_261_122)  # noqa: S311
    originals = [
        write_video(tmp_path / name, counting(20), codec=codec).read_bytes()
        for name, codec in (("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.ts", "libx264"), ("a.webm", "libvpx-vp9"))
    ]
    outcomes = set()
    for _ in range(120):
        data = bytearray(random.choice(originals))
        for _ in range(random.choice((1, 3, 10, 50))):
            data[random.randrange(len(data))] = random.randrange(256)
        (tmp_path / "damaged").write_bytes(data[: random.choice((len(data), random.randrange(1, len(data))))])
        try:
            probe(tmp_path / "damaged")
            outcomes.add(any(True for _ in frames(tmp_path / "damaged", lambda: 500)))
        except InvalidVideoError:
            outcomes.add(False)
    assert outcomes == {True, False}


def test_gigantic_frames_are_refused_with_their_size(tmp_path: Path) -> None:
    video = write_video(tmp_path / "v.mp4", [np.zeros((4352, 8192, 3), np.uint8)])
    for reading in (lambda: probe(video), lambda: list(frames(video, lambda: 500))):
        with pytest.raises(InvalidVideoError, match="8192x4352 pixels are too many"):
            reading()


def test_a_missing_file_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        probe(tmp_path / "none.mp4")
