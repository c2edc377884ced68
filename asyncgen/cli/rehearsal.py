"""A run against a simulator in this process, for a while: what `tune --rehearse` and `drill` measure."""

import asyncio
from dataclasses import dataclass

from asyncgen.config import RunConfig
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, Interrupted
from asyncgen.events import THROTTLED, CallEnded, Event
from asyncgen.recipes import build
from asyncgen.storage.disk import Disk


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result of a run: its calls, and the summary or the reason it ended early.

    Times of calls are the loop clock's.
    """

    calls: tuple[CallEnded, ...]
    summary: Summary | None
    reason: AsyncgenError | None

    @property
    def began(self) -> float:
        """When the first call was sent; ValueError if none was."""
        return min(call.started for call in self.calls)

    @property
    def lasted(self) -> float:
        """Seconds in which calls were sent; ValueError if none was."""
        return max(call.started for call in self.calls) - self.began

    @property
    def answered(self) -> int:
        """Calls with a usable answer."""
        return sum(call.outcome == "ok" for call in self.calls)

    @property
    def refused(self) -> int:
        """Calls that were refused for rate or overload."""
        return sum(call.outcome in THROTTLED for call in self.calls)

    def within(self, start: float, end: float) -> "Rehearsal":
        """The calls that were sent from `start` to `end`, in seconds since the first one."""
        began = self.began
        calls = tuple(call for call in self.calls if start <= call.started - began < end)
        return Rehearsal(calls, self.summary, self.reason)

    def rate(self) -> float:
        """Answered calls a second, from the first to the last sent, so that a few calls suffice."""
        sent = sorted(call.started for call in self.calls if call.outcome == "ok")
        return (len(sent) - 1) / (sent[-1] - sent[0]) if len(sent) > 1 and sent[-1] > sent[0] else 0.0


async def rehearse(config: RunConfig, seconds: float | None = None) -> Rehearsal:
    """Run, and stop in order after `seconds` (None: at its own end)."""
    calls: list[CallEnded] = []

    def observe(event: Event) -> None:
        if isinstance(event, CallEnded):
            calls.append(event)

    disk = Disk()
    try:
        recipe = build(config)
        run = Run(config, recipe, [observe], disk)
        over = Interrupted("the time of the rehearsal is over")
        timer = None if seconds is None else asyncio.get_running_loop().call_later(seconds, run.stop, over)
        try:
            summary = await run.execute()
        except AsyncgenError as reason:
            return Rehearsal(tuple(calls), None, reason)
        finally:
            if timer is not None:
                timer.cancel()
        return Rehearsal(tuple(calls), summary, None)
    finally:
        disk.close()
