"""The journal alone, on a real disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.cost import Spend
from asyncgen.errors import AsyncgenError
from asyncgen.storage.disk import Disk
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory

USAGE = Usage(3, 4, 7)


@pytest.fixture
def disk() -> Iterator[Disk]:
    """The real one."""
    disk = Disk()
    yield disk
    disk.close()


def _open(directory: RunDirectory) -> Journal:
    def refuse(error: AsyncgenError) -> None:
        raise error

    return Journal(directory, {}, lambda _: True, refuse, 4096, Spend())


@pytest.mark.usefixtures("small_segments")
def test_what_was_spent_is_the_same_after_opening(disk: Disk, tmp_path: Path) -> None:
    """Every answer counts once, also the one with which a segment was full."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    journal = _open(directory)
    for index in range(20):
        journal.sent(index, "step", USAGE)
        journal.answered(index, "step", "hash", Completion("text " * 10, USAGE, "m", "stop"))
        journal.failed(index, "step", "empty_answer", USAGE, USAGE)
    journal.close()

    again = _open(directory)
    again.close()

    assert again.spend == journal.spend == Spend(120, 0, 160, 60, 80)
