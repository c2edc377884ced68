"""Decide when failures are a matter of the whole run: a wrong prompt, a server that is down. Pure."""

from collections import Counter, deque

from asyncgen.client.classify import OF_ITS_LIMITS, REFUSED
from asyncgen.errors import AsyncgenError, BadDataError, CallFailed, Message, Phrase, Setting, TryLaterError
from asyncgen.humanize import many_of, one_of
from asyncgen.rows import ROWS

LEAST_FAILED = 30  # failures: fewer say little about a share, and cost little
ALIKE = 10  # first rows refused alike: fewer may be chance, more cost money
LATEST = 500  # finished rows: enough to tell chance from a server or a model that has changed, and few to pay for
NEARLY_ALL = 0.95  # of these: what chance makes of a run of whose rows nine of ten may fail stays below
OF_THE_ROW = OF_ITS_LIMITS | {"content_filter", "refusal"}
"""Kinds of failure that tell nothing of other rows, but for their neighbours."""
OF_THE_SERVER = {"connection", "timeout", "deadline", "server_error", "conflict", "invalid_body"}
NOT_HEALTHY = Message(
    "the server is not healthy, or is not at ", Setting("base_url"), "; wait, then ", Phrase.AGAIN
)


def reason_to_end(
    counts: str, rows: str, failure: tuple[str, str] | None, how_many: str, bound: str, listed: str
) -> AsyncgenError:
    """The reason to end a run whose rows fail.

    Args:
        counts: how many have failed, of how many.
        rows: the word for them.
        failure: the step and kind of the most frequent failure, as far as it is known.
        how_many: in words, how many failures were of that kind.
        bound: the setting that allows more.
        listed: where they are.
    """
    step, kind = failure or ("", "")
    with_it = f", {how_many} with {kind} ({step})" if failure else ""
    reason = f"{counts} {many_of(rows)} failed{with_it}: "
    more = " (", Setting(bound), f" allows more); {listed}"
    if kind in OF_THE_SERVER:
        return TryLaterError(reason, NOT_HEALTHY, *more)
    return BadDataError(reason, Phrase.CHECK, "; ", Phrase.START_OVER, *more)


class FailureThreshold:
    """Counts failed rows, and says when the run should end.

    Args:
        most: failed rows after which one more ends the run; None: unlimited.
        share: the part of the finished rows that may fail; checked from the `LEAST_FAILED`-th failure on. Where it
            is not all of them, the run ends also when `NEARLY_ALL` of the `LATEST` ones fail, or more than this
            part, of those whose failure would tell something of others.
        alike: whether to end the run if its first rows are all refused in the same way.
        rows: the word for them in messages.
    """

    def __init__(self, most: int | None, share: float, *, alike: bool = True, rows: str = ROWS) -> None:
        self._rows = rows
        self._most = most
        self._share = share
        self._ended = 0
        self._failures: Counter[tuple[str, str]] = Counter()
        self._latest: deque[tuple[str, str] | None] = deque(maxlen=LATEST)
        self._failed_lately = 0
        self._wanted = ALIKE if alike and most is None else 0
        self._first: dict[int, tuple[object, ...] | None] = {}

    def begin(self, index: int) -> None:
        """Count a row as begun."""
        if len(self._first) < self._wanted:
            self._first[index] = None

    def after(
        self, index: int, failure: CallFailed | None, *, again: bool = False, waits: bool = False
    ) -> AsyncgenError | None:
        """Count a finished row, with its failure if any; returns the reason to end the run, or None.

        Args:
            index: of the row.
            failure: None: it has none.
            again: the row was counted before, without a failure.
            waits: it has not ended yet, but is counted as one that has not failed.
        """
        # What earlier starts have made of a row, they have counted: the server may be well again.
        if failure is not None and failure.earlier:
            self._first.pop(index, None)
            return None
        self._ended += not again
        if not waits:
            self._take_latest(failure)
        if failure is None:
            return None
        if index in self._first and failure.kind == REFUSED:
            self._first[index] = failure.step, failure.status, failure.code, failure.param
        self._failures[failure.step, failure.kind] += 1
        failed = self._failures.total()
        many = failed >= LEAST_FAILED and failed > self._share * self._ended
        lately = len(self._latest) == LATEST and self._failed_lately > max(self._share, NEARLY_ALL) * LATEST
        too_many = self._most is not None and failed > self._most
        if not (self._all_refused() or many or too_many or lately):
            return None
        failures, counts = self._failures, f"{failed} of {self._ended}"
        if lately and not (many or too_many):
            failures, counts = Counter(filter(None, self._latest)), f"{self._failed_lately} of the last {LATEST}"
        (step, kind), number = failures.most_common(1)[0]
        # Rows are written in order: those behind an unfinished one are asked again.
        listed = f"failed.jsonl lists them up to the first {one_of(self._rows)} that had not ended"
        bound = "max_failed_share" if many or lately else "max_failures"
        return reason_to_end(counts, self._rows, (step, kind), f"{number} of them", bound, listed)

    def _take_latest(self, failure: CallFailed | None) -> None:
        """Keep how a finished row ended, if it tells something of others, instead of the oldest one."""
        if failure is not None and failure.kind in OF_THE_ROW:
            return
        if len(self._latest) == LATEST:
            self._failed_lately -= self._latest[0] is not None
        self._latest.append(None if failure is None else (failure.step, failure.kind))
        self._failed_lately += failure is not None

    def _all_refused(self) -> bool:
        """Whether the rows begun first (not those that failed fastest) were all refused alike."""
        refusals = set(self._first.values())
        return len(self._first) == self._wanted > 0 and len(refusals) == 1 and None not in refusals
