"""Engine and storage values as members of Rekognition's responses."""

from collections.abc import Mapping, Sequence
from typing import Any

from rekognition_local.collections import StoredFace
from rekognition_local.engine.types import BoundingBox, DetectedFace, Match, PersonSighting, VideoMetadata

Member = dict[str, Any]


def bounding_box(box: BoundingBox) -> Member:
    """A BoundingBox: ratios of the picture's sides."""
    return {"Width": float(box.width), "Height": float(box.height), "Left": float(box.left), "Top": float(box.top)}


def face(stored: StoredFace) -> Member:
    """A Face: what a collection tells of one of its faces."""
    return {
        "FaceId": stored.face_id,
        "BoundingBox": bounding_box(stored.box),
        "ImageId": stored.image_id,
        "ExternalImageId": stored.external_image_id,
        "Confidence": stored.confidence,
    }


def face_detail(detected: DetectedFace) -> Member:
    """A FaceDetail with the DEFAULT attributes, which are all that the engine measures.

    Age, gender, emotions and the like are left out of ALL too: the engine does not know them.
    """
    return {
        "BoundingBox": bounding_box(detected.box),
        "Landmarks": [{"Type": mark.name, "X": float(mark.x), "Y": float(mark.y)} for mark in detected.landmarks],
        "Pose": {
            "Roll": float(detected.pose.roll),
            "Yaw": float(detected.pose.yaw),
            "Pitch": float(detected.pose.pitch),
        },
        "Quality": {
            "Brightness": float(detected.quality.brightness),
            "Sharpness": float(detected.quality.sharpness),
        },
        "Confidence": float(detected.confidence),
    }


def face_matches(matches: Sequence[Match], faces: Mapping[str, StoredFace]) -> list[Member]:
    """FaceMatches, without those faces that were deleted since they were found."""
    return [
        {"Similarity": float(match.similarity), "Face": face(faces[match.face_id])}
        for match in matches
        if match.face_id in faces
    ]


def person_match(sighting: PersonSighting, faces: Mapping[str, StoredFace]) -> Member:
    """A PersonMatch; as on AWS, somebody who matches nobody has no FaceMatches member."""
    person = {
        "Index": sighting.index,
        "BoundingBox": bounding_box(sighting.box),
        "Face": face_detail(sighting.face),
    }
    member: Member = {"Timestamp": sighting.timestamp_ms, "Person": person}
    matches = face_matches(sighting.matches, faces)
    return {**member, "FaceMatches": matches} if matches else member


def video_metadata(metadata: VideoMetadata) -> Member:
    """A VideoMetadata; sizes in pixels, duration in milliseconds."""
    return {
        "Codec": metadata.codec,
        "DurationMillis": metadata.duration_ms,
        "Format": metadata.format,
        "FrameRate": float(metadata.frame_rate),
        "FrameHeight": metadata.height,
        "FrameWidth": metadata.width,
    }
