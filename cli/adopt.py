"""`rollcall adopt`: makes a stack of what a deleted one left behind, for a deployment to complete."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import click
from botocore.exceptions import ClientError, WaiterError
from rich.text import Text
from samtranslator.yaml_helper import yaml_parse

from cli.deployed import reaching_aws
from cli.options import out, telling_refusals
from cli.stack import NoStackError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceToImportTypeDef, WaiterConfigTypeDef

TEMPLATE = Path(__file__).resolve().parent.parent / "template.yaml"
COLLECTION = "AWS::Rekognition::Collection"
IDENTIFIERS = {"AWS::DynamoDB::Table": "TableName", "AWS::S3::Bucket": "BucketName", COLLECTION: "CollectionId"}
"""Type of what outlives a stack ▶ the property that identifies it."""
_PATIENCE: "WaiterConfigTypeDef" = {"Delay": 2, "MaxAttempts": 300}

Resources = dict[str, dict[str, Any]]


@click.command()
@click.pass_obj
@telling_refusals
def adopt(name: str | None) -> None:
    """Take what the deleted stack of `rollcall --stack NAME` left behind into a new one of its name.

    These are its tables, its buckets and its face collection, with all that is in them. Run `make deploy` with the same
    name afterwards: it adds the rest, where it would else find the names taken.
    """
    if not name:
        raise click.UsageError("Name the stack that was deleted: `rollcall --stack NAME adopt`.")
    with reaching_aws():
        adopted = take_in(name, kept(yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]))
    for identifier in adopted:
        out.print(Text(identifier))
    out.print(Text(f"The stack {name} has them again: run `make deploy` with this name to complete it."))


def kept(resources: Resources) -> Resources:
    """What outlives its stack, without the conditions that are not part of it."""
    return {
        logical_id: {key: value for key, value in made.items() if key != "Condition"}
        for logical_id, made in resources.items()
        if made.get("DeletionPolicy") == "RetainExceptOnCreate"
    }


def take_in(name: str, resources: Resources) -> list[str]:
    """Make a stack of resources that are there.

    Args:
        name: the stack's.
        resources: logical id ▶ resource as in the template; a face collection that is not there is left out, as
            somebody else's face service has it.

    Returns:
        The names of what the stack has now.

    Raises:
        NoStackError: CloudFormation refused, as something is missing or belongs to a stack; the text has its reason.
    """
    account = boto3.client("sts").get_caller_identity()["Account"]
    if not _has_collection(name):
        resources = {key: made for key, made in resources.items() if made["Type"] != COLLECTION}
    found = [to_import(key, made, name, account) for key, made in resources.items()]
    _import(name, json.dumps({"Resources": resources}), found)
    return [identifier for each in found for identifier in each["ResourceIdentifier"].values()]


def _import(name: str, template: str, found: "list[ResourceToImportTypeDef]") -> None:
    client, change = boto3.client("cloudformation"), f"adopt-{time.time_ns()}"
    try:
        client.create_change_set(
            StackName=name,
            ChangeSetName=change,
            ChangeSetType="IMPORT",
            TemplateBody=template,
            ResourcesToImport=found,
        )
        client.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName=change, WaiterConfig=_PATIENCE
        )
        client.execute_change_set(StackName=name, ChangeSetName=change)
        client.get_waiter("stack_import_complete").wait(StackName=name, WaiterConfig=_PATIENCE)
    except ClientError as error:
        raise NoStackError(f"the stack {name} cannot have what is left: {error}") from error
    except WaiterError as error:
        told = client.describe_change_set(StackName=name, ChangeSetName=change)
        reason = told.get("StatusReason") or str(error)
        raise NoStackError(f"the stack {name} cannot have what is left: {reason}") from error


def to_import(logical_id: str, made: dict[str, Any], name: str, account: str) -> "ResourceToImportTypeDef":
    """A resource of the template as an import names it: by what its name is in the stack of a name and an account."""
    key = IDENTIFIERS[made["Type"]]
    given = made["Properties"][key]
    text = given["Fn::Sub"] if "Fn::Sub" in given else f"${{{given['Ref']}}}"
    identifier = text.replace("${AWS::StackName}", name).replace("${AWS::AccountId}", account)
    return {"ResourceType": made["Type"], "LogicalResourceId": logical_id, "ResourceIdentifier": {key: identifier}}


def _has_collection(collection_id: str) -> bool:
    client = boto3.client("rekognition")
    try:
        client.describe_collection(CollectionId=collection_id)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True
