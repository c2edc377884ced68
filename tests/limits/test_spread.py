"""Calls sent evenly over a round trip."""

import asyncio

import pytest

from asyncgen.limits.spread import Spread

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


async def test_a_call_in_the_tick_of_the_timer_does_not_let_another_one_go_beside_it() -> None:
    """The timer was for the call that has just gone."""
    loop = asyncio.get_running_loop()
    due: list[float] = []
    spread = Spread(lambda: due.append(loop.time()), enabled=True)
    spread.refused(8, again=False)
    spread.sent(loop.time(), 10.0, 8)
    assert spread.too_soon()
    assert loop.time() < 1
    await asyncio.sleep(0.99)
    spread.sent(loop.time(), 10.0, 8)  # by a clock that runs a little fast
    await asyncio.sleep(0.02)
    assert due == [pytest.approx(1.0)]
    assert spread.too_soon()


async def test_calls_are_sent_evenly_only_if_many_were_kept_and_the_number_in_flight_is_not_the_users() -> None:
    """Of few in flight, the distance would be a matter of chance."""
    for enabled, kept, even in [(True, 8, True), (True, 7, False), (False, 8, False)]:
        spread = Spread(lambda: None, enabled=enabled)
        spread.refused(kept, again=False)
        spread.sent(0.0, 10.0, 8)
        assert (spread.active, spread.too_soon()) == (even, even)
        spread.stop()
        assert not spread.active


async def test_more_in_flight_than_were_kept_in_any_episode_show_a_rate() -> None:
    """The fewest kept count, of the episodes in which some were; one that kept hardly any was a storm."""
    spread = Spread(lambda: None, enabled=True)
    spread.refused(40, again=False)
    spread.refused(20, again=True)
    spread.refused(60, again=False)
    assert not spread.is_exceeded(28)
    assert spread.is_exceeded(29)
    spread.refused(2, again=False)
    spread.refused(60, again=False)
    assert not spread.is_exceeded(78)
    assert spread.is_exceeded(79)
