"""The API: registers as JSON, for programs that come with a personal token. It reads only, and knows no cookies."""

from collections.abc import Callable
from hashlib import sha256

from flask import Blueprint, Response, abort, g, jsonify, request
from flask_limiter.util import get_remote_address
from pydantic import BaseModel, ValidationError
from werkzeug.wrappers import Response as BaseResponse

from attendance.register import CourseInfo
from attendance.users import User
from web.api_document import Operation, document
from web.api_models import Course, PageQuery, Register, Row, Session, Sessions, SessionsQuery, Student, Students
from web.problems import problem
from web.security import limiter, store
from web.services import services

PREFIX = "/api/v1"
RATE = "300 per minute; 20000 per day"
"""Requests with one token."""
WRONG_RATE = "30 per minute; 300 per hour"
"""Requests of one address with a token that opens nothing."""
AFTER_ALL_SLOTS = "~"
"""Sorts behind every slot of a day."""

blueprint = Blueprint("api", __name__, url_prefix=PREFIX)
operations: list[Operation] = []

Answer = Callable[..., BaseModel]


def operation(
    path: str, summary: str, answer: type[BaseModel], query: type[BaseModel] | None = None
) -> Callable[[Answer], Answer]:
    """Let a function answer requests and stand in the document."""

    def register(function: Answer) -> Answer:
        operations.append(Operation(function.__name__, path, summary, answer, query))

        def view(**places: str) -> Response:
            asked = (query.model_validate(request.args.to_dict()),) if query else ()
            return Response(function(*asked, **places).model_dump_json(), mimetype="application/json")

        blueprint.add_url_rule(path, function.__name__, view)
        return function

    return register


@blueprint.get("/openapi.json")
def openapi() -> Response:
    """The document, which needs no token."""
    return jsonify(document(operations, request.host_url.rstrip("/") + PREFIX))


@operation("/courses/<course_id>", "A course, with the number of classes that are planned.", Course)
def course(course_id: str) -> Course:
    """A course, with the number of classes that are planned."""
    return Course.of(_visible_course(course_id))


@operation("/courses/<course_id>/sessions", "The sessions of a course, the newest first.", Sessions, SessionsQuery)
def sessions(query: SessionsQuery, course_id: str) -> Sessions:
    """The sessions of a course, the newest first."""
    _visible_course(course_id)
    before = query.cursor or (query.until and f"{query.until.isoformat()}{AFTER_ALL_SLOTS}")
    page = store().sessions(course_id, before or None, query.limit)
    since = query.since.isoformat() if query.since else ""
    wanted = [session for session in page.items if session.session_id >= since]
    is_end = len(wanted) < len(page.items)
    return Sessions(items=[Session.of(session) for session in wanted], next=None if is_end else page.cursor)


@operation("/courses/<course_id>/sessions/<session_id>/rows", "A session and every row of its register.", Register)
def rows(course_id: str, session_id: str) -> Register:
    """A session and every row of its register."""
    _visible_course(course_id)
    session = store().session(course_id, session_id)
    if session is None:
        abort(404)
    return Register(session=Session.of(session), rows=[Row.of(row) for row in store().rows(session)])


@operation("/courses/<course_id>/students", "The students on a course's roster, by id.", Students, PageQuery)
def students(query: PageQuery, course_id: str) -> Students:
    """The students on a course's roster, by id."""
    _visible_course(course_id)
    page = store().roster(course_id, query.cursor, query.limit)
    return Students(items=[Student.of(enrolment) for enrolment in page.items], next=page.cursor)


@blueprint.before_request
def require_token() -> BaseResponse | None:
    """Answer 401 without a token that opens something; the document is for everybody."""
    if request.endpoint == "api.openapi":
        return None
    kind, _, text = request.headers.get("Authorization", "").partition(" ")
    user = services().tokens.verify(text.strip()) if kind.lower() == "bearer" else None
    if user is None:
        return problem(401, "Send the header Authorization: Bearer and a token from the page of your account.")
    g.api_account = user
    return None


@blueprint.errorhandler(ValidationError)
def explain_query(error: ValidationError) -> Response:
    """Say which part of a query is wrong, and why; what was sent is not repeated."""
    told = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False))
    return problem(422, "Change the query. " + "; ".join(sorted(told)))


def _visible_course(course_id: str) -> CourseInfo:
    """The course; 403 unless the token's account may see it, then 404 unless it is there."""
    user: User = g.api_account
    if not user.may_see(course_id):
        abort(403)
    return store().course(course_id) or abort(404)


def _token_key() -> str:
    """What a rate limit counts by: the token, of which no more than a hash is kept."""
    return "token:" + sha256(request.headers.get("Authorization", "").encode()).hexdigest()


def _is_unknown(response: BaseResponse) -> bool:
    return response.status_code == 401


limiter.limit(RATE, key_func=_token_key)(blueprint)
limiter.limit(WRONG_RATE, key_func=get_remote_address, deduct_when=_is_unknown)(blueprint)
