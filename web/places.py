"""What an address can name: the places of its rules, and the cursors of its lists.

DynamoDB answers a key that is too long with an error of its own, so nothing that can be no key is ever asked for.
"""

import re

from flask import Flask, abort, request
from werkzeug.routing import BaseConverter

PLACE = r"[A-Za-z0-9][A-Za-z0-9._#-]{0,63}"
"""An id, a day, a session of that day, a hash: each fits, and two of them joined fit into any key."""


class PlaceConverter(BaseConverter):
    """A place of a rule: what is none leads nowhere, which is a 404 for everybody."""

    regex = PLACE


def register(app: Flask) -> None:
    """Let the places of the rules that are added from now on hold nothing else."""
    app.url_map.converters["default"] = PlaceConverter


def cursor(name: str = "after") -> str | None:
    """Where a page of a list begins, as the page before told it; None for the first, 400 where it can be none."""
    text = request.args.get(name, "")
    if text and not re.fullmatch(PLACE, text):
        abort(400)
    return text or None
