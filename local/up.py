"""`make up`: the whole of Rollcall in the foreground, until Ctrl-C."""

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from functools import partial

from rich.console import Console

from local.bridge import BRIDGE
from local.emulator import DEFAULT_PORT
from local.environment import forget_real_accounts
from local.errors import INTERRUPTED, SettingError, exit_code
from local.home import Endpoints, Home
from local.supervisor import LocalStack, Ports

WEB_PORT = 8000
REKOGNITION_PORT = 4567

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def web_port(environment: Mapping[str, str]) -> int:
    """`PORT`, else 8000.

    Raises:
        SettingError: `PORT` is no port number.
    """
    text = environment.get("PORT") or str(WEB_PORT)
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 65536:
        raise SettingError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    return int(text)


def summary(endpoints: Endpoints) -> str:
    """What a person needs to start: where the pages are, how to log in, how to put a video."""
    keys = "AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local"
    where = f"--endpoint-url {endpoints.aws} --region {endpoints.region}"
    return "\n".join(
        [
            f"  Web     {endpoints.web}",
            f"  Login   {endpoints.admin_email}  {endpoints.admin_password}",
            f"  AWS     {endpoints.aws}",
            f"  Faces   {endpoints.rekognition}",
            f"  Bucket  {endpoints.bucket}",
            "",
            "In a second terminal, enrol a class and take attendance of a video:",
            "  .venv/bin/rollcall students import roster.csv photos/ --course CS101",
            "  .venv/bin/rollcall process class.mp4 --course CS101",
            "or put the video into the bucket with any S3 client:",
            f"  {keys} aws {where} s3 cp class.mp4 s3://{endpoints.bucket}/videos/CS101/2026-11-20/class.mp4",
        ]
    )


def main() -> int:
    """Run until told to stop; the exit code."""
    forget_real_accounts()
    console = Console(highlight=False, soft_wrap=True)
    stop = threading.Event()
    for number in STOPPING:
        signal.signal(number, _interrupt)
    code = exit_code(partial(_run, console, stop), partial(console.print, style="red", markup=False))
    return 0 if code == INTERRUPTED else code  # Ctrl-C is how it is stopped, also while it starts


def _run(console: Console, stop: threading.Event) -> int:
    began = time.monotonic()
    ports = Ports(web_port(os.environ), DEFAULT_PORT, REKOGNITION_PORT)
    home = Home.from_environment(os.environ)
    containers = os.environ.get(BRIDGE, "")
    with LocalStack(
        home, ports, bridge=containers, progress=lambda text: console.print(f"{text} ...", markup=False)
    ) as stack:
        console.print(
            f"Rollcall runs, after {time.monotonic() - began:.1f} s. Ctrl-C stops it; its data stays in {home.folder}"
        )
        console.print(summary(stack.endpoints), markup=False)
        for number in STOPPING:
            signal.signal(number, lambda *_: stop.set())
        stack.watch(stop)
        console.print("Stopping ...")
    return 0


def _interrupt(*_: object) -> None:
    """Stop while starting: unwind, which stops what was started."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not cut the clean stop short
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
