"""The environment checked in for `sam local invoke`, held against the template it is for."""

import json
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.home import ROOT

ENV: dict[str, dict[str, str]] = json.loads((ROOT / "local" / "env.json").read_text())
TEMPLATE: dict[str, Any] = yaml_parse(Path(ROOT / "template.yaml").read_text())
OF_ALL, OF_THE_WEB = (
    made["Environment"]["Variables"]
    for made in (TEMPLATE["Globals"]["Function"], TEMPLATE["Resources"]["WebFunction"]["Properties"])
)


def test_the_environment_holds_just_what_the_template_declares() -> None:
    # The SAM CLI drops every variable that the template does not declare.
    assert set(ENV["Parameters"]) == {*OF_ALL, *OF_THE_WEB}
