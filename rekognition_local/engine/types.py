"""Values that cross the engine's border. Positions and sizes are ratios of the picture's width and height."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class BoundingBox:
    """A face's rectangle; a face cut by the picture's edge may reach slightly outside 0..1."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Landmark:
    """A point of a face: eyeLeft, eyeRight, nose, mouthLeft or mouthRight, left and right as seen in the picture."""

    name: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Rotation in degrees: roll > 0 clockwise, yaw > 0 towards the picture's right edge, pitch > 0 upwards.

    Only as good as the five landmarks: the detector follows a strong tilt of the head in part, so roll is understated.
    """

    roll: float
    yaw: float
    pitch: float


@dataclass(frozen=True, slots=True)
class Quality:
    """How bright and how sharp a face is, each 0-100."""

    brightness: float
    sharpness: float


@dataclass(frozen=True, slots=True)
class DetectedFace:
    """A face found in a picture; `confidence` is 0-100; `landmarks` in the order eyes, nose, mouth, left first.

    `coarse` are the landmarks of a photo as first found, before a close-up; a video's faces have none.
    """

    box: BoundingBox
    landmarks: tuple[Landmark, ...]
    confidence: float
    quality: Quality
    pose: Pose
    coarse: tuple[Landmark, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """An enrolled face and its Similarity, 0-100."""

    face_id: str
    similarity: float


@dataclass(frozen=True, slots=True)
class VideoMetadata:
    """What a video is: width and height in pixels as displayed (after rotation), frame rate in frames per second."""

    codec: str
    duration_ms: int
    format: str
    frame_rate: float
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PersonSighting:
    """Person number `index` of a video at one moment; `matches` are best first, empty for somebody unknown."""

    timestamp_ms: int
    index: int
    box: BoundingBox
    face: DetectedFace
    matches: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """How far a video's search has come: 0-100 percent of it, and how many people were told apart so far."""

    percent: int
    people: int


OnProgress: TypeAlias = Callable[[SearchProgress], None]
"""Told on the way how far a search has come; what it raises ends the search."""


@dataclass(frozen=True, slots=True)
class VideoSearchResult:
    """All sightings of a video, by timestamp."""

    metadata: VideoMetadata
    persons: tuple[PersonSighting, ...]
