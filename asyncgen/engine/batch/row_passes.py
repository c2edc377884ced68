"""One pass over the rows: each is run against the journal to its first unknown calls."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from asyncgen.client.caller import Caller
from asyncgen.engine.batch.asker import BatchAsker, Deferred, Finished
from asyncgen.engine.batch.filling import Filling
from asyncgen.engine.cached_calls import CachedCalls
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.row_calls import RowCalls
from asyncgen.errors import AsyncgenError, CallFailed, Stopping, place_of, stack_of
from asyncgen.events import Observer, RecipeRaised
from asyncgen.recipe import Recipe, Unparsed
from asyncgen.rows import Row
from asyncgen.storage.journal import Journal

if TYPE_CHECKING:
    from asyncgen.storage.cache.cached_answers import CachedAnswers

SLICE = 0.01  # seconds for which rows are run before other tasks get the loop
_NEW, _RUNS, _WAITS, _ENDED = range(4)

Rows = Callable[[], AsyncGenerator[Row[Any], None]]
"""Streams the rows that are not written yet, from the first of them."""


class RowPasses:
    """The passes over the rows of a phase; they remember which rows wait for an answer, and which have ended.

    Args:
        recipe: makes the calls for a row.
        rows: the rows of the phase.
        asker: answers calls from batches, or collects them.
        filling: the batches being filled; None: nothing more is sent.
        journal: holds the answers.
        threshold: says when too many rows fail.
        observe: called with every event.
        pair_timeout: seconds of a row.
        generation: of the answers.
        cache: may have answers to other runs.
    """

    def __init__(
        self,
        recipe: Recipe[Any],
        rows: Rows,
        asker: BatchAsker,
        filling: Filling | None,
        journal: Journal,
        threshold: FailureThreshold,
        observe: Observer,
        pair_timeout: float,
        generation: int,
        cache: "CachedAnswers | None",
    ) -> None:
        self._recipe = recipe
        self._rows = rows
        self._asker = asker
        self._filling = filling
        self._journal = journal
        self._threshold = threshold
        self._observe = observe
        self._pair_timeout = pair_timeout
        self._generation = generation
        self._cache = cache
        self._states = bytearray()

    def forget_waiting(self) -> None:
        """Let every row that has not ended run again in the next pass."""
        self._states = self._states.replace(bytes([_WAITS]), bytes([_RUNS]))

    async def run(self, after_row: Callable[[], Awaitable[None]]) -> None:
        """Run the rows that may go on; `after_row` is awaited after each of them."""
        clock = asyncio.get_running_loop().time
        until = clock() + SLICE
        async with aclosing(self._rows()) as rows:
            async for row in rows:
                finished = self._asker.finished
                if self._may_go_on(row.index, finished):
                    await self._run(row)
                    await after_row()
                elif not finished and not self._may_ask:
                    break
                if clock() > until:
                    await asyncio.sleep(0)
                    until = clock() + SLICE

    def _may_go_on(self, index: int, finished: list[Finished]) -> bool:
        if any(one.members.holds_row(index) for one in finished):
            return True
        return self._may_ask and self._state(index) < _WAITS

    @property
    def _may_ask(self) -> bool:
        """Whether requests are collected now."""
        return self._filling is not None and not self._filling.blocked and self._asker.reason is None

    def _state(self, index: int) -> int:
        return self._states[index] if index < len(self._states) else _NEW

    async def _run(self, row: Row[Any]) -> None:
        """Run a row to its first unknown calls."""
        if isinstance(row.pair, Unparsed):
            return
        caller = Caller(row.index, row.pair.note_id, self._pair_timeout)
        cache = None if self._cache is None else CachedCalls(self._cache, self._journal, caller, self._observe)
        calls = RowCalls(caller, self._asker, self._journal, self._generation, cache)
        self._asker.refused = False
        state, failure = _ENDED, None
        self._threshold.begin(row.index)
        try:
            await self._recipe.run(row.pair, calls.generate)
        except Deferred:
            state = _WAITS
        except CallFailed as failed:
            failure = failed
            if calls.raised is not None:  # the ordinary pass only finds that it has
                place, stack = place_of(calls.raised), tuple(stack_of(calls.raised))
                self._observe(RecipeRaised(row.index, row.pair.note_id, place, stack))
        except (AsyncgenError, Stopping):
            await calls.end()
            raise
        except Exception:
            if calls.defect is not None:
                raise
        await calls.end()
        if state == _WAITS and self._asker.refused:
            state = _RUNS
        before = self._state(row.index)
        if before != _ENDED:
            # A row that waits counts as one that has not failed: else the first ones to end would all be failures.
            reason = self._threshold.after(row.index, failure, again=before != _NEW, waits=state != _ENDED)
            self._asker.reason = self._asker.reason or reason
        self._states.extend(bytes(max(0, row.index + 1 - len(self._states))))
        self._states[row.index] = state
