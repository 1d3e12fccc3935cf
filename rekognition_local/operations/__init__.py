"""What each operation does: checked parameters in, members of the response out."""

from collections.abc import Callable, Mapping
from typing import Any

from rekognition_local.operations.collection import (
    create_collection,
    delete_collection,
    describe_collection,
    list_collections,
)
from rekognition_local.operations.faces import delete_faces, index_faces, list_faces
from rekognition_local.operations.pictures import compare_faces, detect_faces
from rekognition_local.operations.search import search_faces, search_faces_by_image
from rekognition_local.operations.videos import get_face_search, start_face_search
from rekognition_local.service import FaceService

Operation = Callable[[FaceService, Mapping[str, Any]], dict[str, Any]]

OPERATIONS: Mapping[str, Operation] = {
    "CompareFaces": compare_faces,
    "CreateCollection": create_collection,
    "DeleteCollection": delete_collection,
    "DeleteFaces": delete_faces,
    "DescribeCollection": describe_collection,
    "DetectFaces": detect_faces,
    "GetFaceSearch": get_face_search,
    "IndexFaces": index_faces,
    "ListCollections": list_collections,
    "ListFaces": list_faces,
    "SearchFaces": search_faces,
    "SearchFacesByImage": search_faces_by_image,
    "StartFaceSearch": start_face_search,
}
