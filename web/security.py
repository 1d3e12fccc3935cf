"""Who may see what, and what every answer tells the browser to allow: deny by default."""

from dataclasses import dataclass
from hashlib import sha256
from typing import cast

from flask import Flask, Response, abort, current_app, g, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager, UserMixin, current_user
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from attendance.users import Role, User
from web.store import Store

PUBLIC_ENDPOINTS = frozenset({"auth.login", "health.healthz", "static", "bootstrap.static"})
"""The only endpoints that answer without a login."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self' data:",  # Bootstrap's stylesheet carries its icons as data
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STATIC_ENDPOINTS = frozenset({"static", "bootstrap.static"})
_STATIC_SECONDS = 3600

limiter = Limiter(get_remote_address, storage_uri="memory://")
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


def require_course(course_id: str) -> None:
    """Answer 403 unless this account may see the course, whether there is such a course or not."""
    if not account().may_see(course_id):
        abort(403)


def require_admin() -> None:
    """Answer 403 unless this account is an administrator's."""
    if account().role is not Role.ADMIN:
        abort(403)


def protect(app: Flask) -> None:
    """Put the login, form tokens, rate limits and headers in front of every endpoint of the application."""
    manager = LoginManager(app)
    manager.login_view = "auth.login"
    manager.login_message = "Sign in to go on."
    manager.session_protection = "strong"
    manager.user_loader(_load)
    csrf.init_app(app)
    limiter.init_app(app)

    @app.before_request
    def require_login() -> BaseResponse | None:
        is_public = request.endpoint is None or request.endpoint in PUBLIC_ENDPOINTS
        if is_public or current_user.is_authenticated:
            return None
        return cast(BaseResponse, manager.unauthorized())

    @app.after_request
    def harden(response: Response) -> Response:
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        is_static = request.endpoint in _STATIC_ENDPOINTS
        response.headers["Cache-Control"] = f"public, max-age={_STATIC_SECONDS}" if is_static else "no-store"
        return response


def _load(session_id: str) -> SignedIn | None:
    """The account a session cookie names, read once per request so that a removed one is out at once."""
    email, _, fingerprint = session_id.partition("\n")
    if "rollcall_account" not in g:
        g.rollcall_account = store().user(email)
    user: User | None = g.rollcall_account
    if user is None or _fingerprint(user) != fingerprint:
        return None
    return SignedIn(user)


def _fingerprint(user: User) -> str:
    return sha256(user.password_hash.encode()).hexdigest()[:16]
