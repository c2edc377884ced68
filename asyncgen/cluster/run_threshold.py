"""Decide when failures are a matter of the whole run, from what the shards report of them. Pure.

A shard cannot: its rows may all fail where those of the others do not, as they come from one source. Nor are rows
known one by one here, but counted once a second, and the first failures of each shard by their kinds. A wrong
prompt is seen by fewer failures than a server that is down, as in one process: by the first ones, if all are
refusals of one kind, and no worker has calls in flight and nothing to tell yet: those may come to a good end.
What goes well no more is seen by the counts of two reports between which enough rows have ended.
"""

from collections import Counter, deque
from collections.abc import Collection, Mapping

from asyncgen.client.classify import REFUSED
from asyncgen.cluster.messages import WorkerReport
from asyncgen.engine.failure_threshold import ALIKE, LATEST, LEAST_FAILED, NEARLY_ALL, reason_to_end
from asyncgen.errors import AsyncgenError
from asyncgen.events import CallEnded, Event, PairFailed


class RunThreshold:
    """Knows the kinds of failures, and says when a run in shards should end.

    Args:
        most: failed rows after which one more ends the run; None: unlimited.
        share: the part of the finished rows that may fail, as for one process.
        rows: the word for them in messages.
        before: how many rows of each shard were done at the start, by its number.
    """

    def __init__(self, most: int | None, share: float, rows: str, before: Mapping[int, int]) -> None:
        self._most = most
        self._share = share
        self._rows = rows
        self._before = before
        self._failures: Counter[tuple[str, str]] = Counter()
        self._refusals: set[tuple[object, ...]] = set()
        # How many rows had ended and failed, at the report `LATEST` rows ago and at those since.
        self._counts = deque([(0, 0)])

    def observe(self, event: Event) -> None:
        """Take what a shard has told."""
        if isinstance(event, PairFailed) and not event.earlier:
            self._failures[event.step, event.kind] += 1
        elif isinstance(event, CallEnded) and event.outcome == REFUSED:
            self._refusals.add((event.step, event.status, event.code, event.param))

    def after(
        self, failed: int, ended: int, live: Collection[WorkerReport] = (), *, alone: int = 0
    ) -> AsyncgenError | None:
        """The reason to end the run, or None.

        Args:
            failed: rows that have failed in this start.
            ended: rows that have ended in it.
            live: the last report of each worker.
            alone: of the failed rows, those whose failure tells nothing of others.
        """
        failed_lately, latest = self._latest(failed - alone, ended - alone)
        lately = latest >= LATEST and failed_lately > max(self._share, NEARLY_ALL) * latest
        many = failed >= LEAST_FAILED and failed > self._share * ended
        most = self._most is not None and failed > self._most
        if not (many or most or lately or (ALIKE <= failed == ended and self._all_refused(live))):
            return None
        counts = f"{failed} of {ended}" if many or most or not lately else f"{failed_lately} of the last {latest}"
        kind = self._failures.most_common(1)[0][0] if self._failures else None
        bound = "max_failed_share" if many or lately else "max_failures"
        return reason_to_end(
            counts, self._rows, kind, "most often", bound, "failed.jsonl of the shards lists them"
        )

    def _latest(self, failed: int, ended: int) -> tuple[int, int]:
        """How many of the latest rows have failed, and how many these are."""
        # What a worker that died had not saved yet is done again.
        while self._counts and self._counts[-1][0] >= ended:
            self._counts.pop()
        self._counts.append((ended, failed))
        while len(self._counts) > 1 and self._counts[1][0] <= ended - LATEST:
            self._counts.popleft()
        ended_then, failed_then = self._counts[0]
        return failed - failed_then, ended - ended_then

    def _all_refused(self, live: Collection[WorkerReport]) -> bool:
        """Whether all that was heard is refusals of one kind, and something was of every worker that has asked."""
        asking = [(one.shard, one.sample) for one in live if one.sample is not None and one.sample.in_flight]
        heard = all(sample.done > self._before.get(shard, 0) for shard, sample in asking)
        kinds = {kind for _, kind in self._failures}
        return heard and self._most is None and kinds == {REFUSED} and len(self._refusals) == 1
