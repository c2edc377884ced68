"""How many calls a second the server can answer: a bare client that parses nothing.

    python -m benchmark.capacity PORT CALLS

Sends CALLS requests of the benchmark's size over 64 connections, each as soon as the last was answered.
"""

import asyncio
import sys
from typing import Any

import uvloop

CONNECTIONS = 64
BODY = b"x" * 5_700
REQUEST = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n%b" % (len(BODY), BODY)


class Asking(asyncio.Protocol):
    """One connection."""

    def __init__(self, left: list[int], done: asyncio.Future[None]) -> None:
        self._left = left
        self._done = done
        self._transport: Any = None
        self._size = 0
        self._received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first time."""
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Ask again when the answer is whole: all answers have the size of the first one."""
        if not self._size:
            head, _, _ = data.partition(b"\r\n\r\n")
            self._size = len(head) + 4 + int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        self._received += len(data)
        if self._received >= self._size:
            self._received = 0
            self._ask()

    def _ask(self) -> None:
        if self._left[0] > 0:
            self._left[0] -= 1
            self._transport.write(REQUEST)
        elif not self._done.done():
            self._done.set_result(None)


async def ask(port: int, calls: int) -> None:
    """Ask so many times."""
    loop = asyncio.get_running_loop()
    left, done = [calls], loop.create_future()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: Asking(left, done), "127.0.0.1", port)
    await done


if __name__ == "__main__":
    uvloop.run(ask(int(sys.argv[1]), int(sys.argv[2])))
