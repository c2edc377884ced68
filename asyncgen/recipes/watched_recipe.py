"""A recipe that records its calls, for inspection."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asyncgen.chat import ChatRequest, Completion
from asyncgen.errors import CallFailed, place_of
from asyncgen.recipe import Examples, Generate, Recipe, rows_of_recipe


@dataclass(slots=True)
class Call:
    """A request of a row with its answer, or why there is none.

    `rejected` are the answers that the recipe has not accepted, each with the reason.
    """

    step: str
    request: ChatRequest
    answer: Completion | None = None
    failure: str = ""
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def noting(self) -> ChatRequest:
        """The request, which notes here what its check rejects."""
        check = self.request.check
        if check is None:
            return self.request

        def checked(text: str) -> str | None:
            problem = check(text)
            if problem is not None:
                self.rejected.append((problem, text))
            return problem

        return replace(self.request, check=checked)


@dataclass(slots=True)
class WatchedRow:
    """A row, its calls in order, and its result."""

    pair: Any
    calls: list[Call] = field(default_factory=list)
    examples: Examples | None = None
    problem: str = ""


class WatchedRecipe:
    """Records what a recipe asks and writes; `watched` are the rows in the order in which they began."""

    def __init__(self, recipe: Recipe[Any]) -> None:
        self._recipe = recipe
        self.outputs = recipe.outputs
        self.counters = recipe.counters
        self.failure_counters = recipe.failure_counters
        self.fingerprint = recipe.fingerprint
        self.rows = rows_of_recipe(recipe)
        self.watched: list[WatchedRow] = []

    def parse(self, fields: Mapping[str, Any]) -> Any:
        """Parse a row with the recipe."""
        return self._recipe.parse(fields)

    def recognise(self, pair: Any, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """Recognise examples with the recipe."""
        return self._recipe.recognise(pair, blobs)

    async def run(self, pair: Any, generate: Generate) -> Examples:
        """Run the recipe, and record what happens."""
        row = WatchedRow(pair)
        self.watched.append(row)

        async def watched(step: str, request: ChatRequest) -> Completion:
            call = Call(step, request)
            row.calls.append(call)
            try:
                call.answer = await generate(step, call.noting())
            except CallFailed as failed:
                call.failure = failed.kind
                raise
            return call.answer

        try:
            row.examples = await self._recipe.run(pair, watched)
        except CallFailed:
            raise
        except Exception as error:
            row.problem = f"the recipe raised {place_of(error)}"
            raise
        return row.examples
