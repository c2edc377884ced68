"""What a worker with two shards reports: what it wants, what has failed, and what a server asked for."""

import asyncio

import pytest

from asyncgen.client.probes import Probes
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.lease_holder import LeaseHolder
from asyncgen.cluster.messages import News, WorkerReport
from asyncgen.cluster.shard_record import ShardRecord
from asyncgen.events import LimitUse, Notice, PairFailed, Paused

from .helpers import sample

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]


def uses(spent: float) -> tuple[LimitUse, ...]:
    """What was spent of a limit."""
    return (LimitUse("requests", 600, spent),)


async def test_a_worker_wants_its_share_for_the_former_shard_while_the_next_one_checks_its_input() -> None:
    """Or waits for its lock, which may take as long as the patience."""
    holder = LeaseHolder(0, Coordinator(2).report, Probes())
    first = ShardRecord(1, holder)
    first.observe(sample(waiting=9, waiting_on="requests", limits=uses(5)))
    first.give_way()
    ShardRecord(2, holder)
    for _ in range(5):
        await asyncio.sleep(1)
        first.observe(sample(waiting=9, waiting_on="requests", limits=uses(5)))
    assert holder.report().wanted == 1.0


@pytest.mark.parametrize(("last", "waiting_on", "wanted"), [(10, "requests", 1.0), (20, None, 0.0)])
async def test_a_shard_that_has_ended_says_nothing_of_what_the_former_one_wants(
    last: float, waiting_on: str | None, wanted: float
) -> None:
    """The former one may still have rows that wait; or one call that hangs, for which no share is needed."""
    holder = LeaseHolder(0, Coordinator(2).report, Probes())
    holder._lease, holder._leased_at = 1.0, asyncio.get_running_loop().time() + 1e6
    first = ShardRecord(1, holder)
    first.observe(sample(limits=uses(0)))
    first.give_way()
    second = ShardRecord(2, holder)
    second.observe(sample(limits=uses(10)))
    await asyncio.sleep(1)
    second.observe(sample(limits=uses(last)))  # it has ended
    for _ in range(60):
        await asyncio.sleep(1)
        first.observe(sample(waiting_on=waiting_on, limits=uses(0)))
    assert holder.report().wanted == wanted


async def test_what_fails_last_in_a_former_shard_is_told_with_its_end() -> None:
    """No other shard may follow, in whose reports it would be."""
    holder = LeaseHolder(0, Coordinator(1).report, Probes())
    first = ShardRecord(1, holder)
    first.give_way()
    ShardRecord(2, holder)  # has ended
    failed = PairFailed(3, "ms-3", "paraphrase", "timeout", 6)
    first.observe(failed)
    assert [one.event for one in first.report().news] == [failed]


async def test_news_are_told_again_when_the_reply_with_them_is_lost() -> None:
    """The driver waits three seconds for it, which a starved machine exceeds."""
    coordinator = Coordinator(1)
    news = News("1", Notice("a warning", warning=True))
    coordinator.report(WorkerReport(0, 1, "one", 1.0, 0.0, news=(news,)))
    coordinator.overlook(None)  # too late
    assert news in coordinator.overlook(None)[1]


async def test_a_pause_is_told_though_the_next_shard_begins_in_the_same_second() -> None:
    """It is in force for all workers."""
    holder = LeaseHolder(0, Coordinator(2).report, Probes())
    first = ShardRecord(1, holder)
    first.observe(Paused(60.0, "rate_limit", ""))
    first.give_way()
    ShardRecord(2, holder)
    assert [paused.seconds for paused, _ in holder.report().pauses] == [60.0]
