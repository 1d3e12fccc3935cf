"""What the functions import is what AWS gives them: the runtime's own packages, and the layer's requirements."""

import re
import subprocess
import sys
from importlib.metadata import packages_distributions

from tests.contracts import OUTSIDE, ROOT, STEPS

RUNTIME = {"boto3", "botocore", "jmespath", "s3transfer", "urllib3", "python-dateutil", "six"}
"""Packages of Lambda's Python runtime: boto3 and what it requires."""
USED_IF_THERE = {"certifi"}
"""By botocore."""
IMPORT = """
import importlib, sys
before = set(sys.modules)
for name in sys.argv[1:]:
    importlib.import_module(f"functions.{name}.handler")
print(*{module.split(".")[0] for module in set(sys.modules) - before})
"""


def test_the_functions_import_nothing_that_their_layer_does_not_hold() -> None:
    done = subprocess.run(  # noqa: S603 (our own code)
        [sys.executable, "-c", IMPORT, *STEPS, *OUTSIDE], cwd=ROOT, capture_output=True, text=True, check=True
    )
    by_module = packages_distributions()
    imported = (
        {package for module in done.stdout.split() for package in by_module.get(module, ())}
        - {"rollcall"}
        - USED_IF_THERE
    )
    required = (ROOT / "layers" / "attendance" / "requirements.txt").read_text(encoding="utf-8")
    held = set(re.findall(r"^([\w.-]+)==", required, re.MULTILINE))
    assert imported <= RUNTIME | held
    assert held <= imported
