"""Calls sent evenly over a round trip."""

import asyncio

import pytest

from asyncgen.limits.spread import Spread

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


async def test_a_call_in_the_tick_of_the_timer_does_not_let_another_one_go_beside_it() -> None:
    """The timer was for the call that has just gone."""
    loop = asyncio.get_running_loop()
    due: list[float] = []
    spread = Spread(lambda: due.append(loop.time()), enabled=True)
    spread.refused(0.0, 9, again=False)
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
        spread.refused(0.0, kept + 1, again=False)
        spread.sent(0.0, 10.0, 8)
        assert (spread.active, spread.too_soon()) == (even, even)
        spread.stop()
        assert not spread.active


async def test_more_in_flight_than_were_kept_in_any_episode_show_a_rate() -> None:
    """The fewest kept count, of the episodes in which some were; one that kept hardly any was a storm."""
    spread = Spread(lambda: None, enabled=True)
    spread.refused(0.0, 22, again=False)
    spread.refused(0.0, 5, again=True)  # the others were answered meanwhile
    spread.refused(1.0, 61, again=False)
    assert not spread.is_exceeded(28)
    assert spread.is_exceeded(29)
    spread.refused(2.0, 3, again=False)
    spread.refused(3.0, 61, again=False)
    assert not spread.is_exceeded(78)
    assert spread.is_exceeded(79)


async def test_what_was_kept_in_a_storm_that_is_over_counts_no_more() -> None:
    """A server that had answered ten calls of a storm seemed to take more than it may at once."""
    spread = Spread(lambda: None, enabled=True)
    spread.refused(0.0, 11, again=False)
    spread.refused(20.0, 31, again=False)
    assert spread.is_exceeded(20)
    spread.refused(60.0, 31, again=False)
    assert not spread.is_exceeded(20)
