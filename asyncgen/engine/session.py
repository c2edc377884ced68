"""One process at work in an output directory: it holds the lock, and reports its start and its end.

Rules:

1. If no run has begun yet, nothing is created or locked before the input was checked: bad input leaves no trace.
   If another run has begun by the time the lock is taken, that one was first, and this one ends.
2. Once the start is reported, so is the end, whatever it is, and under the lock; only a crash has no end.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, TypeVar

from asyncgen.config.version import __version__
from asyncgen.cost import Price, Spend
from asyncgen.errors import AsyncgenError, Exit, TryLaterError
from asyncgen.events import Event, Observer, ProcessEnded, ProcessStarted, Sample
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.event_log import EventLog
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.resume import begun, peek

Checked = TypeVar("Checked")


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended: the statistics of the directory, and the calls and tokens of this process.

    `cost_usd` is what the calls of this process cost, `total_cost_usd` those of all starts of the directory; None
    if the model has no known price. `cached` answers came from the cache, and are not among the calls;
    `already_complete` if there was nothing to do.
    """

    stats: dict[str, int]
    spend: Spend
    failed_pairs: int
    calls: int
    refused: int
    tokens: int
    seconds: float
    already_complete: bool
    cached: int = 0
    cost_usd: float | None = None
    total_cost_usd: float | None = None


class RunSession:
    """One process at work in an output directory.

    Args:
        directory: the output directory.
        observers: called with every event, on the event loop.
        command: the command that resumes the run, without the key, kept for later.
        settings: of the run, kept likewise.
        wording: turns a message into text, for the events that are kept.
        price: of the model, None if it is not known.
    """

    def __init__(
        self,
        directory: RunDirectory,
        observers: Iterable[Observer],
        command: str,
        settings: Mapping[str, str | float | bool | None],
        wording: Callable[[Any], str] = str,
        price: Price | None = None,
    ) -> None:
        self._price = price
        self.event_log = EventLog(directory, wording)
        self._directory = directory
        self._observers = [self.event_log.observe, *observers]
        self._started = ProcessStarted(__version__, os.getpid(), command, settings)
        self._sample: Sample | None = None

    def observe(self, event: Event) -> None:
        """Pass an event to all observers."""
        if isinstance(event, Sample):
            self._sample = event
        for observer in self._observers:
            observer(event)

    async def carry_out(
        self,
        check: Callable[[bool], Awaitable[Checked]],
        work: Callable[[Checked], Awaitable[tuple[RunState, bool]]],
    ) -> Summary:
        """Check the input, then work under the lock.

        Args:
            check: awaited with whether a run has begun in the directory, which is locked then.
            work: awaited with the result of `check`; returns the final state of the directory, and whether there
                was anything to do.

        Raises:
            TryLaterError: another process works in the directory, or was faster.
            AsyncgenError: raised by `check` or `work`.
        """
        begin = asyncio.get_running_loop().time()
        self.observe(self._started)
        with ExitStack() as held:
            try:
                locked = begun(self._directory)
                if locked:
                    self._lock(held)
                checked = await check(locked)
                if not locked:
                    self._lock(held)
                    self._check_still_fresh()
                state, worked = await work(checked)
                await self._end(ProcessEnded(Exit.SOME_FAILED if state.failed_pairs else Exit.DONE))
            except AsyncgenError as error:
                await self._end(ProcessEnded(error.exit_code, error.message, error.settings))
                raise
            except Exception as error:
                await self._end(ProcessEnded(Exit.BUG, type(error).__name__))
                raise
        return self._summary(state, worked=worked, seconds=asyncio.get_running_loop().time() - begin)

    def _summary(self, state: RunState, *, worked: bool, seconds: float) -> Summary:
        sample, price = self._sample, self._price
        return Summary(
            stats=dict(state.stats),
            spend=state.spend,
            failed_pairs=state.failed_pairs,
            calls=0 if sample is None else sample.calls,
            refused=0 if sample is None else sample.refused,
            tokens=0 if sample is None else sample.tokens,
            seconds=seconds,
            already_complete=not worked,
            cached=0 if sample is None else sample.cached,
            cost_usd=None if price is None else 0.0 if sample is None else sample.cost,
            total_cost_usd=None if price is None else price.known_cost(state.spend),
        )

    def _lock(self, held: ExitStack) -> None:
        self._directory.make()
        held.enter_context(self._directory.lock())

    def _check_still_fresh(self) -> None:
        if peek(self._directory) is not None:
            raise TryLaterError(f"another run has just begun in {self._directory}; try again")

    async def _end(self, ended: ProcessEnded) -> None:
        self.observe(ended)
        await self.event_log.flush()
