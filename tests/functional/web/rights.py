"""What a page asks AWS for, held against what the role of the web function in template.yaml allows."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tests.functional.web.tables import TEMPLATE, resource_of

Need = tuple[str, str]
"""An action and what it is done to, such as `dynamodb:Query` of `RostersTable/index/by_student`."""

_S3_ACTIONS = {
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
}
_OF_A_TRANSACTION = {
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "ConditionCheck": "dynamodb:ConditionCheckItem",
}


def needs(service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    """The rights that one call takes; of services other than tables and buckets, on anything."""
    if service == "dynamodb":
        yield from _of_tables(operation, parameters)
    elif service == "s3":
        key = f"/{parameters['Key']}" if "Key" in parameters else ""
        action = _S3_ACTIONS.get(operation, f"s3:{operation}")
        yield (
            action + ("Version" if parameters.get("VersionId") else ""),
            f"{_named(parameters['Bucket'], 'Bucket')}{key}",
        )
    else:
        yield f"{'states' if service == 'stepfunctions' else service}:{operation}", "*"


def is_allowed(need: Need) -> bool:
    """Whether a statement of the role allows it."""
    action, resource = need
    return any(
        action == allowed and (resource == "*" or fnmatchcase(resource, pattern)) for allowed, pattern in _allowed()
    )


def _of_tables(operation: str, parameters: Mapping[str, Any]) -> Iterator[Need]:
    if operation == "TransactWriteItems":
        for item in parameters["TransactItems"]:
            for kind, part in item.items():
                yield _OF_A_TRANSACTION[kind], _named(part["TableName"], "Table")
    elif operation == "BatchGetItem":
        for table in parameters["RequestItems"]:
            yield "dynamodb:BatchGetItem", _named(table, "Table")
    else:
        index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
        yield f"dynamodb:{operation}", _named(parameters["TableName"], "Table") + index


def _named(name: str, kind: str) -> str:
    """The resource in the template of a table or bucket: `rollcall-users` ▶ `UsersTable`."""
    return resource_of(name.removeprefix("rollcall-"), kind)


@cache
def _allowed() -> frozenset[Need]:
    function = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))["Resources"]["WebFunction"]
    statements = function["Properties"]["Policies"][0]["Statement"]
    return frozenset(
        (action, _text(resource))
        for statement in statements
        for action in _several(statement["Action"])
        for resource in _several(statement["Resource"])
    )


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(resource: Any) -> str:
    """A resource's name and what is behind it: `!Sub ${PhotosBucket.Arn}/photos/*` ▶ `PhotosBucket/photos/*`."""
    if isinstance(resource, str):
        return resource
    ((kind, value),) = resource.items()
    if kind == "Fn::GetAtt":
        return str(value[0] if isinstance(value, list) else value.partition(".")[0])
    return str(value).replace("${", "").replace(".Arn}", "")
