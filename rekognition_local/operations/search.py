"""Searching a collection for one face."""

from collections.abc import Mapping
from typing import Any

from rekognition_local import shapes
from rekognition_local.detection import detect_and_judge
from rekognition_local.errors import InvalidParameterError
from rekognition_local.images import load_image
from rekognition_local.ports import Embeddings
from rekognition_local.service import FaceService

# Rekognition's default for every FaceMatchThreshold and SimilarityThreshold, 0-100.
DEFAULT_THRESHOLD = 80.0
# The largest MaxFaces; AWS documents no smaller default.
MAX_MATCHES = 4096


def search_faces_by_image(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """SearchFacesByImage: the largest face of the picture, searched in the collection."""
    collection = service.collections.get(request["CollectionId"])
    image = load_image(request["Image"], service.objects)
    faces = detect_and_judge(service.model, image.pixels, request.get("QualityFilter", "NONE")).good[:1]
    if not faces:
        raise InvalidParameterError("There are no faces in the image. Use a photo that shows a face.")
    embedding = service.model.embed(image.pixels, faces)
    return {
        "SearchedFaceBoundingBox": shapes.bounding_box(faces[0].box),
        "SearchedFaceConfidence": float(faces[0].confidence),
        "FaceMatches": _matches(service, request, embedding),
        "FaceModelVersion": collection.model_version,
    }


def search_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """SearchFaces: a stored face, searched among the others of its collection."""
    collection = service.collections.get(request["CollectionId"])
    embedding = service.collections.embedding(collection.collection_id, request["FaceId"])
    return {
        "SearchedFaceId": request["FaceId"],
        "FaceMatches": _matches(service, request, embedding, but=request["FaceId"]),
        "FaceModelVersion": collection.model_version,
    }


def _matches(
    service: FaceService, request: Mapping[str, Any], embedding: Embeddings, but: str | None = None
) -> list[shapes.Member]:
    """The FaceMatches of one vector, (1, 128), most similar first, without the face `but`."""
    collection_id, limit = request["CollectionId"], request.get("MaxFaces", MAX_MATCHES)
    gallery = service.collections.gallery(collection_id)
    (found,) = gallery.search(embedding, limit + 1, request.get("FaceMatchThreshold", DEFAULT_THRESHOLD))
    matches = [match for match in found if match.face_id != but][:limit]
    faces = service.collections.faces(collection_id, [match.face_id for match in matches])
    return shapes.face_matches(matches, faces)
