"""Run a recipe for a row without a server, to learn its requests before anything is sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, ChatRequest, Completion
from asyncgen.errors import AsyncgenError, Stopping, place_of
from asyncgen.recipe import Recipe, Unparsed
from asyncgen.recipes.schema_example import TEXT, example
from asyncgen.rows import I

MOST_ROUNDS = 100  # of a recipe; more mean that it always asks something new and has no end
Answer = Callable[[str, ChatRequest], str]
"""Returns the text of the answer to a step and its request."""


@dataclass(frozen=True, slots=True)
class Walked:
    """Steps and requests of a row, in order; `problem` says what ended the recipe early, and where.

    A user's recipe may look for more in an answer than a made-up one has.
    """

    requests: list[tuple[str, ChatRequest]]
    problem: str = ""


async def walk(
    recipe: Recipe[I], pair: I | Unparsed, answer: Answer, thoughts: Mapping[str, str] = MappingProxyType({})
) -> Walked:
    """Run a recipe for a row with made-up answers, and return its requests.

    Args:
        recipe: runs.
        pair: the row.
        answer: makes up the answers.
        thoughts: what was thought before them, by step; a step that is missing and keeps it gets a text as long as
            an answer.
    """
    if isinstance(pair, Unparsed):
        return Walked([], place_of(pair.error))
    asked: list[tuple[str, ChatRequest]] = []

    async def generate(step: str, request: ChatRequest) -> Completion:
        asked.append((step, request))
        thinking = thoughts.get(step) or rewritten_by(pair) or TEXT if request.keep_thinking else ""
        return Completion(answer(step, request), NO_USAGE, model="", thinking=thinking)

    try:
        await recipe.run(pair, generate)
    except AsyncgenError:
        raise
    except Exception as error:  # noqa: BLE001 - it is the user's code
        return Walked(asked, place_of(error))
    return Walked(asked)


async def rounds_of(recipe: Recipe[I], pair: I, answer: Answer) -> dict[str, int]:
    """The rounds of a row's steps, from 0: the steps of a round need only answers of earlier rounds."""
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
    """An answer of the requested form; a text is about as long as the text that it rewrites."""

    def answer(_step: str, request: ChatRequest) -> str:
        if request.response_schema is not None:
            return orjson.dumps(example(request.response_schema.schema)).decode()
        return "{}" if request.json_object else rewritten_by(pair) or TEXT

    return answer


def rewritten_by(pair: Any) -> str:
    """The text of a row about as long as an answer in text; empty if the row does not say."""
    return str(getattr(pair, "rewritten", ""))


def is_rewriting(pair: Any) -> bool:
    """Whether answers are known to rewrite that text; else its length is only a guess at theirs."""
    return bool(rewritten_by(pair)) and not getattr(pair, "guesses_length", False)
