"""Finding a stack on AWS, here the emulated one or one that refuses: what is in the way is told with what to do."""

import json
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from cli.deployed import find_deployed
from cli.main import main
from cli.stack import NoStackError
from local.network import free_port, url

OTHERS = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}, "Outputs": {"StudentsTable": {"Value": "theirs"}}}


class Refusing(BaseHTTPRequestHandler):
    """CloudFormation for somebody who may not."""

    code = ""

    def do_POST(self) -> None:
        """Answer any request with the error."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.end_headers()
        self.wfile.write(f"<ErrorResponse><Error><Code>{self.code}</Code></Error></ErrorResponse>".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(autouse=True)
def own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test meets the credentials of another one."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


@pytest.fixture
def refusing(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Refusing]]:
    handler = type("Handler", (Refusing,), {})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", url(server.server_port))
        yield handler
        server.shutdown()


@pytest.fixture
def cloudformation(emulator: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "000000000000")
    return boto3.client("cloudformation")


@pytest.mark.parametrize("name", ["nothing-here", "no name", "a" * 300, "../x", "1"])
def test_a_stack_that_is_not_there_is_told_with_where_it_was_looked_for(cloudformation: Any, name: str) -> None:
    with pytest.raises(NoStackError, match=r"no stack .* in this account and region"):
        find_deployed(name)


def test_a_stack_that_was_never_deployed_is_not_ready(cloudformation: Any) -> None:
    cloudformation.create_change_set(
        StackName="half", ChangeSetName="first", ChangeSetType="CREATE", TemplateBody=json.dumps(OTHERS)
    )
    with pytest.raises(NoStackError, match=r"not ready \(REVIEW_IN_PROGRESS\)"):
        find_deployed("half")


def test_a_stack_of_something_else_is_refused(cloudformation: Any) -> None:
    cloudformation.create_stack(StackName="theirs", TemplateBody=json.dumps(OTHERS))
    cloudformation.get_waiter("stack_create_complete").wait(
        StackName="theirs", WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )
    with pytest.raises(NoStackError, match="theirs is none of this version of Rollcall"):
        find_deployed("theirs")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "cloudformation:DescribeStacks"),
        ("ExpiredToken", r"refuses these credentials .*\(ExpiredToken\): sign in again"),
        ("InvalidClientTokenId", "sign in again"),
        ("SignatureDoesNotMatch", "sign in again"),
    ],
)
def test_refused_credentials_are_told_with_what_they_need(refusing: type[Refusing], code: str, words: str) -> None:
    refusing.code = code
    with pytest.raises(NoStackError, match=words):
        find_deployed("rollcall")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"AWS_DEFAULT_REGION": None}, "set AWS_DEFAULT_REGION"),
        ({"AWS_DEFAULT_REGION": "not a region"}, "set AWS_DEFAULT_REGION"),
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no credentials for AWS"),
        ({"AWS_SECRET_ACCESS_KEY": None}, "no credentials for AWS"),
        ({"AWS_PROFILE": "nobody"}, r"no credentials for AWS \(ProfileNotFound\)"),
        ({"AWS_ENDPOINT_URL": url(free_port())}, "AWS does not answer"),
        ({"AWS_ENDPOINT_URL": "nowhere"}, "AWS does not answer"),
    ],
)
def test_what_is_missing_here_is_told(
    variables: dict[str, str | None], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    for name, value in variables.items():
        if value is None:
            monkeypatch.delenv(name)
        else:
            monkeypatch.setenv(name, value)
    with pytest.raises(NoStackError, match=words):
        find_deployed("rollcall")


@pytest.mark.parametrize("how", ["option", "variable"])
def test_a_named_stack_that_is_not_there_never_gives_way_to_the_local_one(
    cloudformation: Any, home: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setenv("ROLLCALL_HOME", str(home))
    if how == "variable":
        monkeypatch.setenv("ROLLCALL_STACK", "nothing-here")
    done = CliRunner().invoke(main, [*(["--stack", "nothing-here"] if how == "option" else []), "users", "list"])
    assert done.exit_code == 1
    assert "Error: there is no stack nothing-here" in done.stderr


def test_two_stacks_at_once_are_refused(home: Path) -> None:
    done = CliRunner().invoke(main, ["--stack", "rollcall", "users", "list", "--home", str(home)])
    assert done.exit_code == 2
    assert "name one" in done.stderr
