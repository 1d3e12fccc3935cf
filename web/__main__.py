"""Serves the web on this machine only: `python -m web`, at http://127.0.0.1:$PORT (8080 unless set).

With ROLLCALL_PARENT_PIPE=1 the process ends with the parent that holds its standard input open.
"""

import os
import signal
import sys
import threading
from types import FrameType

from waitress import serve

from attendance.errors import SettingsError
from web.app import create_app
from web.config import WebConfig

HOST = "127.0.0.1"
DEFAULT_PORT = 8080


def main() -> int:
    """Serve until SIGTERM, SIGINT or the end of the parent; 2 when a setting is missing."""
    signal.signal(signal.SIGTERM, _stop)
    if os.environ.get("ROLLCALL_PARENT_PIPE") == "1":
        threading.Thread(target=_stop_with_parent, name="parent-watch", daemon=True).start()
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


def _stop_with_parent() -> None:
    """Wait for the end of standard input, which the operating system closes even when the parent was killed."""
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    sys.exit(main())
