"""Stylesheets, scripts and the icon: compressed once, under addresses that name their content.

An address holds a hash of its file, so browsers keep the file for ever and a new version has a new address. Pages
themselves are never compressed: they carry form tokens, which a compressed answer could give away (BREACH).
"""

import gzip
import hashlib
import re
from dataclasses import dataclass, field
from importlib.resources import files
from importlib.resources.abc import Traversable
from mimetypes import guess_type
from typing import cast

from flask import Blueprint, Flask, Response, abort, current_app, request, url_for
from flask.sessions import SecureCookieSessionInterface, SessionMixin

from web.problems import is_api

FOREVER = "public, max-age=31536000, immutable"
"""The longest that caches are asked to keep anything: a year."""
BOOTSTRAP = "bootstrap.css"

_DARK_RULE = re.compile(r"(?<![\w\]])\[data-bs-theme=dark\]([^{},]*)\{([^{}]*)\}")

blueprint = Blueprint("assets", __name__)


@dataclass(frozen=True)
class Asset:
    """One file; `digest` is the first 12 hex digits of the sha256 of its bytes."""

    content: bytes = field(repr=False)
    compressed: bytes = field(repr=False)
    digest: str
    mime_type: str


class NoCookieWithAssets(SecureCookieSessionInterface):
    """Sessions whose cookie never travels with a file, which shared caches keep, nor with an answer of the API."""

    def should_set_cookie(self, app: Flask, session: SessionMixin) -> bool:
        """Whether this answer carries the cookie."""
        return request.endpoint != "assets.file" and not is_api() and super().should_set_cookie(app, session)


def register(app: Flask) -> None:
    """Read and compress the files, and give templates the function `asset`."""
    sources: dict[str, bytes] = {file.name: file.read_bytes() for file in _own_files()}
    sources[BOOTSTRAP] = follow_system_colours(_bootstrap()).encode()
    app.extensions["rollcall_assets"] = {name: _asset(name, content) for name, content in sources.items()}
    app.session_interface = NoCookieWithAssets()
    app.register_blueprint(blueprint)
    app.add_template_global(address, "asset")


def address(name: str) -> str:
    """Where a file is served."""
    return url_for("assets.file", digest=_assets()[name].digest, name=name)


@blueprint.get("/assets/<digest>/<name>")
def file(digest: str, name: str) -> Response:
    """A file, gzipped for whoever takes it so; 404 when its content has changed since."""
    asset = _assets().get(name)
    if asset is None or asset.digest != digest:
        abort(404)
    takes_gzip = request.accept_encodings.quality("gzip") > 0
    response = Response(asset.compressed if takes_gzip else asset.content, mimetype=asset.mime_type)
    response.headers["Cache-Control"] = FOREVER
    response.headers["Vary"] = "Accept-Encoding"
    if takes_gzip:
        response.headers["Content-Encoding"] = "gzip"
    return response


def follow_system_colours(css: str) -> str:
    """Bootstrap's stylesheet with its dark rules bound to the system's choice, which needs no script to set a theme.

    It is what Bootstrap's own build makes with `$color-mode-type: media-query`.
    """
    return _DARK_RULE.sub(r"@media (prefers-color-scheme:dark){:root\1{\2}}", css)


def _assets() -> dict[str, Asset]:
    return cast(dict[str, Asset], current_app.extensions["rollcall_assets"])


def _asset(name: str, content: bytes) -> Asset:
    digest = hashlib.sha256(content).hexdigest()[:12]
    mime_type = guess_type(name)[0] or "application/octet-stream"
    return Asset(content, gzip.compress(content, 9, mtime=0), digest, mime_type)


def _own_files() -> list[Traversable]:
    return [file for file in (files("web") / "static").iterdir() if file.is_file()]


def _bootstrap() -> str:
    """The stylesheet as the pinned package carries it."""
    return (files("flask_bootstrap") / "static/bootstrap5/css/bootstrap.min.css").read_text(encoding="utf-8")
