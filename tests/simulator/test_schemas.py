"""Answers to `json_schema`: they satisfy the schema, and what the API would not take is refused."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.simulator.completions import complete
from asyncgen.simulator.schemas import strict_problem, value_of
from asyncgen.simulator.simulated_requests import InvalidRequestError, parse_request

from .helpers import chat

names = st.text("abc", min_size=1, max_size=3)
leaves = st.one_of(
    st.just({"type": "boolean"}),
    st.just({"type": ["string", "null"]}),
    st.builds(
        lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
        st.integers(-5, 5),
        st.integers(0, 3),
    ),
    st.builds(
        lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
        st.integers(0, 200),
        st.integers(0, 9),
    ),
    st.builds(lambda values: {"enum": values}, st.lists(st.text() | st.integers(), min_size=1, max_size=3)),
)


def an_object(properties: dict[str, Any]) -> dict[str, Any]:
    """A strict schema of an object."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def an_array(items: Any, low: int, more: int) -> dict[str, Any]:
    """A schema of an array with both bounds."""
    return {"type": "array", "items": items, "minItems": low, "maxItems": low + more}


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(an_object, st.dictionaries(names, inner, max_size=3)),
        st.builds(an_array, inner, st.integers(0, 3), st.integers(0, 2)),
        st.builds(lambda first, second: {"anyOf": [first, second]}, inner, inner),
    ),
    max_leaves=6,
)


def satisfies(value: Any, schema: dict[str, Any]) -> bool:
    """A validator for the keywords above, written apart from the code."""
    if "anyOf" in schema:
        return any(satisfies(value, one) for one in schema["anyOf"])
    if "enum" in schema:
        return value in schema["enum"]
    match schema["type"]:
        case "object":
            inner = schema["properties"]
            return list(value) == list(inner) and all(satisfies(value[name], inner[name]) for name in inner)
        case "array":
            fits = schema["minItems"] <= len(value) <= schema["maxItems"]
            return fits and all(satisfies(item, schema["items"]) for item in value)
        case "integer":
            return type(value) is int and schema["minimum"] <= value <= schema["maximum"]
        case "boolean":
            return type(value) is bool
    low, high = schema.get("minLength", 0), schema.get("maxLength", 10_000)
    return isinstance(value, str) and low <= len(value) <= high


@given(schema=schemas, key=st.integers(0, 2**64 - 1))
def test_every_value_satisfies_its_schema(schema, key):
    """Objects, arrays, alternatives, enums and bounds, nested."""
    assert satisfies(value_of(schema, "The note says fever began yesterday.", key), schema)


def test_references_are_followed_and_recursion_ends():
    """A tree of nodes through `$defs`, as structured outputs allow."""
    node = an_object(
        {"name": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/node"}}}
    )
    chain = an_object({"next": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}})

    tree = value_of({"$ref": "#/$defs/node", "$defs": {"node": node}}, "text", 1)

    assert isinstance(tree["children"][0]["name"], str)
    depth, link = 0, value_of(chain, "text", 1)
    while link is not None:
        depth, link = depth + 1, link["next"]
    assert depth > 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"additionalProperties": True}, "additionalProperties"),
        ({"required": []}, "required"),
        (
            {"properties": {"a": {"type": "object", "properties": {"b": {}}}}, "required": ["a"]},
            "additionalProperties",
        ),
    ],
)
def test_a_strict_schema_that_leaves_something_open_is_refused(change, word):
    """At any depth; without `strict` it is taken."""
    schema = {**an_object({"a": {"type": "string"}}), **change}

    def parsed(**strict: bool) -> Any:
        described = {"name": "n", "schema": schema, **strict}
        return parse_request(orjson.dumps(chat(response_format={"type": "json_schema", "json_schema": described})))

    with pytest.raises(InvalidRequestError, match=word):
        parsed(strict=True)
    assert orjson.loads(complete(parsed(), 1).content).keys() == {"a"}
    assert strict_problem(an_object({"a": {"type": "string"}})) is None
