"""Operations on pictures alone."""

from collections.abc import Mapping
from typing import Any

from rekognition_local import shapes
from rekognition_local.detection import detect_and_judge
from rekognition_local.engine.similarity import similarity_of
from rekognition_local.errors import InvalidParameterError
from rekognition_local.images import load_image
from rekognition_local.operations.search import DEFAULT_THRESHOLD
from rekognition_local.service import FaceService


def detect_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """DetectFaces; every value of Attributes gives the default attributes, which are all there are."""
    image = load_image(request["Image"], service.objects)
    faces = detect_and_judge(service.model, image.pixels, "NONE").good
    return {"FaceDetails": [shapes.face_detail(face) for face in faces]}


def compare_faces(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """CompareFaces: the largest face of the source with each face of the target."""
    quality_filter = request.get("QualityFilter", "NONE")
    source = load_image(request["SourceImage"], service.objects)
    target = load_image(request["TargetImage"], service.objects)
    sources = detect_and_judge(service.model, source.pixels, quality_filter).good[:1]
    targets = detect_and_judge(service.model, target.pixels, quality_filter).good
    for name, faces in (("source", sources), ("target", targets)):
        if not faces:
            raise InvalidParameterError(f"There are no faces in the {name} image. Use a photo that shows a face.")
    cosines = service.model.embed(target.pixels, targets) @ service.model.embed(source.pixels, sources)[0]
    compared = [(similarity_of(float(cosine)), face) for cosine, face in zip(cosines, targets, strict=True)]
    threshold = request.get("SimilarityThreshold", DEFAULT_THRESHOLD)
    alike = sorted((pair for pair in compared if pair[0] >= threshold), key=lambda pair: -pair[0])
    return {
        "SourceImageFace": {
            "BoundingBox": shapes.bounding_box(sources[0].box),
            "Confidence": float(sources[0].confidence),
        },
        "FaceMatches": [{"Similarity": similarity, "Face": shapes.face_detail(face)} for similarity, face in alike],
        "UnmatchedFaces": [shapes.face_detail(face) for similarity, face in compared if similarity < threshold],
    }
