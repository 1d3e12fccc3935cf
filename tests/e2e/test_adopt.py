"""A stack that was deleted, and what it left behind: taken into a new one, completed by a deployment, with its data."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from local import clients
from local.deploy import STACK, DeployError, deploy
from local.environment import account_environment
from local.home import ROOT, Endpoints, Home
from local.supervisor import PARAMETERS, LocalStack
from rekognition_local.errors import ResourceNotFoundError
from tests.statemachine.face_double import FaceDouble, serving

pytestmark = pytest.mark.stack


class NoCollections(FaceDouble):
    """Has no collection, which the emulated CloudFormation could not import."""

    def answer(self, operation: str, parameters: Mapping[str, Any], call: str) -> dict[str, Any]:
        """As the double, but for the question about one."""
        if operation == "DescribeCollection":
            raise ResourceNotFoundError("The collection id does not exist")
        return super().answer(operation, parameters, call)


@pytest.fixture(scope="module")
def endpoints(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    with (
        serving(NoCollections()) as rekognition,
        LocalStack(Home(tmp_path_factory.mktemp("home")), rekognition_url=rekognition, web=False) as stack,
    ):
        yield stack.endpoints


def adopt(endpoints: Endpoints, *arguments: str) -> "subprocess.CompletedProcess[str]":
    reached = {"AWS_ENDPOINT_URL": endpoints.aws, "AWS_ENDPOINT_URL_REKOGNITION": endpoints.rekognition}
    return subprocess.run(  # noqa: S603 (our own command)
        [sys.executable, "-m", "cli.main", *arguments, "adopt"],
        cwd=ROOT,
        env=account_environment() | reached | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )


def delete(endpoints: Endpoints) -> None:
    client = clients.cloudformation(endpoints.aws)
    client.delete_stack(StackName=STACK)
    client.get_waiter("stack_delete_complete").wait(
        StackName=STACK,
        WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200},  # type: ignore[typeddict-item]
    )


def test_a_stack_that_is_there_keeps_what_it_has(endpoints: Endpoints) -> None:
    done = adopt(endpoints, "--stack", STACK)
    assert done.returncode == 1
    assert f"the stack {STACK} cannot have what is left" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_never_there_is_not_adopted(endpoints: Endpoints) -> None:
    done = adopt(endpoints, "--stack", "never")
    assert done.returncode == 1
    assert "never-students does not exist" in done.stderr


def test_a_stack_must_be_named(endpoints: Endpoints) -> None:
    done = adopt(endpoints)
    assert done.returncode == 2
    assert "rollcall --stack NAME adopt" in done.stderr


def test_what_a_deleted_stack_left_is_adopted_and_deployed_again_with_its_data(endpoints: Endpoints) -> None:
    settings, parameters = endpoints.settings, {**PARAMETERS, "FaceServiceUrl": endpoints.rekognition}
    table = clients.dynamodb(endpoints.aws).Table(settings["STUDENTS_TABLE"])
    table.put_item(Item={"student_id": "S-1"})
    clients.s3(endpoints.aws).put_object(Bucket=settings["PHOTOS_BUCKET"], Key="photos/S-1/a.jpg", Body=b"a photo")
    delete(endpoints)
    with pytest.raises(DeployError, match="already exists"):
        deploy(ROOT, endpoints.aws, {**parameters, "PollSeconds": "2"})

    done = adopt(endpoints, "--stack", STACK)
    assert done.returncode == 0, done.stderr
    assert settings["STUDENTS_TABLE"] in done.stdout
    assert settings["VIDEOS_BUCKET"] in done.stdout
    assert deploy(ROOT, endpoints.aws, parameters).settings == settings
    assert "Item" in table.get_item(Key={"student_id": "S-1"})
    kept = clients.s3(endpoints.aws).get_object(Bucket=settings["PHOTOS_BUCKET"], Key="photos/S-1/a.jpg")
    assert kept["Body"].read() == b"a photo"
