"""Operations on whole collections."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from rekognition_local import tokens
from rekognition_local.errors import InvalidParameterError
from rekognition_local.service import FaceService

# There are no accounts here; twelve zeros keep the ARNs well formed.
ACCOUNT = "000000000000"
DEFAULT_PAGE = 1000


def create_collection(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """CreateCollection."""
    if request.get("Tags"):
        raise InvalidParameterError("This service keeps no Tags; create the collection without them.")
    collection = service.collections.create(request["CollectionId"])
    return {
        "StatusCode": 200,
        # AWS leaves out the "arn:" here, and only here.
        "CollectionArn": _arn(service, collection.collection_id).removeprefix("arn:"),
        "FaceModelVersion": collection.model_version,
    }


def describe_collection(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """DescribeCollection."""
    collection = service.collections.get(request["CollectionId"])
    return {
        "FaceCount": service.collections.count(collection.collection_id),
        "FaceModelVersion": collection.model_version,
        "CollectionARN": _arn(service, collection.collection_id),
        "CreationTimestamp": datetime.fromtimestamp(collection.created_at, UTC),
        "UserCount": 0,
    }


def list_collections(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """ListCollections."""
    limit = request.get("MaxResults") or DEFAULT_PAGE
    found = service.collections.page(tokens.decode(request.get("NextToken"), "collections"), limit + 1)
    page = found[:limit]
    return {
        "CollectionIds": [collection.collection_id for collection in page],
        "FaceModelVersions": [collection.model_version for collection in page],
        "NextToken": tokens.encode(page[-1].seq, "collections") if len(found) > limit else None,
    }


def delete_collection(service: FaceService, request: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteCollection."""
    service.collections.delete(request["CollectionId"])
    return {"StatusCode": 200}


def _arn(service: FaceService, collection_id: str) -> str:
    return f"arn:aws:rekognition:{service.region}:{ACCOUNT}:collection/{collection_id}"
