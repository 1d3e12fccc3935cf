"""The application factory."""

from datetime import timedelta

from flask import Flask

from web import (
    account,
    accounts,
    api,
    assets,
    audit,
    auth,
    consent,
    course_settings,
    courses,
    disputes,
    errors,
    exports,
    faces,
    formatting,
    function_limits,
    health,
    imports,
    kept_faces,
    log,
    manual,
    menu,
    places,
    removal,
    reports,
    review,
    rosters,
    student_view,
    students,
    tokens,
    uploads,
    videos,
)
from web.config import WebConfig
from web.rate_limits import storage_uri
from web.security import protect
from web.services import Services, open_services
from web.store import Store, open_store

MAX_REQUEST_BYTES = 64 * 1024
"""No form of these pages is larger; those with photos say what they take themselves."""


def create_app(config: WebConfig, store: Store | None = None, services: Services | None = None) -> Flask:
    """Make the web application.

    Args:
        config: keys, settings and where it is served.
        store: where the data comes from; by default the tables that the settings name.
        services: what changes data; by default on the tables, buckets and collection that the settings name.
    """
    app = Flask(__name__, static_folder=None)
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
        VIDEOS_BUCKET=config.settings.videos_bucket,
        SEARCH_IS_CHARGED=config.is_search_charged,
        RATELIMIT_STORAGE_URI=storage_uri(config.rate_limits_table),
    )
    app.extensions["rollcall_store"] = store or open_store(config.settings)
    app.extensions["rollcall_services"] = services or open_services(config.settings)
    places.register(app)
    protect(app)
    assets.register(app)
    errors.register(app)
    formatting.register(app)
    menu.register(app)
    if config.is_function:
        function_limits.register(app)
    for group in (
        *(account, auth, course_settings, courses, exports, faces, health, imports, log, removal, reports, rosters),
        *(accounts, api, audit, consent, disputes, kept_faces, manual, review, student_view, students, tokens, uploads),
        videos,
    ):
        app.register_blueprint(group.blueprint)
    return app
