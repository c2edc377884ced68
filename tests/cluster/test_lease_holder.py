"""The worker's side of the leases, with a channel that answers, breaks, or hangs. On a virtual clock."""

import asyncio

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.client.probes import Probes
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.lease_holder import GRACE, LEAST_SHARE, MOST_NEWS, TICK, LeaseHolder
from asyncgen.cluster.leases import DECAY, SILENCE, left_of
from asyncgen.cluster.messages import Instruction, WorkerReport
from asyncgen.errors import AsyncgenError, Interrupted
from asyncgen.events import CallEnded, LimitUse, Notice, PairFailed, Paused, RecipeRaised

from .helpers import sample

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


class LeasedRun:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.shares: list[float] = []
        self.pauses: list[tuple[float, str]] = []
        self.stops: list[AsyncgenError] = []

    def take_share(self, share: float) -> None:
        self.shares.append(share)

    def pause(self, seconds: float, endpoint: str) -> None:
        self.pauses.append((seconds, endpoint))

    def stop(self, reason: AsyncgenError) -> None:
        self.stops.append(reason)


async def held(holder: LeaseHolder, run: LeasedRun, seconds: float) -> None:
    """Hold the lease for so long."""
    holding = asyncio.create_task(holder.hold(run))
    await asyncio.sleep(seconds)
    holding.cancel()


def holder_of(answer: Instruction | Exception | None, reports: list[WorkerReport] | None = None) -> LeaseHolder:
    """One whose coordinator always answers this, or raises it, or (None) never answers."""

    async def channel(report: WorkerReport) -> Instruction:
        if reports is not None:
            reports.append(report)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Instruction)
        return answer

    holder = LeaseHolder(0, channel, Probes())
    holder.begin(1)
    return holder


def leased(holder: LeaseHolder, share: float, seconds: float = 1e9) -> None:
    """Let it have a share for so long before it dwindles."""
    holder._lease, holder._leased_at = share, asyncio.get_running_loop().time() + seconds - SILENCE


async def test_it_obeys_once_a_second():
    """Share, pause and stop."""
    run, reason = LeasedRun(), Interrupted("stop")
    await held(holder_of(Instruction(0.6, {"a": 2.0}, reason)), run, 2.5)
    assert (run.shares, run.pauses, run.stops) == ([0.6] * 3, [(2.0, "a")] * 3, [reason] * 3)


async def test_a_share_of_nothing_is_a_pace_all_the_same():
    """A rate of zero would wait forever."""
    run = LeasedRun()
    await held(holder_of(Instruction(0.0)), run, 0.5)
    assert set(run.shares) == {LEAST_SHARE}


@pytest.mark.parametrize("broken", [ConnectionError("gone"), None])
async def test_without_a_coordinator_it_keeps_its_share_for_a_moment_and_then_uses_nothing(broken):
    """Whether the channel breaks or hangs; never more of it than the coordinator still keeps for it."""
    run, holder = LeasedRun(), holder_of(broken)
    began = asyncio.get_running_loop().time()
    leased(holder, 0.9, SILENCE)
    holding = asyncio.create_task(holder.hold(run))
    await asyncio.sleep(SILENCE - 2 * TICK)
    assert run.shares == []
    while (silence := asyncio.get_running_loop().time() - began) < SILENCE + 2 * DECAY:
        assert (run.shares or [0.9])[-1] <= max(LEAST_SHARE, left_of(0.9, silence)) + 1e-9
        await asyncio.sleep(0.1)
    holding.cancel()
    assert 0.1 < run.shares[2] < 0.9
    assert run.shares[-1] == holder.share == LEAST_SHARE


async def test_a_share_ends_with_the_silence_of_all_shards_not_of_the_newest():
    """Another shard is no word of the coordinator."""
    holder, run = holder_of(ConnectionError("gone")), LeasedRun()
    leased(holder, 0.9, SILENCE)
    await held(holder, LeasedRun(), SILENCE)
    holder.begin(2)
    await held(holder, run, DECAY)
    assert run.shares[-1] == LEAST_SHARE


async def test_a_reply_that_was_long_on_its_way_is_worth_as_much_less():
    """The coordinator counts from when it sent it, or even before."""

    async def channel(_report: WorkerReport) -> Instruction:
        await asyncio.sleep(SILENCE - 0.1)
        return Instruction(0.6)

    holder, run = LeaseHolder(0, channel, Probes()), LeasedRun()
    holder.begin(1)
    await held(holder, run, SILENCE)
    assert run.shares == [pytest.approx(left_of(0.6, SILENCE - 0.1 + TICK))]


async def test_a_smaller_share_is_confirmed_at_once_and_none_is_asked_for_again_soon():
    """Others get the rest when they know that this is heard; and who has none is waiting for theirs."""
    reports: list[WorkerReport] = []
    holder = holder_of(Instruction(0.2), reports)
    leased(holder, 0.5)
    await held(holder, LeasedRun(), 0.9)
    assert [one.held for one in reports] == [0.5, 0.2]
    reports.clear()
    await held(holder_of(Instruction(0.0), reports), LeasedRun(), 0.9)
    assert [one.held for one in reports] == [0.0] * 5


async def test_while_the_input_is_checked_it_soon_wants_nothing_and_then_what_it_could_use():
    """Held back by a limit: any amount; else what it used and some more, as a share of the whole limit."""
    holder = holder_of(Instruction(0.5))
    leased(holder, 0.5)
    assert holder.report().wanted == 1
    await asyncio.sleep(GRACE)
    assert holder.report().wanted == 0
    holder.observe(sample(limits=(LimitUse("requests", 3000, 0),)))
    assert holder.report().wanted == 1
    await asyncio.sleep(1)
    holder.observe(sample(limits=(LimitUse("requests", 3000, 10),)))  # of 50 a second
    assert holder.report().wanted == pytest.approx(0.15)
    await asyncio.sleep(1)
    holder.observe(sample(limits=(LimitUse("requests", 3000, 20),), waiting_on="requests"))
    assert holder.report().wanted == 1


async def test_of_several_endpoints_the_one_that_is_used_most_says_what_is_wanted():
    """Each limit is held against what was spent at its own endpoint before."""
    holder = holder_of(Instruction(0.5))
    leased(holder, 0.5)
    uses = [
        (LimitUse("requests", 3000, a, "a"), LimitUse("requests", 3000, b, "b")) for a, b in ((0, 40), (10, 45))
    ]
    holder.observe(sample(limits=uses[0]))
    await asyncio.sleep(1)
    holder.observe(sample(limits=uses[1]))
    assert holder.report().wanted == pytest.approx(0.15)


async def test_a_pause_at_one_of_the_endpoints_holds_there_for_all_workers():
    """And each endpoint has its own."""
    coordinator = Coordinator(2, clock=lambda: 0.0)
    holder, other = holder_of(Instruction(0.5)), holder_of(Instruction(0.5))
    holder.observe(Paused(10.0, "rate_limit", "a"))
    holder.observe(Paused(20.0, "rate_limit", "b"))
    holder.observe(Paused(5.0, "rate_limit", "a"))  # the longer one counts

    coordinator.report(holder.report())

    assert coordinator.report(other.report()).pauses == {"a": 10.0, "b": 20.0}


async def test_a_pause_is_reported_with_what_is_left_of_it():
    """Nothing, when it is over."""
    holder = holder_of(Instruction(0.5))
    holder.observe(Paused(10.0, "rate_limit"))
    await asyncio.sleep(4)
    assert holder.report().pauses == ((Paused(10.0, "rate_limit"), 6.0),)
    await asyncio.sleep(7)
    assert holder.report().pauses == ((Paused(10.0, "rate_limit"), 0.0),)


async def test_news_are_told_until_they_are_heard_and_not_without_end():
    """Failed pairs, and warnings; each once."""
    reports: list[WorkerReport] = []
    holder = holder_of(ConnectionError("gone"), reports)
    holder.observe(Notice("everyday"))
    holder.observe(Notice("look", warning=True))
    for index in range(2 * MOST_NEWS):
        holder.observe(PairFailed(index, "note", "paraphrase", "refusal", 1))
    await held(holder, LeasedRun(), 1.5)
    assert [len(one.news) for one in reports] == [1 + MOST_NEWS] * 2
    assert reports[0].news == reports[1].news

    reports.clear()
    holder._channel = holder_of(Instruction(0.5), reports)._channel
    await held(holder, LeasedRun(), 1.5)
    assert [len(one.news) for one in reports] == [1 + MOST_NEWS, 0]


async def test_what_one_hears_from_the_server_holds_for_another_through_the_coordinator():
    """Two holders at one coordinator: the pause of one, and its share while the other is idle."""
    coordinator = Coordinator(2, asyncio.get_running_loop().time)

    async def channel(report: WorkerReport) -> Instruction:
        return coordinator.report(report)

    holders, runs = [LeaseHolder(number, channel, Probes()) for number in range(2)], [LeasedRun(), LeasedRun()]
    for holder in holders:
        holder.begin(1)
    holders[0].observe(sample(limits=(LimitUse("requests", 3000, 0),), waiting_on="requests"))
    holders[0].observe(Paused(30.0, "rate_limit"))
    await asyncio.gather(*(held(holder, run, 6.5) for holder, run in zip(holders, runs, strict=True)))
    assert runs[0].shares[-1] > 0.95
    assert runs[1].pauses
    assert max(runs[1].pauses) <= (30, "")

    coordinator.overlook(Interrupted("stop"))
    await asyncio.gather(*(held(holder, run, 0.5) for holder, run in zip(holders, runs, strict=True)))
    assert [str(reason) for run in runs for reason in run.stops] == ["stop", "stop"]


def call(outcome: str, index: int = 0, *, adapted: bool = False) -> CallEnded:
    """The end of a call."""
    return CallEnded(
        index, str(index), "draft", "ab", 1, outcome, 400, "req", 0.0, 0.0, 1.0, NO_USAGE, adapted=adapted
    )


async def test_why_a_server_refuses_is_told_once_for_each_kind_and_shard():
    """With its sentence; what is waited for, or left out of the request, has lines of its own."""
    holder = holder_of(Instruction(1.0))
    refused, filtered, raised = call("bad_request"), call("content_filter"), RecipeRaised(1, "1", "KeyError", ())
    for event in (call("ok"), call("rate_limit"), call("bad_request", adapted=True)):
        holder.observe(event)
    for event in (refused, call("bad_request", 1), filtered, raised):
        holder.observe(event)
    assert [one.event for one in holder.report().news] == [refused, filtered, raised]
    holder.begin(2)
    holder.observe(refused)
    assert [one.event for one in holder.report().news][3:] == [refused]
