"""Operations on the faces of a collection."""

from collections.abc import Mapping
from typing import Any

from rekognition_local import shapes, tokens
from rekognition_local.collections import NewFace
from rekognition_local.detection import MAX_FACES_PER_IMAGE, RefusedFace, detect_and_judge
from rekognition_local.errors import ResourceNotFoundError
from rekognition_local.images import load_image
from rekognition_local.operations.collection import DEFAULT_PAGE
from rekognition_local.service import FaceService


def index_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """IndexFaces: quality decides first, then size; every face that is not indexed is told with its reasons."""
    collection_id = request["CollectionId"]
    version = service.collections.get(collection_id).model_version
    image = load_image(request["Image"], service.objects)
    judged = detect_and_judge(service.model, image.pixels, request.get("QualityFilter", "AUTO"))
    limit = request.get("MaxFaces", MAX_FACES_PER_IMAGE)
    kept = judged.good[:limit]
    too_many = [RefusedFace(face, ("EXCEEDS_MAX_FACES",)) for face in judged.good[limit:]]
    embeddings = service.model.embed(image.pixels, kept)
    new = [NewFace(face.box, face.confidence, vector) for face, vector in zip(kept, embeddings, strict=True)]
    stored = service.collections.add(collection_id, image.digest, request.get("ExternalImageId"), new)
    return {
        "FaceRecords": [
            {"Face": shapes.face(face), "FaceDetail": shapes.face_detail(detail)}
            for face, detail in zip(stored, kept, strict=True)
        ],
        "FaceModelVersion": version,
        "UnindexedFaces": [
            {"Reasons": list(refused.reasons), "FaceDetail": shapes.face_detail(refused.face)}
            for refused in judged.refused + too_many
        ],
    }


def list_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListFaces, in the order in which the faces were added."""
    collection = service.collections.get(request["CollectionId"])
    if "UserId" in request:
        raise ResourceNotFoundError(f"The user id: {request['UserId']} does not exist")
    face_ids = request.get("FaceIds")
    scope = ("faces", collection.seq, face_ids)
    after = tokens.decode(request.get("NextToken"), *scope)
    limit = request.get("MaxResults") or DEFAULT_PAGE
    found = service.collections.face_page(collection.collection_id, after, limit + 1, face_ids)
    page = found[:limit]
    return {
        "Faces": [shapes.face(face) for face in page],
        "NextToken": tokens.encode(page[-1].seq, *scope) if len(found) > limit else None,
        "FaceModelVersion": collection.model_version,
    }


def delete_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteFaces: those that were there are deleted, the others are told."""
    removed = service.collections.remove(request["CollectionId"], request["FaceIds"])
    missing = [face_id for face_id in dict.fromkeys(request["FaceIds"]) if face_id not in set(removed)]
    return {
        "DeletedFaces": removed,
        "UnsuccessfulFaceDeletions": [{"FaceId": face_id, "Reasons": ["FACE_NOT_FOUND"]} for face_id in missing],
    }
