"""The web's part of the template: what may be left out is left out as a whole, and no right is wider than its use."""

from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from attendance.aws.downloads import PREFIX as DOWNLOADS
from attendance.aws.imports import PREFIX as IMPORTS
from local.home import ROOT

TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text(encoding="utf-8"))
FUNCTION: dict[str, Any] = TEMPLATE["Resources"]["WebFunction"]["Properties"]
STATEMENTS: list[dict[str, Any]] = FUNCTION["Policies"][0]["Statement"]
WITHOUT_A_RESOURCE = {"rekognition:DetectFaces"}


def actions(statement: dict[str, Any]) -> list[str]:
    named = statement["Action"]
    return named if isinstance(named, list) else [named]


def test_all_of_the_web_has_the_condition_by_which_a_local_stack_leaves_it_out() -> None:
    parts = [*TEMPLATE["Resources"].items(), *TEMPLATE["Outputs"].items()]
    assert {part.get("Condition") for name, part in parts if name.startswith("Web")} == {"HasWeb"}
    assert not [name for name, part in parts if part.get("Condition") == "HasWeb" and not name.startswith("Web")]


def test_the_key_that_signs_sessions_is_in_no_environment() -> None:
    variables = FUNCTION["Environment"]["Variables"]
    assert set(variables) == {"STATE_MACHINE_ARN", "SECRET_KEY_ARN", "RATE_LIMITS_TABLE"}
    assert "resolve:" not in str(TEMPLATE)


def test_no_right_of_the_web_is_a_pattern_of_actions_and_none_reads_a_whole_table() -> None:
    asked = [action for statement in STATEMENTS for action in actions(statement)]
    assert not [action for action in asked if "*" in action]
    assert "dynamodb:Scan" not in asked


def test_only_what_names_no_resource_is_allowed_on_every_one() -> None:
    on_all = [action for statement in STATEMENTS if statement["Resource"] == "*" for action in actions(statement)]
    assert set(on_all) == WITHOUT_A_RESOURCE


def test_the_audit_is_only_ever_added_to() -> None:
    of_audit = [set(actions(one)) for one in STATEMENTS if "AuditTable" in str(one["Resource"])]
    assert of_audit == [{"dynamodb:DescribeTable", "dynamodb:Query", "dynamodb:PutItem"}]


def test_counts_of_rate_limits_end_by_themselves_and_are_neither_listed_nor_deleted_by_the_web() -> None:
    table = TEMPLATE["Resources"]["WebRateLimitsTable"]["Properties"]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ends_at", "Enabled": True}
    (rights,) = [set(actions(one)) for one in STATEMENTS if "WebRateLimitsTable" in str(one["Resource"])]
    assert rights == {"dynamodb:GetItem", "dynamodb:UpdateItem"}


@pytest.mark.parametrize(("prefix", "days"), [(IMPORTS, 7), (DOWNLOADS, 1)])
def test_files_that_nobody_fetches_or_goes_on_with_are_erased_by_the_bucket(prefix: str, days: int) -> None:
    rules = TEMPLATE["Resources"]["WorkBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    assert [rule["ExpirationInDays"] for rule in rules if rule.get("Prefix") == prefix] == [days]


def test_a_page_may_send_videos_into_the_bucket_and_read_the_picture_of_a_face_out_of_one() -> None:
    (rule,) = TEMPLATE["Resources"]["VideosBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert set(rule["AllowedMethods"]) == {"GET", "POST", "PUT"}


def test_a_browser_may_only_send_a_form_to_the_work_bucket() -> None:
    (rule,) = TEMPLATE["Resources"]["WorkBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedMethods"] == ["POST"]
