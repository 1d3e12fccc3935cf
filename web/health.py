"""Whether everything the web lives on answers."""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from web.security import limiter, store

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@limiter.exempt
def healthz() -> ResponseReturnValue:
    """200 when the tables and the face service answer, else 503 with what is missing."""
    missing = store().missing()
    if missing:
        return jsonify(status="unavailable", missing=missing), 503
    return jsonify(status="ok")
