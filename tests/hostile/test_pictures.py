from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.hostile.conftest import Target
from tests.hostile.fuzz import mutations
from tests.hostile.pictures import FORMAT, OK, PARAMETER, TOO_LARGE, Case, picture_cases

CASES = list(picture_cases())
FUZZED = 200


def answer(operation: Callable[..., Any], content: bytes, **parameters: str) -> str:
    """ "ok" or the error's code."""
    try:
        operation(Image={"Bytes": content}, **parameters)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return OK


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_picture_gets_its_answer(target: Target, case: Case) -> None:
    assert answer(target.client.detect_faces, case.content) in case.answers
    assert answer(target.client.index_faces, case.content, CollectionId="attacked") in case.answers
    target.assert_healthy()


def test_no_hostile_picture_was_enrolled(target: Target) -> None:
    assert target.client.list_faces(CollectionId="attacked")["Faces"] == []


def test_mutated_pictures_are_answered(target: Target, pictures: Path) -> None:
    seeds = [(pictures / name).read_bytes() for name in ("man.jpg", "collins.png")]
    for content in mutations(seeds, FUZZED, seed=1):
        assert answer(target.client.detect_faces, content) in {OK, FORMAT, TOO_LARGE, PARAMETER}
    target.assert_healthy()
