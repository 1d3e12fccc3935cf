"""Rollcall in the browser: `create_app` makes the Flask application."""

from web.app import create_app
from web.config import WebConfig

__all__ = ["WebConfig", "create_app"]
