"""A worker of the pool: takes rows, runs the recipe, hands on outcomes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncgen.chat import fast_dataclass
from asyncgen.client.caller import Caller
from asyncgen.engine.cached_calls import CachedCalls
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.row_calls import Asker, RowCalls
from asyncgen.errors import AsyncgenError, CallFailed, Stopping, place_of, stack_of
from asyncgen.events import Observer, RecipeRaised
from asyncgen.recipe import Examples, Recipe, Unparsed, examples_of_failed
from asyncgen.rows import Row
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.storage.cache.cached_answers import CachedAnswers


@fast_dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a row: examples, or the failure of a step. `tokens` counts all its answers.

    It has both if the recipe writes lines for failed rows: these are its examples then.
    """

    row: Row[Any]
    examples: Examples | None
    failure: CallFailed | None
    tokens: int

    @property
    def size(self) -> int:
        """Bytes of its examples, and of its row if the row has a size."""
        examples = 0 if self.examples is None else sum(map(len, self.examples.blobs))
        return examples + int(getattr(self.row.pair, "size", 0))


@dataclass(frozen=True, slots=True)
class Worker:
    """Everything that a row needs on its way; one object serves the whole pool.

    `pair_timeout` is in seconds, for all failed attempts of a row; `generation` is raised when flagged rows are
    regenerated; `cache` may have answers that other runs have paid for.
    """

    recipe: Recipe[Any]
    client: Asker
    journal: Journal
    stop: Callable[[AsyncgenError], None]
    threshold: FailureThreshold
    pair_timeout: float
    observe: Observer
    generation: int = 0
    cache: "CachedAnswers | None" = None

    async def work(self, rows: asyncio.Queue[Row[Any] | None], deliver: Callable[[Outcome], None]) -> None:
        """Work until the queue yields None (which is put back for the next worker) or the run stops."""
        while (row := await rows.get()) is not None:
            self.threshold.begin(row.index)
            try:
                outcome = await self._process(row)
            except Stopping:
                # What was paid for the row is in the journal; the next start takes it from there.
                continue
            except AsyncgenError as error:
                self.stop(error)
                continue
            deliver(outcome)
            reason = self.threshold.after(outcome.row.index, outcome.failure)
            del outcome  # else each of thousands of workers would keep its last one while it waits
            if reason is not None:
                self.stop(reason)
        rows.put_nowait(None)

    async def _process(self, row: Row[Any]) -> Outcome:
        caller = Caller(row.index, row.pair.note_id, self.pair_timeout)
        cache = None if self.cache is None else CachedCalls(self.cache, self.journal, caller, self.observe)
        calls = RowCalls(caller, self.client, self.journal, self.generation, cache)
        examples, failure = None, None
        try:
            if isinstance(row.pair, Unparsed):
                raise row.pair.error  # noqa: TRY301 - as if it were parsed here
            examples = await self.recipe.run(row.pair, calls.generate)
        except CallFailed as error:
            failure = error if calls.raised is None else self._failed(row, calls.raised)
        except (AsyncgenError, Stopping):
            await calls.end()
            raise
        except Exception as error:
            if calls.defect is not None:
                raise
            failure = self._failed(row, error)
        await calls.end()
        if failure is not None:
            examples = examples_of_failed(self.recipe, row.pair, failure)
        return Outcome(row, examples, failure, calls.tokens + self.journal.wasted(row.index))

    def _failed(self, row: Row[Any], error: Exception) -> CallFailed:
        """The failure of a row for which the recipe has raised."""
        self.observe(RecipeRaised(row.index, row.pair.note_id, place_of(error), tuple(stack_of(error))))
        return CallFailed("recipe", "recipe_error", 0)
