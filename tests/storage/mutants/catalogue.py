"""How mutants are kept, and the kinds of breakage that several of them share.

A mutant is a function that breaks the program through a `MonkeyPatch`. Some change a function of the program;
those that leave a call of the disk out, or bring it forward, do so in the model disk, by the file's name.
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.engine.writer import RunOutputs
from tests.storage.model_disk import ModelDisk

Mutant = Callable[[pytest.MonkeyPatch], None]


class Catalogue(dict[str, tuple[Mutant, str]]):
    """By what is wrong: the mutant, and the scenario that finds it."""

    def add(self, wrong: str, scenario: str) -> Callable[[Mutant], Mutant]:
        """Keep the decorated mutant."""

        def keep(mutant: Mutant) -> Mutant:
            self[wrong] = mutant, scenario
            return mutant

        return keep


def without_sync(patch: pytest.MonkeyPatch, which: Callable[[Path], bool]) -> None:
    """Leave out the fsync of some files."""
    sync = ModelDisk.fsync

    def fsync(self: ModelDisk, fd: int, path: Path) -> None:
        if not which(path):
            sync(self, fd, path)

    patch.setattr(ModelDisk, "fsync", fsync)


def without_directory_sync(patch: pytest.MonkeyPatch, which: Callable[[ModelDisk, Path], bool]) -> None:
    """Leave out some fsyncs of directories."""
    sync = ModelDisk.fsync_directory

    def fsync_directory(self: ModelDisk, path: Path) -> None:
        if not which(self, path):
            sync(self, path)

    patch.setattr(ModelDisk, "fsync_directory", fsync_directory)


def around_commit(patch: pytest.MonkeyPatch, around: Callable[[RunOutputs, Callable[[], None]], None]) -> None:
    """Put something around the part of a commit that runs on the helper thread."""
    commit = RunOutputs._commit
    patch.setattr(RunOutputs, "_commit", lambda self, *a, **k: around(self, lambda: commit(self, *a, **k)))
