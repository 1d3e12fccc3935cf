"""A tiny engine, S3 and video search that do what a test tells them, for what the real ones cannot be made to do."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event

import numpy as np
from PIL import Image

from rekognition_local.engine.gallery import DIMENSIONS, Gallery
from rekognition_local.engine.types import (
    BoundingBox,
    DetectedFace,
    Landmark,
    Match,
    OnProgress,
    PersonSighting,
    Pose,
    Quality,
    SearchProgress,
    VideoMetadata,
    VideoSearchResult,
)
from rekognition_local.errors import InvalidS3ObjectError
from rekognition_local.ports import Embeddings, ObjectFacts, Picture, S3Reference

DEADLINE_SECONDS = 10.0


def a_face(left: float = 0.25) -> DetectedFace:
    names = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
    return DetectedFace(
        box=BoundingBox(left=left, top=0.25, width=0.25, height=0.5),
        landmarks=tuple(Landmark(name, 0.5, 0.5) for name in names),
        confidence=99.0,
        quality=Quality(brightness=80.0, sharpness=80.0),
        pose=Pose(roll=0.0, yaw=0.0, pitch=0.0),
    )


def a_vector(seed: int) -> Embeddings:
    vector = np.random.default_rng(seed).standard_normal(DIMENSIONS).astype(np.float32)
    return vector / np.linalg.norm(vector)


def a_picture(colour: int, size: tuple[int, int] = (100, 100), kind: str = "PNG") -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", size, (colour, colour, colour)).save(stream, kind)
    return stream.getvalue()


class ColourModel:
    """Sees one face in every picture but a black one; pictures of one colour show one person."""

    model_version = "1.0"

    def detect(self, image: Picture) -> list[DetectedFace]:
        return [a_face()] if image.any() else []

    def embed(self, image: Picture, faces: Sequence[DetectedFace]) -> Embeddings:
        return (
            np.stack([a_vector(int(image[0, 0, 0]))] * len(faces)) if faces else np.empty((0, DIMENSIONS), np.float32)
        )


class DictObjects:
    """S3 objects by bucket and name; `failures` are raised by the next downloads."""

    def __init__(self, contents: dict[tuple[str, str], bytes] | None = None) -> None:
        self.contents = contents or {}
        self.failures: list[Exception] = []
        self.sizes: dict[tuple[str, str], int] = {}

    def describe(self, reference: S3Reference) -> ObjectFacts:
        content = self._content(reference)
        return ObjectFacts(self.sizes.get((reference.bucket, reference.name), len(content)), etag='"1"')

    def read(self, reference: S3Reference, limit: int) -> bytes:
        return self._content(reference)[: limit + 1]

    def download(self, reference: S3Reference, etag: str, path: Path) -> None:
        if self.failures:
            raise self.failures.pop(0)
        path.write_bytes(self._content(reference))

    def _content(self, reference: S3Reference) -> bytes:
        try:
            return self.contents[reference.bucket, reference.name]
        except KeyError:
            raise InvalidS3ObjectError("no such object") from None


class ScriptedSearch:
    """A video search that runs `script` (given `on_progress`) and then sees the gallery's nearest face to `vector`."""

    def __init__(self, script: Callable[[OnProgress], None] = lambda _: None) -> None:
        self.script = script
        self.videos: list[bytes] = []

    def __call__(self, path: Path, gallery: Gallery, threshold: float, on_progress: OnProgress) -> VideoSearchResult:
        self.videos.append(path.read_bytes())
        self.script(on_progress)
        (matches,) = gallery.search(a_vector(1)[None], 5, threshold)
        return a_result(matches)


def a_result(matches: tuple[Match, ...] = ()) -> VideoSearchResult:
    sightings = tuple(
        PersonSighting(timestamp, index, a_face().box, a_face(), matches if index == 0 else ())
        for timestamp in (0, 500)
        for index in (1, 0)
    )
    return VideoSearchResult(VideoMetadata("h264", 1000, "QuickTime / MOV", 25.0, 640, 480), sightings)


class Gate:
    """A place where a search stops until the test lets it go on."""

    def __init__(self) -> None:
        self.reached = Event()
        self.open = Event()

    def __call__(self, on_progress: OnProgress) -> None:
        on_progress(SearchProgress(37, 5))
        self.reached.set()
        while not self.open.wait(0.01):  # like a real search, it gives signs of progress
            on_progress(SearchProgress(37, 5))

    def wait_reached(self) -> None:
        assert self.reached.wait(DEADLINE_SECONDS)
