"""The application factory."""

from datetime import timedelta

from flask import Flask
from flask_bootstrap import Bootstrap5

from web import auth, courses, errors, formatting, health
from web.config import WebConfig
from web.security import protect
from web.store import Store, open_store

MAX_REQUEST_BYTES = 64 * 1024
"""No form of these pages is larger; photos and videos never pass through here."""


def create_app(config: WebConfig, store: Store | None = None) -> Flask:
    """Make the web application.

    Args:
        config: keys, settings and where it is served.
        store: where the data comes from; by default the tables that the settings name.
    """
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=config.secret_key,
        DEBUG=False,
        MAX_CONTENT_LENGTH=MAX_REQUEST_BYTES,
        TRUSTED_HOSTS=list(config.trusted_hosts) or None,
        SESSION_COOKIE_NAME="rollcall",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not config.local_http,
        PERMANENT_SESSION_LIFETIME=timedelta(minutes=config.session_minutes),
        WTF_CSRF_TIME_LIMIT=None,  # a form token lives as long as its session
        BOOTSTRAP_SERVE_LOCAL=True,
        VIDEOS_BUCKET=config.settings.videos_bucket,
    )
    app.extensions["rollcall_store"] = store or open_store(config.settings)
    Bootstrap5(app)
    protect(app)
    errors.register(app)
    formatting.register(app)
    for blueprint in (auth.blueprint, courses.blueprint, health.blueprint):
        app.register_blueprint(blueprint)
    return app
