"""How many answers are generated at once, and how many requests wait for that."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from asyncgen.simulator.profile import Limits


class Slots:
    """The slots of a server; without any, all answers are generated at once."""

    def __init__(self, limits: Limits) -> None:
        self._slots = asyncio.Semaphore(limits.slots) if limits.slots else contextlib.nullcontext()
        self._most = limits.slots + limits.queue if limits.queue else 0
        self._taken = 0

    @property
    def full(self) -> bool:
        """Whether one more request would have no place to wait."""
        return bool(self._most) and self._taken >= self._most

    @contextlib.asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a slot, in order of arrival, and hold it."""
        self._taken += 1
        try:
            async with self._slots:
                yield
        finally:
            self._taken -= 1
