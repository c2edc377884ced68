"""How many calls go ahead while it is not known whether a server takes their shape."""

import asyncio

from asyncgen.chat import NO_FINDINGS, Adaptation, Findings, RequestShape
from asyncgen.client.probes import PROBES, Probes
from asyncgen.errors import Stopping

SHAPE, ANOTHER = (RequestShape("", step, ("max_tokens",)) for step in ("paraphrase", "reasoning"))
REFUSED = Adaptation("", "paraphrase", ("max_tokens",), "max_tokens", None)


class Calls:
    """Calls of a shape that wait for being let through, and those that were."""

    def __init__(self, probes: Probes, number: int, shape: RequestShape = SHAPE) -> None:
        self.entered: list[int] = []
        self._probes, self._shape = probes, shape
        self.tasks = [asyncio.create_task(self._call(place)) for place in range(number)]

    async def _call(self, place: int) -> None:
        await self._probes.enter([self._shape], place)
        self.entered.append(place)

    async def settled(self) -> int:
        """How many were let through so far."""
        for _ in range(3):
            await asyncio.sleep(0)
        return len(self.entered)


async def test_a_few_go_ahead_until_one_was_answered() -> None:
    """Then all others go at once, and none waits ever after."""
    probes = Probes()
    calls = Calls(probes, 30)
    assert await calls.settled() == PROBES
    assert not probes.try_enter(SHAPE)
    assert probes.try_enter(ANOTHER)
    probes.leave(SHAPE)
    probes.leave(SHAPE, answered=True)
    assert await calls.settled() == 30
    assert probes.try_enter(SHAPE)


async def test_whoever_waits_goes_before_those_that_come_later_and_older_rows_first() -> None:
    """Who gives a place back asks for the next one at once: where all are refused, none of those ever went."""
    probes = Probes()
    calls = Calls(probes, PROBES + 3)
    assert await calls.settled() == PROBES
    older = Calls(probes, 1)
    assert await older.settled() == 0
    for waiting in ([0], [0, PROBES], [0, PROBES, PROBES + 1]):
        probes.leave(SHAPE)
        assert not probes.try_enter(SHAPE)
        await calls.settled()
        assert older.entered + calls.entered[PROBES:] == waiting


async def test_a_place_that_came_in_the_moment_of_a_cancellation_is_given_on() -> None:
    """To the next one that waits."""
    probes = Probes()
    calls = Calls(probes, PROBES + 2)
    assert await calls.settled() == PROBES
    probes.leave(SHAPE)
    calls.tasks[PROBES].cancel()
    assert await calls.settled() == PROBES + 1
    assert calls.entered[PROBES:] == [PROBES + 1]


async def test_whoever_shares_a_run_waits_for_its_turn_or_for_the_answer_to_another() -> None:
    """It says which shapes it has calls of, until it knows that one was answered."""
    probes = Probes([REFUSED], shared=True)
    calls, others = Calls(probes, 30), Calls(probes, 5, ANOTHER)
    assert await calls.settled() == 0
    assert probes.unproven == {SHAPE, ANOTHER}
    probes.take(NO_FINDINGS, frozenset({SHAPE}))
    assert (await calls.settled(), others.entered) == (PROBES, [])
    probes.take(Findings((), frozenset({ANOTHER})), frozenset({SHAPE}))
    assert (await calls.settled(), await others.settled()) == (PROBES, 5)
    probes.leave(SHAPE, answered=True)
    assert await calls.settled() == 30
    assert probes.findings == Findings((REFUSED,), frozenset({SHAPE, ANOTHER}))
    assert probes.unproven == frozenset()


async def test_who_goes_elsewhere_for_want_of_a_turn_asks_for_it_all_the_same() -> None:
    """Or an endpoint at which nobody has been answered would never be tried again, where others answer."""
    probes = Probes(shared=True)
    assert not probes.may_enter(SHAPE)
    assert probes.unproven == {SHAPE}
    probes.take(NO_FINDINGS, frozenset({SHAPE}))
    assert probes.may_enter(SHAPE)
    assert probes.unproven == frozenset()


async def test_a_turn_that_has_passed_on_lets_no_further_call_go() -> None:
    """What is in flight comes back."""
    probes = Probes(shared=True)
    probes.take(NO_FINDINGS, frozenset({SHAPE}))
    assert probes.try_enter(SHAPE)
    probes.take(NO_FINDINGS, frozenset())
    assert not probes.try_enter(SHAPE)
    probes.leave(SHAPE)
    assert probes.unproven == frozenset()


async def test_who_probes_hears_that_another_process_was_answered() -> None:
    """After a time in which nobody was heard, two may have a turn."""
    probes = Probes(shared=True)
    calls = Calls(probes, 30)
    probes.take(NO_FINDINGS, frozenset({SHAPE}))
    assert await calls.settled() == PROBES
    probes.take(Findings((), frozenset({SHAPE})), frozenset())
    assert await calls.settled() == 30


async def test_where_nobody_gives_turns_any_more_it_probes_by_itself() -> None:
    """As many calls as in a run of its own."""
    probes = Probes(shared=True)
    calls = Calls(probes, 30)
    assert await calls.settled() == 0
    probes.probe_alone()
    assert await calls.settled() == PROBES


async def test_what_is_found_out_is_told_at_once_and_kept_once() -> None:
    """A shape that begins to be asked for, a refusal, an answer, and that no call is left."""
    told: list[int] = []
    probes = Probes()
    probes.on_change = lambda: told.append(1)
    assert probes.try_enter(SHAPE)
    assert len(told) == 1
    probes.found(REFUSED)
    probes.found(REFUSED)
    assert (len(told), probes.adaptations) == (2, [REFUSED])
    probes.leave(SHAPE)
    assert len(told) == 3
    assert probes.try_enter(SHAPE)
    probes.leave(SHAPE, answered=True)
    assert len(told) == 5
    assert probes.try_enter(SHAPE)
    probes.leave(SHAPE, answered=True)
    assert len(told) == 5


async def test_a_call_that_waited_in_vain_leaves_nothing_behind() -> None:
    """It was cancelled."""
    probes = Probes(shared=True)
    calls = Calls(probes, 1)
    assert await calls.settled() == 0
    calls.tasks[0].cancel()
    await asyncio.gather(*calls.tasks, return_exceptions=True)
    assert probes.unproven == frozenset()


async def test_a_stop_is_heard_by_calls_that_wait_for_what_another_process_probes() -> None:
    """That one may be refused for as long as the patience."""
    probes = Probes(shared=True)
    calls = Calls(probes, 3)
    assert await calls.settled() == 0
    probes.close()
    ends = await asyncio.wait_for(asyncio.gather(*calls.tasks, return_exceptions=True), 5)
    assert [type(end) for end in ends] == [Stopping] * 3
    assert not probes.unproven
