"""Decide when failures are a matter of the whole run: a wrong prompt, a server that is down. Pure."""

from collections import Counter

from asyncgen.client.classify import REFUSED
from asyncgen.errors import AsyncgenError, BadDataError, CallFailed, Message, Phrase, Setting, TryLaterError
from asyncgen.humanize import many_of, one_of
from asyncgen.rows import ROWS

LEAST_FAILED = 30  # failures: fewer say little about a share, and cost little
ALIKE = 10  # first rows refused alike: fewer may be chance, more cost money
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
        share: the part of the finished rows that may fail; checked from the `LEAST_FAILED`-th failure on.
        alike: whether to end the run if its first rows are all refused in the same way.
        rows: the word for them in messages.
    """

    def __init__(self, most: int | None, share: float, *, alike: bool = True, rows: str = ROWS) -> None:
        self._rows = rows
        self._most = most
        self._share = share
        self._ended = 0
        self._failures: Counter[tuple[str, str]] = Counter()
        self._wanted = ALIKE if alike and most is None else 0
        self._first: dict[int, tuple[object, ...] | None] = {}

    def begin(self, index: int) -> None:
        """Count a row as begun."""
        if len(self._first) < self._wanted:
            self._first[index] = None

    def after(self, index: int, failure: CallFailed | None, *, again: bool = False) -> AsyncgenError | None:
        """Count a finished row, with its failure if any; returns the reason to end the run, or None.

        Args:
            index: of the row.
            failure: None: it has none.
            again: the row was counted before, without a failure.
        """
        # What earlier starts have made of a row, they have counted: the server may be well again.
        if failure is not None and failure.earlier:
            self._first.pop(index, None)
            return None
        self._ended += not again
        if failure is None:
            return None
        if index in self._first and failure.kind == REFUSED:
            self._first[index] = failure.step, failure.status, failure.code, failure.param
        self._failures[failure.step, failure.kind] += 1
        failed = self._failures.total()
        many = failed >= LEAST_FAILED and failed > self._share * self._ended
        if not self._all_refused() and not many and (self._most is None or failed <= self._most):
            return None
        (step, kind), number = self._failures.most_common(1)[0]
        # Rows are written in order: those behind an unfinished one are asked again.
        listed = f"failed.jsonl lists them up to the first {one_of(self._rows)} that had not ended"
        bound = "max_failed_share" if many else "max_failures"
        return reason_to_end(
            f"{failed} of {self._ended}", self._rows, (step, kind), f"{number} of them", bound, listed
        )

    def _all_refused(self) -> bool:
        """Whether the rows begun first (not those that failed fastest) were all refused alike."""
        refusals = set(self._first.values())
        return len(self._first) == self._wanted > 0 and len(refusals) == 1 and None not in refusals
