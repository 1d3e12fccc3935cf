"""What the web imports is what its function holds on AWS: its requirements, the layer's, and the runtime's own."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions, version

from local.home import ROOT
from tests.unit.test_layer import RUNTIME, USED_IF_THERE

IMPORT = """
import sys
before = set(sys.modules)
import web.lambda_handler
print(*{module.split(".")[0] for module in set(sys.modules) - before})
"""
PIN = re.compile(r"^([\w.-]+)==(\S+)", re.MULTILINE)


def pins(*path: str) -> dict[str, str]:
    text = ROOT.joinpath(*path).read_text(encoding="utf-8")
    return {name.lower().replace("_", "-"): version for name, version in PIN.findall(text)}


def test_the_web_imports_nothing_that_its_function_does_not_hold() -> None:
    done = subprocess.run(  # noqa: S603 (our own code)
        [sys.executable, "-c", IMPORT], cwd=ROOT, capture_output=True, text=True, check=True
    )
    by_module = packages_distributions()
    imported = {name.lower().replace("_", "-") for module in done.stdout.split() for name in by_module.get(module, ())}
    imported -= {"rollcall", *RUNTIME, *USED_IF_THERE}
    held = pins("web", "requirements.txt")
    assert imported <= {*held, *pins("layers", "attendance", "requirements.txt")}


def test_the_function_holds_the_versions_that_are_tested() -> None:
    held = pins("web", "requirements.txt")
    assert held
    assert {name: version(name) for name in held} == held
