"""A general face engine: faces in pictures, their embeddings, a gallery to search, and people in videos.

It knows nothing of any protocol above it. Pixels are RGB, positions are ratios of the picture, embeddings unit vectors.
"""

from rekognition_local.engine.errors import (
    EngineError,
    ImageTooLargeError,
    InvalidImageError,
    InvalidVideoError,
    ModelUnavailableError,
)
from rekognition_local.engine.face_engine import FaceEngine
from rekognition_local.engine.gallery import Gallery
from rekognition_local.engine.models import MODEL_VERSION
from rekognition_local.engine.pictures import decode_picture
from rekognition_local.engine.quality import refusal_reasons
from rekognition_local.engine.search import search_video
from rekognition_local.engine.similarity import cosine_of, similarity_of
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
from rekognition_local.engine.video import probe

__all__ = [
    "MODEL_VERSION",
    "BoundingBox",
    "DetectedFace",
    "EngineError",
    "FaceEngine",
    "Gallery",
    "ImageTooLargeError",
    "InvalidImageError",
    "InvalidVideoError",
    "Landmark",
    "Match",
    "ModelUnavailableError",
    "OnProgress",
    "PersonSighting",
    "Pose",
    "Quality",
    "SearchProgress",
    "VideoMetadata",
    "VideoSearchResult",
    "cosine_of",
    "decode_picture",
    "probe",
    "refusal_reasons",
    "search_video",
    "similarity_of",
]
