"""The service over HTTP: one POST for every operation of the protocol, one GET for whoever watches over it."""

import logging
import uuid

from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from rekognition_local import protocol
from rekognition_local.errors import AccessDeniedError, ImageTooLargeError, InternalServerError, RekognitionError
from rekognition_local.hosts import is_local
from rekognition_local.operations import OPERATIONS
from rekognition_local.service import FaceService

# Two pictures of 5 MB in base64 make 14 MB; nothing else that is valid comes near.
MAX_BODY_BYTES = 16 * 1024**2

_log = logging.getLogger(__name__)


def create_app(service: FaceService) -> Flask:
    """The WSGI application of a running service."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.before_request(_refuse_foreign_names)

    @app.post("/")
    def operate() -> Response:
        try:
            return _aws_response(200, _answer(service))
        except RekognitionError as error:
            if isinstance(error, InternalServerError):
                _log.error("%s: %s", error.code, error)
            return _aws_response(error.status, protocol.serialise_error(error))
        except Exception:
            _log.exception("an operation failed")
            fault = InternalServerError("The face service failed; see its log.")
            return _aws_response(fault.status, protocol.serialise_error(fault))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok", model_version=service.model.model_version, jobs=service.jobs.counts())

    return app


def _refuse_foreign_names() -> Response | None:
    """Answer nobody who calls this machine by a name of the internet."""
    if is_local(request.headers.get("Host", "")):
        return None
    error = AccessDeniedError("Call the face service by an address or as localhost.")
    return _aws_response(error.status, protocol.serialise_error(error))


def _answer(service: FaceService) -> bytes:
    operation = protocol.operation_model(request.headers.get("X-Amz-Target", ""))
    if operation.name not in OPERATIONS:
        offered = ", ".join(OPERATIONS)
        raise AccessDeniedError(f"This face service does not offer {operation.name}; it offers {offered}.")
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge as error:
        raise ImageTooLargeError(
            f"The request has more than {MAX_BODY_BYTES:,} bytes; send smaller pictures."
        ) from error
    parameters = protocol.parse(operation, body)
    return protocol.serialise(operation, OPERATIONS[operation.name](service, parameters))


def _aws_response(status: int, body: bytes) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(body, status, headers, content_type=protocol.CONTENT_TYPE)
