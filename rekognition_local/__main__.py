"""`python -m rekognition_local`: the face service on 127.0.0.1 until it is told to stop."""

import logging
import os
import signal
from dataclasses import replace
from pathlib import Path
from types import FrameType

import click
from waitress.server import create_server

from rekognition_local.app import create_app
from rekognition_local.engine.errors import ModelUnavailableError
from rekognition_local.memory import limit_held_memory
from rekognition_local.settings import HOST, Settings
from rekognition_local.startup import ForeignFolderError, HomeInUseError, running_service

THREADS = 8
# Above the app's own limit, so that a body that is too large still gets a typed answer.
MAX_BODY_BYTES = 64 * 1024**2


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port on 127.0.0.1; 0 takes any free one.")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="The data folder.")
def main(port: int | None, home: Path | None) -> None:
    """Serve the Rekognition API for faces from this machine."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = Settings.from_environment(os.environ)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    settings = replace(
        settings,
        port=settings.port if port is None else port,
        home=settings.home if home is None else home,
    )
    _end_on_signals()
    limit_held_memory()
    try:
        serve(settings)
    except (ForeignFolderError, HomeInUseError, ModelUnavailableError, OSError) as error:
        raise click.ClickException(str(error)) from error


def serve(settings: Settings) -> None:
    """Serve until SystemExit is raised in this thread.

    Raises:
        ForeignFolderError: the data folder is used for something else.
        HomeInUseError: another face service works in the same data folder.
        ModelUnavailableError: the face models are not installed.
        OSError: the port is taken, or the data folder cannot be written.
    """
    with running_service(settings) as service:
        server = create_server(
            create_app(service),
            host=HOST,
            port=settings.port,
            threads=THREADS,
            max_request_body_size=MAX_BODY_BYTES,
            ident=None,
        )
        try:
            click.echo(f"The face service is ready at http://{HOST}:{server.effective_port}")
            server.run()
        finally:
            server.close()


def _end_on_signals() -> None:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise SystemExit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)


if __name__ == "__main__":
    main()
