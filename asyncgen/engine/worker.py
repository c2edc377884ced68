"""A worker of the pool: takes rows, runs the recipe, hands on outcomes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from asyncgen.chat import ChatRequest, Completion
from asyncgen.client.chat_client import Caller, ChatClient
from asyncgen.engine.failure_threshold import Breaker
from asyncgen.errors import AsyncgenError, CallFailed, Stopping
from asyncgen.recipe import Examples, Recipe
from asyncgen.rows import Row
from asyncgen.storage.journal import Journal


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row: examples, or the failure of a step. `tokens` counts all its answers."""

    row: Row[Any]
    examples: Examples | None
    failure: CallFailed | None
    tokens: int

    @property
    def size(self) -> int:
        """Bytes of its examples."""
        return 0 if self.examples is None else sum(map(len, self.examples.blobs))


@dataclass(frozen=True, slots=True)
class Worker:
    """Everything that a row needs on its way; one object serves the whole pool.

    `pair_timeout` is in seconds, for all attempts of a row; with `seed` every request asks for another answer.
    """

    recipe: Recipe[Any]
    client: ChatClient
    journal: Journal
    stop: Callable[[AsyncgenError], None]
    breaker: Breaker
    pair_timeout: float
    seed: int | None = None

    async def work(self, rows: asyncio.Queue[Row[Any] | None], outcomes: asyncio.Queue[Outcome | None]) -> None:
        """Work until the queue says None (which is put back for the next worker) or the run stops."""
        while (row := await rows.get()) is not None:
            self.breaker.begin(row.index)
            try:
                outcome = await self._process(row)
            except Stopping:
                # What was paid for the row is in the journal; the next start takes it from there.
                continue
            except AsyncgenError as error:
                self.stop(error)
                continue
            outcomes.put_nowait(outcome)
            reason = self.breaker.after(outcome.row.index, outcome.failure)
            del outcome  # or each of thousands of workers would keep its last one while it waits
            if reason is not None:
                self.stop(reason)
        rows.put_nowait(None)

    async def _process(self, row: Row[Any]) -> Outcome:
        tokens = 0
        caller = Caller(row.index, row.pair.note_id, self.pair_timeout)

        async def generate(step: str, request: ChatRequest) -> Completion:
            nonlocal tokens
            prepared = self.client.prepare(
                step, request if self.seed is None else replace(request, seed=self.seed)
            )
            del request  # its texts are in the body; thousands may wait here
            completion = self.journal.known(row.index, step, prepared.hash)
            if completion is None:
                completion = await self.client.complete(caller, prepared)
            tokens += completion.usage.total_tokens
            return replace(completion, request=prepared.hash)

        examples, failure = None, None
        try:
            examples = await self.recipe.run(row.pair, generate)
        except CallFailed as error:
            failure = error
        return Outcome(row, examples, failure, tokens + self.journal.wasted(row.index))
