"""Walks a recipe without a server: what it asks for a pair, known before anything is sent."""

from collections.abc import Callable

from asyncgen.chat import NO_USAGE, ChatRequest, Completion
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Recipe
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


def likely_answer(pair: Pair) -> Answer:
    """An answer of the form that is asked for: a paraphrase is about as long as its note, an object is empty."""
    return lambda _step, request: "{}" if request.json_object else pair.correct_note
