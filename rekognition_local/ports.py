"""What the service asks of the face engine and of S3, as types, so that either can be exchanged."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.types import DetectedFace, OnProgress, VideoSearchResult

Picture = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]


class FaceModel(Protocol):
    """Finds faces in pictures and describes them by unit vectors."""

    @property
    def model_version(self) -> str:
        """Vectors of different versions must never be compared."""

    def detect(self, image: Picture) -> list[DetectedFace]:
        """The faces of an RGB picture (height, width, 3), largest first."""

    def embed(self, image: Picture, faces: Sequence[DetectedFace]) -> Embeddings:
        """One vector per face, (n, 128)."""


class VideoSearch(Protocol):
    """Searches a video file for the faces of a gallery."""

    def __call__(self, path: Path, gallery: Gallery, threshold: float, on_progress: OnProgress) -> VideoSearchResult:
        """Tell `on_progress` how far it is on the way; whatever that raises ends the search."""


@dataclass(frozen=True)
class S3Reference:
    """An S3 object, of one version when that is named."""

    bucket: str
    name: str
    version: str | None

    @classmethod
    def of(cls, member: dict[str, Any]) -> "S3Reference":
        """From a request's S3Object; its members may be missing, which S3 then refuses."""
        return cls(member.get("Bucket", ""), member.get("Name", ""), member.get("Version"))


@dataclass(frozen=True)
class ObjectFacts:
    """What S3 tells of an object: its size in bytes and the ETag of its content."""

    size: int
    etag: str


class Objects(Protocol):
    """Reads S3 objects; see `objects.S3Objects` for the errors."""

    def describe(self, reference: S3Reference) -> ObjectFacts:
        """The object's size and ETag."""

    def read(self, reference: S3Reference, limit: int) -> bytes:
        """The object's bytes, at most `limit + 1` of them."""

    def download(self, reference: S3Reference, etag: str, path: Path) -> None:
        """Write the object to a file, if its ETag is still `etag`."""
