"""Hand on the examples of one output file as they are written, at the consumer's pace.

Rules:

1. The whole file is handed on: first what it holds from earlier starts, then what is appended, in its order.
   Repaired rows are in their place if the run had reached its end before; else they come last.
2. A line is in the file before it is handed on (what comes last: in the journal), so nothing that the consumer has
   seen is lost.
3. A consumer that takes nothing blocks the writer, so the window fills and no more calls are made.
4. A consumer that has left blocks nothing.
"""

import asyncio
from collections import deque
from itertools import chain, islice
from typing import TYPE_CHECKING

from asyncgen.engine.worker import Outcome
from asyncgen.engine.writer import Sink
from asyncgen.events import CheckpointSaved
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of

if TYPE_CHECKING:
    from asyncgen.storage.disk import Disk

AHEAD = 64  # lines between writer and consumer: enough to smooth bursts, few in memory


class Tap:
    """Lines of one output file, from the writer to a consumer on the same loop.

    Args:
        place: the file's index among the outputs of the recipe.
    """

    def __init__(self, place: int) -> None:
        self.place = place
        self._earlier: chain[bytes] = chain()
        self._disk: Disk | None = None
        self._lines: deque[bytes] = deque()
        self._changed = asyncio.Condition()
        self._begun = self._ended = self._left = False

    async def begin(self, directory: RunDirectory, name: str, size: int) -> None:
        """Start with the first `size` bytes of the file of this name, which exist already."""
        disk = directory.disk
        lines = lines_of(disk, directory.output(name), size)
        # Opened now: a merge may replace the file while this is being read.
        first = await disk.call(lambda: list(islice(lines, 1)))
        async with self._changed:
            self._disk, self._earlier, self._begun = disk, chain(first, lines), True
            self._changed.notify_all()

    async def put(self, outcomes: list[Outcome]) -> None:
        """Hand on what was appended; waits for the consumer."""
        for outcome in outcomes:
            if outcome.examples is not None:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._lines) < AHEAD or self._left)
                    if not self._left:
                        self._lines.extend(filter(None, outcome.examples.blobs[self.place].split(b"\n")))
                        self._changed.notify_all()

    async def take(self) -> list[bytes]:
        """The next lines, once there is one; empty at the end."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._begun or self._ended)
        if self._disk is not None:
            taken = await self._disk.call(lambda: list(islice(self._earlier, AHEAD)))
            if taken:
                return taken
            self._disk = None
        async with self._changed:
            await self._changed.wait_for(lambda: self._lines or self._ended)
            taken = list(self._lines)
            self._lines.clear()
            self._left = self._left or not taken
            self._changed.notify_all()
            return taken

    async def end(self) -> None:
        """End the stream; returns once the consumer has seen the end or left."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._left)

    async def leave(self) -> None:
        """The consumer takes no more."""
        async with self._changed:
            self._left = True
            self._changed.notify_all()


class TappedSink:
    """A sink that hands on what another sink has written."""

    def __init__(self, sink: Sink, tap: Tap) -> None:
        self._sink = sink
        self._tap = tap

    async def append(self, outcomes: list[Outcome]) -> None:
        """Append, then hand on."""
        await self._sink.append(outcomes)
        await self._tap.put(outcomes)

    async def commit(self) -> CheckpointSaved | None:
        """Commit the other sink."""
        return await self._sink.commit()

    async def close(self) -> None:
        """Close the other sink."""
        await self._sink.close()
