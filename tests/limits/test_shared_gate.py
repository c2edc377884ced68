"""One gate for runs that follow each other, the next one before the former has ended. The clock is virtual."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncgen.client.probes import Probes
from asyncgen.config import RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.pool import Engine
from asyncgen.errors import Interrupted, Stopping
from asyncgen.events import Event, Sample
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
SAMPLES = shipped("samples", "pairs.jsonl")


def gate_of(rpm: float) -> Gate:
    """With so many requests a minute."""
    return Gate([Endpoint(ConcurrencyControl(9, automatic=False), RateLimiter(rpm, None))])


def engine_of(gate: Gate, events: list[Event]) -> Engine:
    """One behind this gate."""
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES)
    return Engine(config, None, None, None, events.append, None, None, Probes(), open_gate=lambda _: gate)


async def test_one_of_two_runs_pumps_and_then_the_other() -> None:
    """So no call draws twice; nothing stands still when the first run has ended."""
    gate, loop = gate_of(60), asyncio.get_running_loop()
    first, second = (asyncio.create_task(gate.pump()) for _ in range(2))
    await gate.enter(0, 1)
    begun = loop.time()
    await gate.enter(1, 1)
    first.cancel()
    await gate.enter(2, 1)
    assert loop.time() - begun == pytest.approx(2, abs=0.1)
    second.cancel()


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5])
async def test_a_run_goes_on_with_what_the_former_one_was_drawing_when_it_ended(seconds: float) -> None:
    """A call that waits must not wait for ever, though nothing is in flight whose end would wake the pump."""
    gate, loop = gate_of(60), asyncio.get_running_loop()
    gate.share = 0.25  # so it is drawn in four parts
    first, second = (asyncio.create_task(gate.pump()) for _ in range(2))
    begun = loop.time()
    waiting = asyncio.create_task(gate.enter(0, 1))
    await asyncio.sleep(seconds)
    first.cancel()
    async with asyncio.timeout(60):
        await waiting
    assert loop.time() - begun == pytest.approx(4, abs=1)
    second.cancel()


HAPPENINGS = st.one_of(
    st.tuples(st.just("begin"), st.none()),
    st.tuples(st.just("end"), st.none()),
    st.tuples(st.just("share"), st.sampled_from([2**-20, 0.25, 0.5, 1.0])),
    st.tuples(st.just("pause"), st.sampled_from([0.5, 4.0])),
    st.tuples(st.just("call"), st.sampled_from([0.0, 0.75])),
)
"""A run begins or ends, the share changes, a server asks for a pause, a call comes that takes so many seconds."""


@settings(max_examples=300)
@given(happenings=st.lists(st.tuples(st.sampled_from([0.0, 0.5, 1.0, 3.0]), HAPPENINGS), max_size=25))
async def test_every_call_is_granted_whatever_happens_to_the_runs(
    happenings: list[tuple[float, tuple[str, float | None]]],
) -> None:
    """As soon as a run is there and has its share back, in the time that the calls take."""
    gate = gate_of(60)
    gate.share = 0.25
    pumps: list[asyncio.Task[None]] = []
    calls: list[asyncio.Task[None]] = []

    async def call(index: int, seconds: float) -> None:
        grant = await gate.enter(index, 1)
        await asyncio.sleep(seconds)
        gate.leave(grant)

    for seconds, (what, value) in happenings:
        await asyncio.sleep(seconds)
        if what == "begin":
            pumps.append(asyncio.create_task(gate.pump()))
        elif what == "end" and pumps:
            pumps.pop(0).cancel()
        elif what == "share":
            gate.share = value
        elif what == "pause":
            gate.pause(value, gate.endpoints[0])
        elif what == "call":
            calls.append(asyncio.create_task(call(len(calls), value)))
    gate.share = 1.0
    pumps.append(asyncio.create_task(gate.pump()))
    async with asyncio.timeout(2 * len(calls) + 8 + 4):
        await asyncio.gather(*calls)
    assert (gate.in_flight, gate.waiting) == (0, 0)
    for pump in pumps:
        pump.cancel()


async def test_a_closed_gate_tells_all_runs_the_first_reason() -> None:
    """Also the run that did not close it."""
    gate = gate_of(60)
    one, other = engine_of(gate, []), engine_of(gate, [])
    one.stop(Interrupted("first"))
    other.stop(Interrupted("second"))
    assert (str(one.reason), str(gate.reason), str(engine_of(gate, []).reason)) == ("first", "first", "first")
    with pytest.raises(Stopping):
        await gate.enter(0, 1)


async def test_a_run_counts_what_is_spent_of_a_limit_since_it_began() -> None:
    """Not what an earlier run behind the same gate has spent."""
    gate, events = gate_of(6000), []
    pumping = asyncio.create_task(gate.pump())
    for index in range(3):
        await gate.enter(index, 1)
    engine = engine_of(gate, events)
    for index in range(2):
        await gate.enter(index, 1)
    engine._sample()
    pumping.cancel()
    [sample] = [event for event in events if isinstance(event, Sample)]
    assert [use.spent for use in sample.limits] == [2]
