"""The roles of a stack whose emulated AWS enforces IAM: what they allow, and whoever has one calling what there is.

The emulated AWS evaluates the policies of each function's role on every call. What it cannot see is the face service,
which is a server of its own; which of its operations a function calls is recorded there instead.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import boto3
from botocore.exceptions import ClientError

from local import clients
from local.emulator import emulator_environment
from local.environment import ACCESS_KEY, REGION, SECRET_KEY
from tests.statemachine.face_double import FaceDouble, Script
from tests.statemachine.machine import Machine, eventually

IDLE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
"""A machine that does nothing, so that the runs that a test has started cost nothing."""


def enforcing(*given: Any) -> dict[str, str]:
    """The settings of an emulated AWS that enforces IAM."""
    return emulator_environment(*given) | {"AUTH": "true"}


@dataclass
class RecordingFaces(FaceDouble):
    """Notes each operation, and knows a search that finds nobody for every video without a script."""

    operations: list[str] = field(default_factory=list)

    def answer(self, operation: str, parameters: Mapping[str, Any], call: str) -> dict[str, Any]:
        self.operations.append(operation)
        if operation == "StartFaceSearch":
            self.scripts.setdefault(parameters["Video"]["S3Object"]["Name"], Script())
        return super().answer(operation, parameters, call)


@dataclass(frozen=True)
class Right:
    """One action on one kind of resource that a function's role allows."""

    function: str
    action: str
    statement: int
    resource: str


class Stack:
    """A stack that enforces rights, and its roles."""

    def __init__(self, machine: Machine, faces: RecordingFaces) -> None:
        self.machine = machine
        self.faces = faces
        self.iam = self.client("iam")
        self.functions = self.client("lambda")
        self.states = self.client("stepfunctions")
        self.tables = clients.dynamodb(machine.endpoints.aws)

    def client(self, service: Any, **credentials: str) -> Any:
        """A client of the account's owner, or of the given credentials."""
        given = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY} | credentials
        session = boto3.Session(region_name=REGION, **given)  # type: ignore[arg-type]
        return session.client(service, endpoint_url=self.machine.endpoints.aws)

    def table(self, setting: str) -> Any:
        return self.tables.Table(self.machine.endpoints.settings[setting])

    def role(self, function: str) -> str:
        """The name of a function's role."""
        found = self.functions.get_function_configuration(FunctionName=f"rollcall-{function}")
        return str(found["Role"]).rsplit("/", 1)[-1]

    def policy(self, function: str) -> tuple[str, dict[str, Any]]:
        """The name and the document of the policy that the template gives a function, as it is deployed."""
        (name,) = self.iam.list_role_policies(RoleName=self.role(function))["PolicyNames"]
        return name, self.iam.get_role_policy(RoleName=self.role(function), PolicyName=name)["PolicyDocument"]

    def invoke(self, function: str, event: Mapping[str, Any]) -> tuple[Any, str]:
        """What a function answers, and the name of the error it failed with."""
        answer = self.functions.invoke(FunctionName=f"rollcall-{function}", Payload=json.dumps(event).encode())
        value = json.loads(answer["Payload"].read())
        return value, value["errorType"] if "FunctionError" in answer else ""


def rights_of(stack: Stack, function: str) -> list[Right]:
    """Each action on each resource of a function's policy."""
    statements = stack.policy(function)[1]["Statement"]
    return [
        Right(function, action, number, str(resource))
        for number, statement in enumerate(statements)
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def without(document: Mapping[str, Any], right: Right) -> dict[str, Any]:
    """A policy that lacks one right."""
    statements = [dict(statement) for statement in document["Statement"]]
    changed = statements.pop(right.statement)
    for action in listed(changed["Action"]):
        for resource in listed(changed["Resource"]):
            if (action, resource) != (right.action, right.resource):
                statements.append({**changed, "Action": action, "Resource": resource})
    statements.append({**changed, "Action": "sts:GetCallerIdentity"})  # a policy has at least one statement
    return {**document, "Statement": statements}


@contextmanager
def idle_machine(stack: Stack) -> Iterator[None]:
    """A state machine that does nothing, under the name of the real one."""
    change = partial(stack.states.update_state_machine, stateMachineArn=stack.machine.endpoints.state_machine)
    definition = stack.states.describe_state_machine(stateMachineArn=stack.machine.endpoints.state_machine)
    change(definition=IDLE)
    try:
        yield
        # The emulated AWS reads the definition a moment after the start: what began idle has to end idle.
        eventually(lambda: not running(stack), "the end of every idle run")
    finally:
        change(definition=definition["definition"])


def running(stack: Stack) -> list[Any]:
    machine = stack.machine.endpoints.state_machine
    found: list[Any] = stack.states.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    return found


class AsFunction:
    """Calls of whoever has a function's role, as code that got into the function could make them."""

    def __init__(self, stack: Stack, function: str) -> None:
        self._settings = stack.machine.endpoints.settings
        self._machine = stack.machine.endpoints.state_machine
        role = stack.role(function)
        owner = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [owner]})
        stack.iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)
        arn = stack.iam.get_role(RoleName=role)["Role"]["Arn"]
        given = stack.client("sts").assume_role(RoleArn=arn, RoleSessionName=function)["Credentials"]
        named = {
            "aws_access_key_id": given["AccessKeyId"],
            "aws_secret_access_key": given["SecretAccessKey"],
            "aws_session_token": given["SessionToken"],
        }
        self._client: Callable[[str], Any] = partial(stack.client, **named)

    def calls(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        """Actions, the resources they are on, and the calls that need them; none of the calls changes anything."""
        yield from self._on_tables()
        yield from self._on_buckets()
        states, functions = self._client("stepfunctions"), self._client("lambda")
        start = partial(states.start_execution, stateMachineArn=self._machine, input="{}")
        yield "states:StartExecution", self._machine, start
        yield "lambda:InvokeFunction", "*", partial(functions.invoke, FunctionName="rollcall-close_session")
        yield "iam:ListRoles", "*", self._client("iam").list_roles

    def _on_tables(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        client = self._client("dynamodb")
        for setting, table in self._settings.items():
            if not setting.endswith("_TABLE"):
                continue
            arn = f"arn:aws:dynamodb:{REGION}:{ACCESS_KEY}:table/{table}"
            key = {"nobody": {"S": "nothing"}}  # no table has such a key: an allowed call is refused for it
            yield "dynamodb:GetItem", arn, partial(client.get_item, TableName=table, Key=key)
            yield "dynamodb:PutItem", arn, partial(client.put_item, TableName=table, Item=key)
            yield "dynamodb:DeleteItem", arn, partial(client.delete_item, TableName=table, Key=key)
            yield "dynamodb:UpdateItem", arn, partial(client.update_item, TableName=table, Key=key)
            yield (
                "dynamodb:Query",
                arn,
                partial(client.query, TableName=table, KeyConditionExpression="nobody = nothing"),
            )
            yield "dynamodb:Scan", arn, partial(client.scan, TableName=table, Limit=1)

    def _on_buckets(self) -> Iterator[tuple[str, str, Callable[[], Any]]]:
        client, version = self._client("s3"), "00000000-0000-0000-0000-000000000000"
        for setting, bucket in self._settings.items():
            if not setting.endswith("_BUCKET"):
                continue
            arn, key = f"arn:aws:s3:::{bucket}", "somewhere/else"
            yield "s3:GetObject", f"{arn}/{key}", partial(client.get_object, Bucket=bucket, Key=key)
            yield "s3:PutObject", f"{arn}/{key}", partial(client.put_object, Bucket=bucket, Key=key, ContentMD5="wrong")
            yield (
                "s3:DeleteObjectVersion",
                f"{arn}/{key}",
                partial(client.delete_object, Bucket=bucket, Key=key, VersionId=version),
            )
            yield "s3:ListBucketVersions", arn, partial(client.list_object_versions, Bucket=bucket, MaxKeys=1)


def is_denied(call: Callable[[], Any]) -> bool:
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
    return False
