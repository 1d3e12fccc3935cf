"""Error pages in plain words."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, SecurityError

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
    429: ("Too many tries", "There were too many tries. Wait a minute, then try again."),
    500: ("Something broke", "It is our fault, not yours. Try again; if it stays, tell an administrator when it was."),
}


def register(app: Flask) -> None:
    """Give the application its error pages."""

    @app.errorhandler(SecurityError)
    def refuse_host(_: SecurityError) -> tuple[str, int]:
        # Nothing is known of the site under a foreign host name, so no page with links can be made.
        return "Rollcall does not answer under this host name.\n", 400

    @app.errorhandler(CSRFError)
    def expired(_: CSRFError) -> tuple[str, int]:
        text = "The page was open for too long or came from elsewhere. Reload it and try again."
        return render_template("error.html", title="The form has expired", text=text), 400

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> ResponseReturnValue:
        code = error.code or 500
        title, text = _PAGES.get(code, _PAGES[500 if code >= 500 else 400])
        text = text.format(mega=(request.max_content_length or 0) / 2**20)
        if is_api():
            return problem(code, text)
        return render_template("error.html", title=title, text=text), code
