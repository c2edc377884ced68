"""Calls sent evenly over a round trip, after a server refused some of many that went at once.

Such a refusal may be for calls in flight or for a rate: of calls that went at once, both keep some. Sent evenly,
calls tell which it is: a limit of calls in flight grants no more of them than it kept when it refused the others.
"""

import asyncio
from collections.abc import Callable

from asyncgen.limits.concurrency import CALM

SOME = 8  # calls in flight: fewer are too coarse to be sent evenly, and to say how many a server keeps
MORE = 1.25  # times the calls in flight that a server has kept, and a few: more than chance
FEW = 3  # calls in flight that no server refuses for their number
SPREAD = 1.25  # times the rate that keeps the calls in flight, at which they are sent after a refusal


class Spread:
    """When the next call of those to one endpoint may go.

    Args:
        due: called when it is time for the next call, for which one has asked.
        enabled: False if the number in flight is fixed, which is the user's: calls may always go.
    """

    def __init__(self, due: Callable[[], None], *, enabled: bool) -> None:
        self._due = due
        self._enabled = enabled
        # Calls in flight that the server kept when it refused others: the last time, and the fewest since a calm.
        self._kept = self._least_kept = float("inf")
        self._refused_at = float("-inf")
        self._next_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def active(self) -> bool:
        """Whether calls are sent evenly: a server kept some of many."""
        return self._enabled and SOME <= self._kept < float("inf")

    def refused(self, now: float, in_flight: int, *, again: bool) -> None:
        """Record that a call was refused for no known limit, and how many are in flight with it.

        `again`: the call was sent before the last refusal, and belongs to its episode. Then one less was kept,
        however many have been answered meanwhile: a refusal may be slow. After a calm, what was kept before counts
        no more: it may have been a storm, in which a server keeps few.
        """
        if again and self._kept < float("inf"):
            self._kept -= 1
        else:
            counts = self._kept >= SOME and now <= self._refused_at + CALM
            self._least_kept = min(self._least_kept, self._kept) if counts else float("inf")
            self._kept = in_flight - 1
        self._refused_at = now

    def is_exceeded(self, in_flight: int) -> bool:
        """Whether the server takes more at once than when it refused some: those only came too fast."""
        return self.active and in_flight > MORE * min(self._least_kept, self._kept) + FEW

    def stop(self) -> None:
        """Let calls go at any time: what refused them is known."""
        self._kept = self._least_kept = float("inf")

    def sent(self, now: float, round_trip: float, limit: int) -> None:
        """Record a call that goes now, of `limit` that may be in flight for a round trip of so many seconds."""
        if self.active:
            self._next_at = max(now, self._next_at) + round_trip / (SPREAD * limit)

    def too_soon(self) -> bool:
        """Whether it is not yet time for the next call."""
        if not self.active:
            return False
        loop = asyncio.get_running_loop()
        if loop.time() >= self._next_at:
            return False
        if self._timer is None:
            self._timer = loop.call_at(self._next_at, self._end, self._next_at)
        return True

    def _end(self, at: float) -> None:
        """A loop may fire a timer a little early; if a call has gone meanwhile, the next one has another time."""
        self._timer = None
        if self._next_at == at:
            self._next_at = 0.0
        self._due()
