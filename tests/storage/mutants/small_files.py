"""The replacement of a small file, broken."""

from pathlib import Path
from typing import Any

import pytest

from asyncgen.engine import repair, single_run, writer
from asyncgen.storage import checkpoint, manifest, resume, whole_files
from asyncgen.storage.whole_files import write_durably
from tests.storage.model_disk import ModelDisk

from .catalogue import Catalogue, without_sync

SMALL_FILES = Catalogue()


def replace_everywhere(patch: pytest.MonkeyPatch, name: str, function: Any) -> None:
    """Put another function in the place of one, wherever it was imported."""
    for module in (whole_files, checkpoint, manifest, repair, single_run, writer, resume):
        if hasattr(module, name):
            patch.setattr(module, name, function)


@SMALL_FILES.add("the temporary file is not synced", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    without_sync(patch, lambda path: path.name.endswith(".json.tmp"))


@SMALL_FILES.add("the temporary file is renamed before it is synced", "fresh")
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

    replace_everywhere(patch, "replace_atomically", replace_atomically)


@SMALL_FILES.add("the directory is not synced after the rename", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def replace_atomically(disk: ModelDisk, path: Path, data: bytes) -> None:
        temporary = path.with_name(path.name + ".tmp")
        write_durably(disk, temporary, data)
        disk.rename(temporary, path)

    replace_everywhere(patch, "replace_atomically", replace_atomically)


@SMALL_FILES.add("a file is overwritten in place instead of replaced", "fresh")
def _(patch: pytest.MonkeyPatch) -> None:
    def replace_atomically(disk: ModelDisk, path: Path, data: bytes) -> None:
        fd = disk.open_append(path)
        disk.cut(fd, 0, path)
        disk.write(fd, data, path)
        disk.fsync(fd, path)
        disk.close_descriptor(fd)
        disk.fsync_directory(path.parent)

    replace_everywhere(patch, "replace_atomically", replace_atomically)
