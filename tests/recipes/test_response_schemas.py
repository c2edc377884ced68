"""JSON schemas of reasoning steps: taken from the prompt file, carried by the recipe, sent by the client."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Completion, ResponseSchema, Sampling, Usage
from asyncgen.client.encoding import Encoder
from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError
from asyncgen.medec.pair import Pair
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.simulator.schemas import strict_problem
from asyncgen.storage.fingerprint import fingerprint

SHIPPED = [shipped("prompts", name) for name in ("medec_safe.json", "medec_small.json")]
SCHEMA = {"type": "object", "properties": {"why": {"type": "string"}}, "required": ["why"]}
SAMPLING = Sampling(0.5, 0.9, 100)


def with_schemas(schemas: Any) -> dict[str, Any]:
    """The shipped prompts with other schemas."""
    return {**json.loads(SHIPPED[0].read_text()), "response_schemas": schemas}


async def asked(content: dict[str, Any]) -> dict[str, ChatRequest]:
    """The requests of one pair by step."""
    requests = {}

    async def generate(step: str, request: ChatRequest) -> Completion:
        requests[step] = request
        return Completion("{}", Usage(), "m")

    recipe = MedecSafe(PromptFile(content, Path("p.json")), add_reasoning=True)
    await recipe.run(Pair("id", "correct", "incorrect", "diagnosis", None, None), generate)
    return requests


def sent(request: ChatRequest) -> dict[str, Any]:
    """A request as it goes over the wire."""
    return orjson.loads(Encoder("gpt-4o", "max_tokens").prepare("step", request).body)


async def test_each_step_carries_its_own_schema_and_the_paraphrase_none():
    """Only reasoning is JSON."""
    other = {"type": "object", "properties": {}}

    requests = await asked(with_schemas({"correct_reasoning": SCHEMA, "error_reasoning": other}))

    assert {step: request.response_schema for step, request in requests.items()} == {
        "paraphrase": None,
        "correct_reasoning": ResponseSchema("correct_reasoning", SCHEMA),
        "error_reasoning": ResponseSchema("error_reasoning", other),
    }


@pytest.mark.parametrize("schemas", [None, {}, {"notes": "mine"}])
async def test_a_file_without_schemas_asks_as_before(schemas):
    """`json_object`, and nothing of it in the fingerprint."""
    content = with_schemas(schemas)

    requests = await asked(content)

    assert all(request.response_schema is None for request in requests.values())
    assert (sent(requests["error_reasoning"]))["response_format"] == {"type": "json_object"}
    recipe = MedecSafe(PromptFile(content, Path("p.json")), add_reasoning=True)
    assert not any("response_schemas" in name for name in recipe.fingerprint)


async def test_a_schema_is_sent_with_its_name_and_strict():
    """In the form of the API."""
    request = ChatRequest("s", "u", SAMPLING, json_object=True, response_schema=ResponseSchema("step", SCHEMA))

    assert (sent(request))["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "step", "strict": True, "schema": SCHEMA},
    }


@pytest.mark.parametrize(
    "schemas", [[SCHEMA], "x", {"error_reasoning": []}, {"error_reasoning": {"type": "string"}}]
)
def test_what_is_no_schema_of_an_object_is_refused(schemas):
    """Before anything is paid."""
    with pytest.raises(BadDataError, match="response_schemas"):
        MedecSafe(PromptFile(with_schemas(schemas), Path("p.json")), add_reasoning=True)


def test_the_fingerprint_tells_an_edited_schema_and_the_order_of_its_keys():
    """Both decide the bytes of an answer."""

    def parts(schema: Any) -> Any:
        file = PromptFile({"response_schemas": {"step": schema}}, Path("p.json"))
        file.response_schema("step")
        return fingerprint(file.used)

    swapped = {**SCHEMA, "properties": {"what": {}, "why": {}}}
    assert parts(SCHEMA) == parts(dict(SCHEMA))
    assert parts(swapped) != parts({**SCHEMA, "properties": {"why": {}, "what": {}}})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_schemas_are_strict_and_are_those_of_both_steps(path):
    """As the API wants them, with the keys that the system prompt of the large file names."""
    schemas = json.loads(path.read_text())["response_schemas"]

    assert list(schemas) == ["correct_reasoning", "error_reasoning"]
    assert [strict_problem(schema) for schema in schemas.values()] == [None, None]
    if path.stem == "medec_safe":
        prompts = json.loads(path.read_text())
        for step, key in (
            ("correct_reasoning", "correct_reasoning_system"),
            ("error_reasoning", "reasoning_system"),
        ):
            places = [prompts[key].index(f'\n  "{name}":') for name in schemas[step]["properties"]]
            assert places == sorted(places)
