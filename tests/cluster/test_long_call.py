"""Waiting for minutes for a reply, over a connection that dies unnoticed. On a virtual clock."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from asyncgen.cluster.long_call import KNOCK_INTERVAL, wait_for_reply

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


class Connection:
    """Over which a reply comes only when something is sent after it has died: then Ray repeats the call."""

    def __init__(self) -> None:
        self.reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.dead = False
        self.knocks = 0

    async def knock(self) -> None:
        self.knocks += 1
        if self.dead and not self.reply.done():
            self.reply.set_result("done")


async def test_a_reply_that_was_lost_is_had_soon_after_the_connection_is_back():
    """The call is not waited for without end."""
    connection = Connection()
    asyncio.get_running_loop().call_later(100, setattr, connection, "dead", True)
    assert await wait_for_reply(connection.reply, connection.knock) == "done"
    assert 100 <= asyncio.get_running_loop().time() <= 100 + KNOCK_INTERVAL


async def test_a_quick_reply_needs_no_knock():
    """And an error is raised as it is."""
    connection = Connection()
    connection.reply.set_exception(ConnectionError("it has died ten times"))
    with pytest.raises(ConnectionError, match="ten times"):
        await wait_for_reply(connection.reply, connection.knock)
    assert connection.knocks == 0


async def _fail() -> None:
    raise ConnectionError


@pytest.mark.parametrize("knock", [_fail, lambda: asyncio.Event().wait()])
async def test_what_becomes_of_a_knock_does_not_matter(knock: Callable[[], Awaitable[object]]):
    """Whether it fails or is never answered, the reply is waited for, and nothing is left behind."""
    connection = Connection()
    asyncio.get_running_loop().call_later(10 * KNOCK_INTERVAL, connection.reply.set_result, "done")
    assert await wait_for_reply(connection.reply, knock) == "done"
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_does_not_want_the_reply_any_more_leaves_nothing_behind():
    """The run is ended."""
    connection = Connection()
    waiting = asyncio.create_task(wait_for_reply(connection.reply, connection.knock))
    await asyncio.sleep(3 * KNOCK_INTERVAL)
    waiting.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}
