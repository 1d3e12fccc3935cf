"""What only time mends: calls that boto3's clients repeat beyond botocore's own rules, and what is left to a person."""

import random
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from attendance.errors import passes

if TYPE_CHECKING:
    from botocore.client import BaseClient

TRIES = 8
"""Tries of one call."""


def repeat(client: "BaseClient", calls: str, codes: frozenset[str], first_pause: float) -> None:
    """Let a client try a call again that was answered with one of the errors.

    Args:
        client: of any service.
        calls: which calls, as botocore names its events: `dynamodb`, or `rekognition.GetFaceSearch`.
        codes: of the errors.
        first_pause: seconds, as for `pause_after`.
    """
    events: Any = client.meta.events  # whose stubs know no handler that answers
    events.register(f"needs-retry.{calls}", partial(_pause, codes, first_pause))


def pause_after(attempt: int, first_pause: float) -> float:
    """Seconds until the next try, with full jitter, so that those who met do not meet again.

    Args:
        attempt: how many tries failed before this one.
        first_pause: seconds at most after the first try; twice that after the second, and so on.
    """
    return random.uniform(0, first_pause * 2**attempt)  # noqa: S311 (spreads load, protects nothing)


def is_passing(error: Exception) -> bool:
    """Whether nothing is wrong with what was asked, so that a person may ask again later."""
    return passes(error.response["Error"].get("Code", "") if isinstance(error, ClientError) else type(error).__name__)


def _pause(
    codes: frozenset[str],
    first_pause: float,
    response: tuple[Any, Mapping[str, Any]] | None,
    attempts: int,
    **_: object,
) -> float | None:
    """Seconds until the next try; None leaves it to botocore's own rules."""
    code = response[1].get("Error", {}).get("Code") if response else None
    if code not in codes or attempts >= TRIES:
        return None
    return pause_after(attempts - 1, first_pause)
