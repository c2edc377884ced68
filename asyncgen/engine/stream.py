"""The examples of one output file, handed on as they are written, at the pace of whoever takes them.

Rules:

1. What is handed on is the whole file: first what it holds of earlier starts, then what is appended, in its order.
   Repaired pairs stand in their place when the run had reached its end before; else they come last.
2. It is in the file before it is handed on (what comes last, in the journal): what a taker has seen is not lost.
3. Whoever does not take holds the writer, and so the window fills and nothing more is asked.
4. A taker who has left holds nobody.
"""

import asyncio
from collections import deque
from itertools import chain, islice

from asyncgen.engine.worker import Outcome
from asyncgen.engine.writer import Sink
from asyncgen.events import CheckpointSaved
from asyncgen.storage.disk import Disk, lines_of
from asyncgen.storage.layout import RunDirectory

AHEAD = 64  # lines between the writer and the taker


class Tap:
    """Lines of one output file, from the writer to a taker on the same loop.

    Args:
        place: of the file among the outputs of the recipe.
    """

    def __init__(self, place: int) -> None:
        self.place = place
        self._earlier: chain[bytes] = chain()
        self._disk: Disk | None = None
        self._lines: deque[bytes] = deque()
        self._changed = asyncio.Condition()
        self._begun = self._ended = self._left = False

    async def begin(self, directory: RunDirectory, name: str, size: int) -> None:
        """The first `size` bytes of the file, which has this name, are there already."""
        disk = directory.disk
        lines = lines_of(disk, directory.output(name), size)
        # Open from now on: a merge may put another file in its place while this one is read.
        first = await disk.call(lambda: list(islice(lines, 1)))
        async with self._changed:
            self._disk, self._earlier, self._begun = disk, chain(first, lines), True
            self._changed.notify_all()

    async def put(self, outcomes: list[Outcome]) -> None:
        """Hand on what was appended; waits for the taker."""
        for outcome in outcomes:
            if outcome.examples is not None:
                async with self._changed:
                    await self._changed.wait_for(lambda: len(self._lines) < AHEAD or self._left)
                    if not self._left:
                        self._lines.extend(filter(None, outcome.examples.blobs[self.place].split(b"\n")))
                        self._changed.notify_all()

    async def take(self) -> list[bytes]:
        """The next lines, as soon as there is one; none at the end."""
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
        """Nothing more will come; returns when the taker knows, or has left."""
        async with self._changed:
            self._ended = True
            self._changed.notify_all()
            await self._changed.wait_for(lambda: self._left)

    async def leave(self) -> None:
        """Nobody takes any more."""
        async with self._changed:
            self._left = True
            self._changed.notify_all()


class Tee:
    """A sink that hands on what another one has written."""

    def __init__(self, sink: Sink, tap: Tap) -> None:
        self._sink = sink
        self._tap = tap

    async def append(self, outcomes: list[Outcome]) -> None:
        """Append, then hand on."""
        await self._sink.append(outcomes)
        await self._tap.put(outcomes)

    async def commit(self) -> CheckpointSaved | None:
        """As the other one."""
        return await self._sink.commit()

    async def close(self) -> None:
        """Close the other one."""
        await self._sink.close()
