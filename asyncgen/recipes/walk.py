"""Walks a recipe without a server: what it asks for a pair, known before anything is sent."""

from collections.abc import Callable
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, ChatRequest, Completion
from asyncgen.recipe import Recipe
from asyncgen.recipes.schema_example import TEXT, example
from asyncgen.rows import I

Answer = Callable[[str, ChatRequest], str]
"""The text of the answer to a step and its request."""


async def walk(recipe: Recipe[I], pair: I, answer: Answer) -> list[tuple[str, ChatRequest]]:
    """Run a recipe for a pair; the steps and requests that it asks, in order, when they are answered so."""
    asked: list[tuple[str, ChatRequest]] = []

    async def generate(step: str, request: ChatRequest) -> Completion:
        asked.append((step, request))
        return Completion(answer(step, request), NO_USAGE, model="")

    await recipe.run(pair, generate)
    return asked


def likely_answer(pair: Any) -> Answer:
    """An answer of the form that is asked for: a text is about as long as what it rewrites."""

    def answer(_step: str, request: ChatRequest) -> str:
        if request.response_schema is not None:
            return orjson.dumps(example(request.response_schema.schema)).decode()
        return "{}" if request.json_object else rewritten_by(pair) or TEXT

    return answer


def rewritten_by(pair: Any) -> str:
    """The text of a row that an answer in text is about as long as; empty where the row does not say."""
    return str(getattr(pair, "rewritten", ""))
