"""The emulated AWS of the local stack: `python -m local.emulator`, on 127.0.0.1, with its state under one folder.

MiniStack is an ASGI application that reads its settings from the environment when it is imported, so they are set
before. It is served inside this very process: when this process ends, however it does, no server is left behind.
A graceful stop (SIGINT, SIGTERM, end of the parent) saves the state; objects in S3 are written from the put on; and
each write of DynamoDB is in a journal before it is acknowledged, see `journal_app`.
"""

import asyncio
import fcntl
import gc
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

from hypercorn.asyncio import serve
from hypercorn.config import Config

from local.border import Border
from local.journal import Journal, JournalCorruptError
from local.journal_app import Journaled
from local.journal_objects import undo_cut_overwrites
from local.journal_puts import DurableObjects
from local.journal_snapshot import Snapshots
from local.network import HOST, url
from local.parent import EMULATOR_LOCK
from local.quick_queries import QuickQueries

DEFAULT_PORT = 4566


def emulator_environment(folder: Path, port: int, rekognition_url: str) -> dict[str, str]:
    """The settings of an emulator, which its Lambda workers inherit.

    Args:
        folder: where its state, objects, temporary files and lock live.
        port: the port it listens on.
        rekognition_url: the face service, to which the handlers' Rekognition calls go.
    """
    return {
        "GATEWAY_PORT": str(port),
        "BIND_HOST": HOST,
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "s3"),
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "DOCKER_HOST": f"unix://{folder / 'no-docker.sock'}",  # else it removes the containers of other emulators
        "LOG_LEVEL": "WARNING",
        "AWS_ENDPOINT_URL": url(port),
        "AWS_ENDPOINT_URL_REKOGNITION": rekognition_url,
        "ROLLCALL_PYTHON": sys.executable,
        EMULATOR_LOCK: str(folder / "alive.lock"),
    }


def application(folder: Path) -> Any:
    """The ASGI application that is served: the emulator as it comes, a journal in front, and who may call before all.

    Args:
        folder: as for `emulator_environment`, which must be in effect.

    Raises:
        JournalCorruptError: the journal was damaged; nothing was changed.
    """
    journal = Journal(folder / "journal")
    snapshots = Snapshots(folder)
    objects = Path(os.environ["S3_DATA_DIR"])
    if cut := undo_cut_overwrites(objects):
        print(f"{cut} overwriting of objects was cut short, and is undone.", file=sys.stderr)
    if snapshots.recover():
        print("The last snapshot was cut short: going back to the one before, and its journal.", file=sys.stderr)
    from ministack.app import app  # loads the objects

    return Border(Journaled(DurableObjects(QuickQueries(app), objects), journal, snapshots))


def _hold_lock(path: Path) -> BinaryIO:
    """Take the lock whose release ends the Lambda workers; waits until the last emulator's workers are gone."""
    file = path.open("wb")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _allow_many_connections() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


async def _serve(app: Any, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    config = Config()
    config.bind = [f"{HOST}:{port}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 1
    config.accesslog = None

    async def stopped() -> None:
        gc.freeze()  # hypercorn asks this when all is read
        gc.enable()
        await stop.wait()
        gc.disable()

    await serve(app, config, shutdown_trigger=stopped)


def main() -> None:
    """Serve until told to stop; the settings come from `emulator_environment`."""
    gc.disable()  # reading and saving the state makes millions of objects, of which none is garbage
    folder = Path(os.environ[EMULATOR_LOCK]).parent
    folder.mkdir(parents=True, exist_ok=True)
    _allow_many_connections()
    with _hold_lock(folder / "alive.lock"):
        try:
            app = application(folder)
        except JournalCorruptError as error:
            sys.exit(str(error))
        asyncio.run(_serve(app, int(os.environ.get("GATEWAY_PORT", DEFAULT_PORT))))


if __name__ == "__main__":
    main()
