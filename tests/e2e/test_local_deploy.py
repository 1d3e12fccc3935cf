"""Deployment into a real emulator: what changed is deployed, what did not is not, what failed is told and mended."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import clients
from local.deploy import DeployError, deploy
from local.home import ROOT, Home
from local.network import answers
from local.supervisor import PARAMETERS, LocalStack
from tests.statemachine.face_double import FaceDouble, serving

pytestmark = pytest.mark.stack

BROKEN = """
  BrokenBucket:
    Type: AWS::S3::Bucket
    DependsOn: AttendanceStateMachine
    Properties:
      BucketName: rollcall-deployment
"""
"""The bucket the deployment itself has made: it cannot be made again."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is deployed, free to change."""
    copy = tmp_path / "checkout"
    for folder in ("functions", "layers", "statemachine"):
        shutil.copytree(ROOT / folder, copy / folder)
    shutil.copy(ROOT / "template.yaml", copy)
    return copy


@pytest.fixture
def rekognition() -> Iterator[str]:
    with serving(FaceDouble()) as url:
        yield url


def break_template(checkout: Path) -> None:
    template = (checkout / "template.yaml").read_text()
    (checkout / "template.yaml").write_text(template.replace("\nOutputs:\n", f"{BROKEN}\nOutputs:\n"))


def mend_template(checkout: Path) -> None:
    shutil.copy(ROOT / "template.yaml", checkout)


def test_only_what_changed_is_deployed_and_data_stays(checkout: Path, rekognition: str, tmp_path: Path) -> None:
    with LocalStack(Home(tmp_path / "home"), rekognition_url=rekognition, web=False, root=checkout) as stack:
        aws, parameters = stack.endpoints.aws, {**PARAMETERS, "FaceServiceUrl": rekognition}
        table = clients.dynamodb(aws).Table(stack.endpoints.settings["STUDENTS_TABLE"])
        table.put_item(Item={"student_id": "S-1"})

        assert not deploy(checkout, aws, parameters).changed
        handler = checkout / "functions" / "resolve_names" / "handler.py"
        handler.write_text(handler.read_text() + "\n# changed\n")
        assert deploy(checkout, aws, parameters).changed
        assert not deploy(checkout, aws, parameters).changed
        other = deploy(checkout, aws, {**parameters, "PresentThreshold": "95"})
        assert other.changed
        assert other.settings["PRESENT_THRESHOLD"] == "95"

        assert "Item" in table.get_item(Key={"student_id": "S-1"})


def test_a_video_put_starts_the_machine_because_the_bucket_tells_eventbridge(rekognition: str, tmp_path: Path) -> None:
    with LocalStack(Home(tmp_path), rekognition_url=rekognition, web=False) as stack:
        s3 = clients.s3(stack.endpoints.aws)
        configuration = s3.get_bucket_notification_configuration(Bucket=stack.endpoints.bucket)
        assert "EventBridgeConfiguration" in configuration


def test_a_first_deployment_that_failed_is_told_with_its_reason_and_can_be_mended(
    checkout: Path, rekognition: str, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    break_template(checkout)
    with (
        pytest.raises(DeployError, match=r"rollcall-deployment.* already exists"),
        LocalStack(home, rekognition_url=rekognition, web=False, root=checkout),
    ):
        pass

    mend_template(checkout)
    with LocalStack(home, rekognition_url=rekognition, web=False, root=checkout) as stack:
        assert answers(f"{stack.endpoints.aws}/_ministack/health")


def test_a_later_deployment_that_failed_keeps_the_stack_and_can_be_mended(
    checkout: Path, rekognition: str, tmp_path: Path
) -> None:
    with LocalStack(Home(tmp_path / "home"), rekognition_url=rekognition, web=False, root=checkout) as stack:
        aws, parameters = stack.endpoints.aws, {**PARAMETERS, "FaceServiceUrl": rekognition}
        break_template(checkout)
        with pytest.raises(DeployError, match=r"rollcall-deployment.* already exists"):
            deploy(checkout, aws, parameters)
        mend_template(checkout)
        for nonsense in ({"DefaultTimeZone": "Mars/Olympus"}, {"DefaultCourseId": "unfiled"}, {"PollSeconds": "1.5"}):
            with pytest.raises(DeployError, match="|".join(nonsense)):
                deploy(checkout, aws, parameters | nonsense)
        assert deploy(checkout, aws, parameters).settings == stack.endpoints.settings


def test_a_home_whose_tables_were_lost_starts_and_keeps_the_files(rekognition: str, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with LocalStack(home, rekognition_url=rekognition, web=False) as stack:
        s3 = clients.s3(stack.endpoints.aws)
        s3.put_object(Bucket=stack.endpoints.settings["PHOTOS_BUCKET"], Key="photos/S-1/a.jpg", Body=b"a photo")
    shutil.rmtree(home.aws / "state")

    with LocalStack(home, rekognition_url=rekognition, web=False):
        kept = [path.read_bytes() for path in home.folder.glob("lost-objects-*/**/a.jpg")]
    assert kept == [b"a photo"]


def test_containers_reach_the_stack_under_the_address_that_was_named(rekognition: str, tmp_path: Path) -> None:
    with LocalStack(Home(tmp_path), rekognition_url=rekognition, web=False, bridge="127.0.0.2") as stack:
        bridged = stack.endpoints.aws.replace("127.0.0.1", "127.0.0.2")
        body = b"x" * 3_000_000
        clients.s3(bridged).put_object(Bucket=stack.endpoints.settings["WORK_BUCKET"], Key="big", Body=body)
        found = clients.s3(bridged).get_object(Bucket=stack.endpoints.settings["WORK_BUCKET"], Key="big")
        assert found["Body"].read() == body
