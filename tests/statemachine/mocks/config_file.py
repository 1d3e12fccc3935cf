"""MockConfigFile.json, the format of Step Functions Local: written from the cases, and read to run them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from bench.machine import folder, tasks
from tests.statemachine.interpreters.functions import TaskError
from tests.statemachine.mocks.cases import CASES, Answer, Case, fine

PATH = Path(__file__).parent / "MockConfigFile.json"
MACHINE = "attendance"
"""The name under which the machine must be created for the file to apply."""


class UnexpectedCallError(Exception):
    """A function was called more often than the file has answers."""


def text() -> str:
    """What the file must hold."""
    responses: dict[str, Any] = {_happy(task): {"0-99": fine(task)} for task in tasks()}
    test_cases: dict[str, Any] = {}
    for case in CASES:
        responses |= {_named(case, state): _numbered(answers) for state, answers in case.answers.items()}
        test_cases[case.name] = {task: _named(case, task) if task in case.answers else _happy(task) for task in tasks()}
    content = {"StateMachines": {MACHINE: {"TestCases": test_cases}}, "MockedResponses": responses}
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


class MockedFunctions:
    """The functions as the file says for one case.

    As in Step Functions Local, a state's answers are counted over the whole execution, retries and later visits alike.
    """

    def __init__(self, case: str) -> None:
        content = json.loads(PATH.read_text(encoding="utf-8"))
        states: Mapping[str, str] = content["StateMachines"][MACHINE]["TestCases"][case]
        self._responses = {folder(state): content["MockedResponses"][name] for state, name in states.items()}
        self.calls: Counter[str] = Counter()

    def __call__(self, function: str, _given: Any) -> Any:
        """The function's next answer.

        Raises:
            TaskError: the answer is an error.
            UnexpectedCallError: there is none.
        """
        number = self.calls[function]
        self.calls[function] += 1
        for numbers, answer in self._responses[function].items():
            first, _, last = numbers.partition("-")
            if int(first) <= number <= int(last or first):
                if "Throw" in answer:
                    raise TaskError(answer["Throw"]["Error"], answer["Throw"]["Cause"])
                return answer["Return"]
        raise UnexpectedCallError(f"call {number} of {function}")


def _happy(state: str) -> str:
    return folder(state)


def _named(case: Case, state: str) -> str:
    return f"{folder(state)}, {case.name}"


def _numbered(answers: Sequence[Answer]) -> dict[str, Answer]:
    """Answers by the numbers of their calls, equal ones in a row as a range."""
    numbered = {}
    first = 0
    for answer, same in groupby(answers):
        last = first + len(list(same)) - 1
        numbered[str(first) if first == last else f"{first}-{last}"] = answer
        first = last + 1
    return numbered
