import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from hypothesis import given
from hypothesis import strategies as st

from rekognition_local import protocol
from rekognition_local.errors import (
    InternalServerError,
    RekognitionError,
    SerializationError,
    UnknownOperationError,
    ValidationError,
)
from rekognition_local.operations import OPERATIONS

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def parse(operation: str, body: Any) -> dict[str, Any]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return protocol.parse(protocol.service_model().operation_model(operation), raw)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "IndexFaces",
        "RekognitionService",
        "RekognitionService.",
        "RekognitionService.DropTables",
        "Other.IndexFaces",
    ],
)
def test_a_target_that_names_no_operation_is_refused(target: str) -> None:
    with pytest.raises(UnknownOperationError):
        protocol.operation_model(target)


def test_a_target_names_its_operation() -> None:
    assert protocol.operation_model("RekognitionService.IndexFaces").name == "IndexFaces"


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xff\xfe", b"[]", b'"text"', b"1", b"null", b'{"CollectionId": NaN}', b"[" * 100_000, b"1" * 10_000],
)
def test_a_body_that_is_no_json_object_is_a_serialization_error(body: bytes) -> None:
    with pytest.raises(SerializationError):
        parse("DescribeCollection", body)


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("DescribeCollection", {"CollectionId": 1}),
        ("DescribeCollection", {"CollectionId": ["a"]}),
        ("DescribeCollection", {"CollectionId": "\ud800"}),
        ("ListFaces", {"CollectionId": "a", "MaxResults": "1"}),
        ("ListFaces", {"CollectionId": "a", "MaxResults": True}),
        ("ListFaces", {"CollectionId": "a", "MaxResults": 1.5}),
        ("ListFaces", {"CollectionId": "a", "MaxResults": 2**31}),
        ("ListFaces", {"CollectionId": "a", "FaceIds": "b"}),
        ("SearchFaces", {"CollectionId": "a", "FaceId": "b", "FaceMatchThreshold": "80"}),
        ("SearchFaces", {"CollectionId": "a", "FaceId": "b", "FaceMatchThreshold": 10**400}),
        ("DetectFaces", {"Image": {"Bytes": "no base64!"}}),
        ("DetectFaces", {"Image": {"Bytes": "café"}}),
        ("DetectFaces", {"Image": {"Bytes": 5}}),
        ("DetectFaces", {"Image": "picture"}),
        ("CreateCollection", {"CollectionId": "a", "Tags": ["b"]}),
    ],
)
def test_a_value_of_another_type_is_a_serialization_error(operation: str, body: dict[str, Any]) -> None:
    with pytest.raises(SerializationError):
        parse(operation, body)


@pytest.mark.parametrize(
    ("operation", "body", "told"),
    [
        (
            "DescribeCollection",
            {},
            "Value null at 'collectionId' failed to satisfy constraint: Member must not be null",
        ),
        ("DescribeCollection", {"CollectionId": None}, "Member must not be null"),
        ("DescribeCollection", {"CollectionId": ""}, "length greater than or equal to 1"),
        ("DescribeCollection", {"CollectionId": "a" * 256}, "length less than or equal to 255"),
        ("DescribeCollection", {"CollectionId": "a b"}, r"regular expression pattern: [a-zA-Z0-9_.\-]+"),
        ("DescribeCollection", {"CollectionId": "a\n"}, "regular expression pattern"),
        ("ListFaces", {"CollectionId": "a", "MaxResults": 4097}, "value less than or equal to 4096"),
        ("ListFaces", {"CollectionId": "a", "MaxResults": -1}, "value greater than or equal to 0"),
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": []}, "length greater than or equal to 1"),
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": ["x"]}, "at 'faceIds.1.member'"),
        ("SearchFaces", {"CollectionId": "a", "FaceId": "0" * 36, "FaceMatchThreshold": 100.1}, "faceMatchThreshold"),
        ("DetectFaces", {"Image": {"Bytes": ""}}, "at 'image.bytes'"),
        ("DetectFaces", {"Image": {}, "Attributes": ["MOOD"]}, "enum value set"),
        ("IndexFaces", {"CollectionId": "a", "Image": {}, "ExternalImageId": "Ada Lovelace"}, "externalImageId"),
        ("IndexFaces", {"CollectionId": "a", "Image": {}, "ExternalImageId": "ä"}, "externalImageId"),
        ("StartFaceSearch", {"CollectionId": "a b"}, "2 validation errors detected"),
    ],
)
def test_a_value_that_breaks_its_shape_is_a_validation_error(operation: str, body: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(told)):
        parse(operation, body)


def test_unknown_members_are_ignored_and_null_members_absent() -> None:
    assert parse("ListFaces", {"CollectionId": "a", "MaxResults": None, "Later": 1}) == {"CollectionId": "a"}


def test_an_empty_body_is_an_empty_request() -> None:
    assert parse("ListCollections", b"") == {}


def test_blobs_come_out_as_bytes() -> None:
    body = {"Image": {"Bytes": base64.b64encode(b"\x00\xff").decode()}}
    assert parse("DetectFaces", body) == {"Image": {"Bytes": b"\x00\xff"}}


def test_a_violation_does_not_echo_a_long_value_in_full() -> None:
    with pytest.raises(ValidationError) as raised:
        parse("DescribeCollection", {"CollectionId": "a" * 1_000_000})
    assert len(str(raised.value)) < 1000


@pytest.mark.parametrize(
    ("operation", "body", "count"),
    [
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": ["x"] * 100}, 100),
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": ["x"] * 100_000}, 1),  # the list itself is too long
        ("DetectFaces", {"Image": {}, "Attributes": ["x"] * 100_000}, 100_000),
    ],
)
def test_all_violations_are_counted_and_only_the_first_are_told(
    operation: str, body: dict[str, Any], count: int
) -> None:
    with pytest.raises(ValidationError, match=f"^{count} validation error") as raised:
        parse(operation, body)
    assert str(raised.value).count("failed to satisfy") == min(count, protocol.MAX_VIOLATIONS_TOLD)


@given(st.sampled_from(sorted(OPERATIONS)), JSON)
def test_any_json_is_parsed_or_refused_with_a_typed_error(operation: str, body: Any) -> None:
    assert _is_parsed_or_refused(operation, body)


@given(st.sampled_from(sorted(OPERATIONS)), st.data())
def test_any_value_in_a_known_member_is_parsed_or_refused_with_a_typed_error(
    operation: str, data: st.DataObject
) -> None:
    shape = protocol.service_model().operation_model(operation).input_shape
    assert shape is not None
    members = st.sampled_from([*shape.members, "Other"])
    assert _is_parsed_or_refused(operation, data.draw(st.dictionaries(members, JSON, max_size=4)))


def test_every_pattern_of_an_offered_input_is_understood() -> None:
    inputs = [protocol.service_model().operation_model(name).input_shape for name in OPERATIONS]
    patterns = {
        shape.metadata["pattern"] for top in inputs if top for shape in _shapes(top) if "pattern" in shape.metadata
    }
    unreadable = {pattern for pattern in patterns if r"\p{" in pattern}
    assert len(patterns - unreadable) >= 8
    assert len(unreadable) == 2  # the keys and the values of tags, which this service refuses
    for pattern in patterns - unreadable:
        re.compile(pattern, re.ASCII)


def test_a_result_with_a_member_the_shape_has_not_is_a_fault() -> None:
    operation = protocol.service_model().operation_model("DeleteCollection")
    with pytest.raises(InternalServerError, match="Mood"):
        protocol.serialise(operation, {"StatusCode": 200, "Mood": "fine"})


@pytest.mark.parametrize("value", ["200", 200.5, None])
def test_a_result_of_another_type_is_a_fault_and_an_absent_one_is_left_out(value: Any) -> None:
    operation = protocol.service_model().operation_model("DeleteCollection")
    if value is None:
        assert protocol.serialise(operation, {"StatusCode": None}) == b"{}"
        return
    with pytest.raises(InternalServerError):
        protocol.serialise(operation, {"StatusCode": value})


def test_times_are_written_as_seconds() -> None:
    operation = protocol.service_model().operation_model("DescribeCollection")
    body = protocol.serialise(operation, {"CreationTimestamp": datetime(2026, 1, 1, tzinfo=UTC)})
    assert json.loads(body) == {"CreationTimestamp": 1767225600.0}


def test_the_outputs_of_the_offered_operations_hold_only_what_can_be_written() -> None:
    written = {"structure", "list", "timestamp", "string", "boolean", "integer", "long", "float"}
    for name in OPERATIONS:
        output = protocol.service_model().operation_model(name).output_shape
        assert output is not None
        assert {shape.type_name for shape in _shapes(output)} <= written


def _shapes(shape: Shape) -> list[Shape]:
    inner: list[Shape] = []
    if isinstance(shape, StructureShape):
        inner = list(shape.members.values())
    elif isinstance(shape, ListShape):
        inner = [shape.member]
    elif isinstance(shape, MapShape):
        inner = [shape.key, shape.value]
    return [shape, *(found for member in inner for found in _shapes(member))]


def _is_parsed_or_refused(operation: str, body: Any) -> bool:
    try:
        return isinstance(parse(operation, body), dict)
    except RekognitionError as error:
        return error.status == 400
