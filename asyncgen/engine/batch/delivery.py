"""Submit requests to the server as a batch, so that a crash at any point leaves them in exactly one.

Rules:

1. The journal records each step durably before it is done; see `batch_records`.
2. A batch that may have been created without our learning of it is searched for, by its metadata and its input
   file, for as long as a server may take to list it; only then is it created again.
3. An upload whose outcome is unknown is repeated: a file costs nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from asyncgen.client.batch_server import BatchServer, BatchServerError, BatchState
from asyncgen.client.outages import said
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.errors import BadDataError, Message, Phrase, Setting, TryLaterError, UsageError
from asyncgen.events import BatchChanged, Observer
from asyncgen.limits.gate import Gate
from asyncgen.storage.batch_files import BatchFiles, BatchSpool
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal

T = TypeVar("T")
SENDING = "sending"
PAGE = 100  # batches: as many as the API lists at once
MOST_PAGES = 50  # 5,000 batches, the newest first: ours is not older than its file
CREATES = 5  # in all, each after a search in vain; more are unlikely to help


@dataclass(frozen=True, slots=True)
class BatchTiming:
    """Seconds: before the first looks at a batch and, growing, later ones; and how long to search for one.

    A server may take that long to list a batch that it has created, or to hand out what one has.
    """

    first_look: float = 5.0
    longest: float = 60.0
    search: float = 60.0


class Delivery:
    """Submits batches.

    Args:
        journal: records each step.
        files: holds the requests.
        server: receives them.
        ask: retries transient failures.
        gate: ends waits when the run stops.
        observe: called with each change of a batch.
        timing: how long to search.
    """

    def __init__(
        self,
        journal: Journal,
        files: BatchFiles,
        server: BatchServer,
        ask: Persistence,
        gate: Gate,
        observe: Observer,
        timing: BatchTiming,
    ) -> None:
        self._journal = journal
        self._files = files
        self._server = server
        self._ask = ask
        self._gate = gate
        self._observe = observe
        self._timing = timing

    async def send(self, spool: BatchSpool) -> BatchState:
        """Submit collected requests as a new batch.

        Raises:
            BadDataError: the server refuses it.
        """
        await self._files.disk.call(spool.seal)
        batch = OpenBatch(spool.number, spool.requests, spool.size, spool.tokens, spool.most)
        self._journal.batch(batch)
        await self._journal.make_durable()
        return await self.bring(batch)

    async def bring(self, batch: OpenBatch, *, searched: bool = True) -> BatchState:
        """Continue the submission of a batch from the last recorded step.

        Args:
            batch: its state in the journal.
            searched: it cannot exist at the server yet, so need not be searched for.
        """
        if not batch.file:
            batch = await self._upload(batch)
        return await self._created(batch, searched=searched)

    async def find(self, batch: OpenBatch) -> BatchState | None:
        """Search for a batch that may exist at the server; if there are several, cancel the others.

        Returns None once the server has had its time to list it.

        Raises:
            TryLaterError: the server refuses to list its batches.
        """
        clock = asyncio.get_running_loop().time
        end, wait = clock() + self._timing.search, self._timing.first_look
        while True:
            try:
                found = await self._ask.ask(lambda: self._listed(batch))
            except BatchServerError as error:
                raise unclear(batch, "does not list its batches", error) from error
            if found:
                first, *others = sorted(found, key=lambda one: (one.created, one.id))
                for other in others:
                    await self.cancel(other.id)
                return first
            left = end - clock()
            if left <= 0:
                return None
            await self._gate.backoff(min(wait, left))
            wait = min(2 * wait, self._timing.longest)

    async def adopt(self, batch: OpenBatch, state: BatchState) -> None:
        """Record the server's id of the batch."""
        batch = replace(batch, id=state.id)
        self._journal.batch(batch)
        await self._journal.make_durable()
        self._files.disk.unlink(self._files.requests(batch.number))
        self.tell(batch, state)

    async def cancel(self, batch_id: str) -> None:
        """Ask the server to cancel a batch; one that has ended stays as it is."""
        try:
            await self._ask.ask(lambda: self._server.cancel(batch_id))
        except BatchServerError:
            return  # it has ended or is gone, which its next status shows

    def tell(self, batch: OpenBatch, state: BatchState) -> None:
        """Report the state of a batch to the observer."""
        self._observe(
            BatchChanged(
                batch.number, state.id, state.status, batch.requests, state.completed or 0, state.failed or 0
            )
        )

    async def _upload(self, batch: OpenBatch) -> OpenBatch:
        path = self._files.requests(batch.number)
        self._observe(BatchChanged(batch.number, "", SENDING, batch.requests, 0, 0))
        try:
            file = await self._refusable(lambda: self._server.upload(path, batch.size))
        except BatchServerError as error:
            raise no_batch_api(said(error.failure)) from error
        batch = replace(batch, file=file)
        self._journal.batch(batch)
        await self._journal.make_durable()
        return batch

    async def _created(self, batch: OpenBatch, *, searched: bool) -> BatchState:
        book = self._journal.batches
        metadata = {"asyncgen_directory": book.directory, "asyncgen_batch": str(batch.number)}
        for _ in range(CREATES):
            state = None if searched else await self.find(batch)
            try:
                if state is None:
                    create = partial(self._server.create, batch.file, metadata)
                    state = await self._refusable(create, once=True)
            except BatchServerError as error:
                if error.gone:  # here, the uploaded file
                    batch = await self._upload(replace(batch, file=""))
                    searched = True
                    continue
                searched = False
                continue
            await self.adopt(batch, state)
            return state
        raise BadDataError(
            f"the server has not created batch {batch.number} in {CREATES} attempts; everything paid is saved: ",
            Phrase.AGAIN,
        )

    async def _listed(self, batch: OpenBatch) -> list[BatchState]:
        """The batches in the server's list that may be this one."""
        found: list[BatchState] = []
        after = ""
        for _ in range(MOST_PAGES):
            states, more = await self._server.page(after, PAGE)
            found += [state for state in states if self._is(batch, state)]
            if found or not more:
                break
            after = states[-1].id
        return found

    def _is(self, batch: OpenBatch, state: BatchState) -> bool:
        if batch.id:
            return state.id == batch.id
        named = state.metadata.get("asyncgen_directory"), state.metadata.get("asyncgen_batch")
        return state.input_file in {"", batch.file} and named == (
            self._journal.batches.directory,
            str(batch.number),
        )

    async def _refusable(self, operation: Callable[[], Awaitable[T]], *, once: bool = False) -> T:
        """The server's answer; a permanent refusal ends the run."""
        try:
            return await self._ask.ask(operation, once=once)
        except BatchServerError as error:
            if error.gone or error.uncertain:
                raise
            message = Message(f"the server refuses the batch ({said(error.failure)}); ", Phrase.SAME)
            raise BadDataError(message, " without ", Setting("batch", True), " asks one call at a time") from error


def unclear(batch: OpenBatch, what: str, error: BatchServerError) -> TryLaterError:
    """The error for a refusal that does not say what has become of a batch: it may be paid."""
    return TryLaterError(
        f"batch {batch.number} cannot be taken yet: the server {what} ({said(error.failure)}); "
        "everything paid is saved: ",
        Phrase.AGAIN,
    )


def no_batch_api(why: str) -> UsageError:
    """The error for a server without the Batch API's routes."""
    return UsageError(
        f"this server has no Batch API ({why}): leave ",
        Setting("batch", True),
        " out, and its calls are made one by one",
    )
