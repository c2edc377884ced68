"""The worker's side of the leases, with a channel that answers, breaks, or hangs. On a virtual clock."""

import asyncio

import pytest

from asyncgen.client.probes import Probes
from asyncgen.cluster.coordinator import Desk, Instruction, WorkerReport
from asyncgen.cluster.lease_holder import GRACE, LEAST_SHARE, MOST_NEWS, Tenant
from asyncgen.cluster.leases import SILENCE
from asyncgen.errors import AsyncgenError, Interrupted
from asyncgen.events import LimitUse, Notice, PairFailed, Paused

from .helpers import sample

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]


class Ruled:
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


async def held(tenant: Tenant, run: Ruled, seconds: float) -> None:
    """Hold the lease for so long."""
    holding = asyncio.create_task(tenant.hold(run))
    await asyncio.sleep(seconds)
    holding.cancel()


def tenant_of(answer: Instruction | Exception | None, reports: list[WorkerReport] | None = None) -> Tenant:
    """One of four, whose desk always answers this, or raises it, or (None) never answers."""

    async def channel(report: WorkerReport) -> Instruction:
        if reports is not None:
            reports.append(report)
        if answer is None:
            await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Instruction)
        return answer

    tenant = Tenant(0, 4, channel, Probes())
    tenant.begin(1)
    return tenant


async def test_it_obeys_once_a_second():
    """Share, pause and stop."""
    run, reason = Ruled(), Interrupted("stop")
    await held(tenant_of(Instruction(0.6, {"a": 2.0}, reason)), run, 2.5)
    assert (run.shares, run.pauses, run.stops) == ([0.6] * 3, [(2.0, "a")] * 3, [reason] * 3)


async def test_a_share_of_nothing_is_a_pace_all_the_same():
    """A rate of zero would wait forever."""
    run = Ruled()
    await held(tenant_of(Instruction(0.0)), run, 0.5)
    assert run.shares == [LEAST_SHARE]


@pytest.mark.parametrize("broken", [ConnectionError("gone"), None])
async def test_without_a_desk_it_keeps_its_share_for_a_moment_and_then_takes_an_equal_part(broken):
    """Whether the channel breaks or hangs."""
    run, tenant = Ruled(), tenant_of(broken)
    tenant.share = 0.9
    await held(tenant, run, SILENCE - 0.5)
    assert run.shares == []
    await held(tenant, run, SILENCE + 2)
    assert run.shares == [0.25]


async def test_while_the_input_is_checked_it_soon_wants_nothing_and_then_what_it_could_use():
    """Held back by a limit: any amount; else what it used and some more, as a share of the whole limit."""
    tenant = tenant_of(Instruction(0.5))
    tenant.share = 0.5
    assert tenant.report().wanted == 1
    await asyncio.sleep(GRACE)
    assert tenant.report().wanted == 0
    tenant.observe(sample(limits=(LimitUse("requests", 3000, 0),)))
    assert tenant.report().wanted == 1
    await asyncio.sleep(1)
    tenant.observe(sample(limits=(LimitUse("requests", 3000, 10),)))  # of 50 a second
    assert tenant.report().wanted == pytest.approx(0.15)
    await asyncio.sleep(1)
    tenant.observe(sample(limits=(LimitUse("requests", 3000, 20),), waiting_on="requests"))
    assert tenant.report().wanted == 1


async def test_of_several_endpoints_the_one_that_is_used_most_says_what_is_wanted():
    """Each limit is held against what was spent at its own endpoint before."""
    tenant = tenant_of(Instruction(0.5))
    tenant.share = 0.5
    uses = [
        (LimitUse("requests", 3000, a, "a"), LimitUse("requests", 3000, b, "b")) for a, b in ((0, 40), (10, 45))
    ]
    tenant.observe(sample(limits=uses[0]))
    await asyncio.sleep(1)
    tenant.observe(sample(limits=uses[1]))
    assert tenant.report().wanted == pytest.approx(0.15)


async def test_a_pause_at_one_of_the_endpoints_holds_there_for_all_workers():
    """And each endpoint has its own."""
    desk = Desk(2, clock=lambda: 0.0)
    tenant, other = tenant_of(Instruction(0.5)), tenant_of(Instruction(0.5))
    tenant.observe(Paused(10.0, "rate_limit", "a"))
    tenant.observe(Paused(20.0, "rate_limit", "b"))
    tenant.observe(Paused(5.0, "rate_limit", "a"))  # the longer one counts

    desk.report(tenant.report())

    assert desk.report(other.report()).pauses == {"a": 10.0, "b": 20.0}


async def test_a_pause_is_reported_with_what_is_left_of_it():
    """Nothing, when it is over."""
    tenant = tenant_of(Instruction(0.5))
    tenant.observe(Paused(10.0, "rate_limit"))
    await asyncio.sleep(4)
    assert tenant.report().pauses == ((Paused(10.0, "rate_limit"), 6.0),)
    await asyncio.sleep(7)
    assert tenant.report().pauses == ((Paused(10.0, "rate_limit"), 0.0),)


async def test_news_are_told_until_they_are_heard_and_not_without_end():
    """Failed pairs and warnings; each once."""
    reports: list[WorkerReport] = []
    tenant = tenant_of(ConnectionError("gone"), reports)
    tenant.observe(Notice("everyday"))
    tenant.observe(Notice("look", warning=True))
    for index in range(2 * MOST_NEWS):
        tenant.observe(PairFailed(index, "note", "paraphrase", "refusal", 1))
    await held(tenant, Ruled(), 1.5)
    assert [len(one.news) for one in reports] == [MOST_NEWS, MOST_NEWS]

    reports.clear()
    tenant._channel = tenant_of(Instruction(0.5), reports)._channel
    await held(tenant, Ruled(), 1.5)
    assert [len(one.news) for one in reports] == [MOST_NEWS, 0]


async def test_what_one_hears_from_the_server_holds_for_another_through_the_desk():
    """Two tenants at one desk: the pause of one, and its share while the other is idle."""
    desk = Desk(2, asyncio.get_running_loop().time)

    async def channel(report: WorkerReport) -> Instruction:
        return desk.report(report)

    tenants, runs = [Tenant(number, 2, channel, Probes()) for number in range(2)], [Ruled(), Ruled()]
    for tenant in tenants:
        tenant.begin(1)
    tenants[0].observe(sample(limits=(LimitUse("requests", 3000, 0),), waiting_on="requests"))
    tenants[0].observe(Paused(30.0, "rate_limit"))
    await asyncio.gather(*(held(tenant, run, 6.5) for tenant, run in zip(tenants, runs, strict=True)))
    assert runs[0].shares[-1] > 0.95
    assert runs[1].pauses
    assert max(runs[1].pauses) <= (30, "")

    desk.overlook(Interrupted("stop"))
    await asyncio.gather(*(held(tenant, run, 0.5) for tenant, run in zip(tenants, runs, strict=True)))
    assert [str(reason) for run in runs for reason in run.stops] == ["stop", "stop"]
