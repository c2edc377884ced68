"""The beginning and the end of a run, broken."""

from pathlib import Path
from typing import Any

import pytest

from asyncgen.engine import passes, single_run
from asyncgen.storage import checkpoint, resume
from asyncgen.storage.layout import CHECKPOINT, RunDirectory
from tests.storage.model_disk import ModelDisk

from .catalogue import Catalogue, without_directory_sync

STARTS = Catalogue()


@STARTS.add("the outputs are not cut to the checkpoint", "resume")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ModelDisk, "truncate", lambda self, path, size: None)


@STARTS.add("a cut is not durable", "killed before a failure was committed")
def _(patch: pytest.MonkeyPatch) -> None:
    def truncate(self: ModelDisk, path: Path, size: int) -> None:
        self._do("truncate", self.store.names[str(path)], size)

    patch.setattr(ModelDisk, "truncate", truncate)


@STARTS.add("the checkpoint goes before the statistics are there", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def late(disk: ModelDisk, path: Path, data: bytes) -> None:
        disk.unlink(path.with_name(CHECKPOINT))
        disk.fsync_directory(path.parent)
        checkpoint.replace_atomically(disk, path, data)

    patch.setattr(passes, "replace_atomically", late)


@STARTS.add("extending removes the statistics before the checkpoint is there", "extension")
def _(patch: pytest.MonkeyPatch) -> None:
    extend = single_run.extend

    def early(directory: RunDirectory, state: Any) -> None:
        directory.disk.unlink(directory.statistics)
        directory.disk.fsync_directory(directory.path)
        extend(directory, state)

    patch.setattr(single_run, "extend", early)


@STARTS.add("a run does not begin with a checkpoint", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resume, "save_checkpoint", lambda *_: None)


@STARTS.add(
    "a checkpoint that a killed run left is trusted before it is durable",
    "killed before the checkpoint was durable",
)
def _(patch: pytest.MonkeyPatch) -> None:
    # Only what comes before the journal is compacted is left out.
    without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "rename" and change[2].endswith(CHECKPOINT) for change in self.unsynced_names())
            and not any(operation[0] in {"create", "rename"} for operation in self.record)
        ),
    )


@STARTS.add("the output directory's name is not durable", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(patch, lambda self, path: str(path) == self.store.root)


@STARTS.add("a former run is deleted, not moved aside", "restart")
def _(patch: pytest.MonkeyPatch) -> None:
    rename = ModelDisk.rename

    def remove(self: ModelDisk, source: Path, target: Path) -> None:
        if target.parent.name.startswith("superseded-"):
            self.unlink(source)
        else:
            rename(self, source, target)

    patch.setattr(ModelDisk, "rename", remove)
