import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.home import ROOT
from local.package import BOOTSTRAP, Package, PackageError, package

BUCKET = "deployment"
TEMPLATE = """
AWSTemplateFormatVersion: 2010-09-09
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.11, Handler: handler.handler, Layers: [!Ref Shared]}
Resources:
  Shared:
    Type: AWS::Serverless::LayerVersion
    Properties: {ContentUri: layer}
  EchoFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/echo, Environment: {Variables: {NAME: !Sub "${AWS::StackName}-x"}}}
  OtherFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: s3://somewhere/else.zip, Runtime: nodejs22.x}
  Machine:
    Type: AWS::Serverless::StateMachine
    Properties: {DefinitionUri: machine.asl.json}
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one function, one layer and one machine."""
    files = {
        "template.yaml": TEMPLATE,
        "functions/echo/handler.py": "def handler(event, context): return event",
        "functions/echo/__pycache__/handler.pyc": "compiled",
        "layer/shared/__init__.py": "",
        "layer/requirements.txt": "pytz",
        "machine.asl.json": "{}",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def properties(built: Package, resource: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(built.template)["Resources"][resource]["Properties"]
    return found


def contents(built: Package, resource: str, uri: str = "CodeUri") -> zipfile.ZipFile:
    key = properties(built, resource)[uri].removeprefix(f"s3://{BUCKET}/")
    return zipfile.ZipFile(io.BytesIO(built.archives[key]))


def test_a_python_function_is_deployed_with_code_layer_and_bootstrap(checkout: Path) -> None:
    built = package(checkout, BUCKET)
    archive = contents(built, "EchoFunction")
    assert archive.namelist() == ["bootstrap", "handler.py", "opt/python/shared/__init__.py"]
    assert archive.read("bootstrap") == BOOTSTRAP
    assert archive.getinfo("bootstrap").external_attr >> 16 & 0o111
    assert properties(built, "EchoFunction")["Runtime"] == "provided.al2023"


def test_a_layer_is_deployed_without_its_list_of_requirements(checkout: Path) -> None:
    assert contents(package(checkout, BUCKET), "Shared", "ContentUri").namelist() == ["python/shared/__init__.py"]


def test_all_else_of_the_template_stays(checkout: Path) -> None:
    built = package(checkout, BUCKET)
    assert properties(built, "EchoFunction")["Environment"] == {
        "Variables": {"NAME": {"Fn::Sub": "${AWS::StackName}-x"}}
    }
    assert properties(built, "OtherFunction") == {"CodeUri": "s3://somewhere/else.zip", "Runtime": "nodejs22.x"}
    assert json.loads(built.template)["AWSTemplateFormatVersion"] == "2010-09-09"


def test_the_same_checkout_makes_the_same_package(checkout: Path) -> None:
    first = package(checkout, BUCKET)
    (checkout / "functions/echo/handler.py").touch()
    assert package(checkout, BUCKET) == first


@pytest.mark.parametrize("changed", ["functions/echo/handler.py", "layer/shared/__init__.py", "machine.asl.json"])
def test_changed_code_changes_the_digest(checkout: Path, changed: str) -> None:
    before = package(checkout, BUCKET).digest
    (checkout / changed).write_text("# changed")
    assert package(checkout, BUCKET).digest != before


def test_compiled_files_do_not_change_the_digest(checkout: Path) -> None:
    before = package(checkout, BUCKET).digest
    (checkout / "functions/echo/__pycache__/new.pyc").write_text("x")
    (checkout / "layer/shared/old.pyc").write_text("x")
    assert package(checkout, BUCKET).digest == before


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("CodeUri: functions/echo", "CodeUri: functions/gone", "EchoFunction .* 'functions/gone'"),
        ("CodeUri: functions/echo", "Timeout: 3", "EchoFunction .* None"),
        ("ContentUri: layer", "ContentUri: nowhere", "Shared .* 'nowhere'"),
        ("DefinitionUri: machine.asl.json", "DefinitionUri: [1]", "Machine"),
    ],
)
def test_code_that_is_not_there_is_named(checkout: Path, before: str, after: str, complaint: str) -> None:
    (checkout / "template.yaml").write_text(TEMPLATE.replace(before, after))
    with pytest.raises(PackageError, match=complaint):
        package(checkout, BUCKET)


def test_a_folder_without_template_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackageError, match=r"no template\.yaml"):
        package(tmp_path, BUCKET)


@pytest.mark.parametrize("text", ["", "Resources: [", "just words", "- a\n- list", "Resources: 7"])
def test_what_is_no_template_is_refused(checkout: Path, text: str) -> None:
    (checkout / "template.yaml").write_text(text)
    with pytest.raises(PackageError, match="not a template"):
        package(checkout, BUCKET)


def test_the_real_template_packages_every_function() -> None:
    built = package(ROOT, BUCKET)
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")}
    packaged = {name.split("/")[0] for name in built.archives if name.endswith(".zip")}
    assert {f"{folder.title().replace('_', '')}Function" for folder in folders} | {"AttendanceLayer"} == packaged


def test_what_serves_the_web_on_aws_is_left_out_for_a_local_stack_serves_it_itself(checkout: Path) -> None:
    web = """
  WebFunction:
    Type: AWS::Serverless::Function
    Condition: HasWeb
    Properties: {CodeUri: web}
Outputs:
  WebUrl: {Condition: HasWeb, Value: x}
  Name: {Value: y}
"""
    (checkout / "template.yaml").write_text(TEMPLATE + web.lstrip("\n"))
    built = json.loads(package(checkout, BUCKET).template)
    assert "WebFunction" not in built["Resources"]
    assert built["Outputs"] == {"Name": {"Value": "y"}}


def test_the_checkouts_own_template_is_deployed_here_without_the_web() -> None:
    built = json.loads(package(ROOT, BUCKET).template)
    assert not [name for name in built["Resources"] if name.startswith("Web")]
    assert "AttendanceStateMachine" in built["Resources"]
