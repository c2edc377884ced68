"""Deliberately broken variants of the protocol. Each one must be found by the model disk.

A mutant is a function that breaks the program through a `MonkeyPatch`. Some change a function of the program;
those that leave a call of the disk out, or bring it forward, do so in the model disk, by the file's name.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.engine import passes as work
from asyncgen.engine import repair as merge
from asyncgen.engine import single_run as pipeline
from asyncgen.engine import writer
from asyncgen.engine.repair import SUFFIX
from asyncgen.engine.writer import RunOutputs, failed_line
from asyncgen.storage import checkpoint, disk, manifest, resume
from asyncgen.storage.disk import write_durably
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import CHECKPOINT, RunDirectory
from asyncgen.storage.segment_writer import LinePlace, SegmentLog

from .model_disk import ModelDisk
from .world import OUTPUTS

Mutant = Callable[[pytest.MonkeyPatch], None]
MUTANTS: dict[str, tuple[Mutant, str]] = {}
"""By what is wrong: the mutant, and the scenario that finds it."""


def _mutant(wrong: str, scenario: str) -> Callable[[Mutant], Mutant]:
    def keep(mutant: Mutant) -> Mutant:
        MUTANTS[wrong] = mutant, scenario
        return mutant

    return keep


def _replace_everywhere(patch: pytest.MonkeyPatch, name: str, function: Any) -> None:
    for module in (disk, checkpoint, manifest, merge, pipeline, writer, resume):
        if hasattr(module, name):
            patch.setattr(module, name, function)


def _without_sync(patch: pytest.MonkeyPatch, which: Callable[[Path], bool]) -> None:
    """Leave out the fsync of some files."""
    sync = ModelDisk.fsync

    def fsync(self: ModelDisk, fd: int, path: Path) -> None:
        if not which(path):
            sync(self, fd, path)

    patch.setattr(ModelDisk, "fsync", fsync)


def _without_directory_sync(patch: pytest.MonkeyPatch, which: Callable[[ModelDisk, Path], bool]) -> None:
    """Leave out some fsyncs of directories."""
    sync = ModelDisk.fsync_directory

    def fsync_directory(self: ModelDisk, path: Path) -> None:
        if not which(self, path):
            sync(self, path)

    patch.setattr(ModelDisk, "fsync_directory", fsync_directory)


@contextmanager
def _switched(patch: pytest.MonkeyPatch, target: Any, name: str, value: Any) -> Iterator[None]:
    with patch.context() as inner:
        inner.setattr(target, name, value)
        yield


def _around_commit(patch: pytest.MonkeyPatch, around: Callable[[RunOutputs, Callable[[], None]], None]) -> None:
    """Put something around the part of a commit that runs on the helper thread."""
    commit = RunOutputs._commit
    patch.setattr(RunOutputs, "_commit", lambda self, *a, **k: around(self, lambda: commit(self, *a, **k)))


# The commit


@_mutant("outputs are not synced before the checkpoint", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, lambda path: path.name in OUTPUTS)


@_mutant("failed.jsonl is not synced before the checkpoint", "failures")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, lambda path: path.name == "failed.jsonl")


@_mutant("the journal is not synced before the checkpoint", "failures, rare syncs")
def _(patch: pytest.MonkeyPatch) -> None:
    def around(self: RunOutputs, commit: Callable[[], None]) -> None:
        with _switched(patch, self._journal, "sync", lambda: None):
            commit()

    _around_commit(patch, around)


@_mutant("the checkpoint is written before the sync", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    commit = RunOutputs._commit

    def early(self: RunOutputs, state: Any, *rest: Any) -> None:
        writer.save_checkpoint(self._directory, state)
        commit(self, state, *rest)

    patch.setattr(RunOutputs, "_commit", early)


@_mutant("the watermark advances before the data is appended", "fresh, slow disk")
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


@_mutant("a file's name is not durable when the checkpoint speaks of it", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "create" and Path(change[1]).name in OUTPUTS for change in self.unsynced_names())
            and not any(change[0] == "rename" for change in self.unsynced_names())
        ),
    )


# Replacing a small file


@_mutant("the temporary file is not synced", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, lambda path: path.name.endswith(".json.tmp"))


@_mutant("the temporary file is renamed before it is synced", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def replace_atomically(disk: ModelDisk, path: Path, data: bytes) -> None:
        temporary = path.with_name(path.name + ".tmp")
        disk.unlink(temporary)
        fd = disk.open_append(temporary)
        disk.write(fd, data, temporary)
        disk.rename(temporary, path)
        disk.fsync(fd, path)
        disk.close_descriptor(fd)
        disk.fsync_directory(path.parent)

    _replace_everywhere(patch, "replace_atomically", replace_atomically)


@_mutant("the directory is not synced after the rename", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def replace_atomically(disk: ModelDisk, path: Path, data: bytes) -> None:
        temporary = path.with_name(path.name + ".tmp")
        write_durably(disk, temporary, data)
        disk.rename(temporary, path)

    _replace_everywhere(patch, "replace_atomically", replace_atomically)


@_mutant("a file is overwritten in place instead of replaced", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def replace_atomically(disk: ModelDisk, path: Path, data: bytes) -> None:
        fd = disk.open_append(path)
        disk.cut(fd, 0, path)
        disk.write(fd, data, path)
        disk.fsync(fd, path)
        disk.close_descriptor(fd)
        disk.fsync_directory(path.parent)

    _replace_everywhere(patch, "replace_atomically", replace_atomically)


# The journal


@_mutant("an answer is used but not journaled", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    append_soon = SegmentLog.append_soon

    def forgetful(self: SegmentLog, line: bytes, moved: Callable[[LinePlace], None]) -> LinePlace:
        answer = b'"kind":"answer"' in line
        return LinePlace(self._current, 0, 0) if answer else append_soon(self, line, moved)

    patch.setattr(SegmentLog, "append_soon", forgetful)


@_mutant("the lines of calls are written only for the next sync", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    async def written(_: Journal) -> None:
        await asyncio.sleep(0)

    patch.setattr(SegmentLog, "_flush_when_due", lambda self: setattr(self, "_due", False))
    patch.setattr(Journal, "written", written)


@_mutant("an answer is journaled only after the next one has come", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    answered = Journal.answered

    def late(self: Journal, *answer: Any) -> None:
        held = getattr(self, "held_back", None)
        if held is not None:
            answered(self, *held)
        self.held_back = answer  # type: ignore[attr-defined]

    patch.setattr(Journal, "answered", late)


@_mutant("a compacted segment is not synced before the old ones go", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, lambda path: path.name.startswith("journal-") and path.name.endswith(".tmp"))


@_mutant("a compacted segment's name is not durable before the old ones go", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(
        patch,
        lambda self, _: any(
            change[0] == "rename" and "/journal-" in change[2] for change in self.unsynced_names()
        ),
    )


@_mutant("the old segments go before the compacted one is there", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    rename = ModelDisk.rename

    def early(self: ModelDisk, source: Path, target: Path) -> None:
        if source.name.startswith("journal-"):
            for name in self.list_directory(source.parent):
                if name.startswith("journal-") and name.endswith(".jsonl"):
                    self.unlink(source.parent / name)
        rename(self, source, target)

    patch.setattr(ModelDisk, "rename", early)


@_mutant("a new segment's name is never synced", "failures, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(
        patch,
        lambda self, _: any(
            change[0] == "create" and "/journal-" in change[1] and change[1].endswith(".jsonl")
            for change in self.unsynced_names()
        ),
    )


@_mutant("segments go before what they held is durable", "failures that heal, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    def around(self: RunOutputs, commit: Callable[[], None]) -> None:
        self._journal.unlink_retired()
        commit()

    _around_commit(patch, around)


@_mutant("answers of failed pairs are not carried over", "failures, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    def carry(self: Journal) -> None:
        for segment in self._log.closed:
            if segment.live == segment.kept:
                self._log.retire(segment)

    patch.setattr(Journal, "carry", carry)


@_mutant("pairs are released before their checkpoint is durable", "fresh, small segments")
def _(patch: pytest.MonkeyPatch) -> None:
    commit = RunOutputs.commit

    async def early(self: RunOutputs) -> Any:
        for index, failed in self._uncommitted:
            (self._journal.keep if failed else self._journal.release)(index)
        self._journal.carry()
        self._journal.unlink_retired()
        return await commit(self)

    patch.setattr(RunOutputs, "commit", early)


@_mutant("segments stay when the run has reached its end", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SegmentLog, "unlink_dead", lambda self, **_: None)


# The beginning and the end


@_mutant("the outputs are not cut to the checkpoint", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ModelDisk, "truncate", lambda self, path, size: None)


@_mutant("a cut is not durable", "killed before a failure was committed")
def _(patch: pytest.MonkeyPatch) -> None:
    def truncate(self: ModelDisk, path: Path, size: int) -> None:
        self._do("truncate", self.store.names[str(path)], size)

    patch.setattr(ModelDisk, "truncate", truncate)


@_mutant("the checkpoint goes before the statistics are there", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def late(disk: ModelDisk, path: Path, data: bytes) -> None:
        disk.unlink(path.with_name(CHECKPOINT))
        disk.fsync_directory(path.parent)
        checkpoint.replace_atomically(disk, path, data)

    patch.setattr(work, "replace_atomically", late)


@_mutant("extending removes the statistics before the checkpoint is there", "extension")
def _(patch: pytest.MonkeyPatch) -> None:
    extend = pipeline.extend

    def early(directory: RunDirectory, state: Any) -> None:
        directory.disk.unlink(directory.statistics)
        directory.disk.fsync_directory(directory.path)
        extend(directory, state)

    patch.setattr(pipeline, "extend", early)


@_mutant("a run does not begin with a checkpoint", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resume, "save_checkpoint", lambda *_: None)


@_mutant(
    "a checkpoint that a killed run left is trusted before it is durable",
    "killed before the checkpoint was durable",
)
def _(patch: pytest.MonkeyPatch) -> None:
    # Only what comes before the journal is compacted is left out.
    _without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "rename" and change[2].endswith(CHECKPOINT) for change in self.unsynced_names())
            and not any(operation[0] in {"create", "rename"} for operation in self.record)
        ),
    )


@_mutant("the output directory's name is not durable", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(patch, lambda self, path: str(path) == self.store.root)


@_mutant("a former run is deleted, not moved aside", "restart")
def _(patch: pytest.MonkeyPatch) -> None:
    rename = ModelDisk.rename

    def remove(self: ModelDisk, source: Path, target: Path) -> None:
        if target.parent.name.startswith("superseded-"):
            self.unlink(source)
        else:
            rename(self, source, target)

    patch.setattr(ModelDisk, "rename", remove)


# Merging


@_mutant("a merge has no intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    def at_once(disk: ModelDisk, path: Path, data: bytes) -> None:
        directory = path.parent.parent
        intent = orjson.loads(data)
        for name in intent["files"]:
            disk.rename(directory / (name + SUFFIX), directory / name)
        for name in intent["remove"]:
            disk.unlink(directory / name)
        disk.fsync_directory(directory)

    patch.setattr(merge, "replace_atomically", at_once)


@_mutant("merged files are not synced before the intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_sync(patch, lambda path: path.name.endswith(SUFFIX))


@_mutant("names of merged files are not durable before the intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "create" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
            and not any(change[0] == "rename" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
        ),
    )


@_mutant("an intent goes before the renames are durable", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    _without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "rename" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
        ),
    )


@_mutant(
    "an intent that a killed run left is trusted before it is durable", "killed before the intent was durable"
)
def _(patch: pytest.MonkeyPatch) -> None:
    # The sync that follows the rename stands: only the one at the next start is left out.
    renamed: set[int] = set()
    rename = ModelDisk.rename

    def remember(self: ModelDisk, source: Path, target: Path) -> None:
        rename(self, source, target)
        if target.name == "intent.json":
            renamed.add(id(self))

    patch.setattr(ModelDisk, "rename", remember)
    _without_directory_sync(
        patch,
        lambda self, path: (
            path.name == ".asyncgen" and id(self) not in renamed and self.size(path / "intent.json") is not None
        ),
    )
