"""A few calls go ahead of the others as long as it is not known whether a server takes requests of their shape."""

import asyncio
from collections import Counter
from collections.abc import Hashable

PROBES = 8  # as many as go ahead where no limit is known: what is refused costs a request of the account's limit


class Probes:
    """Lets at most `PROBES` calls of a shape be in flight until one was answered."""

    def __init__(self) -> None:
        self._proven: set[Hashable] = set()
        self._in_flight: Counter[Hashable] = Counter()
        self._changed: dict[Hashable, asyncio.Event] = {}

    def try_enter(self, shape: Hashable) -> bool:
        """Let one more call of this shape go if it may; then `leave` must follow."""
        if shape not in self._proven and self._in_flight[shape] >= PROBES:
            return False
        self._in_flight[shape] += 1
        return True

    async def enter(self, shape: Hashable) -> None:
        """Wait until one more call of this shape may go; `leave` must follow."""
        while not self.try_enter(shape):
            await self._changed.setdefault(shape, asyncio.Event()).wait()

    def leave(self, shape: Hashable, *, answered: bool = False) -> None:
        """A call is back; the first one that was answered lets all others go."""
        self._in_flight[shape] -= 1
        if answered:
            self._proven.add(shape)
        changed = self._changed.pop(shape, None)
        if changed is not None:
            changed.set()
