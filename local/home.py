"""The folder of a local stack: what is kept where, who may use it now, and its secrets."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from local.environment import account_environment
from local.network import answers

ROOT = Path(__file__).resolve().parent.parent
HOME = "ROLLCALL_HOME"
ADMIN_EMAIL = "admin@rollcall.local"
READABLE_BY_ITS_OWNER = 0o600


class HomeInUseError(Exception):
    """Another stack runs on this folder."""


@dataclass(frozen=True)
class Secrets:
    """What is generated once for a home and kept in its `secrets.json`."""

    admin_email: str
    admin_password: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class Endpoints:
    """Where a running stack is reached, as in `endpoints.json`.

    Attributes:
        web: the address of the pages; empty when the stack runs without them.
        aws: the emulated AWS, for `--endpoint-url` and `AWS_ENDPOINT_URL`.
        rekognition: the face service, for `AWS_ENDPOINT_URL_REKOGNITION`.
        bucket: the videos bucket.
        collection: the face collection's id.
        state_machine: the ARN of the state machine.
        region: the region everything is in.
        admin_email: the first admin's login.
        admin_password: the password generated for it.
        settings: the environment variables functions, web and command line read.
    """

    web: str
    aws: str
    rekognition: str
    bucket: str
    collection: str
    state_machine: str
    region: str
    admin_email: str
    admin_password: str = field(repr=False)
    settings: Mapping[str, str] = field(repr=False)

    @property
    def client_environment(self) -> dict[str, str]:
        """The variables that point `attendance` and every boto3 client at this stack and at no account elsewhere."""
        return {
            **self.settings,
            **account_environment(),
            "AWS_ENDPOINT_URL": self.aws,
            "AWS_ENDPOINT_URL_REKOGNITION": self.rekognition,
        }


@dataclass(frozen=True)
class Home:
    """The folder all data of one stack lives in."""

    folder: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Home":
        """`ROLLCALL_HOME`, else `.local` in the checkout."""
        return cls(Path(environment.get(HOME) or ROOT / ".local").absolute())

    @property
    def aws(self) -> Path:
        """The emulator's state, objects and lock."""
        return self.folder / "aws"

    @property
    def rekognition(self) -> Path:
        """The face service's collections and jobs."""
        return self.folder / "rekognition"

    @property
    def temporary(self) -> Path:
        """Emptied at each start: two stacks share no temporary file."""
        return self.folder / "tmp"

    @property
    def endpoints_file(self) -> Path:
        """There while a stack runs."""
        return self.folder / "endpoints.json"

    def log(self, name: str) -> Path:
        """The log file of a part of the stack."""
        return self.folder / "logs" / f"{name.replace(' ', '-')}.log"

    def lock(self) -> IO[str]:
        """Claim the folder until the returned file is closed.

        Raises:
            HomeInUseError: another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(READABLE_BY_ITS_OWNER | 0o100)  # faces and names are nobody else's business
        file = (self.folder / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise HomeInUseError(
                f"Rollcall already runs on {self.folder} (process {holder}): "
                f"stop that one, or set {HOME} to another folder."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def secrets(self) -> Secrets:
        """The home's secrets, generated at the first call."""
        path = self.folder / "secrets.json"
        if not path.exists():
            made = Secrets(ADMIN_EMAIL, secrets.token_urlsafe(12), secrets.token_urlsafe(32))
            write_private(path, asdict(made))
        return Secrets(**json.loads(path.read_text()))

    def write_endpoints(self, endpoints: Endpoints) -> None:
        """Tell other programs where the stack is."""
        write_private(self.endpoints_file, asdict(endpoints))

    def running(self, health_path: str) -> Endpoints | None:
        """The endpoints of the stack that runs on this home now, or None.

        Args:
            health_path: the path of the emulator's health check.
        """
        try:
            found = Endpoints(**json.loads(self.endpoints_file.read_text()))
        except (FileNotFoundError, ValueError, TypeError):  # no file, no JSON, or of another version of Rollcall
            return None
        return found if answers(found.aws + health_path) else None


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file at once, readable by its owner only from its first byte on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, READABLE_BY_ITS_OWNER), "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
