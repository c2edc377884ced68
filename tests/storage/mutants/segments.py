"""The segments of the journal, broken: their names, their compaction, their end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.engine.writer import RunOutputs
from asyncgen.storage.journal import Journal
from asyncgen.storage.segment_writer import SegmentWriter
from tests.storage.model_disk import ModelDisk

from .catalogue import Catalogue, around_commit, without_directory_sync, without_sync

SEGMENTS = Catalogue()


@SEGMENTS.add("a compacted segment is not synced before the old ones go", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.name.startswith("journal-") and path.name.endswith(".tmp"))


@SEGMENTS.add("a compacted segment's name is not durable before the old ones go", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(
        patch,
        lambda self, _: any(
            change[0] == "rename" and "/journal-" in change[2] for change in self.unsynced_names()
        ),
    )


@SEGMENTS.add("the old segments go before the compacted one is there", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    rename = ModelDisk.rename

    def early(self: ModelDisk, source: Path, target: Path) -> None:
        if source.name.startswith("journal-"):
            for name in self.list_directory(source.parent):
                if name.startswith("journal-") and name.endswith(".jsonl"):
                    self.unlink(source.parent / name)
        rename(self, source, target)

    patch.setattr(ModelDisk, "rename", early)


@SEGMENTS.add("a new segment's name is never synced", "failures, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(
        patch,
        lambda self, _: any(
            change[0] == "create" and "/journal-" in change[1] and change[1].endswith(".jsonl")
            for change in self.unsynced_names()
        ),
    )


@SEGMENTS.add("segments go before what they held is durable", "failures that heal, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    def around(self: RunOutputs, commit: Callable[[], None]) -> None:
        self._journal.unlink_retired()
        commit()

    around_commit(patch, around)


@SEGMENTS.add("answers of failed pairs are not carried over", "failures, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    def carry(self: Journal) -> None:
        for segment in self._log.closed:
            if segment.live == segment.kept:
                self._log.retire(segment)

    patch.setattr(Journal, "carry", carry)


@SEGMENTS.add("pairs are released before their checkpoint is durable", "fresh, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    commit = RunOutputs.commit

    async def early(self: RunOutputs) -> Any:
        for index, failed in self._uncommitted:
            (self._journal.keep if failed else self._journal.release)(index)
        self._journal.carry()
        self._journal.unlink_retired()
        return await commit(self)

    patch.setattr(RunOutputs, "commit", early)


@SEGMENTS.add("segments stay when the run has reached its end", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SegmentWriter, "unlink_dead", lambda self, **_: None)
