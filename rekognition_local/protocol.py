"""The AWS JSON 1.1 protocol from the server's side, driven by botocore's own model of Rekognition.

Nothing here knows what an operation does: a body becomes checked parameters, a result becomes a body.
"""

import base64
import binascii
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn, cast

from botocore import session as botocore_session
from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from rekognition_local.errors import (
    InternalServerError,
    RekognitionError,
    SerializationError,
    UnknownOperationError,
    ValidationError,
)

CONTENT_TYPE = "application/x-amz-json-1.1"
# Broken constraints that an error tells of; a request of 16 MB can break millions.
MAX_VIOLATIONS_TOLD = 20
_INTEGER_BITS = {"integer": 31, "long": 63}


@lru_cache(maxsize=1)
def service_model() -> ServiceModel:
    """Botocore's model of Rekognition: every operation, shape, limit and error."""
    return botocore_session.get_session().get_service_model("rekognition")


def operation_model(target: str) -> OperationModel:
    """The operation that an X-Amz-Target header names.

    Raises:
        UnknownOperationError: the header is missing, of another service, or names no operation of Rekognition.
    """
    model = service_model()
    service, _, name = target.partition(".")
    if service != model.metadata["targetPrefix"] or name not in model.operation_names:
        raise UnknownOperationError("The X-Amz-Target header names no operation of Amazon Rekognition.")
    return model.operation_model(name)


def parse(operation: OperationModel, body: bytes) -> dict[str, Any]:
    """Turn a request body into the operation's parameters.

    Members the shape does not have are ignored and null members are absent, as AWS does; blobs come out as bytes.

    Raises:
        SerializationError: the body is no JSON object, or a value has another type than the shape wants.
        ValidationError: values break constraints of their shapes; the message counts them and lists the first.
    """
    reader = _Reader()
    parameters = reader.read(_shape(operation.input_shape), _load(body), "")
    if reader.violations:
        count = reader.count
        noun = "error" if count == 1 else "errors"
        raise ValidationError(f"{count} validation {noun} detected: " + "; ".join(reader.violations))
    return cast("dict[str, Any]", parameters)


def serialise(operation: OperationModel, result: Mapping[str, Any]) -> bytes:
    """Turn an operation's result into a response body.

    Raises:
        InternalServerError: the result has a member or value that the output shape has not.
    """
    return json.dumps(_write(_shape(operation.output_shape), result), allow_nan=False).encode()


def serialise_error(error: RekognitionError) -> bytes:
    """Turn an error into the body from which boto3 raises its exception."""
    message = str(error)
    return json.dumps({"__type": error.code, "Code": error.code, "message": message, "Message": message}).encode()


def _shape(shape: StructureShape | None) -> StructureShape:
    """The shape, which every operation of Rekognition has."""
    if shape is None:
        raise InternalServerError("an operation without a shape")
    return shape


def _load(body: bytes) -> Any:
    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(body or b"{}", parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise SerializationError("The body of the request is not JSON.") from error


class _Reader:
    """Reads JSON values by their shapes; counts the broken constraints and gathers the first of them."""

    def __init__(self) -> None:
        self.count = 0
        self.violations: list[str] = []
        self._readers: dict[str, Callable[[Any, Any, str], Any]] = {
            "structure": self._structure,
            "list": self._list,
            "map": self._map,
            "string": self._string,
            "blob": self._blob,
            "boolean": self._boolean,
            "integer": self._integer,
            "long": self._integer,
            "float": self._float,
            "double": self._float,
            "timestamp": self._timestamp,
        }

    def read(self, shape: Shape, value: Any, path: str) -> Any:
        return self._readers[shape.type_name](shape, value, path)

    def _structure(self, shape: StructureShape, value: Any, path: str) -> dict[str, Any]:
        _expect(isinstance(value, dict), "an object", path)
        parsed = {}
        for name, member in shape.members.items():
            member_path = f"{path}.{_camel(name)}" if path else _camel(name)
            if value.get(name) is not None:
                parsed[name] = self.read(member, value[name], member_path)
            elif name in shape.required_members:
                self._violate("null", member_path, "Member must not be null")
        return parsed

    def _list(self, shape: ListShape, value: Any, path: str) -> list[Any]:
        _expect(isinstance(value, list), "a list", path)
        self._check_length(shape, len(value), path, f"a list of {len(value)}")
        if len(value) > shape.metadata.get("max", len(value)):
            return []  # refused already, and perhaps for its length alone
        return [self.read(shape.member, item, f"{path}.{place}.member") for place, item in enumerate(value, 1)]

    def _map(self, shape: MapShape, value: Any, path: str) -> dict[Any, Any]:
        _expect(isinstance(value, dict), "an object", path)
        self._check_length(shape, len(value), path, f"a map of {len(value)}")
        return {
            self.read(shape.key, key, f"{path}.key"): self.read(shape.value, item, f"{path}.value")
            for key, item in value.items()
        }

    def _string(self, shape: Shape, value: Any, path: str) -> str:
        _expect(isinstance(value, str) and _is_unicode(value), "a string", path)
        shown = value if len(value) <= 100 else f"{value[:100]}..."
        self._check_length(shape, len(value), path, shown)
        enum = shape.metadata.get("enum")
        if enum and value not in enum:
            self._violate(shown, path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
        pattern = shape.metadata.get("pattern")
        if pattern and not _matches(pattern, value):
            self._violate(shown, path, f"Member must satisfy regular expression pattern: {pattern}")
        return cast("str", value)

    def _blob(self, shape: Shape, value: Any, path: str) -> bytes:
        _expect(isinstance(value, str), "base64 text", path)
        try:
            blob = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise SerializationError(f"The value at '{path}' is not base64.") from error
        # The longest blob is the operation's own matter: there is a typed error for pictures that are too large.
        if len(blob) < shape.metadata.get("min", 0):
            self._violate("a blob", path, f"Member must have length greater than or equal to {shape.metadata['min']}")
        return blob

    def _boolean(self, _shape: Shape, value: Any, path: str) -> bool:
        _expect(isinstance(value, bool), "true or false", path)
        return cast("bool", value)

    def _integer(self, shape: Shape, value: Any, path: str) -> int:
        bits = _INTEGER_BITS[shape.type_name]
        fits = isinstance(value, int) and not isinstance(value, bool) and -(2**bits) <= value < 2**bits
        _expect(fits, f"an integer of {bits + 1} bits", path)
        self._check_range(shape, value, path)
        return cast("int", value)

    def _float(self, shape: Shape, value: Any, path: str) -> float:
        _expect(_is_number(value), "a number", path)
        self._check_range(shape, value, path)
        return float(value)

    def _timestamp(self, _shape: Shape, value: Any, path: str) -> datetime:
        _expect(_is_number(value), "a number of seconds", path)
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError) as error:
            raise SerializationError(f"The value at '{path}' is not a time.") from error

    def _check_length(self, shape: Shape, length: int, path: str, shown: str) -> None:
        for bound, broken in _broken_bounds(shape, length):
            self._violate(shown, path, f"Member must have length {broken} than or equal to {bound}")

    def _check_range(self, shape: Shape, value: float, path: str) -> None:
        for bound, broken in _broken_bounds(shape, value):
            self._violate(str(value), path, f"Member must have value {broken} than or equal to {bound}")

    def _violate(self, shown: str, path: str, constraint: str) -> None:
        self.count += 1
        if self.count > MAX_VIOLATIONS_TOLD:
            return
        quoted = shown if shown == "null" else f"'{shown}'"
        self.violations.append(f"Value {quoted} at '{path}' failed to satisfy constraint: {constraint}")


def _broken_bounds(shape: Shape, value: float) -> Iterator[tuple[float, str]]:
    minimum, maximum = shape.metadata.get("min"), shape.metadata.get("max")
    if minimum is not None and value < minimum:
        yield minimum, "greater"
    if maximum is not None and value > maximum:
        yield maximum, "less"


def _expect(holds: bool, wanted: str, path: str) -> None:
    if not holds:
        where = f"value at '{path}'" if path else "body of the request"
        raise SerializationError(f"The {where} must be {wanted}.")


def _matches(pattern: str, value: str) -> bool:
    r"""Whether a whole value has a shape's pattern.

    Tags have Unicode classes (`\p{L}`), which Python's re cannot read; they pass, for tags are refused elsewhere.
    """
    return r"\p{" in pattern or re.fullmatch(pattern, value, re.ASCII) is not None


def _is_number(value: Any) -> bool:
    """Whether a JSON value is a number that a 64-bit float can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_unicode(text: str) -> bool:
    """Whether a string is without lone surrogates, which JSON can spell but nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _write(shape: Shape, value: Any) -> Any:
    if isinstance(shape, StructureShape):
        unknown = set(value) - set(shape.members)
        if unknown:
            raise InternalServerError(f"{shape.name} has no {', '.join(sorted(unknown))}")
        return {name: _write(shape.members[name], item) for name, item in value.items() if item is not None}
    if isinstance(shape, ListShape):
        return [_write(shape.member, item) for item in value]
    if shape.type_name == "timestamp":
        return cast("datetime", value).timestamp()
    return _write_scalar(shape, value)


_SCALARS: dict[str, type] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "float": float,
    "double": float,
}


def _write_scalar(shape: Shape, value: Any) -> Any:
    wanted = _SCALARS[shape.type_name]
    if wanted is float and isinstance(value, int):
        value = float(value)
    if not isinstance(value, wanted):
        raise InternalServerError(f"{shape.name} must be {wanted.__name__}, not {type(value).__name__}")
    return value
