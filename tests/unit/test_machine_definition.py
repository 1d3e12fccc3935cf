"""The state machine, the template, the schemas and the recorded events hold together."""

import json
import re
import tomllib
from contextlib import nullcontext
from typing import Any

import pytest
import pytz
from cfnlint.api import lint_all  # type: ignore[import-untyped]
from jsonschema import Draft202012Validator, ValidationError
from samtranslator.yaml_helper import yaml_parse

from attendance.enrolment import InvalidIdError, check_id
from attendance.errors import RollcallError
from tests.builders import ENVIRONMENT
from tests.contracts import OUTSIDE, ROOT, SCHEMAS, STEPS, check, machine, recorded

MACHINE = machine()
STATES: dict[str, dict[str, Any]] = MACHINE["States"]
TASKS = {name: state for name, state in STATES.items() if state["Type"] == "Task"}
CALLERS_MISTAKES = {
    "States.ALL",
    "States.TaskFailed",
    "IdempotentParameterMismatchException",
    "InvalidS3ObjectException",
    "VideoTooLargeException",
    "InvalidParameterException",
    "AccessDeniedException",
    "AccessDeniedError",
    "BadVideoKeyError",
    "BadEventError",
    "UnknownCourseError",
    "EmptyVideoError",
    "VideoTooLargeError",
    "FaceSearchFailedError",
    "SettingsError",
}


def template() -> dict[str, Any]:
    parsed: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
    return parsed


TEMPLATE = template()
RESOURCES: dict[str, dict[str, Any]] = TEMPLATE["Resources"]


def folder(state: str) -> str:
    return state.lower().replace(" ", "_")


def resource(state: str) -> str:
    return "".join(word.capitalize() for word in state.split())


def problems(template_: dict[str, Any]) -> list[str]:
    """cfn-lint's errors and warnings, without its informational remarks."""
    return [found.rule.id for found in lint_all(json.dumps(template_)) if not found.rule.id.startswith("I")]


def test_cfn_lint_accepts_the_machine() -> None:
    text = re.sub(r"\$\{(\w+)Arn\}", r"arn:aws:lambda:us-east-1:123456789012:function:\1", json.dumps(MACHINE))
    wrapped: dict[str, Any] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": {"RoleArn": "arn:aws:iam::123456789012:role/machine", "Definition": json.loads(text)},
            }
        },
    }
    assert problems(wrapped) == []
    del wrapped["Resources"]["Machine"]["Properties"]["Definition"]["States"]["Register video"]["Type"]
    assert problems(wrapped) != []


def test_every_state_says_what_it_is_for() -> None:
    assert all(len(state["Comment"]) > 30 for state in STATES.values())
    assert len(MACHINE["Comment"]) > 30


def test_the_names_of_a_step_agree_everywhere() -> None:
    assert tuple(map(folder, TASKS)) == STEPS
    for state, definition in TASKS.items():
        assert re.fullmatch(r"[A-Z][a-z ]+", state)
        assert definition["Resource"] == f"${{{resource(state)}FunctionArn}}"
    for name in (*STEPS, *OUTSIDE):
        function = RESOURCES[f"{resource(name.replace('_', ' '))}Function"]["Properties"]
        assert function["CodeUri"] == f"functions/{name}/"
        assert function["FunctionName"] == {"Fn::Sub": f"${{AWS::StackName}}-{name}"}
        assert (ROOT / "functions" / name / "handler.py").is_file()
        assert (ROOT / "tests" / "functional" / "functions" / f"test_{name}.py").is_file()
        assert (ROOT / "events" / f"{name}.json").is_file()
    assert {path.parent.name for path in (ROOT / "functions").glob("*/handler.py")} == {*STEPS, *OUTSIDE}


def test_the_template_fills_every_substitution_and_no_other() -> None:
    wanted = set(re.findall(r"\$\{(\w+)\}", json.dumps(MACHINE)))
    given = RESOURCES["AttendanceStateMachine"]["Properties"]["DefinitionSubstitutions"]
    assert wanted == set(given)
    assert all(value == {"Fn::GetAtt": [name.removesuffix("Arn"), "Arn"]} for name, value in given.items())


def test_states_stand_in_the_order_they_run() -> None:
    order = list(STATES)
    assert order[0] == MACHINE["StartAt"]
    nexts = [state.get("Next") or state["Choices"][0]["Next"] for state in list(STATES.values())[:9]]
    assert nexts == order[1:10]
    assert STATES["Face search finished?"]["Default"] == "Wait for face search"


def followers(state: dict[str, Any]) -> set[str]:
    """The states that may come after a state."""
    branches = [state, *state.get("Choices", ()), *state.get("Catch", ())]
    return {branch["Next"] for branch in branches if "Next" in branch} | {
        state[key] for key in ("Default",) if key in state
    }


def test_every_state_is_reached_and_none_leads_nowhere() -> None:
    """cfn-lint does not look at where Next leads."""
    reached: set[str] = set()
    new = {MACHINE["StartAt"]}
    while new:
        reached |= new
        new = {follower for name in new for follower in followers(STATES[name])} - reached
    assert reached == set(STATES)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_timeout_that_leaves_its_function_time_to_fail_by_itself(name: str) -> None:
    own = RESOURCES[f"{resource(name)}Function"]["Properties"].get("Timeout")
    assert TASKS[name]["TimeoutSeconds"] > (own or TEMPLATE["Globals"]["Function"]["Timeout"])
    assert TASKS[name]["TimeoutSeconds"] < MACHINE["TimeoutSeconds"]


def test_the_machine_ends_by_itself_while_a_search_is_remembered() -> None:
    assert MACHINE["TimeoutSeconds"] <= 7 * 86400


@pytest.mark.parametrize("name", TASKS)
def test_throttling_is_met_with_growing_jittered_capped_waits(name: str) -> None:
    (retrier,) = [r for r in TASKS[name]["Retry"] if "ThrottlingException" in r["ErrorEquals"]]
    needed = {"ProvisionedThroughputExceededException", "InternalServerError", "Lambda.TooManyRequestsException"}
    assert needed | {"Lambda.ServiceException", "ServiceBusyError", "UnprocessedItemsError"} <= set(
        retrier["ErrorEquals"]
    )
    assert (retrier["IntervalSeconds"], retrier["BackoffRate"], retrier["MaxDelaySeconds"]) == (2, 2, 60)
    assert retrier["JitterStrategy"] == "FULL"


def test_only_the_start_waits_its_turn_and_long_enough_for_200_videos_of_six_hours() -> None:
    waiting = {n: r for n, s in TASKS.items() for r in s["Retry"] if "LimitExceededException" in r["ErrorEquals"]}
    assert set(waiting) == {"Start face search"}
    retrier = waiting["Start face search"]
    assert retrier["IntervalSeconds"] >= 60
    assert retrier["JitterStrategy"] == "FULL"
    six_hours, at_once = 6 * 3600, 20
    before_the_last = (200 // at_once - 1) * six_hours
    patience = retrier["MaxAttempts"] * retrier["MaxDelaySeconds"] / 2  # full jitter: half of it on average
    assert before_the_last * 1.1 < patience < MACHINE["TimeoutSeconds"] - six_hours


@pytest.mark.parametrize("name", TASKS)
def test_no_mistake_of_the_caller_is_tried_again(name: str) -> None:
    assert not CALLERS_MISTAKES & {error for retrier in TASKS[name]["Retry"] for error in retrier["ErrorEquals"]}


def test_every_error_name_of_ours_in_the_machine_is_a_class_of_ours() -> None:
    ours = {error.__name__ for error in RollcallError.__subclasses__()}
    boto = {"ConnectTimeoutError", "ReadTimeoutError", "EndpointConnectionError", "ConnectionClosedError"}
    named = {
        error
        for state in TASKS.values()
        for rule in (*state["Retry"], *state["Catch"])
        for error in rule["ErrorEquals"]
        if error.endswith("Error") and error not in ("InternalServerError", "Runtime.ExitError")
    }
    assert named <= ours | boto


@pytest.mark.parametrize("name", [name for name in TASKS if name != "Record failure"])
def test_every_failure_of_a_step_is_recorded(name: str) -> None:
    last = TASKS[name]["Catch"][-1]
    assert last == {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Record failure"}


def test_a_run_whose_failure_is_recorded_or_not_ends_red() -> None:
    failure = STATES["Record failure"]
    assert STATES[failure["Next"]]["Type"] == "Fail"
    assert [STATES[catcher["Next"]]["Type"] for catcher in failure["Catch"]] == ["Fail"]


@pytest.mark.parametrize("name", ["Write present", "Write absent", "Close session"])
def test_a_run_whose_decision_was_replaced_decides_again(name: str) -> None:
    assert STATES[name]["Catch"][0] == {
        "ErrorEquals": ["SessionChangedError"],
        "ResultPath": None,
        "Next": "Resolve names",
    }


@pytest.mark.parametrize("step", STEPS)
def test_a_task_hands_over_exactly_what_its_schema_asks_for(step: str) -> None:
    (state,) = [state for name, state in TASKS.items() if folder(name) == step]
    schema = json.loads((SCHEMAS / f"{step}.input.json").read_text())
    assert {name.removesuffix(".$") for name in state["Parameters"]} == set(schema["required"])


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_schema_is_valid_and_strict(path: Any) -> None:
    schema = json.loads(path.read_text())
    Draft202012Validator.check_schema(schema)
    for name, part in schema.get("$defs", {"": schema}).items():
        is_amazons = name == "event" or path.stem in {f"{function}.input" for function in OUTSIDE}
        assert is_amazons or part.get("type") != "object" or part["additionalProperties"] is False


@pytest.mark.parametrize("step", STEPS)
def test_the_recorded_event_of_a_function_fits_its_schema_which_takes_nothing_more_or_less(step: str) -> None:
    event = recorded(step)
    check(f"{step}.input", event)
    with pytest.raises(ValidationError):
        check(f"{step}.input", event | {"roster": []})
    for name in event:
        with pytest.raises(ValidationError):
            check(f"{step}.input", {key: value for key, value in event.items() if key != name})


@pytest.mark.parametrize("function", OUTSIDE)
def test_the_recorded_event_of_a_function_outside_the_machine_fits_its_schema(function: str) -> None:
    event = recorded(function)
    check(f"{function}.input", event)
    with pytest.raises(ValidationError):
        check(f"{function}.input", event | {"source": "aws.s3"})


def test_the_recorded_events_are_of_one_run() -> None:
    upload = recorded("s3_object_created")
    assert recorded("register_video")["event"] == upload == recorded("record_failure")["event"]
    videos = [recorded(step)["video"] for step in STEPS if "video" in recorded(step)]
    assert all(video == videos[0] for video in videos)
    assert videos[0]["key"] == upload["detail"]["object"]["key"]
    assert recorded("collect_matches")["job"]["job_id"] == recorded("get_face_search")["job"]["job_id"]


def test_the_upload_rule_matches_the_recorded_event() -> None:
    pattern = RESOURCES["AttendanceStateMachine"]["Properties"]["Events"]["VideoUploaded"]["Properties"]["Pattern"]
    upload = recorded("s3_object_created")
    assert upload["source"] in pattern["source"]
    assert upload["detail-type"] in pattern["detail-type"]
    assert upload["detail"]["object"]["key"].startswith(pattern["detail"]["object"]["key"][0]["prefix"])


def test_the_rule_on_stopped_runs_matches_the_recorded_event_and_every_way_a_run_ends_badly() -> None:
    events = RESOURCES["RecordStoppedRunFunction"]["Properties"]["Events"]
    (pattern,) = [event["Properties"]["Pattern"] for event in events.values()]
    stopped = recorded("record_stopped_run")
    assert stopped["source"] in pattern["source"]
    assert stopped["detail-type"] in pattern["detail-type"]
    assert set(pattern["detail"]["status"]) == {"FAILED", "TIMED_OUT", "ABORTED"}
    assert json.loads(stopped["detail"]["input"]) == recorded("s3_object_created")


def test_an_event_that_cannot_be_delivered_is_kept_and_tells_somebody() -> None:
    queue = RESOURCES["VideoEventsDeadLetterQueue"]["Properties"]
    assert queue["MessageRetentionPeriod"] == 14 * 86400
    rules = [
        event["Properties"]
        for resource_ in RESOURCES.values()
        for event in resource_.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "EventBridgeRule"
    ]
    assert len(rules) == 2
    for rule in rules:
        assert rule["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": ["VideoEventsDeadLetterQueue", "Arn"]}}
    (statement,) = RESOURCES["VideoEventsDeadLetterQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert len(statement["Condition"]["ArnEquals"]["aws:SourceArn"]) == len(rules)
    assert RESOURCES["DeadLettersAlarm"]["Properties"]["Threshold"] == 1


def of_type(kind: str) -> list[dict[str, Any]]:
    return [made for made in RESOURCES.values() if made["Type"] == kind]


def alarms() -> dict[str, dict[str, Any]]:
    found = RESOURCES.items()
    return {name: made["Properties"] for name, made in found if made["Type"] == "AWS::CloudWatch::Alarm"}


def test_every_alarm_tells_the_topic_what_it_means() -> None:
    for name, alarm in alarms().items():
        assert alarm["AlarmActions"] == [{"Ref": "AlarmsTopic"}], name
        assert len(alarm["AlarmDescription"]) > 20, name
        assert alarm["TreatMissingData"] == "notBreaching", name  # no video, no run, nothing wrong


def test_every_alarm_has_its_section_in_the_operators_guide_and_no_other_has_one() -> None:
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    names = {str(alarm["AlarmName"]["Fn::Sub"]).removeprefix("${AWS::StackName}-") for alarm in alarms().values()}
    assert set(re.findall(r"^### `(.+)`$", guide, re.MULTILINE)) == names


def test_functions_are_told_every_setting_and_the_outputs_tell_it_to_people() -> None:
    variables = TEMPLATE["Globals"]["Function"]["Environment"]["Variables"]
    assert set(variables) == set(ENVIRONMENT) | {"AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_REKOGNITION"}
    assert variables["AWS_ENDPOINT_URL"] == {"Ref": "AWS::NoValue"}
    titles = {"".join(word.capitalize() for word in name.split("_")) for name in ENVIRONMENT}
    assert titles | {"StateMachineArn"} <= set(TEMPLATE["Outputs"])


def test_no_function_may_do_anything_to_everything() -> None:
    for name, function in RESOURCES.items():
        if function["Type"] != "AWS::Serverless::Function":
            continue
        for statement in function["Properties"]["Policies"][0]["Statement"]:
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert not any("*" in action for action in actions), name
            assert "Scan" not in str(actions), name
            # IAM offers no narrower resource for these two: one names a job, the other only a picture.
            has_no_narrower = actions in (["rekognition:GetFaceSearch"], ["rekognition:DetectFaces"])
            assert statement["Resource"] != "*" or has_no_narrower, name


def test_the_machine_may_invoke_its_functions_and_no_other() -> None:
    machine_ = RESOURCES["AttendanceStateMachine"]["Properties"]
    (invoke,) = [each for each in machine_["Policies"][0]["Statement"] if each["Action"] == "lambda:InvokeFunction"]
    given = machine_["DefinitionSubstitutions"].values()
    assert sorted(map(str, invoke["Resource"])) == sorted(map(str, given))


NOT_ENTRUSTED = {"WebRateLimitsTable"}
"""Counts that the stack makes itself and that end by themselves."""


def is_kept(made: dict[str, Any]) -> bool:
    """Whether a resource outlives its stack, and yet stands in nobody's way when its first deployment fails."""
    return (made["DeletionPolicy"], made["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_what_people_entrust_to_the_stack_is_private_encrypted_and_kept() -> None:
    for name, made in RESOURCES.items():
        properties = made.get("Properties", {})
        if made["Type"] == "AWS::DynamoDB::Table" and name not in NOT_ENTRUSTED:
            assert properties["BillingMode"] == "PAY_PER_REQUEST", name
            assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], name
            assert properties["SSESpecification"]["SSEEnabled"], name
            assert is_kept(made), name
        if made["Type"] == "AWS::S3::Bucket":
            assert all(properties["PublicAccessBlockConfiguration"].values()), name
            assert properties["BucketEncryption"], name
            assert is_kept(made), name
            assert f"{name}Policy" in RESOURCES, name


def test_every_parameter_explains_itself_and_refuses_nonsense() -> None:
    for name, parameter in TEMPLATE["Parameters"].items():
        assert parameter["Description"], name
        assert {"AllowedPattern", "AllowedValues", "MinValue"} & set(parameter), name


def test_a_deployment_takes_the_time_zones_that_functions_know_and_no_other() -> None:
    assert TEMPLATE["Parameters"]["DefaultTimeZone"]["AllowedValues"] == pytz.all_timezones


@pytest.mark.parametrize(
    ("course_id", "may_be"), [("default", True), ("unfiled-2", True), ("unfiled", False), ("", False), ("a/b", False)]
)
def test_a_deployment_takes_no_default_course_that_could_not_be_one(course_id: str, may_be: bool) -> None:
    pattern = TEMPLATE["Parameters"]["DefaultCourseId"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, course_id)) is may_be
    with nullcontext() if may_be else pytest.raises(InvalidIdError):
        check_id(course_id, "course id")


def test_enter_is_an_answer_to_every_question_of_a_guided_deployment() -> None:
    assert all("Default" in parameter for parameter in TEMPLATE["Parameters"].values())
    settings = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))["default"]["deploy"]["parameters"]
    assert settings["confirm_changeset"] is False  # else the last question is answered no
    assert RESOURCES["WebApi"]["Properties"]["Auth"]  # else one about missing authentication is


@pytest.mark.parametrize(
    ("parameter", "least", "most"),
    [
        ("MinimumSightings", 1, 1000),
        ("LateAfterMinutes", 0, 360),
        ("LeftEarlyMinutes", 0, 360),
        ("PollSeconds", 1, 300),
    ],
)
def test_a_deployment_takes_whole_numbers_where_functions_read_them(parameter: str, least: int, most: int) -> None:
    pattern = TEMPLATE["Parameters"][parameter]["AllowedPattern"]
    taken = {number for number in range(-1, 1100) if re.fullmatch(pattern, str(number))}
    assert taken == set(range(least, most + 1))
    assert not any(re.fullmatch(pattern, text) for text in ("1.5", "", "1e1", "07", " 7"))


def test_the_longest_name_of_a_stack_that_is_told_fits_into_the_names_made_of_it() -> None:
    (longest,) = re.findall(r"1 to (\d+) lower-case", TEMPLATE["Description"])
    name = "s" * int(longest)
    made = [bucket["Properties"]["BucketName"]["Fn::Sub"] for bucket in of_type("AWS::S3::Bucket")]
    lengths = [len(each.replace("${AWS::StackName}", name).replace("${AWS::AccountId}", "1" * 12)) for each in made]
    assert max(lengths) == 63
    functions = [each["Properties"]["FunctionName"]["Fn::Sub"] for each in of_type("AWS::Serverless::Function")]
    assert max(len(each.replace("${AWS::StackName}", name)) for each in functions) <= 64
