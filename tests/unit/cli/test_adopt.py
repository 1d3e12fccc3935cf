"""What a deleted stack leaves behind, as the template names it."""

import json

from samtranslator.yaml_helper import yaml_parse

from cli.adopt import TEMPLATE, kept, to_import

RESOURCES = kept(yaml_parse(TEMPLATE.read_text())["Resources"])
MOST_BYTES = 51_200
"""CloudFormation takes no longer template in a request."""


def test_all_that_outlives_a_stack_is_named_as_it_is_there() -> None:
    found = [to_import(name, made, "school", "123456789012") for name, made in RESOURCES.items()]
    names = {value for each in found for value in each["ResourceIdentifier"].values()}
    assert {"school-students", "school-corrections", "school-videos-123456789012", "school"} <= names
    assert len(names) == len(RESOURCES) == 12
    assert not any("$" in name for name in names)


def test_what_is_adopted_is_a_template_by_itself() -> None:
    text = json.dumps({"Resources": RESOURCES})
    assert len(text.encode()) <= MOST_BYTES
    assert 'Condition"' not in text
    referred = {name for name in yaml_parse(TEMPLATE.read_text())["Resources"] if f'"{name}"' in text}
    assert referred == set(RESOURCES)
    assert "Parameters" not in text
