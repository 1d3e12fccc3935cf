"""Deploys the checkout's template into the emulated AWS through CloudFormation change sets, as `sam deploy` does.

Nothing is deployed when nothing changed: the stack carries a tag that names the template, the code and the parameters.
The tag lives in the stack itself, so that an emulator whose state was lost is simply deployed into again.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, WaiterError

from attendance.settings import settings_of
from local import clients
from local.errors import StackError
from local.package import Package, package

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.literals import ChangeSetTypeType
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef, StackTypeDef, WaiterConfigTypeDef

STACK = "rollcall"
DEPLOYMENT_BUCKET = "rollcall-deployment"
DIGEST_TAG = "rollcall-digest"
UPDATABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE"}
"""The stack states an update can start from; from any other the stack is deleted and created again."""

WAIT: "WaiterConfigTypeDef" = {"Delay": 0.1, "MaxAttempts": 1200}  # type: ignore[typeddict-item]
"""The emulator deploys in seconds: ask it ten times a second, for two minutes at most."""


class DeployError(StackError):
    """The deployment failed; the message holds the reasons of the stack's events."""


@dataclass(frozen=True)
class Deployment:
    """A deployed stack.

    Attributes:
        settings: what functions, web and command line read from their environment (`STUDENTS_TABLE` and so on).
        changed: false when the stack already was what the checkout holds.
    """

    settings: dict[str, str] = field(repr=False)
    changed: bool


def deploy(root: Path, endpoint: str, parameters: Mapping[str, str]) -> Deployment:
    """Bring the stack to what the checkout holds.

    Args:
        root: the folder of template.yaml.
        endpoint: the emulated AWS.
        parameters: values for the template's parameters; one the template does not declare is left out.

    Raises:
        DeployError: CloudFormation refused the template or could not make a resource.
        PackageError: the template names code that is not there.
    """
    built = package(root, DEPLOYMENT_BUCKET)
    declared = json.loads(built.template).get("Parameters", {})
    chosen = {name: value for name, value in sorted(parameters.items()) if name in declared}
    digest = hashlib.sha256(json.dumps([built.digest, chosen]).encode()).hexdigest()
    client = clients.cloudformation(endpoint)
    stack = _describe(client)
    changed = stack is None or stack["StackStatus"] not in UPDATABLE or _tag(stack) != digest
    if changed:
        url = _upload(endpoint, built)
        _apply(client, stack, url, chosen, digest)
        stack = _describe(client)
    if stack is None:
        raise DeployError("The emulated AWS has no stack after its deployment; see its log.")
    return Deployment(settings_of(stack.get("Outputs", [])), changed)


def _describe(client: "CloudFormationClient") -> "StackTypeDef | None":
    try:
        return client.describe_stacks(StackName=STACK)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in str(error):
            return None
        raise


def _tag(stack: "StackTypeDef") -> str | None:
    return next((tag["Value"] for tag in stack.get("Tags", []) if tag["Key"] == DIGEST_TAG), None)


def _upload(endpoint: str, built: Package) -> str:
    """Put archives and template into the deployment bucket; the template's address."""
    s3 = clients.s3(endpoint)
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=DEPLOYMENT_BUCKET)
    key = f"{built.digest}.template"
    for name, content in [*built.archives.items(), (key, built.template.encode())]:
        s3.put_object(Bucket=DEPLOYMENT_BUCKET, Key=name, Body=content)
    return f"{endpoint}/{DEPLOYMENT_BUCKET}/{key}"


def _apply(
    client: "CloudFormationClient",
    stack: "StackTypeDef | None",
    template_url: str,
    parameters: Mapping[str, str],
    digest: str,
) -> None:
    if stack is not None and stack["StackStatus"] not in UPDATABLE | {"REVIEW_IN_PROGRESS"}:
        client.delete_stack(StackName=STACK)
        client.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig=WAIT)
        stack = None
    kind: ChangeSetTypeType = "UPDATE" if stack is not None and stack["StackStatus"] in UPDATABLE else "CREATE"
    before = {event["EventId"] for event in _events(client)} if stack is not None else set()
    name = f"deploy-{time.time_ns()}"
    try:
        client.create_change_set(
            StackName=STACK,
            ChangeSetName=name,
            ChangeSetType=kind,
            TemplateURL=template_url,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Tags=[{"Key": DIGEST_TAG, "Value": digest}],
        )
        _execute(client, name, kind, before)
    except ClientError as error:
        raise DeployError(f"The deployment was refused: {error}") from error


def _execute(client: "CloudFormationClient", name: str, kind: "ChangeSetTypeType", before: set[str]) -> None:
    created = client.get_waiter("change_set_create_complete")
    done = client.get_waiter("stack_update_complete" if kind == "UPDATE" else "stack_create_complete")
    try:
        created.wait(StackName=STACK, ChangeSetName=name, WaiterConfig=WAIT)
        client.execute_change_set(StackName=STACK, ChangeSetName=name)
        done.wait(StackName=STACK, WaiterConfig=WAIT)
    except WaiterError as error:
        new = [event for event in _events(client) if event["EventId"] not in before]
        reasons = [line for line in map(_failure, reversed(new)) if line]
        raise DeployError("\n".join(["The deployment failed:", *dict.fromkeys(reasons or [str(error)])])) from error


def _events(client: "CloudFormationClient") -> "list[OperationEventTypeDef]":
    """What happened to the stack, the newest first; unlike the older stack events, with failed validations."""
    pages = client.get_paginator("describe_events").paginate(StackName=STACK)
    return [event for page in pages for event in page["OperationEvents"]]


def _failure(event: "OperationEventTypeDef") -> str:
    """One line on what failed, or nothing."""
    if event.get("ValidationStatus") == "FAILED":
        return f"- {event.get('LogicalResourceId', STACK)}: {event.get('ValidationStatusReason', 'no reason given')}"
    if event.get("ResourceStatus", "").endswith("_FAILED"):
        return f"- {event.get('LogicalResourceId', STACK)}: {event.get('ResourceStatusReason', 'no reason given')}"
    return ""
