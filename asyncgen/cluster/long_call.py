"""A call to another machine that takes minutes, over a connection that may die unnoticed.

While nothing is sent over it, a connection of which the other side has lost its half looks healthy: a reply that
was sent while the network was cut would be waited for until somebody looks, which Ray does after minutes. Whatever
is sent over the connection shows that it is dead, and then Ray repeats the call.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

KNOCK_INTERVAL = 5.0  # seconds; it costs less than the reports, and delays the end of a run by as much

Reply = TypeVar("Reply")


async def wait_for_reply(call: Awaitable[Reply], knock: Callable[[], Awaitable[object]]) -> Reply:
    """Wait for the reply to a call, and knock meanwhile: send something over the same connection.

    Args:
        call: the call, which has been sent.
        knock: a short call, which may fail in any way, or never be answered.
    """
    waiting = asyncio.ensure_future(call)
    knocking: asyncio.Task[None] | None = None
    try:
        while not (await asyncio.wait({waiting}, timeout=KNOCK_INTERVAL))[0]:
            if knocking is not None:
                knocking.cancel()
            knocking = asyncio.create_task(_ignore(knock))
        return await waiting
    finally:
        waiting.cancel()
        if knocking is not None:
            knocking.cancel()


async def _ignore(knock: Callable[[], Awaitable[object]]) -> None:
    with suppress(Exception):
        await knock()
