"""Queries in the older notation have the answers of those in the newer, by the real emulated AWS."""

import asyncio
import json
from typing import Any

import pytest
from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder, Key
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.journal_calls import App, call
from local.quick_queries import QuickQueries, in_key_conditions
from tests.unit.local.journaled import ask, scope

TABLE = "rows"
WORDS = ("", "a", "a#1", "a#2", "a#22", "b", "ä", "~")
EXPRESSION = {"TableName": TABLE, "ConsistentRead": True}


@pytest.fixture(scope="module")
def rows(emulator: App) -> App:
    """A table of every word by every word, with a number in each item."""

    async def fill() -> None:
        attributes = [{"AttributeName": name, "AttributeType": "S"} for name in ("course", "student")]
        keys = [{"AttributeName": "course", "KeyType": "HASH"}, {"AttributeName": "student", "KeyType": "RANGE"}]
        made = {"AttributeDefinitions": attributes, "KeySchema": keys, "BillingMode": "PAY_PER_REQUEST"}
        assert (await ask(emulator, "CreateTable", TableName=TABLE, **made)).status == 200
        for number, (course, student) in enumerate((one, other) for one in WORDS[1:] for other in WORDS[1:]):
            item = {"course": {"S": course}, "student": {"S": student}, "number": {"N": str(number)}}
            assert (await ask(emulator, "PutItem", TableName=TABLE, Item=item)).status == 200

    asyncio.run(fill())
    return emulator


def expression(condition: ConditionBase) -> dict[str, Any]:
    """The condition as boto3 sends it."""
    built = ConditionExpressionBuilder().build_expression(condition, is_key_condition=True)
    values = {name: {"S": value} for name, value in built.attribute_value_placeholders.items()}
    return {
        "KeyConditionExpression": built.condition_expression,
        "ExpressionAttributeNames": built.attribute_name_placeholders,
        "ExpressionAttributeValues": values,
    }


words = st.sampled_from(WORDS)
of_student = st.one_of(
    st.tuples(st.sampled_from(["eq", "lt", "lte", "gt", "gte", "begins_with"]), st.tuples(words)),
    st.tuples(st.just("between"), st.tuples(words, words)),
)


@st.composite
def queries(draw: st.DrawFn) -> dict[str, Any]:
    """Queries of one partition: with or without a part of it, a filter, a start, in either order."""
    condition: Any = Key("course").eq(draw(words))
    if part := draw(st.none() | of_student):
        condition = condition & getattr(Key("student"), part[0])(*part[1])
    query = {**EXPRESSION, **expression(condition)}
    if draw(st.booleans()):
        query["FilterExpression"] = "#f > :f"
        query["ExpressionAttributeNames"] = {**query["ExpressionAttributeNames"], "#f": "number"}
        query["ExpressionAttributeValues"] = {**query["ExpressionAttributeValues"], ":f": {"N": "20"}}
    if draw(st.booleans()):
        query["ProjectionExpression"] = "student"
    if start := draw(st.none() | st.tuples(words, words)):
        query["ExclusiveStartKey"] = {"course": {"S": start[0]}, "student": {"S": start[1]}}
    if limit := draw(st.none() | st.integers(1, 4)):
        query["Limit"] = limit
    return {**query, "ScanIndexForward": draw(st.booleans())}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=queries())
def test_every_query_has_the_same_answer_in_either_notation(rows: App, query: dict[str, Any]) -> None:
    plain, quick = (asyncio.run(ask(app, "Query", **query)) for app in (rows, QuickQueries(rows)))
    assert (quick.status, json.loads(quick.body)) == (plain.status, json.loads(plain.body))


def test_a_condition_of_boto3_is_put_in_the_older_notation() -> None:
    query = {**EXPRESSION, **expression(Key("course").eq("a") & Key("student").between("b", "c"))}
    assert in_key_conditions(query) == {
        **EXPRESSION,
        "KeyConditions": {
            "course": {"ComparisonOperator": "EQ", "AttributeValueList": [{"S": "a"}]},
            "student": {"ComparisonOperator": "BETWEEN", "AttributeValueList": [{"S": "b"}, {"S": "c"}]},
        },
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "#a = :a OR #a = :b",
        "(#a = :a",
        "#a = :a)",
        "((#a = :a))",
        "#a <> :a",
        "#a = :a AND #a > :b",
        "#a = :missing",
    ],
)
def test_a_condition_of_another_form_goes_on_as_it_came(text: str) -> None:
    names, values = {"#a": "course"}, {":a": {"S": "a"}, ":b": {"S": "b"}}
    query = {"KeyConditionExpression": text, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}
    assert in_key_conditions(query) == query


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"KeyConditionExpression": 7}', b'{"ExpressionAttributeNames": []}']
)
def test_a_body_that_is_no_query_has_the_emulators_own_answer(rows: App, body: bytes) -> None:
    plain, quick = (asyncio.run(call(app, scope("Query"), body)) for app in (rows, QuickQueries(rows)))
    assert (quick.status, quick.body) == (plain.status, plain.body)
