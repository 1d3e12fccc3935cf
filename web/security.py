"""Who may see what, and what every answer tells the browser to allow: deny by default."""

from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from flask import Flask, Response, abort, current_app, flash, g, redirect, request, url_for
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from attendance.users import Role, User
from web.problems import is_api
from web.services import services
from web.store import Store

PUBLIC_ENDPOINTS = frozenset({"auth.login", "health.healthz", "assets.file"})
"""The only endpoints that answer without a login, beside the API, which wants a token."""

_WITH_ONE_TIME_PASSWORD = frozenset({"account.show", "auth.logout"})
"""What an account may ask for until it has a password of its own."""

LARGE_FORMS: dict[str, int] = {}
"""Bytes that the forms of an endpoint may have where they may have more than others; blueprints enter theirs."""

FILE_FIELDS = frozenset({"photo", "photos", "table"})
"""What a file can be called in a form."""

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}

# While the shared counts cannot be reached each process counts for itself: nobody is locked out, and nobody let in.
limiter = Limiter(get_remote_address, in_memory_fallback_enabled=True)
csrf = CSRFProtect()


@dataclass(frozen=True)
class SignedIn(UserMixin):  # type: ignore[misc]  # Flask-Login has no types
    """The account of a request, as Flask-Login keeps it."""

    account: User

    def get_id(self) -> str:
        """What the session cookie carries: it becomes void when the password changes."""
        return f"{self.account.email}\n{_fingerprint(self.account)}"


def store() -> Store:
    """The store of the running application."""
    return cast(Store, current_app.extensions["rollcall_store"])


def account() -> User:
    """The account of this request; only for endpoints behind the login."""
    return cast(SignedIn, current_user).account


def account_key() -> str:
    """What a rate limit counts by: the account, so that a class behind one address does not share it."""
    return f"account:{account().email}"


def require_course(course_id: str) -> None:
    """Answer 403 unless this account may see the course, whether there is such a course or not."""
    if not account().may_see(course_id):
        abort(403)


def require_admin() -> None:
    """Answer 403 unless this account is an administrator's."""
    if account().role is not Role.ADMIN:
        abort(403)


def most_bytes(endpoint: str) -> int:
    """How large a form to an endpoint may be."""
    most: int = LARGE_FORMS.get(endpoint, current_app.config["MAX_CONTENT_LENGTH"])
    function_takes: int = current_app.config.get("FUNCTION_TAKES_BYTES", most)
    return min(most, function_takes)


def content_security_policy(videos: str, photos: str, work: str) -> str:
    """What a page may load, and where it may send to: this server and, by name, the buckets."""
    return "; ".join(
        (
            "default-src 'none'",
            "style-src 'self'",
            "script-src 'self'",
            f"img-src 'self' data: {photos}",  # Bootstrap's stylesheet carries its icons as data
            # This server sends a player on to the bucket, and the length of a chosen file is read before it is sent.
            f"media-src 'self' blob: {videos}",
            f"connect-src 'self' {videos} {work}",
            f"form-action 'self' {videos} {work}",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        )
    )


def protect(app: Flask) -> None:
    """Put the login, form tokens, rate limits and headers in front of every endpoint of the application."""
    manager = LoginManager()
    manager.init_app(app, add_context_processor=False)  # which reads the account even for a page that does not ask
    app.jinja_env.globals["current_user"] = current_user
    manager.login_view = "auth.login"
    manager.login_message = "Sign in to go on."
    manager.session_protection = "strong"
    manager.user_loader(_load)
    app.add_template_global(most_bytes)

    # First, so that nothing a stranger sends is read: the form token's check reads the whole form.
    @app.before_request
    def require_login() -> BaseResponse | None:
        request.max_content_length = most_bytes(request.endpoint or "")
        is_public = request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS or is_api()
        if is_public or current_user.is_authenticated:
            return None
        if request.method not in ("GET", "HEAD"):
            flash("Your session has ended. Sign in, then send the form again: nothing was kept of it.")
            return redirect(url_for("auth.login"))
        return cast(BaseResponse, manager.unauthorized())

    app.before_request(_require_own_password)
    csrf.init_app(app)
    app.before_request(_refuse_files_for_texts)
    limiter.init_app(app)

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        buckets = (services().uploads.origin, services().photos.origin, services().imports.origin)
        response.headers["Content-Security-Policy"] = content_security_policy(*buckets)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        response.headers.setdefault("Cache-Control", "no-store")
        return response


def _require_own_password() -> BaseResponse | None:
    """Send whoever signed in with a one-time password to the form of a new one, whatever they asked for."""
    allowed = request.endpoint in PUBLIC_ENDPOINTS | _WITH_ONE_TIME_PASSWORD
    if allowed or is_api() or not current_user.is_authenticated or not account().must_change:
        return None
    flash("Your password was handed out to you. Choose one of your own to go on.", "warning")
    return redirect(url_for("account.show"))


def _refuse_files_for_texts() -> None:
    """Answer 400 to a file where a form has a text: Flask-WTF would hand it to the field, which takes it for one."""
    if request.files.keys() - FILE_FIELDS:
        abort(400)


def _load(session_id: str) -> SignedIn | None:
    """The account a session cookie names, read once per request so that a removed one is out at once."""
    email, _, fingerprint = session_id.partition("\n")
    if "rollcall_account" not in g:
        g.rollcall_account = store().user(email)
    user: User | None = g.rollcall_account
    if user is None or user.disabled or _fingerprint(user) != fingerprint:
        return None
    return SignedIn(user)


def _fingerprint(user: User) -> str:
    return sha256(user.password_hash.encode()).hexdigest()[:16]
