"""The bound on how far a run reads ahead of the oldest row that is not written yet."""

import asyncio
from collections import deque


class Window:
    """At most `slots` rows between the source and the writer, and `max_bytes` of waiting results.

    The source takes a slot for each row; the writer frees it when the row is appended.
    """

    def __init__(self, slots: int, max_bytes: int) -> None:
        self._free = slots
        self._max_bytes = max_bytes
        self._bytes = 0
        self._closed = False
        self._taken: deque[float] = deque()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def oldest(self) -> float | None:
        """Seconds since the oldest row in the window took its slot: slots are freed in the order of taking."""
        return asyncio.get_running_loop().time() - self._taken[0] if self._taken else None

    async def take(self) -> None:
        """Take a slot, waiting until there is room."""
        while not self._has_room():
            self._room.clear()
            await self._room.wait()
        self._free -= 1
        self._taken.append(asyncio.get_running_loop().time())

    def hold(self, size: int) -> None:
        """Count the bytes of a result that waits for its turn (negative when it has been written)."""
        self._bytes += size
        if self._has_room():
            self._room.set()

    def free(self) -> None:
        """Give a slot back."""
        self._free += 1
        if self._taken:
            self._taken.popleft()
        if self._has_room():
            self._room.set()

    def close(self) -> None:
        """Let every waiter through: the run stops, and slots may never be given back."""
        self._closed = True
        self._room.set()

    def _has_room(self) -> bool:
        return self._closed or (self._free > 0 and self._bytes < self._max_bytes)
