"""Walks a recipe without a server: what it asks for a pair, known before anything is sent."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, ChatRequest, Completion
from asyncgen.errors import AsyncgenError, Stopping, place_of
from asyncgen.recipe import Recipe
from asyncgen.recipes.schema_example import TEXT, example
from asyncgen.rows import I

MOST_ROUNDS = 100  # of a recipe; one that always asks something new has no end
Answer = Callable[[str, ChatRequest], str]
"""The text of the answer to a step and its request."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Steps and requests of a row, in order; `problem` is what ended the recipe before its end, and where.

    A recipe of the user's may look for more in an answer than a made-up one has.
    """

    requests: list[tuple[str, ChatRequest]]
    problem: str = ""


async def walk(recipe: Recipe[I], pair: I, answer: Answer) -> Walked:
    """Run a recipe for a pair; what it asks when it is answered so."""
    asked: list[tuple[str, ChatRequest]] = []

    async def generate(step: str, request: ChatRequest) -> Completion:
        asked.append((step, request))
        return Completion(answer(step, request), NO_USAGE, model="")

    try:
        await recipe.run(pair, generate)
    except AsyncgenError:
        raise
    except Exception as error:  # noqa: BLE001 - it is the user's code
        return Walked(asked, place_of(error))
    return Walked(asked)


async def rounds_of(recipe: Recipe[I], pair: I, answer: Answer) -> dict[str, int]:
    """The rounds of a pair's steps, from 0: those of a round need answers to those before it, and of no other."""
    rounds: dict[str, int] = {}
    for number in range(MOST_ROUNDS):
        before = set(rounds)

        async def generate(
            step: str, request: ChatRequest, number: int = number, before: set[str] = before
        ) -> Completion:
            rounds.setdefault(step, number)
            if step not in before:
                raise Stopping
            return Completion(answer(step, request), NO_USAGE, model="")

        try:
            await recipe.run(pair, generate)
        except Stopping:
            continue
        break
    return rounds


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
