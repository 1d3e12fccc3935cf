"""One stack for all tests of the state machine: everything in it is real but the face service, which is scripted."""

import os
from collections.abc import Iterator

import pytest

from local.home import Endpoints, Home
from local.supervisor import LocalStack
from tests.statemachine.face_double import FaceDouble, serving
from tests.statemachine.interpreters.strict_machine import StrictMachine
from tests.statemachine.machine import Machine

WAIT_SCALE = 0.02
"""The machine's waits and retry intervals, shortened: a minute's patience with the 20-job limit becomes a second."""


@pytest.fixture(scope="session")
def faces() -> FaceDouble:
    """The scripted face service."""
    return FaceDouble()


@pytest.fixture(scope="session")
def endpoints(faces: FaceDouble, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """The deployed stack."""
    home = Home(tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        with (
            serving(faces) as rekognition,
            LocalStack(home, rekognition_url=rekognition, web=False, wait_scale=WAIT_SCALE) as stack,
        ):
            yield stack.endpoints


@pytest.fixture(scope="session", params=[Machine, StrictMachine], ids=["emulator", "strict"])
def machine(request: pytest.FixtureRequest, endpoints: Endpoints) -> Machine:
    """The deployed state machine, on the emulator's own interpreter and on a second, strict one."""
    made: Machine = request.param(endpoints)
    return made
