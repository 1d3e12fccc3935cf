"""An ASGI application in front of the emulated AWS, for which it answers Queries of large partitions in time.

MiniStack 1.5.33 reads the text of a key condition anew for every item of a partition, 20 to 50 microseconds each: half
a second for a school of 20,000. The notation that DynamoDB had before expressions, `KeyConditions`, means the same, and
its values are compared as they are. So conditions as boto3 writes them are put in that notation on their way; whatever
else is asked, and whatever DynamoDB would refuse, goes on as it came.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from local.journal_calls import TARGET, App, header, whole_body

_NAME, _VALUE = r"#?\w+", r":\w+"
_CONDITION = re.compile(
    rf"(?P<key>{_NAME}) = (?P<equal>{_VALUE})"
    rf"(?: AND (?:(?P<sort>{_NAME}) (?P<sign>=|<=?|>=?) (?P<value>{_VALUE})"
    rf"|(?P<within>{_NAME}) BETWEEN (?P<low>{_VALUE}) AND (?P<high>{_VALUE})"
    rf"|begins_with\((?P<prefixed>{_NAME}), (?P<prefix>{_VALUE})\)))?"
)
_COMPARED = {"=": "EQ", "<": "LT", "<=": "LE", ">": "GT", ">=": "GE"}
_OTHER_EXPRESSIONS = ("FilterExpression", "ProjectionExpression")
_CHECKED_KEYS = re.compile(rb"Credential=A[KS]IA")
"""The emulator compares signatures of such keys with the body; others it only takes an account from."""


class QuickQueries:
    """The application with key conditions that it compares quickly."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Serve a request or a lifespan, as ASGI has it."""
        if not _is_unchecked_query(scope):
            await self._app(scope, receive, send)
            return
        body = await whole_body(receive)
        if body is None:
            return
        content = _rewritten(body)
        length = (b"content-length", str(len(content)).encode())
        headers = [length if name.lower() == length[0] else (name, value) for name, value in scope["headers"]]
        messages = iter([{"type": "http.request", "body": content, "more_body": False}])

        async def received() -> Any:
            return next(messages, None) or await receive()

        await self._app({**scope, "headers": headers}, received, send)


def in_key_conditions(request: Mapping[str, Any]) -> dict[str, Any]:
    """A Query's parameters with its key condition as `KeyConditions`.

    As they were where the condition is of another form than boto3's, or DynamoDB has rules for an expression that the
    older notation does not know: an empty value, bounds in the wrong order, a start outside of the range.
    """
    unchanged = dict(request)
    try:
        compared = list(_conditions(request))
    except (AttributeError, KeyError, TypeError, ValueError):
        return unchanged
    conditions = dict(compared)
    if len(conditions) < len(compared):
        return unchanged
    changed = {name: value for name, value in request.items() if name != "KeyConditionExpression"}
    others = " ".join(str(request.get(name, "")) for name in _OTHER_EXPRESSIONS)
    for part, mark in (("ExpressionAttributeNames", "#"), ("ExpressionAttributeValues", ":")):
        used = set(re.findall(rf"{mark}\w+", others))
        kept = {name: value for name, value in request.get(part, {}).items() if name in used}
        changed.pop(part, None)
        changed |= {part: kept} if kept else {}
    return changed | {"KeyConditions": conditions}


def _conditions(request: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each key attribute with its comparison; ValueError, KeyError or TypeError where they cannot be told or turned."""
    text, values = request["KeyConditionExpression"], request["ExpressionAttributeValues"]
    found = _CONDITION.fullmatch(text[1:-1] if text.startswith("(") and text.endswith(")") else text)
    if found is None:
        raise ValueError
    attribute, equal = _comparison(request, found["key"], "EQ", values[found["equal"]])
    start = request.get("ExclusiveStartKey")
    if start is not None and (" AND " in text or [start[attribute]] != equal["AttributeValueList"]):
        raise ValueError
    yield attribute, equal
    if found["sort"]:
        yield _comparison(request, found["sort"], _COMPARED[found["sign"]], values[found["value"]])
    if found["prefixed"]:
        yield _comparison(request, found["prefixed"], "BEGINS_WITH", values[found["prefix"]])
    if found["within"]:
        low, high = values[found["low"]], values[found["high"]]
        if low["S"] > high["S"]:
            raise ValueError
        yield _comparison(request, found["within"], "BETWEEN", low, high)


def _comparison(
    request: Mapping[str, Any], name: str, operator: str, *values: Mapping[str, Any]
) -> tuple[str, dict[str, Any]]:
    if not all(content for value in values for content in value.values()):
        raise ValueError
    attribute = request["ExpressionAttributeNames"][name] if name.startswith("#") else name
    return attribute, {"ComparisonOperator": operator, "AttributeValueList": list(values)}


def _is_unchecked_query(scope: Mapping[str, Any]) -> bool:
    if scope["type"] != "http" or header(scope, b"x-amz-target") != TARGET + b"Query":
        return False
    return _CHECKED_KEYS.search(header(scope, b"authorization")) is None


def _rewritten(body: bytes) -> bytes:
    try:
        request = json.loads(body)
    except ValueError:
        return body
    return json.dumps(in_key_conditions(request)).encode() if isinstance(request, dict) else body
