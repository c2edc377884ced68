"""Handing out shards, with workers that are played. On a virtual clock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from asyncgen.chat import Adaptation, Findings
from asyncgen.cluster.driver import Driver
from asyncgen.cluster.messages import News, WorkerReport
from asyncgen.cluster.run_threshold import RunThreshold
from asyncgen.cluster.shard_job import ShardEnded
from asyncgen.cluster.totals import Totals
from asyncgen.errors import AsyncgenError, BadDataError, Interrupted, KeyOrQuotaError, TryLaterError
from asyncgen.events import Event, Notice, PairFailed, Paused, Sample
from asyncgen.shard import Portion, Shard

from .helpers import report

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
KNOWN = Adaptation("", "paraphrase", ("max_tokens", "top_p"), "top_p", None)
SHARDS = [Portion(Shard(number, 5), 50) for number in range(1, 6)]


class Fleet:
    """Workers that take `seconds` for a shard, and a `tail` for its last calls; an error ends both at once."""

    workers = 2

    def __init__(self, seconds: Callable[[int, Portion], float]) -> None:
        self._seconds = seconds
        self._stopped = asyncio.Event()
        self._why: AsyncgenError | None = None
        self.given: list[tuple[int, int]] = []
        self.left: list[int] = []
        self.reports: list[WorkerReport] = []
        self.news: list[News] = []
        self.failing: dict[int, AsyncgenError] = {}
        self.failed = 0
        self.away = False
        self.tail = 0.0
        self.dead: AsyncgenError | None = None

    async def begin(self, worker: int, portion: Portion) -> None:
        if self.dead is not None:
            raise self.dead
        self.given.append((worker, portion.shard.number))
        await self._wait(self._seconds(worker, portion))

    async def finish(self, worker: int, portion: Portion) -> ShardEnded:
        await self._wait(self.tail)
        error = self._why or self.failing.get(portion.shard.number)
        done = report(portion.shard.number, worker=worker, done=portion.size, total=portion.size, calls=30)
        return ShardEnded(self.failed, done, error)

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopped.wait()

    async def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]] | None:
        if self.away:
            return None
        if stop is not None:
            self._why = stop
            self._stopped.set()
        return self.reports, self.news

    async def leave(self, worker: int) -> None:
        self.left.append(worker)


def driver_of(
    fleet: Fleet, events: list[Event], most_failures: int | None = None, shards: list[Portion] = SHARDS
) -> Driver:
    """Of five shards, or of others."""

    async def flush() -> None:
        pass

    totals = Totals({portion.shard.number: portion.size for portion in shards}, {})
    threshold = RunThreshold(most_failures, 0.5, "MEDEC pairs", {})
    return Driver(fleet, totals, events.append, flush, threshold, "m", [KNOWN])


async def test_a_slow_worker_does_not_hold_up_the_rest():
    """Whoever is free takes the next shard, and who has nothing more to do gives its share back."""
    fleet, events = Fleet(lambda worker, _: 100.0 if worker == 0 else 20.0), []
    await driver_of(fleet, events).run(SHARDS)
    assert fleet.given == [(0, 1), (1, 2), (1, 3), (1, 4), (1, 5)]
    assert fleet.left == [1, 0]
    last = events[-1]
    assert isinstance(last, Sample)
    assert (last.done, last.total, last.calls) == (50, 50, 150)


async def test_a_shard_begins_while_the_last_calls_of_the_former_one_are_in_flight():
    """But not a third one: the next begins when the first has ended."""
    fleet, events = Fleet(lambda worker, _: 10.0 if worker == 0 else 1000.0), []
    fleet.tail = 15.0
    running = asyncio.create_task(driver_of(fleet, events).run(SHARDS[:4]))
    await asyncio.sleep(19)
    assert fleet.given == [(0, 1), (1, 2), (0, 3)]
    await asyncio.sleep(7)  # the first has ended at 25
    assert fleet.given == [(0, 1), (1, 2), (0, 3), (0, 4)]
    await running
    last = events[-1]
    assert isinstance(last, Sample)
    assert (last.done, last.calls) == (40, 120)


async def test_a_worker_that_cannot_be_kept_alive_ends_the_run():
    """With the reason, when the shard that it has at work has ended too."""
    fleet, events = Fleet(lambda *_: 5.0), []
    asyncio.get_running_loop().call_later(3, setattr, fleet, "dead", TryLaterError("it died ten times"))
    with pytest.raises(TryLaterError, match="ten times"):
        await driver_of(fleet, events).run(SHARDS)
    assert fleet.given == [(0, 1), (1, 2)]
    assert fleet.left == [0, 1]


async def test_a_shard_that_ends_early_stops_all_and_its_reason_is_raised():
    """No shard is begun after those that begin at that moment."""
    fleet, events = Fleet(lambda *_: 5.0), []
    fleet.failing = {2: KeyOrQuotaError("no credit")}
    with pytest.raises(KeyOrQuotaError, match="no credit"):
        await driver_of(fleet, events).run(SHARDS)
    assert len(fleet.given) == 4


async def test_the_last_word_of_a_shard_that_ends_early_counts():
    """Not what the coordinator still has of it, which is looked at as soon as all are to stop."""
    fleet, events = Fleet(lambda *_: 5.0), []
    fleet.failing = {2: KeyOrQuotaError("no credit")}
    fleet.reports = [report(2, worker=1, done=4, total=10, calls=12, in_flight=4)]
    with pytest.raises(KeyOrQuotaError):
        await driver_of(fleet, events).run(SHARDS[:2])
    last = events[-1]
    assert isinstance(last, Sample)
    assert (last.done, last.calls, last.in_flight) == (20, 60, 0)


async def test_the_first_wish_to_stop_counts_and_is_passed_on_at_once():
    """Also when the coordinator is away for a while."""
    fleet, events = Fleet(lambda *_: 1000.0), []
    driver = driver_of(fleet, events)
    fleet.away = True
    loop = asyncio.get_running_loop()
    loop.call_later(10.2, driver.stop, Interrupted("enough"))
    loop.call_later(10.3, driver.stop, BadDataError("later"))
    loop.call_later(14.0, setattr, fleet, "away", False)
    with pytest.raises(Interrupted, match="enough"):
        await driver.run(SHARDS)
    assert loop.time() < 17


async def test_a_new_process_a_pause_and_news_are_told_once():
    """What a person should hear of."""
    fleet, events = Fleet(lambda *_: 10.0), []
    driver = driver_of(fleet, events)
    loop = asyncio.get_running_loop()
    fleet.reports = [report(1, session="first")]
    paused = WorkerReport(0, 1, "second", 1.0, 1.0, ((Paused(100.0, "rate_limit"), 99.0),))
    loop.call_later(2.5, setattr, fleet, "reports", [paused])
    pauses = ((Paused(100.0, "rate_limit"), 98.0), (Paused(9.0, "rate_limit", "b"), 9.0))
    loop.call_later(3.5, setattr, fleet, "reports", [WorkerReport(0, 1, "second", 1.0, 1.0, pauses)])
    loop.call_later(4.5, setattr, fleet, "reports", [])
    fleet.news = [News("a", Notice("look", warning=True))]  # each time: reports that were not answered arrive late
    await driver.run(SHARDS[:1])
    paused_at = [(event.seconds, event.endpoint) for event in events if isinstance(event, Paused)]
    assert paused_at == [(100.0, ""), (9.0, "b")]
    told = [event.text for event in events if isinstance(event, Notice)]
    assert "The process of worker 1 has died; shard 1 resumes from its checkpoint" in told
    assert told.count("look") == 1


async def test_what_was_reported_just_before_the_end_is_told():
    """The worker has got rid of it, and the next look would have been half a second later."""

    class LastWord(Fleet):
        async def finish(self, worker: int, portion: Portion) -> ShardEnded:
            self.news = [News("a", Notice("look", warning=True))]
            return await super().finish(worker, portion)

    events: list[Event] = []
    await driver_of(LastWord(lambda *_: 0.5), events).run(SHARDS[:1])
    assert [event.text for event in events if isinstance(event, Notice)] == ["look"]


async def test_too_many_failed_pairs_of_all_shards_stop_the_run():
    """As they do in a run of one process."""
    fleet, events = Fleet(lambda *_: 5.0), []
    fleet.failed = 3
    with pytest.raises(BadDataError, match=r"6 of 20 pairs failed: .* starts over, with restart=True"):
        await driver_of(fleet, events, most_failures=5).run(SHARDS)


@pytest.mark.parametrize(
    ("kind", "error"), [("server_error", TryLaterError), ("refusal", BadDataError)], ids=["server", "prompts"]
)
async def test_too_large_a_share_of_failed_pairs_stops_the_run_though_no_shard_has_enough(kind, error):
    """One process looks at all rows; it ends like that, whether its rows or the server are to blame."""
    fleet, events = Fleet(lambda *_: 5.0), []
    fleet.failed = 7
    fleet.news = [News("a", PairFailed(0, "note", "paraphrase", kind, 1))]
    with pytest.raises(error, match=r"35 of 50 pairs failed, most often with"):
        await driver_of(fleet, events).run(SHARDS)


@pytest.mark.parametrize("alone", [0, 600])
async def test_what_went_well_ends_when_it_goes_well_no_more_but_for_what_each_row_is_to_blame_for(alone):
    """The latest rows are those between two reports; that rows are too long tells nothing of others."""
    shards = [Portion(Shard(number, 2), 40_000) for number in (1, 2)]
    fleet, events = Fleet(lambda *_: 60.0), []
    fleet.reports = [report(1, done=9000, total=20_000)]
    running = asyncio.create_task(driver_of(fleet, events, shards=shards).run(shards))
    await asyncio.sleep(5)
    fleet.reports = [report(1, done=9600, failed=600, failed_alone=alone, total=20_000)]
    await asyncio.sleep(5)
    assert running.done() == (not alone)
    if not alone:
        with pytest.raises(BadDataError, match="600 of the last 600 pairs failed"):
            await running
    await asyncio.gather(running, return_exceptions=True)


async def test_what_a_model_does_not_take_is_said_once():
    """However many workers say it, of however many steps; not what an earlier start has said."""
    fleet, events = Fleet(lambda *_: 5.0), []
    new = [replace(KNOWN, step=step, name="max_tokens", renamed="max_completion_tokens") for step in ("a", "b")]
    fleet.reports = [
        report(shard, worker=shard - 1, findings=Findings((KNOWN, one))) for shard, one in enumerate(new, 1)
    ]
    await driver_of(fleet, events).run(SHARDS)
    said = [event.text for event in events if isinstance(event, Notice)]
    assert said == ["Model m takes max_completion_tokens for max_tokens: sent so"]


async def test_the_early_end_of_a_shard_is_heard_while_the_last_call_of_the_one_before_is_in_flight() -> None:
    """Other workers would go on sending meanwhile: an attempt may take two minutes, with flex fifteen."""
    loop = asyncio.get_running_loop()
    heard: list[float] = []

    class FirstIsLate(Fleet):
        async def finish(self, worker: int, portion: Portion) -> ShardEnded:
            await asyncio.sleep(120 if portion.shard.number == 1 else 1)
            return await super().finish(worker, portion)

        async def overlook(self, stop: AsyncgenError | None) -> tuple[list[WorkerReport], list[News]] | None:
            if stop is not None:
                heard.append(loop.time() - begun)
            return await super().overlook(stop)

    fleet = FirstIsLate(lambda worker, _: 1 if worker == 0 else 900)
    fleet.failing[3] = KeyOrQuotaError("out of quota")
    begun = loop.time()
    with pytest.raises(KeyOrQuotaError):
        await driver_of(fleet, []).run(SHARDS)
    assert heard[0] < 10
