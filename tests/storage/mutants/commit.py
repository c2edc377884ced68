"""The commit, broken: what is synced and in what order before a checkpoint is written."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.engine import writer
from asyncgen.engine.writer import RunOutputs, failed_line
from tests.storage.world import OUTPUTS

from .catalogue import Catalogue, around_commit, without_directory_sync, without_sync

COMMIT = Catalogue()


@COMMIT.add("outputs are not synced before the checkpoint", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.name in OUTPUTS)


@COMMIT.add("failed.jsonl is not synced before the checkpoint", "failures")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.name == "failed.jsonl")


@COMMIT.add("the journal is not synced before the checkpoint", "failures, rare syncs")
def _(patch: pytest.MonkeyPatch) -> None:
    def around(self: RunOutputs, commit: Callable[[], None]) -> None:
        with patch.context() as inner:
            inner.setattr(self._journal, "sync", lambda: None)
            commit()

    around_commit(patch, around)


@COMMIT.add("the checkpoint is written before the sync", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    commit = RunOutputs._commit

    def early(self: RunOutputs, state: Any, *rest: Any) -> None:
        writer.save_checkpoint(self._directory, state)
        commit(self, state, *rest)

    patch.setattr(RunOutputs, "_commit", early)


@COMMIT.add("the watermark advances before the data is appended", "fresh, slow disk")
def _(patch: pytest.MonkeyPatch) -> None:
    async def append(self: RunOutputs, outcomes: list[Any]) -> None:
        good = [outcome.examples.blobs for outcome in outcomes if outcome.examples is not None]
        pieces = {
            output.name: b"".join(blobs[place] for blobs in good)
            for place, output in enumerate(self._recipe.outputs)
        }
        pieces["failed.jsonl"] = b"".join(failed_line(one) for one in outcomes if one.failure is not None)
        for outcome in outcomes:
            self._count(outcome)
        for name, data in pieces.items():
            self._meters[name].advance(data)
            if data:
                await self._append(name, data)

    patch.setattr(RunOutputs, "append", append)


@COMMIT.add("a file's name is not durable when the checkpoint speaks of it", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "create" and Path(change[1]).name in OUTPUTS for change in self.unsynced_names())
            and not any(change[0] == "rename" for change in self.unsynced_names())
        ),
    )
