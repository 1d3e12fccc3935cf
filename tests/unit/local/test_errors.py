"""How a command of the local stack tells what went wrong."""

import errno
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, WaiterError

from local.accounts import AccountError
from local.bridge import check_address
from local.children import ChildError
from local.demo import LOCK, DemoError, main
from local.deploy import DeployError
from local.errors import SettingError, StackError, exit_code
from local.home import HomeInUseError
from local.invoke import NoStackError
from local.locks import take
from local.package import PackageError
from local.runtime_api import InvocationError
from local.seed import SeedError
from local.supervisor import PortTakenError

OF_A_STACK: list[type[StackError]] = [
    *(AccountError, ChildError, DemoError, DeployError, HomeInUseError, InvocationError, NoStackError, PackageError),
    *(PortTakenError, SeedError, SettingError),
]


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize("kind", OF_A_STACK)
def test_an_error_of_the_stack_is_told_in_its_own_words(kind: type[StackError]) -> None:
    told: list[str] = []
    assert exit_code(raising(kind("What to do.")), told.append) == 1
    assert told == ["What to do."]


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "InternalFailure", "Message": "no"}}, "CreateStack"),
        EndpointConnectionError(endpoint_url="http://127.0.0.1:1"),
        WaiterError("stack_create_complete", "Max attempts exceeded", {}),
    ],
)
def test_a_service_that_refuses_or_is_silent_is_told_with_where_to_look(error: Exception) -> None:
    told: list[str] = []
    assert exit_code(raising(error), told.append) == 1
    assert str(error) in told[0]
    assert told[0].endswith("Its log is in the stack's folder, under logs.")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_full_or_closed_disk_is_told_with_the_file(number: int) -> None:
    told: list[str] = []
    assert exit_code(raising(OSError(number, "as the system says", "/data/aws/journal")), told.append) == 1
    assert told[0].startswith("/data/aws/journal: ")
    assert "Is the disk full" in told[0]


def test_ctrl_c_ends_a_command_without_a_word() -> None:
    told: list[str] = []
    assert exit_code(raising(KeyboardInterrupt()), told.append) == 130
    assert told == []


def test_a_command_that_ends_well_has_its_own_exit_code() -> None:
    assert exit_code(lambda: 0, pytest.fail) == 0


def test_a_mistake_of_the_program_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(raising(ZeroDivisionError()), pytest.fail)


def test_a_second_demo_of_the_checkout_is_refused(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.demo.forget_real_accounts", lambda: None)  # this process goes on to other tests
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a") as file:
        assert take(file, 200)
        assert main() == 1
    assert "Another demo runs in this checkout" in capsys.readouterr().out


@pytest.mark.parametrize("address", ["172.17.0.1", "127.0.0.2", "192.168.1.4", "10.88.0.1", "100.64.0.1"])
def test_an_address_of_the_machines_own_networks_can_be_the_bridge(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize("address", ["0.0.0.0", "8.8.8.8", "224.0.0.1", "localhost", "::", "172.17.0.1:80", " ", "٣"])  # noqa: S104
def test_an_address_of_the_world_or_none_cannot_be_the_bridge(address: str) -> None:
    with pytest.raises(SettingError, match=r"ROLLCALL_BRIDGE must be this machine's address"):
        check_address(address)
