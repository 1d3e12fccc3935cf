"""Error pages in plain words."""

from flask import Flask, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

from attendance.aws.repeating import is_passing
from web.problems import is_api, problem

_PAGES = {
    400: ("This did not work", "The request was not complete. Go back, reload the page and try again."),
    403: ("Not yours to see", "Your account may not see this page. Ask an administrator to add the course to it."),
    404: ("Not found", "There is no such page. It may have been removed, or the address may be mistyped."),
    405: ("This did not work", "The page cannot be used this way. Go back and use its buttons."),
    413: (
        "Too large",
        "What was sent is too large. A photo may have 5 MB, and this form {mega:.1f} MB in all. Go back and send less.",
    ),
    503: (
        "Too busy for the moment",
        "A service that Rollcall needs is busy or cannot be reached. Wait a minute, then try again.",
    ),
    500: ("Something broke", "It is our fault, not yours. Try again; if it stays, tell an administrator when it was."),
}

_SPANS = {"second": "a moment", "minute": "a minute", "hour": "an hour", "day": "a day"}


def register(app: Flask) -> None:
    """Give the application its error pages."""

    @app.errorhandler(SecurityError)
    def refuse_host(_: SecurityError) -> tuple[str, int]:
        # Nothing is known of the site under a foreign host name, so no page with links can be made.
        return "Rollcall does not answer under this host name.\n", 400

    @app.errorhandler(CSRFError)
    def expired(_: CSRFError) -> tuple[str, int]:
        text = "The page was open for too long or came from elsewhere. Reload it and try again."
        return render_template("error.html", code=400, title="The form has expired", text=text), 400

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> ResponseReturnValue:
        code = error.code or 500
        title, text = _PAGES.get(code, _PAGES[500 if code >= 500 else 400])
        return _told(code, title, text.format(mega=(request.max_content_length or 0) / 2**20))

    @app.errorhandler(RateLimitExceeded)
    def slow_down(error: RateLimitExceeded) -> ResponseReturnValue:
        limit = error.limit.limit
        text = f"There were too many tries. Try again in {_SPANS[limit.GRANULARITY.name]}."
        return _told(429, "Too many tries", text, limit.get_expiry())

    @app.errorhandler(Exception)
    def wait(error: Exception) -> ResponseReturnValue:
        if not is_passing(error):
            raise error
        app.logger.warning("too busy: %s", type(error).__name__, exc_info=error)
        return _told(503, *_PAGES[503], 60)


def _told(code: int, title: str, text: str, wait_seconds: int | None = None) -> Response:
    """A page or, of the API, a problem."""
    told = problem(code, text) if is_api() else render_template("error.html", code=code, title=title, text=text)
    answer = make_response(told, code)
    if wait_seconds is not None:
        answer.headers["Retry-After"] = str(wait_seconds)
    return answer
