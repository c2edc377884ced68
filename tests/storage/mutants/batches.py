"""Deliberately broken variants of the protocol of batches; each must be found by the model disk and its server."""

from dataclasses import replace
from typing import Any

import pytest

from asyncgen.engine.batch.asker import BatchAsker
from asyncgen.engine.batch.batch_rounds import BatchRounds
from asyncgen.engine.batch.delivery import Delivery
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal

from .catalogue import Catalogue, without_sync

BATCHES = Catalogue()


@BATCHES.add("the file's id is not in the journal when the batch is created", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    record = Journal.batch

    def forgetful(self: Journal, batch: OpenBatch) -> None:
        if batch.file and not batch.id:
            self.batches.put(batch)
        else:
            record(self, batch)

    patch.setattr(Journal, "batch", forgetful)


@BATCHES.add("the file's id is not durable when the batch is created", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    upload = Delivery._upload

    async def hasty(self: Delivery, batch: OpenBatch) -> OpenBatch:
        async def nothing() -> None:
            pass

        with patch.context() as inner:
            inner.setattr(self._journal, "make_durable", nothing)
            return await upload(self, batch)

    patch.setattr(Delivery, "_upload", hasty)


@BATCHES.add("a batch that may be there is created again without a search", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    bring = Delivery.bring

    async def hasty(self: Delivery, batch: OpenBatch, *, searched: bool = True) -> Any:
        return await bring(self, batch, searched=searched or True)

    patch.setattr(Delivery, "bring", hasty)


@BATCHES.add("one look at the list is taken for a search", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    find = Delivery.find

    async def once(self: Delivery, batch: OpenBatch) -> Any:
        self._timing = replace(self._timing, search=0.0)
        return await find(self, batch)

    patch.setattr(Delivery, "find", once)


@BATCHES.add("any batch of the list is taken for the own one", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "_is", lambda *_: True)


@BATCHES.add("the journal forgets open batches when it is compacted", "killed while batches are open")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Journal, "_append_batches", lambda _: None)


@BATCHES.add("what an open batch holds is asked in the next one too", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    complete = BatchAsker.complete

    async def forgetful(self: BatchAsker, *args: Any) -> Any:
        enqueued, self.enqueued = self.enqueued, {}
        try:
            return await complete(self, *args)
        finally:
            self.enqueued = enqueued

    patch.setattr(BatchAsker, "complete", forgetful)


@BATCHES.add("requests are not durable when the journal speaks of them", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.match("batch-*.jsonl"))


@BATCHES.add("which requests a batch holds is not durable when the journal speaks of it", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.match("batch-*.ids"))


@BATCHES.add("a batch is recorded when it is at the server, and not before", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    record = Journal.batch

    def late(self: Journal, batch: OpenBatch) -> None:
        if batch.id:
            record(self, batch)
        else:
            self.batches.put(batch)

    patch.setattr(Journal, "batch", late)


@BATCHES.add("the directory has another id at each start", "batches")
def _(patch: pytest.MonkeyPatch) -> None:
    recover = BatchRounds._recover

    async def anew(self: BatchRounds) -> None:
        self._journal.batches.directory += "x"
        await recover(self)

    patch.setattr(BatchRounds, "_recover", anew)
