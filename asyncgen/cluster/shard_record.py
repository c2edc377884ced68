"""The events of one shard of a worker: reported by the lease holder while it is the newest, then on their own."""

from dataclasses import replace

from asyncgen.cluster.lease_holder import LeaseHolder
from asyncgen.cluster.messages import ShardSample, WorkerReport
from asyncgen.events import Event, Sample


class ShardRecord:
    """The events of one shard.

    Args:
        shard: its number.
        holder: of the worker's lease; its shard is this one from now on.
    """

    def __init__(self, shard: int, holder: LeaseHolder) -> None:
        holder.begin(shard)
        self._shard = shard
        self._holder = holder
        self._session = holder.session
        self._former = False
        self._last: Sample | None = None

    def observe(self, event: Event) -> None:
        """Record an event of the shard's run."""
        if isinstance(event, Sample):
            if self._former and self._last is not None:
                # Both shards spend the limits, which count for the new one.
                event = replace(event, limits=self._last.limits)
            self._last = event
            if self._former:
                self._holder.take_former(ShardSample(self._shard, self._session, event))
                return
        self._holder.observe(event)

    def give_way(self) -> None:
        """Let another shard begin: this one has few rows left."""
        self._former = True

    def report(self) -> WorkerReport:
        """The last report about the shard."""
        report = self._holder.report()
        if not self._former:
            return report
        # Everything else is reported with the newest shard.
        return replace(report, shard=self._shard, session=self._session, sample=self._last)
