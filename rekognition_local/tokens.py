"""NextToken: an opaque word that says where the next page starts, and of what."""

import base64
import binascii
import hashlib
import json
from typing import Any

from rekognition_local.errors import InvalidPaginationTokenError


def encode(position: int, *scope: Any) -> str:
    """A token for the page that starts after or at `position` of the list that `scope` (JSON values) identifies."""
    return base64.urlsafe_b64encode(json.dumps([_digest(scope), position]).encode()).decode()


def decode(token: str | None, *scope: Any) -> int:
    """The position in a token, 0 without one.

    Raises:
        InvalidPaginationTokenError: the token is none of ours or belongs to another list.
    """
    if token is None:
        return 0
    try:
        digest, position = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidPaginationTokenError("The NextToken is not valid.") from error
    if digest != _digest(scope) or type(position) is not int or not 0 <= position < 2**63:
        raise InvalidPaginationTokenError("The NextToken belongs to another request: ask for the first page again.")
    return int(position)


def _digest(scope: tuple[Any, ...]) -> str:
    return hashlib.sha256(json.dumps(scope).encode()).hexdigest()[:16]
