"""Fill batches up to what one holds, what the account may have enqueued, and the budget."""

from collections.abc import Collection

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.batch_lines import request_line
from asyncgen.client.batch_providers import BatchProvider
from asyncgen.client.encoding import Prepared
from asyncgen.cost import together
from asyncgen.limits.budget import Budget
from asyncgen.storage.batch_files import BatchFiles, BatchSpool
from asyncgen.storage.batch_records import BatchBook

BYTES_PER_TOKEN = 3.6  # of a request, until answers are measured; few, so that tokens are overestimated
MARGIN = 1.05  # the server's count varies from call to call


class Filling:
    """The batches being filled.

    `blocked` is set when a request has to wait for room in the queue or in the budget; then `lacking` is what the
    budget lacks. `too_large` is set when a request has more tokens than the account may have enqueued.

    Args:
        files: where the batches are written.
        book: knows what is enqueued already.
        provider: the limits of one batch.
        most_tokens: prompt tokens that the account may have enqueued; None: unknown.
        budget: what may be spent; None: unlimited.
    """

    def __init__(
        self,
        files: BatchFiles,
        book: BatchBook,
        provider: BatchProvider,
        most_tokens: int | None,
        budget: Budget | None,
    ) -> None:
        self._provider = provider
        self._files = files
        self._book = book
        self._budget = budget
        self._spools: list[BatchSpool] = []
        self._measured = 0.0
        self._ended: frozenset[int] = frozenset()
        self._given_most = self._most_tokens = most_tokens
        self.blocked = False
        self.lacking: Usage | None = None
        self.too_large = False

    @property
    def requests(self) -> int:
        """How many requests were collected."""
        return sum(spool.requests for spool in self._spools)

    def measure(self, request: Prepared, completion: Completion) -> None:
        """Calibrate the token estimate with an answered request."""
        share = completion.usage.prompt_tokens / len(request.body)
        self._measured = max(self._measured, share * MARGIN)

    def add(self, index: int, name: str, request: Prepared, body: bytes) -> bool:
        """Collect a request if there is room for it now.

        Args:
            index: of its row.
            name: its custom id.
            request: the prepared request.
            body: as the server expects it.
        """
        line = request_line(name, self._provider.endpoint, body)
        tokens = max(1, round(len(body) * (self._measured or 1 / BYTES_PER_TOKEN)))
        if self._given_most is not None and tokens > self._given_most:
            self.too_large = True
            return False
        if len(line) > self._provider.most_bytes:
            return False
        if not self._has_room(tokens, request.most):
            self.blocked = True
            return False
        spool = self._spools[-1] if self._spools else None
        if spool is None or self._is_full(spool, len(line)):
            numbers = [self._book.last, *(one.number for one in self._spools)]
            spool = BatchSpool(self._files, max(numbers) + 1)
            self._spools.append(spool)
        spool.add(index, name, line, tokens, request.most)
        return True

    def take(self, *, full: bool) -> list[BatchSpool]:
        """Take the batches to send: all, or only those that are `full`."""
        taken = self._spools[:-1] if full else self._spools
        self._spools = self._spools[len(taken) :]
        return taken

    def discard(self) -> None:
        """Discard what was collected."""
        for spool in self.take(full=False):
            spool.discard()

    def narrow(self, most_tokens: int) -> None:
        """Lower what the account may have enqueued, after the server refused a batch."""
        self._most_tokens = max(1, most_tokens)

    def unblock(self, ended: Collection[int]) -> None:
        """Look for room again: these batches have ended and are no longer enqueued."""
        self.blocked, self.lacking, self._ended = False, None, frozenset(ended)

    def _is_full(self, spool: BatchSpool, more: int) -> bool:
        most = self._provider
        return spool.requests >= most.most_requests or spool.size + more > most.most_bytes

    def _has_room(self, tokens: int, most: Usage) -> bool:
        waiting = [batch.tokens for number, batch in self._book.open.items() if number not in self._ended]
        enqueued = sum(waiting) + sum(spool.tokens for spool in self._spools)
        if self._most_tokens is not None and enqueued and enqueued + tokens > self._most_tokens:
            return False
        collected = together(NO_USAGE, *(spool.most for spool in self._spools))
        if self._budget is not None and not self._budget.covers(together(collected, most), batch=True):
            self.lacking = most
            return False
        return True
