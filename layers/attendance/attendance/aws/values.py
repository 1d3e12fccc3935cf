"""Python's numbers to and from DynamoDB's, which knows no floats."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any


def to_item(value: Any) -> Any:
    """The value with each float as the decimal of its shortest form; None stays and becomes NULL."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {key: to_item(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [to_item(inner) for inner in value]
    return value
