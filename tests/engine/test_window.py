"""The window: slots and bytes between the source and the writer. The clock is virtual."""

import asyncio

import pytest

from asyncgen.engine.window import Window

# Where all wait for each other, nobody can wake anybody: that fails after a second.
pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
A_LONG_TIME = 3600


async def still_waits(*tasks: "asyncio.Task[None]") -> bool:
    """Whether none of the tasks got through in a long time."""
    await asyncio.wait(tasks, timeout=A_LONG_TIME)
    return not any(task.done() for task in tasks)


async def take_all(window: Window, number: int) -> None:
    """Take slots that must be there at once."""
    async with asyncio.timeout(0.001):
        for _ in range(number):
            await window.take()


async def test_there_are_as_many_slots_as_were_asked_for() -> None:
    """Three of three go at once, the fourth waits."""
    window = Window(3, max_bytes=100)
    await take_all(window, 3)
    fourth = asyncio.create_task(window.take())
    assert await still_waits(fourth)
    window.free()
    await asyncio.wait_for(fourth, 1)


async def test_one_slot_given_back_lets_one_through() -> None:
    """Of two that wait, one goes on waiting."""
    window = Window(1, max_bytes=100)
    await take_all(window, 1)
    waiting = {asyncio.create_task(window.take()) for _ in range(2)}
    await asyncio.sleep(1)
    window.free()
    done, pending = await asyncio.wait(waiting, timeout=A_LONG_TIME)
    assert (len(done), len(pending)) == (1, 1)
    window.free()
    await asyncio.wait_for(pending.pop(), 1)


async def test_slots_given_back_before_anybody_waits_are_kept() -> None:
    """Two freed are two to take, and no third."""
    window = Window(2, max_bytes=100)
    await take_all(window, 2)
    window.free()
    window.free()
    await take_all(window, 2)
    third = asyncio.create_task(window.take())
    assert await still_waits(third)
    third.cancel()


@pytest.mark.parametrize("held", [100, 101])
async def test_waiting_bytes_stop_the_reading_whatever_slots_are_free(held: int) -> None:
    """At the limit of bytes nothing is taken until a result has been written."""
    window = Window(1000, max_bytes=100)
    window.hold(held)
    taking = asyncio.create_task(window.take())
    assert await still_waits(taking)
    window.free()  # a slot does not help
    assert await still_waits(taking)
    window.hold(-held)
    await asyncio.wait_for(taking, 1)


async def test_bytes_below_the_limit_stop_nothing() -> None:
    """99 of 100 leave room."""
    window = Window(1, max_bytes=100)
    window.hold(99)
    await take_all(window, 1)


async def test_written_bytes_do_not_make_up_for_a_missing_slot() -> None:
    """Both must be there."""
    window = Window(1, max_bytes=100)
    window.hold(100)
    window.hold(-100)
    await take_all(window, 1)
    second = asyncio.create_task(window.take())
    window.hold(1)
    window.hold(-1)
    assert await still_waits(second)
    second.cancel()


async def test_close_lets_everybody_through() -> None:
    """Those who wait and those who come later, for slots that are never given back."""
    window = Window(1, max_bytes=100)
    await take_all(window, 1)
    window.hold(500)
    waiting = [asyncio.create_task(window.take()) for _ in range(2)]
    assert await still_waits(*waiting)
    window.close()
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)
    await take_all(window, 5)


async def test_whoever_is_cancelled_while_waiting_takes_no_slot() -> None:
    """The slot goes to the next."""
    window = Window(1, max_bytes=100)
    await take_all(window, 1)
    waiting = asyncio.create_task(window.take())
    assert await still_waits(waiting)
    waiting.cancel()
    await asyncio.wait([waiting])
    window.free()
    await take_all(window, 1)
