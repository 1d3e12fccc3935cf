"""Turns the checkout's template and code into what the emulator deploys, as `sam build` and `sam package` do for AWS.

The template is read, not copied: only the places of code change to archives in a bucket, and the runtime of Python
functions to a custom one, whose `bootstrap` runs AWS's own runtime client (see `lambda_runtime`). The emulator's own
Python worker would lose the names of errors, on which the state machine's Retry and Catch depend. What serves the web
on AWS is left out: a local stack serves the web itself, and is not deployed again whenever a page changes.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse
from yaml import YAMLError  # type: ignore[import-untyped]

from local.errors import StackError

DEPLOYED_RUNTIME = "provided.al2023"

BOOTSTRAP = b"""#!/bin/sh
export PYTHONPATH="$LAMBDA_TASK_ROOT:$LAMBDA_TASK_ROOT/opt/python"
exec "$ROLLCALL_PYTHON" -m local.lambda_runtime "$_HANDLER"
"""

SERVED_HERE = "HasWeb"
"""The template's condition of everything that serves the web on AWS."""

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip can hold: the same content makes the same bytes
_FILE, _EXECUTABLE = 0o100644, 0o100755
_LEFT_OUT = {"__pycache__", "requirements.txt"}

Resource = dict[str, Any]


class PackageError(StackError):
    """The template names code that cannot be packaged."""


@dataclass(frozen=True)
class Package:
    """A template in its deployed form and the archives it refers to.

    Attributes:
        template: the template as JSON.
        archives: object key in the deployment bucket ▶ content.
    """

    template: str
    archives: dict[str, bytes]

    @property
    def digest(self) -> str:
        """Names template and code: a sha256 in hex of the template, which names archives by content."""
        return hashlib.sha256(self.template.encode()).hexdigest()


@dataclass
class _Builder:
    root: Path
    bucket: str
    template: dict[str, Any]
    archives: dict[str, bytes] = field(default_factory=dict)

    @property
    def resources(self) -> dict[str, Resource]:
        found: dict[str, Resource] = self.template["Resources"]
        return found

    def of_type(self, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for name, resource in self.resources.items():
            if resource.get("Type") == kind:
                yield name, resource.setdefault("Properties", {})

    def folder(self, name: str, uri: object) -> Path:
        """The folder or file a resource's code is in."""
        path = self.root / uri if isinstance(uri, str) else None
        if path is None or not path.exists():
            raise PackageError(f"{name} in template.yaml names its code as {uri!r}, which is not in {self.root}")
        return path

    def add(self, name: str, suffix: str, content: bytes) -> str:
        """Keep an archive; its s3 URI."""
        key = f"{name}/{hashlib.sha256(content).hexdigest()}{suffix}"
        self.archives[key] = content
        return f"s3://{self.bucket}/{key}"


def package(root: Path, bucket: str) -> Package:
    """Package the template and code of a checkout.

    Args:
        root: the folder of template.yaml.
        bucket: the deployment bucket, into which the caller puts the archives.

    Raises:
        PackageError: there is no template, or it names code that is not there.
    """
    path = root / "template.yaml"
    if not path.is_file():
        raise PackageError(f"There is no template.yaml in {root}")
    builder = _Builder(root, bucket, _without_web(_template(path)))
    layers = {name: _layer_files(builder, name, properties) for name, properties in _layers(builder)}
    for name, properties in _layers(builder):
        properties["ContentUri"] = builder.add(name, ".zip", _zip(layers[name]))
    _package_functions(builder, layers)
    for name, properties in builder.of_type("AWS::Serverless::StateMachine"):
        definition = builder.folder(name, properties.get("DefinitionUri"))
        properties["DefinitionUri"] = builder.add(name, definition.suffix, definition.read_bytes())
    template = json.dumps(builder.template, sort_keys=True, separators=(",", ":"), default=str)  # str: YAML dates
    return Package(template, builder.archives)


def _template(path: Path) -> dict[str, Any]:
    try:
        found = yaml_parse(path.read_text())
    except (YAMLError, UnicodeDecodeError) as error:
        raise PackageError(f"{path} is not a template: {error}") from error
    if not isinstance(found, dict) or not isinstance(found.get("Resources"), dict):
        raise PackageError(f"{path} is not a template: it has no Resources.")
    return found


def _without_web(template: dict[str, Any]) -> dict[str, Any]:
    """The template without the resources and outputs of the web on AWS."""
    for part in ("Resources", "Outputs"):
        found = template.get(part, {})
        template[part] = {name: made for name, made in found.items() if made.get("Condition") != SERVED_HERE}
    return template


def _layers(builder: _Builder) -> Iterator[tuple[str, dict[str, Any]]]:
    return builder.of_type("AWS::Serverless::LayerVersion")


def _layer_files(builder: _Builder, name: str, properties: dict[str, Any]) -> dict[str, bytes]:
    """A layer's files under python/; what it requires comes from the environment of the stack itself."""
    files = _files(builder.folder(name, properties.get("ContentUri")))
    return {f"python/{path}": content for path, content in files.items()}


def _package_functions(builder: _Builder, layers: dict[str, dict[str, bytes]]) -> None:
    shared = builder.template.get("Globals", {}).get("Function", {})
    for name, properties in builder.of_type("AWS::Serverless::Function"):
        runtime = str(properties.get("Runtime", shared.get("Runtime", "")))
        if not runtime.startswith("python"):
            continue
        files = _files(builder.folder(name, properties.get("CodeUri", shared.get("CodeUri"))))
        for layer in [*shared.get("Layers", []), *properties.get("Layers", [])]:
            content = layers.get(layer.get("Ref", "")) if isinstance(layer, dict) else None
            files |= {f"opt/{path}": data for path, data in (content or {}).items()}
        properties["Runtime"] = DEPLOYED_RUNTIME
        properties["CodeUri"] = builder.add(name, ".zip", _zip(files | {"bootstrap": BOOTSTRAP}))


def _files(folder: Path) -> dict[str, bytes]:
    """Relative path ▶ content of the files a deployed archive holds."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _LEFT_OUT.intersection(path.relative_to(folder).parts) and path.suffix != ".pyc"
    }


def _zip(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (_EXECUTABLE if name == "bootstrap" else _FILE) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()
