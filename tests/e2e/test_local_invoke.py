"""Every function with its recorded event, outside a container, against a stack where the events are true."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.home import ROOT, Endpoints, Home
from local.invoke import container_environment, run, steps
from local.runtime_api import Function, InvocationError, invoke
from local.seed import event_for, seed
from local.supervisor import LocalStack
from tests.contracts import OUTSIDE
from tests.statemachine.machine import DEFINITION, check

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def endpoints(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoints]:
    """A stack where the events are true."""
    with (
        pytest.MonkeyPatch.context() as patch,
        LocalStack(Home(tmp_path_factory.mktemp("home")), web=False) as stack,
    ):
        for name, value in stack.endpoints.client_environment.items():
            patch.setenv(name, value)
        seed(stack.endpoints)
        yield stack.endpoints


@pytest.mark.parametrize("step", steps())
def test_a_function_answers_its_recorded_event_sensibly(step: str, endpoints: Endpoints, tmp_path: Path) -> None:
    state = step.replace("_", " ").capitalize()
    seed(endpoints)  # a step before may have decided anew

    value, failed = run(step, endpoints, tmp_path)

    assert not failed, value
    check(state, "input", event_for(step))
    check(state, "output", value)


def test_the_recorded_register_has_one_student_present_and_two_absent(endpoints: Endpoints, tmp_path: Path) -> None:
    seed(endpoints)
    assert run("write_present", endpoints, tmp_path)[0] == {"present": 1, "review": 0}
    assert run("write_absent", endpoints, tmp_path)[0] == {"absent": 2}


def test_every_task_state_and_every_function_outside_the_machine_can_be_invoked() -> None:
    tasks = [name for name, state in DEFINITION["States"].items() if state["Type"] == "Task"]
    assert sorted([*(name.lower().replace(" ", "_") for name in tasks), *OUTSIDE]) == steps()


def test_seeding_again_changes_nothing(endpoints: Endpoints, tmp_path: Path) -> None:
    seed(endpoints)
    before = run("close_session", endpoints, tmp_path)
    seed(endpoints)
    assert run("close_session", endpoints, tmp_path) == before


def test_the_containers_environment_is_that_of_a_stack_on_its_usual_ports(endpoints: Endpoints) -> None:
    usual = replace(endpoints, aws="http://127.0.0.1:4566", rekognition="http://127.0.0.1:4567")
    assert json.loads((ROOT / "local" / "env.json").read_text()) == container_environment(usual)


def test_the_web_answers_its_recorded_request_with_the_page_to_sign_in(endpoints: Endpoints, tmp_path: Path) -> None:
    answer, failed = run("web", endpoints, tmp_path)

    assert not failed, answer
    assert answer["statusCode"] == 200
    assert "Sign in" in answer["body"]


def function(folder: Path, code: str) -> Function:
    (folder / "handler.py").write_text(code)
    return Function("odd", folder)


def test_the_name_of_a_raised_error_is_kept(tmp_path: Path) -> None:
    code = function(tmp_path, "class OddError(Exception): ...\ndef handler(event, _): raise OddError(event['why'])")
    answer = invoke(code, tmp_path, {"why": "so"}, {})
    assert answer.failed
    assert (answer.value["errorType"], answer.value["errorMessage"]) == ("OddError", "so")


def test_a_function_that_cannot_be_loaded_is_a_failure_with_its_name(tmp_path: Path) -> None:
    answer = invoke(function(tmp_path, "import nothing_of_that_name"), tmp_path, {}, {})
    assert answer.failed
    assert answer.value["errorType"] == "Runtime.ImportModuleError"


def test_a_function_that_ends_its_process_is_told_with_what_it_printed(tmp_path: Path) -> None:
    code = function(tmp_path, "import os\ndef handler(e, c):\n    print('last words', flush=True)\n    os._exit(7)")
    with pytest.raises(InvocationError, match=r"exit code 7(?s:.*)last words"):
        invoke(code, tmp_path, {}, {})


def test_a_function_that_hangs_is_stopped(tmp_path: Path) -> None:
    code = function(tmp_path, "import time\ndef handler(e, c): time.sleep(3600)")
    with pytest.raises(InvocationError, match="did not answer within 1 s"):
        invoke(code, tmp_path, {}, {}, timeout_seconds=1)


def test_a_function_sees_no_more_environment_than_it_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "mine")
    monkeypatch.setenv("SOMETHING_SECRET", "x")
    code = function(tmp_path, "import os\ndef handler(e, c): return dict(os.environ)")
    seen = invoke(code, tmp_path, {}, {"GIVEN": "yes"}).value
    assert seen["GIVEN"] == "yes"
    assert "AWS_PROFILE" not in seen
    assert "SOMETHING_SECRET" not in seen


def test_two_megabytes_of_event_and_answer_pass(tmp_path: Path) -> None:
    answer = invoke(function(tmp_path, "def handler(e, c): return e"), tmp_path, ["é" * 1_000_000], {})
    assert answer.value == ["é" * 1_000_000]
