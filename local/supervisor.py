"""The whole of Rollcall on this machine: face service, emulated AWS, deployment, web; all of it, or none.

with LocalStack(Home(folder)) as stack:
    print(stack.endpoints.web)
"""

import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from local import clients
from local.accounts import ensure_first_admin
from local.bridge import BRIDGE, PORTS, check_address
from local.children import POLL_SECONDS, Child, Program
from local.deploy import DeployError, deploy
from local.emulator import emulator_environment
from local.environment import REGION, clean_environment
from local.errors import StackError
from local.home import ROOT, Endpoints, Home
from local.journal_app import SNAPSHOT_PATH
from local.journal_snapshot import Snapshots
from local.locks import is_held
from local.network import DIRECT, HEALTH_PATH, free_port, is_free, taking_ports, url
from local.resume import resume

PARAMETERS = {"PresentThreshold": "92", "ReviewThreshold": "80", "PollSeconds": "1"}
"""The template's parameters on one machine. The thresholds are where the face service's similarity, calibrated to false
matches, stands at cosine 0.46 and 0.41; it is asked often, for it answers at once and is not billed."""

WATCH_SECONDS = 0.2
ENDING_SECONDS = 15.0
"""How long the programs of a killed supervisor are waited for; the face service stops after the picture it is at."""

SAVE_SECONDS = 600.0
"""The emulated AWS reads and saves all it holds at once: a quarter of a second for each megabyte of its tables."""


class PortTakenError(StackError):
    """A port that was asked for belongs to another program."""


@dataclass(frozen=True)
class Ports:
    """The ports of a stack; None takes a free one.

    Attributes:
        web: refused when taken, for people type it.
        aws: replaced by a free one when taken.
        rekognition: replaced by a free one when taken.
    """

    web: int | None = None
    aws: int | None = None
    rekognition: int | None = None


class LocalStack:
    """A stack on one home; a context manager, inside which everything runs.

    Args:
        home: where its data lives.
        ports: where it listens.
        rekognition_url: a face service that runs already, instead of one of its own.
        web: whether the pages are served.
        bridge: an address of this machine under which containers reach the stack, see `bridge`; empty for none.
        root: the checkout whose template is deployed.
        wait_scale: by what the state machine's waits and retry intervals are multiplied.
        progress: told, in words, what is being done.

    Attributes:
        endpoints: where everything is reached, once started.
        children: the running programs, in the order they were started.
    """

    endpoints: Endpoints

    def __init__(
        self,
        home: Home,
        ports: Ports | None = None,
        *,
        rekognition_url: str | None = None,
        web: bool = True,
        bridge: str = "",
        root: Path = ROOT,
        wait_scale: float = 1.0,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.home = home
        self.children: list[Child] = []
        self._ports = ports or Ports()
        self._rekognition_url = rekognition_url
        self._web = web
        self._bridge = bridge
        self._root = root
        self._wait_scale = wait_scale
        self._progress = progress
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Start everything, or stop what was started and raise.

        Raises:
            HomeError: the folder cannot be a stack's, or is damaged.
            HomeInUseError: another stack runs on the home.
            SettingError: the bridge is no address of this machine's own networks.
            PortTakenError: the web's port is taken.
            ChildError: a program ended or did not answer.
            AccountError: the first admin could not be made.
            DeployError: the template could not be deployed.
            PackageError: the template names code that is not there.
        """
        try:
            self._start()
        except BaseException as error:
            with self._cleanup:
                if isinstance(error, BotoCoreError | ClientError | OSError):
                    self._check()  # a program that has ended is why it did not answer
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop everything, the last started first."""
        self._cleanup.close()

    def watch(self, stop: threading.Event) -> None:
        """Return when `stop` is set.

        Raises:
            ChildError: a program ended.
        """
        while not stop.wait(WATCH_SECONDS):
            self._check()

    def _check(self) -> None:
        for child in self.children:
            child.check()

    def _start(self) -> None:
        if self._bridge:
            check_address(self._bridge)
        self._cleanup.enter_context(self.home.lock())
        self.home.secrets()  # damaged ones are told before anything is started
        self._let_a_killed_stack_end()
        self._refuse_a_taken_web_port()
        self._empty_what_is_temporary()
        self._keep_lost_objects_apart()
        with taking_ports(self._progress):
            aws, rekognition, settings = self._start_services()
        _ensure_collection(rekognition, settings["COLLECTION_ID"])
        self.endpoints = self._describe(aws, rekognition, settings)
        self._resume()
        if self._bridge:
            self._start_bridge().wait_until_healthy()
        self._open_to_people()
        self._check()  # a program whose port was taken by another stack at the same moment has ended by now
        self.home.write_endpoints(self.endpoints)
        self._cleanup.callback(self.home.endpoints_file.unlink, missing_ok=True)

    def _start_services(self) -> tuple[str, str, dict[str, str]]:
        """Start what the web needs, and deploy: the addresses of both services, and the settings."""
        aws = url(free_port(self._ports.aws))
        rekognition = self._rekognition_url or url(free_port(self._ports.rekognition))
        face_service = self._start_face_service(rekognition, aws) if self._rekognition_url is None else None
        self._start_emulator(aws, rekognition).wait_until_healthy()
        self._progress("Deploying template.yaml")
        deployment = deploy(self._root, aws, {**PARAMETERS, "FaceServiceUrl": rekognition})
        settings = deployment.settings
        if deployment.changed:
            _save_deployment(aws)
        if face_service is not None:
            face_service.wait_until_healthy()
        return aws, rekognition, settings

    def _let_a_killed_stack_end(self) -> None:
        """Wait for what a killed supervisor has started: each program notices by itself, and ends in its own time."""
        was_killed = self.home.endpoints_file.exists()
        deadline = time.monotonic() + ENDING_SECONDS

        def is_in_the_way() -> bool:
            return is_held(self.home.rekognition / "lock") or (was_killed and self._web_port_is_taken())

        if is_in_the_way():
            self._progress("Waiting for the programs of a stack that was killed to end")
        while is_in_the_way() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def _web_port_is_taken(self) -> bool:
        return self._web and self._ports.web is not None and not is_free(self._ports.web)

    def _refuse_a_taken_web_port(self) -> None:
        if self._web_port_is_taken():
            raise PortTakenError(
                f"Port {self._ports.web} is taken by another program: set PORT to a free one, as in PORT=8080 make up."
            )

    def _empty_what_is_temporary(self) -> None:
        self.home.endpoints_file.unlink(missing_ok=True)
        shutil.rmtree(self.home.temporary, ignore_errors=True)
        self.home.temporary.mkdir(parents=True)
        self.home.aws.mkdir(exist_ok=True)

    def _keep_lost_objects_apart(self) -> None:
        """Move objects aside that belong to no stack, as the first start was killed while it deployed.

        Buckets without their stack would keep it from being made again.
        """
        objects = self.home.aws / "s3"
        if objects.exists() and not Snapshots(self.home.aws).exists():
            kept = self.home.folder / f"lost-objects-{time.time_ns()}"
            objects.rename(kept)
            self._progress(f"The first start was killed before it had finished; its files are now in {kept}")

    def _start_face_service(self, address: str, aws: str) -> Child:
        self._progress("Starting the face service")
        environment = {
            "ROLLCALL_REKOGNITION_HOME": str(self.home.rekognition),
            "ROLLCALL_REKOGNITION_PORT": address.rsplit(":", 1)[1],
            "AWS_ENDPOINT_URL": aws,
        }
        return self._spawn("face service", "rekognition_local", environment, f"{address}/healthz")

    def _start_emulator(self, address: str, rekognition: str) -> Child:
        self._progress("Starting the emulated AWS")
        environment = emulator_environment(self.home.aws, int(address.rsplit(":", 1)[1]), rekognition)
        environment["SFN_WAIT_SCALE"] = str(self._wait_scale)
        limits = {"start_seconds": SAVE_SECONDS, "stop_seconds": SAVE_SECONDS}
        return self._spawn("emulated AWS", "local.emulator", environment, address + HEALTH_PATH, **limits)

    def _start_bridge(self) -> Child:
        ports = [address.rsplit(":", 1)[1] for address in (self.endpoints.aws, self.endpoints.rekognition)]
        environment = {BRIDGE: self._bridge, PORTS: ",".join(ports)}
        return self._spawn("bridge", "local.bridge", environment, f"http://{self._bridge}:{ports[0]}{HEALTH_PATH}")

    def _resume(self) -> None:
        number = resume(self.endpoints)
        if number:
            self._progress(f"Running {number} interrupted {'video' if number == 1 else 'videos'} again")

    def _open_to_people(self) -> None:
        """Start the web, and make the first admin meanwhile."""
        web = self._start_web() if self._web else None
        environment = self._environment(self.endpoints.client_environment)
        ensure_first_admin(self.endpoints.admin_email, self.endpoints.admin_password, environment)
        if web is not None:
            web.wait_until_healthy()

    def _start_web(self) -> Child:
        self._progress("Starting the web")
        environment = {
            **self.endpoints.client_environment,
            "PORT": self.endpoints.web.rsplit(":", 1)[1],
            "SECRET_KEY": self.home.secrets().secret_key,
        }
        return self._spawn("web", "web", environment, f"{self.endpoints.web}/healthz")

    def _spawn(self, name: str, module: str, environment: Mapping[str, str], health_url: str, **limits: float) -> Child:
        child = Child(Program(name, module, self._environment(environment), health_url, self.home.log(name), **limits))
        self.children.append(child)
        self._cleanup.callback(child.stop)
        return child

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        return {**clean_environment(self.home.temporary), **own}

    def _describe(self, aws: str, rekognition: str, settings: Mapping[str, str]) -> Endpoints:
        secrets = self.home.secrets()
        return Endpoints(
            web=url(self._ports.web or free_port()) if self._web else "",
            aws=aws,
            rekognition=rekognition,
            bucket=settings["VIDEOS_BUCKET"],
            collection=settings["COLLECTION_ID"],
            state_machine=settings["STATE_MACHINE_ARN"],
            region=REGION,
            admin_email=secrets.admin_email,
            admin_password=secrets.admin_password,
            settings=settings,
        )


def _save_deployment(aws: str) -> None:
    """Let the deployment outlive kill -9: the journal keeps what is written to the tables, not the stack itself.

    Raises:
        DeployError: the emulated AWS could not save its state.
    """
    request = urllib.request.Request(aws + SNAPSHOT_PATH, method="POST")  # noqa: S310 (our own URL)
    try:
        with DIRECT.open(request, timeout=SAVE_SECONDS):
            return
    except urllib.error.HTTPError as error:
        raise DeployError(f"The deployment could not be saved: {error.read().decode()}") from error


def _ensure_collection(rekognition: str, collection: str) -> None:
    client = clients.rekognition(rekognition)
    with suppress(client.exceptions.ResourceAlreadyExistsException):
        client.create_collection(CollectionId=collection)
