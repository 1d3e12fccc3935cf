"""docs/contracts.md tells of every state what it really takes and gives."""

import json
import re
from pathlib import Path

import pytest
from jsonschema import ValidationError

from bench.machine import added, folder, states, tasks
from tests import contracts_page
from tests.contracts import check
from tests.samples import samples
from tests.written import WRITTEN

PAGE = contracts_page.PATH.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_what_is_written_from_the_machine_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == WRITTEN[path](), "run .venv/bin/python -m tests.written"


def section(state: str) -> str:
    """A state's part of the page."""
    return PAGE.partition(f"\n## {state}\n")[2].partition("\n## ")[0]


def blocks(state: str) -> list[dict[str, object]]:
    """The samples of a state's part."""
    return [json.loads(block) for block in re.findall(r"```json\n(.*?)```", section(state), re.DOTALL)]


@pytest.mark.parametrize("state", tasks())
def test_the_samples_on_the_page_fit_the_schemas(state: str) -> None:
    given, answer = blocks(state)
    check(f"{folder(state)}.input", given)
    check(f"{folder(state)}.output", answer)
    with pytest.raises(ValidationError):
        check(f"{folder(state)}.output", {key: value for key, value in answer.items() if key != next(iter(answer))})


@pytest.mark.parametrize("state", tasks())
def test_a_sample_is_what_the_states_before_it_gave(state: str) -> None:
    """But the search of Get face search is still in progress in its own input."""
    for key, value in samples()[state].given.items():
        givers = [name for name in tasks() if added(name) == key]
        if givers:
            assert value in [samples()[name].answer for name in givers]


@pytest.mark.parametrize("state", states())
def test_every_state_has_a_part_with_where_it_goes_on(state: str) -> None:
    definition = states()[state]
    followers = [
        way["Next"]
        for way in (definition, *definition.get("Choices", ()), *definition.get("Catch", ()))
        if "Next" in way
    ]
    assert definition["Comment"] in section(state)
    assert [name for name in followers if f"▶ [{name}](#" not in section(state)] == []


def test_every_link_within_the_page_leads_to_a_heading() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\(#([^)]+)\)", PAGE)) <= anchors


def test_every_file_that_the_page_names_is_there() -> None:
    files = re.findall(r"\((\.\./[^)#]+)\)", PAGE)
    assert files
    assert [file for file in files if not (contracts_page.PATH.parent / file).exists()] == []
