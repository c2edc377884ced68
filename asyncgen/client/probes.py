"""A few calls go ahead of the others as long as it is not known whether a server takes requests of their shape."""

import asyncio
from collections.abc import Hashable

PROBES = 8  # as many as go ahead where no limit is known: what is refused costs a request of the account's limit


class Probes:
    """Lets at most `PROBES` calls of a shape be in flight until one was answered."""

    def __init__(self) -> None:
        self._proven: set[Hashable] = set()
        self._slots: dict[Hashable, asyncio.Semaphore] = {}

    def full(self, shape: Hashable) -> bool:
        """Whether one more call of this shape has to wait."""
        slots = self._slots.get(shape)
        return shape not in self._proven and slots is not None and slots.locked()

    async def enter(self, shape: Hashable) -> None:
        """Wait until one more call of this shape may go; `leave` must follow."""
        if shape not in self._proven:
            await self._slots.setdefault(shape, asyncio.Semaphore(PROBES)).acquire()
            if shape in self._proven:
                self.leave(shape)  # wakes the next one that waits

    def leave(self, shape: Hashable, *, answered: bool = False) -> None:
        """A call is back; the first one that was answered lets all others go."""
        if answered:
            self._proven.add(shape)
        slots = self._slots.get(shape)
        if slots is not None:
            slots.release()
