"""The cases of MockConfigFile.json: on the strict interpreter and the emulator's, and where Docker is on AWS's own.

The emulator reads the same file, but gives a task that is tried again the same answer again, so the cases in which a
task recovers are not for it. `make test-sfn-local` starts Step Functions Local and names it in SFN_LOCAL_URL.
`python -m tests.written` writes the file anew after a change of the cases, the samples or the machine.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator

import pytest
from samtranslator.yaml_helper import yaml_parse

from bench.machine import folder, tasks
from local.children import Child, Program
from local.emulator import emulator_environment
from local.environment import clean_environment
from local.network import HEALTH_PATH, free_port, url
from tests import contracts
from tests.statemachine.interpreters.functions import definition, serving
from tests.statemachine.interpreters.local import StepFunctionsLocal
from tests.statemachine.interpreters.strict import StrictInterpreter
from tests.statemachine.machine import Run
from tests.statemachine.mocks import config_file
from tests.statemachine.mocks.cases import CASES, Case

SFN_LOCAL_URL = os.environ.get("SFN_LOCAL_URL", "")
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.fixture(scope="module")
def step_functions_local() -> StepFunctionsLocal:
    return StepFunctionsLocal(SFN_LOCAL_URL, config_file.MACHINE)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StepFunctionsLocal]:
    """An emulator of its own that was told of the file."""
    folder, port = tmp_path_factory.mktemp("emulator"), free_port()
    environment = {**clean_environment(folder), **emulator_environment(folder / "aws", port, url(port))}
    told = {"SFN_MOCK_CONFIG": str(config_file.PATH), "SFN_WAIT_SCALE": "0.01"}
    child = Child(
        Program("emulator", "local.emulator", environment | told, url(port) + HEALTH_PATH, folder / "emulator.log")
    )
    try:
        child.wait_until_healthy()
        yield StepFunctionsLocal(url(port), config_file.MACHINE)
    finally:
        child.stop()


def recovers(case: Case) -> bool:
    """Whether a task of the case is fine after it was tried again in the same visit."""
    return any("Return" in case.answers[state][-1] for state in case.tries)


def assert_as_expected(case: Case, run: Run) -> None:
    assert (run.status, run.error) == (case.status, case.error)
    assert run.path == list(case.path)
    tries: Counter[str] = Counter()
    for step in run.steps:
        if step.state in tasks():
            tries[step.state] += len(step.errors) + (step.result is not None)
    visits = Counter(state for state in case.path if state in tasks())
    assert tries == visits | Counter(case.tries)


@each_case
def test_the_strict_interpreter_goes_the_way_of_the_case(case: Case) -> None:
    functions = config_file.MockedFunctions(case.name)
    with serving(functions) as lambda_url:
        run = StrictInterpreter(lambda_url).run(definition(), contracts.recorded("s3_object_created"))
    assert_as_expected(case, run)


@pytest.mark.parametrize("case", [case for case in CASES if not recovers(case)], ids=lambda case: case.name)
def test_the_emulator_goes_the_way_of_the_case(case: Case, emulator: StepFunctionsLocal) -> None:
    run = emulator.run(case.name, contracts.recorded("s3_object_created"))
    assert (run.status, run.error, run.path) == (case.status, case.error, list(case.path))


@pytest.mark.skipif(not SFN_LOCAL_URL, reason="needs Docker: make test-sfn-local")
@each_case
def test_step_functions_local_goes_the_way_of_the_case(case: Case, step_functions_local: StepFunctionsLocal) -> None:
    assert_as_expected(case, step_functions_local.run(case.name, contracts.recorded("s3_object_created")))


def test_the_file_is_what_the_cases_say() -> None:
    assert config_file.PATH.read_text(encoding="utf-8") == config_file.text(), "run `python -m tests.written`"


def test_compose_gives_the_file_to_a_pinned_step_functions_local() -> None:
    service = yaml_parse((contracts.ROOT / "compose.yaml").read_text())["services"]["stepfunctions-local"]
    source, target, mode = service["volumes"][0].split(":")
    assert (contracts.ROOT / source).resolve() == config_file.PATH
    assert (service["environment"]["SFN_MOCK_CONFIG"], mode) == (target, "ro")
    assert re.fullmatch(r"amazon/aws-stepfunctions-local:\d+\.\d+\.\d+", service["image"])


def test_every_answer_of_the_file_fits_the_schema_of_its_task() -> None:
    checked = 0
    for case in CASES:
        for state, answers in case.answers.items():
            for answer in answers:
                if "Return" in answer:
                    contracts.check(f"{folder(state)}.output", answer["Return"])
                    checked += 1
    assert checked


def test_every_error_that_a_task_is_tried_again_for_is_a_case_or_like_one() -> None:
    """Each group of errors that share a policy has a case in which a task recovers from it."""
    thrown = {
        answer["Throw"]["Error"]
        for case in CASES
        for answers in case.answers.values()
        for answer in answers
        if "Throw" in answer
    }
    policies = {
        tuple(retrier["ErrorEquals"])
        for state in contracts.machine()["States"].values()
        for retrier in state.get("Retry", ())
    }
    assert policies
    assert [policy for policy in policies if not thrown & set(policy)] == []
