"""The merge of repaired rows into the outputs, broken."""

from pathlib import Path

import orjson
import pytest

from asyncgen.engine import repair
from asyncgen.engine.repair import SUFFIX
from tests.storage.model_disk import ModelDisk

from .catalogue import Catalogue, without_directory_sync, without_sync

REPAIR = Catalogue()


@REPAIR.add("a merge has no intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    def at_once(disk: ModelDisk, path: Path, data: bytes) -> None:
        directory = path.parent.parent
        intent = orjson.loads(data)
        for name in intent["files"]:
            disk.rename(directory / (name + SUFFIX), directory / name)
        for name in intent["remove"]:
            disk.unlink(directory / name)
        disk.fsync_directory(directory)

    patch.setattr(repair, "replace_atomically", at_once)


@REPAIR.add("merged files are not synced before the intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.name.endswith(SUFFIX))


@REPAIR.add("names of merged files are not durable before the intent", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "create" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
            and not any(change[0] == "rename" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
        ),
    )


@REPAIR.add("an intent goes before the renames are durable", "repair")
def _(patch: pytest.MonkeyPatch) -> None:
    without_directory_sync(
        patch,
        lambda self, path: (
            path.name == "out"
            and any(change[0] == "rename" and change[1].endswith(SUFFIX) for change in self.unsynced_names())
        ),
    )


@REPAIR.add(
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
    without_directory_sync(
        patch,
        lambda self, path: (
            path.name == ".asyncgen" and id(self) not in renamed and self.size(path / "intent.json") is not None
        ),
    )
