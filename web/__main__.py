"""Serves the web on this machine only: `python -m web`, at http://127.0.0.1:$PORT (8080 unless set)."""

import os
import signal
import sys
from types import FrameType

from waitress import serve

from attendance.errors import SettingsError
from web.app import create_app
from web.config import WebConfig

HOST = "127.0.0.1"
DEFAULT_PORT = 8080


def main() -> int:
    """Serve until SIGTERM or SIGINT; 2 when a setting is missing."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        app = create_app(WebConfig.from_environment(local_http=True))
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    serve(app, host=HOST, port=int(os.environ.get("PORT", DEFAULT_PORT)), threads=8, ident=None)
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    """Leave the serving loop, which closes its sockets and lets running requests end."""
    raise SystemExit(0)


if __name__ == "__main__":
    sys.exit(main())
