"""Add the samples of all shards up to those of one run. Pure."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace

from asyncgen.cluster.messages import ShardSample, WorkerReport
from asyncgen.cluster.shard_job import ShardEnded
from asyncgen.events import EndpointUse, LimitUse, Sample

NOTHING = Sample(
    done=0,
    failed=0,
    total=0,
    in_flight=0,
    concurrency=0,
    waiting=0,
    waiting_on=None,
    oldest=None,
    calls=0,
    refused=0,
    retried=0,
    prompt_tokens=0,
    completion_tokens=0,
    tokens=0,
    cost=None,
)
GROWING = ("calls", "refused", "retried", "prompt_tokens", "completion_tokens", "tokens", "cached")
OF_NOW = ("in_flight", "waiting")


class Totals:
    """Adds up the reports of shards.

    Args:
        pairs: rows of each shard, by its number.
        done: rows that were done at the start, and how many of them have failed, by shard.
    """

    def __init__(self, pairs: Mapping[int, int], done: Mapping[int, tuple[int, int]]) -> None:
        self._pairs = pairs
        self._before = dict(done)
        self._done = dict(done)
        self._failed_now: Counter[int] = Counter()
        self._given_up_before: Counter[int] = Counter()
        self._sessions: dict[tuple[int, str], Sample] = {}
        # By worker; between two shards it has no sample, and may use what it could before.
        self._limits: dict[int, tuple[LimitUse, ...]] = {}
        self._concurrency: dict[int, int] = {}
        self._ended: set[int] = set()

    def take(self, report: WorkerReport) -> None:
        """Add a report, of up to two shards; a later one of the same session replaces it."""
        for one in (report.former, report):
            if one is not None:
                self._count(one)

    def _count(self, report: ShardSample | WorkerReport) -> None:
        if report.sample is None or report.shard in self._ended:
            return  # the coordinator may still have a report from before the end
        self._sessions[report.shard, report.session] = report.sample
        # In a repair, after the last row, the sample counts other rows than those of the shard.
        rows, (done, _) = self._pairs[report.shard], self._done.get(report.shard, (0, 0))
        if done < rows == report.sample.total:
            self._done[report.shard] = (report.sample.done, report.sample.failed)
            self._given_up_before[report.shard] = report.sample.failed_earlier
            self._failed_now[report.shard] = report.sample.failed - self._failed_before(report.shard)

    def end(self, ended: ShardEnded) -> None:
        """End a shard with its last report, whether all its rows are done or not."""
        shard = ended.report.shard
        self.take(ended.report)
        self._ended.add(shard)
        if ended.error is None:
            self._done[shard] = (self._pairs[shard], ended.failed)
            # Rows of an earlier start that have healed now do not make up for new failures.
            self._failed_now[shard] = max(self._failed_now[shard], ended.failed - self._failed_before(shard))

    def _failed_before(self, shard: int) -> int:
        """Rows that have failed before this start, whether they were written then or not."""
        return self._before.get(shard, (0, 0))[1] + self._given_up_before[shard]

    def of_this_start(self) -> tuple[int, int]:
        """How many rows have failed for the first time in this start, and how many have ended."""
        before = sum(done for done, _ in self._before.values()) + self._given_up_before.total()
        return self._failed_now.total(), sum(done for done, _ in self._done.values()) - before

    @property
    def failed_alone(self) -> int:
        """How many of those that have failed in this start tell nothing of further rows."""
        return sum(one.failed_alone for one in self._sessions.values())

    def sample(self, live: Collection[WorkerReport]) -> Sample:
        """All shards together; `live` are the reports of those in progress."""
        sessions = list(self._sessions.values())
        for one in live:
            if one.sample is not None:
                self._concurrency[one.worker] = one.sample.concurrency
                self._limits[one.worker] = one.sample.limits or self._limits.get(one.worker, ())
        workers = {one.worker for one in live} or set(self._limits)
        now = [one.sample for one in live if one.sample is not None and one.shard not in self._ended]
        costs = [one.cost for one in sessions if one.cost is not None]
        ages = [one.oldest for one in now if one.oldest is not None]
        waits = [one.waiting_on for one in now if one.waiting_on is not None]
        return replace(
            NOTHING,
            done=sum(done for done, _ in self._done.values()),
            failed=sum(failed for _, failed in self._done.values()),
            total=sum(self._pairs.values()),
            waiting_on=max(waits, key=waits.count, default=None),
            oldest=max(ages, default=None),
            cost=sum(costs) if costs else None,
            concurrency=sum(self._concurrency.get(worker, 0) for worker in workers),
            limits=self._limits_of(workers, sessions),
            endpoints=self._endpoints(now),
            **{name: sum(getattr(one, name) for one in sessions) for name in GROWING},
            **{name: sum(getattr(one, name) for one in now) for name in OF_NOW},
        )

    def _limits_of(self, workers: Collection[int], samples: Collection[Sample]) -> tuple[LimitUse, ...]:
        """Each limit of each endpoint once: what all workers may use of it, and what all have spent."""
        spent: dict[tuple[str, str], float] = defaultdict(float)
        may: dict[tuple[str, str], float] = defaultdict(float)
        for use in (use for sample in samples for use in sample.limits):
            spent[use.endpoint, use.name] += use.spent
        for use in (use for worker in workers for use in self._limits.get(worker, ())):
            may[use.endpoint, use.name] += use.per_minute
        return tuple(
            LimitUse(name, may[endpoint, name], number, endpoint)
            for (endpoint, name), number in spent.items()
            if (endpoint, name) in may
        )

    def _endpoints(self, now: Collection[Sample]) -> tuple[EndpointUse, ...]:
        """Each endpoint once: out or at rest if it is for all, and the calls in flight of all."""
        uses: dict[str, list[EndpointUse]] = defaultdict(list)
        for use in (use for sample in now for use in sample.endpoints):
            uses[use.name].append(use)
        return tuple(
            EndpointUse(
                name=name,
                in_flight=sum(use.in_flight for use in each),
                concurrency=sum(use.concurrency for use in each),
                waiting_on=next((use.waiting_on for use in each if use.waiting_on is not None), None),
                out=each[0].out if all(use.out for use in each) else None,
                rests=all(use.rests for use in each),
            )
            for name, each in uses.items()
        )
