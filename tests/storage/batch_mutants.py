"""Deliberately broken variants of the protocol of batches; each must be found by the model disk and its server."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.engine.batch.asker import BatchAsker
from asyncgen.engine.batch.batch_rounds import BatchRounds
from asyncgen.engine.batch.delivery import Delivery
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal

from .model_disk import ModelDisk

Mutant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, tuple[Mutant, str]] = {}
"""By what is wrong: the mutant, and the scenario that finds it."""


def _mutant(wrong: str, scenario: str = "batches") -> Callable[[Mutant], Mutant]:
    def keep(mutant: Mutant) -> Mutant:
        MUTANTS[wrong] = mutant, scenario
        return mutant

    return keep


def _without_sync(patch: pytest.MonkeyPatch, suffix: str) -> None:
    """Leave out the fsync of some files of batches."""
    sync = ModelDisk.fsync

    def fsync(self: ModelDisk, fd: int, path: Path) -> None:
        if not (path.name.startswith("batch-") and path.name.endswith(suffix)):
            sync(self, fd, path)

    patch.setattr(ModelDisk, "fsync", fsync)


@_mutant("the file's id is not in the journal when the batch is created")
def _(patch: pytest.MonkeyPatch) -> None:
    record = Journal.batch

    def forgetful(self: Journal, batch: OpenBatch) -> None:
        if batch.file and not batch.id:
            self.batches.put(batch)
        else:
            record(self, batch)

    patch.setattr(Journal, "batch", forgetful)


@_mutant("the file's id is not durable when the batch is created")
def _(patch: pytest.MonkeyPatch) -> None:
    upload = Delivery._upload

    async def hasty(self: Delivery, batch: OpenBatch) -> OpenBatch:
        async def nothing() -> None:
            pass

        with patch.context() as inner:
            inner.setattr(self._journal, "make_durable", nothing)
            return await upload(self, batch)

    patch.setattr(Delivery, "_upload", hasty)


@_mutant("a batch that may be there is created again without a search")
def _(patch: pytest.MonkeyPatch) -> None:
    bring = Delivery.bring

    async def hasty(self: Delivery, batch: OpenBatch, *, searched: bool = True) -> Any:
        return await bring(self, batch, searched=searched or True)

    patch.setattr(Delivery, "bring", hasty)


@_mutant("one look at the list is taken for a search")
def _(patch: pytest.MonkeyPatch) -> None:
    find = Delivery.find

    async def once(self: Delivery, batch: OpenBatch) -> Any:
        self._timing = replace(self._timing, search=0.0)
        return await find(self, batch)

    patch.setattr(Delivery, "find", once)


@_mutant("any batch of the list is taken for the own one")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Delivery, "_is", lambda *_: True)


@_mutant("the journal forgets open batches when it is compacted", "killed while batches are open")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Journal, "_append_batches", lambda _: None)


@_mutant("what an open batch holds is asked in the next one too")
def _(patch: pytest.MonkeyPatch) -> None:
    complete = BatchAsker.complete

    async def forgetful(self: BatchAsker, *args: Any) -> Any:
        enqueued, self.enqueued = self.enqueued, {}
        try:
            return await complete(self, *args)
        finally:
            self.enqueued = enqueued

    patch.setattr(BatchAsker, "complete", forgetful)


@_mutant("requests are not durable when the journal speaks of them")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, ".jsonl")


@_mutant("which requests a batch holds is not durable when the journal speaks of it")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, ".ids")


@_mutant("a batch is recorded when it is at the server, and not before")
def _(patch: pytest.MonkeyPatch) -> None:
    record = Journal.batch

    def late(self: Journal, batch: OpenBatch) -> None:
        if batch.id:
            record(self, batch)
        else:
            self.batches.put(batch)

    patch.setattr(Journal, "batch", late)


@_mutant("the directory has another id at each start")
def _(patch: pytest.MonkeyPatch) -> None:
    recover = BatchRounds._recover

    async def anew(self: BatchRounds) -> None:
        self._journal.batches.directory += "x"
        await recover(self)

    patch.setattr(BatchRounds, "_recover", anew)
