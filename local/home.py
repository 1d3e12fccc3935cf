"""The folder of a local stack: what is kept where, who may use it now, and its secrets."""

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from local.environment import account_environment
from local.errors import StackError
from local.locks import is_held, take
from local.network import answers

ROOT = Path(__file__).resolve().parent.parent
HOME = "ROLLCALL_HOME"
ADMIN_EMAIL = "admin@rollcall.local"
READABLE_BY_ITS_OWNER = 0o600

LOCK_SECONDS = 1.0
"""Whoever only looks whether a stack runs here holds the lock for a moment, see `local.locks.is_held`."""

_BEFORE_A_FIRST_START = {"lock", "lost+found", "rekognition"}
"""What may be in a folder by then: of a start that was killed, of the file system, of a face service run by itself."""


class HomeError(StackError):
    """A folder cannot be a stack's, or what it keeps there is damaged."""


class HomeInUseError(HomeError):
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
            HomeError: it cannot be written, or holds something else than a stack's data; nothing was changed.
            HomeInUseError: another process holds it.
        """
        file = self._open_lock()
        if not take(file, LOCK_SECONDS):
            file.seek(0)
            holder = file.read().strip() or "unknown"
            file.close()
            raise HomeInUseError(
                f"Rollcall already runs on {self.folder} (process {holder}): "
                f"stop that one, or set {HOME} to another folder."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        return file

    def _open_lock(self) -> IO[str]:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not self._is_ours():
                raise HomeError(
                    f"{self.folder} holds files that are not Rollcall's, and a stack would change them: "
                    f"set {HOME} to a new or empty folder."
                )
            self.folder.chmod(READABLE_BY_ITS_OWNER | 0o100)  # faces and names are nobody else's business
            return self._lock_file.open("a+")
        except OSError as error:
            raise HomeError(
                f"Rollcall cannot keep its data in {self.folder} ({error.strerror}): "
                f"set {HOME} to a folder on this machine that you may write to."
            ) from error

    def _is_ours(self) -> bool:
        """Whether the folder is new, empty, or bears the marks of a stack: the last one's process, or the secrets."""
        names = {path.name for path in self.folder.iterdir()}
        if names <= _BEFORE_A_FIRST_START or ("lock" in names and self._lock_file.read_bytes().isdigit()):
            return True
        try:
            return self._read_secrets() is not None
        except HomeError:
            return False

    @property
    def _lock_file(self) -> Path:
        return self.folder / "lock"

    def secrets(self) -> Secrets:
        """The home's secrets, generated at the first call.

        Raises:
            HomeError: they are damaged.
        """
        found = self._read_secrets()
        if found is None:
            found = Secrets(ADMIN_EMAIL, secrets.token_urlsafe(12), secrets.token_urlsafe(32))
            write_private(self._secrets_file, asdict(found))
        return found

    @property
    def _secrets_file(self) -> Path:
        return self.folder / "secrets.json"

    def _read_secrets(self) -> Secrets | None:
        """The kept secrets, or None when there are none yet."""
        try:
            found = Secrets(**json.loads(self._secrets_file.read_text()))
            if all(isinstance(value, str) and value for value in asdict(found).values()):
                return found
        except FileNotFoundError:
            return None
        except (TypeError, ValueError):  # no text, no JSON, or other fields
            pass
        raise HomeError(
            f"{self._secrets_file} is damaged: restore it from a backup. Without one delete it, start again, and set a "
            f"new password with `rollcall users password {ADMIN_EMAIL}`, for the one that is then shown does not apply."
        )

    def write_endpoints(self, endpoints: Endpoints) -> None:
        """Tell other programs where the stack is."""
        write_private(self.endpoints_file, asdict(endpoints))

    def running(self, health_path: str) -> Endpoints | None:
        """The endpoints of the stack that runs on this home now, or None.

        A stack that was killed leaves its endpoints behind, and another's may have its ports by now.

        Args:
            health_path: the path of the emulator's health check.
        """
        if not is_held(self._lock_file):
            return None
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
