"""Rounds of batches: collect the requests of rows, submit them, wait, take the answers; until none is left.

Rules:

1. A row is run against the journal to its first unknown calls; the coroutine is dropped there. Its requests are
   collected on disk. So memory holds no row, however many there are.
2. Answers of a batch are taken in a pass over the rows, by running them again: a row whose call is answered goes
   on to its next one, which is collected in the same pass.
3. A batch is closed when all its rows have had their turn. Until then it holds its requests.
4. When the rounds are over, every answer is in the journal, and an ordinary pass over the rows writes the files.
   If they end early, it writes those up to the first call without an answer.
"""

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from asyncgen.chat import NO_USAGE, Usage
from asyncgen.client.batch_lines import judge_batch
from asyncgen.client.batch_providers import batch_provider, check_usable
from asyncgen.client.batch_server import INVALID_BODY, BatchServer, BatchServerError, BatchState
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.outages import rejection, said
from asyncgen.cost import less
from asyncgen.engine.batch.asker import BatchAsker, Finished, Key
from asyncgen.engine.batch.batch_downloads import BatchDownloads
from asyncgen.engine.batch.batch_watch import BatchWatch
from asyncgen.engine.batch.delivery import BatchTiming, Delivery, no_batch_api
from asyncgen.engine.batch.filling import Filling
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.engine.batch.row_passes import RowPasses, Rows
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.errors import (
    BadDataError,
    CallFailed,
    Message,
    Phrase,
    Setting,
    Stopping,
    TryLaterError,
)
from asyncgen.events import TAKEN, Notice
from asyncgen.humanize import plural
from asyncgen.storage.batch_files import BatchFiles, BatchSpool
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory

if TYPE_CHECKING:
    from asyncgen.engine.pool import Engine

MOST_IN_VAIN = 3  # batches in a row without any answer: a fourth is hardly better
TOKEN_LIMIT = "token_limit_exceeded"  # noqa: S105 - OpenAI's code for a full queue


class BatchRounds:
    """The rounds of one phase of a run.

    Args:
        engine: of the run.
        journal: holds the answers, and the batches.
        directory: the output directory.
        client: makes ordinary calls, and judges answers.
        server: processes the batches.
        rows: the rows of the phase.
        threshold: says when too many rows fail.
        timing: how often to look, and how long to search.
        generation: of the answers.
    """

    def __init__(
        self,
        engine: "Engine",
        journal: Journal,
        directory: RunDirectory,
        client: ChatClient,
        server: BatchServer,
        rows: Rows,
        threshold: FailureThreshold,
        timing: BatchTiming,
        generation: int = 0,
    ) -> None:
        config, gate, observe = engine.config, engine.gate, engine.tell
        self._engine = engine
        self._config = config
        self._journal = journal
        self._directory = directory
        self._server = server
        self._observe = observe
        self._files = BatchFiles(directory)
        self._provider = batch_provider(config.endpoints[0].base_url)
        self._ask = Persistence(config, gate)
        self._delivery = Delivery(journal, self._files, server, self._ask, gate, observe, timing)
        self._watch = BatchWatch(journal, server, self._ask, self._delivery, gate, observe, timing)
        self._filling = (
            Filling(self._files, journal.batches, self._provider, config.batch_tokens, gate.budget)
            if config.batch
            else None
        )
        self._downloads = BatchDownloads(self._files, server, self._ask, observe, timing)
        self._asker = BatchAsker(config, client, journal, self._filling)
        self._passes = RowPasses(
            engine.recipe,
            rows,
            self._asker,
            self._filling,
            journal,
            threshold,
            observe,
            config.pair_timeout,
            generation,
            engine.cache,
        )
        self._in_vain = 0
        self._narrowed = False
        self._told_too_large = False

    @property
    def given_up(self) -> dict[Key, CallFailed]:
        """The failures of the calls that were given up in them."""
        return self._asker.given_up

    async def work(self) -> None:
        """Go through the rounds.

        Raises:
            AsyncgenError: the reason they end early; batches at the server go on.
            Stopping: the run is stopping.
        """
        try:
            await self._begin()
            while True:
                taken = await self._take()
                if not await self._send(taken):
                    await self._files.disk.call(self._files.sync_names)
                    return
                if self._config.batch_detach and self._filling is not None:
                    raise TryLaterError(
                        self._at_the_server(),
                        "; everything is saved: ",
                        Phrase.SAME,
                        " collects what has come by then",
                    )
                await self._watch.wait()
        except Stopping:
            if self._journal.batches.open:
                left = Message(self._at_the_server(), "; ", Phrase.SAME, " collects what has come by then")
                self._observe(Notice(left))
            raise
        finally:
            if self._filling is not None:
                self._filling.discard()

    async def _begin(self) -> None:
        """Find out whether the server has a Batch API, and the state of the batches of earlier starts."""
        if self._filling is not None:
            check_usable(self._provider)
            try:
                await self._ask.ask(self._first_page)
            except BatchServerError as error:
                raise no_batch_api(said(error.failure)) from error
        await self._recover()
        await self._watch.look()

    async def _first_page(self) -> None:
        """Ask for the list of batches.

        Raises:
            UsageError: the answer is no such list. Where batches are open, the server has had one: it is retried.
        """
        try:
            await self._server.page("", 1)
        except BatchServerError as error:
            if error.failure.kind == INVALID_BODY and not self._journal.batches.open:
                raise no_batch_api("it answers with no list of batches") from error
            raise

    # Batches of earlier starts

    async def _recover(self) -> None:
        """Continue the batches of earlier starts."""
        book = self._journal.batches
        place = str(self._files.disk.inode(self._directory.path))
        if book.place and book.place != place and book.open and not self._config.batch_adopt:
            raise BadDataError(
                f"this directory is a copy: {plural(len(book.open), 'batch')} at the server "
                f"{'belongs' if len(book.open) == 1 else 'belong'} to the original. "
                "Continue there, or take the answers here with ",
                Setting("batch_adopt", True),
            )
        if not book.directory or (book.place != place and not book.open):
            book.directory = new_id()
        if book.place != place:
            book.place = place
            self._journal.batch_book()
        self._files.keep_only(set(book.open))
        for batch in list(book.open.values()):
            await self._go_on_with(batch)

    async def _go_on_with(self, batch: OpenBatch) -> None:
        self._asker.enqueued[batch.number] = await self._downloads.members(batch)
        if self._filling is not None:
            if not batch.id:
                self._watch.states[batch.number] = await self._delivery.bring(batch, searched=not batch.file)
            return
        state = None
        if batch.file and not batch.id and (state := await self._delivery.find(batch)) is not None:
            await self._delivery.adopt(batch, state)
        if not batch.id and state is None:
            await self._close(batch, NO_USAGE)
            return
        batch = self._journal.batches.open[batch.number]
        await self._delivery.cancel(batch.id)
        self._observe(
            Notice(
                Message(
                    f"Batch {batch.number} is cancelled, as the run continues without ",
                    Setting("batch", True),
                    "; what it has answered is taken",
                )
            )
        )

    # Taking

    async def _take(self) -> bool:
        """Take the answers that have come, in a pass over the rows; returns whether there were any.

        Raises:
            AsyncgenError: one says that key or account are refused, or too many rows fail.
        """
        asker, filling = self._asker, self._filling
        ended = self._watch.ended
        if filling is not None:
            filling.unblock(ended)
            self._narrow(ended)
        asker.finished = [await self._fetch(number) for number in sorted(ended)]
        if filling is not None or asker.finished:
            await self._passes.run(self._send_full)
        for one in asker.finished:
            await self._finish(one)
        asker.finished = []
        if asker.reason is not None:  # only now: a batch left open would say the same to every later start
            raise asker.reason
        return bool(ended)

    def _narrow(self, ended: list[int]) -> None:
        """Submit less at once if the account may have less enqueued than was sent."""
        for number in ended:
            batch = self._journal.batches.open[number]
            if self._is_too_large(batch, self._watch.states[number]) and self._filling is not None:
                self._filling.narrow(batch.tokens // 2)
                text = (
                    f"Batch {number} is more than the account may have enqueued: its requests go in smaller ones ("
                )
                self._observe(Notice(Message(text, Setting("batch_tokens"), " says how much that is)")))

    @staticmethod
    def _is_too_large(batch: OpenBatch, state: BatchState) -> bool:
        """Whether a batch was refused for its size; one with a single request cannot be cut smaller."""
        return TOKEN_LIMIT in state.problems and batch.requests > 1

    async def _fetch(self, number: int) -> Finished:
        batch, members = self._journal.batches.open[number], self._asker.enqueued.pop(number)
        return await self._downloads.results(batch, self._watch.states[number], members)

    async def _finish(self, one: Finished) -> None:
        """Close a batch whose answers are in the journal."""
        batch, state = self._journal.batches.open[one.number], one.state
        lost = less(batch.most, one.unworked)
        worked = state.completed
        handed_over = state.status == "failed" or (
            state.status != "completed" and worked is not None and worked <= one.results.answered
        )
        if handed_over or not lost.total_tokens:
            lost = NO_USAGE
        await self._close(batch, lost)
        self._count(batch, one)

    async def _close(self, batch: OpenBatch, lost: Usage) -> None:
        """Record durably that no more results of a batch come, before its files are removed."""
        await self._journal.make_durable()  # answers in an earlier segment
        self._journal.batch_closed(batch.number, lost)
        await self._journal.make_durable()
        self._files.remove(batch.number)
        self._asker.enqueued.pop(batch.number, None)
        state = self._watch.states.pop(batch.number, BatchState(batch.id, TAKEN))
        self._delivery.tell(batch, replace(state, status=TAKEN))

    def _count(self, batch: OpenBatch, one: Finished) -> None:
        """Count batches without any result; too many in a row end the rounds, as does what concerns all calls."""
        state, asker = one.state, self._asker
        if one.results.lines:
            self._in_vain = 0
            return
        if asker.reason is not None or self._filling is None or self._is_too_large(batch, state):
            return
        failure = judge_batch(state.problems)
        if failure is not None:
            asker.reason = rejection(failure, self._config, self._config.endpoints[0])
            return
        if state.completed and not (one.gone or one.results.found):
            text = (
                f"the server counts {plural(state.completed, 'answer')} in batch {batch.number}, and hands out "
                "none of them as OpenAI does. They may be billed, and so would the next batch be: "
            )
            message = Message(text, Phrase.SAME)
            asker.reason = BadDataError(message, " without ", Setting("batch", True), " asks one call at a time")
            return
        self._in_vain += 1
        problems = ["refused for rate or overload"] if one.results.refused else dict.fromkeys(state.problems)
        why = f" ({', '.join(problems)})" if problems else ""
        text = f"Batch {batch.number} came back without an answer: {state.status}{why}"
        if self._in_vain >= MOST_IN_VAIN:
            text = f"{text}, as {MOST_IN_VAIN - 1} before it; everything paid is saved: "
            asker.reason = TryLaterError(text, Phrase.AGAIN)
            return
        self._observe(Notice(f"{text}; its requests are sent again", warning=True))

    # Sending

    async def _send_full(self) -> None:
        if self._filling is not None:
            for spool in self._filling.take(full=True):
                await self._send_one(spool)

    async def _send_one(self, spool: BatchSpool) -> None:
        self._asker.enqueued[spool.number] = spool.members
        self._watch.states[spool.number] = await self._delivery.send(spool)

    async def _send(self, taken: bool) -> bool:
        """Submit what was collected; returns whether there is anything to wait for.

        Raises:
            BudgetError: the budget covers no further request.
        """
        filling, book = self._filling, self._journal.batches
        if filling is None:
            return bool(book.open)
        if filling.too_large and not self._told_too_large:
            self._told_too_large = True
            text = " lets the account enqueue: they are asked one by one, at the full price"
            self._observe(
                Notice(
                    Message("Some requests have more tokens than ", Setting("batch_tokens"), text), warning=True
                )
            )
        if 0 < filling.requests <= self._config.batch_finish and not filling.blocked:
            filling.discard()
            self._passes.forget_waiting()
            return bool(book.open)
        for spool in filling.take(full=False):
            await self._send_one(spool)
        lacking = filling.lacking
        if lacking is not None and not book.open and not taken:
            self._check_budget(lacking)
        if book.open and lacking is not None and not self._narrowed:
            self._narrowed = True  # reported once: each later batch is smaller still
            enqueued = plural(sum(batch.requests for batch in book.open.values()), "request")
            text = (
                f"The budget covers {enqueued} at once, at their highest cost: the others follow when these are "
                "back, and each batch may take its day; a larger budget sends more together"
            )
            self._observe(Notice(text, warning=True))
        return bool(book.open) or filling.blocked

    def _check_budget(self, most: Usage) -> None:
        """End where the budget lacks so much, now that some batches may have been closed."""
        budget = self._engine.gate.budget
        if budget is not None and not budget.covers(most, batch=True):
            raise self._engine.exhausted(self._journal, budget.shortfall(most, batch=True))

    def _at_the_server(self) -> str:
        found = self._journal.batches.open.values()
        requests = plural(sum(batch.requests for batch in found), "request")
        are = "is" if len(found) == 1 else "are"
        return f"{plural(len(found), 'batch')} with {requests} {are} at the server"


def new_id() -> str:
    """A new, unique id for a directory."""
    return os.urandom(16).hex()
