"""The journal alone, on a real disk."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.cost import CacheUse, Spend
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


@pytest.mark.usefixtures("small_segments")
def test_answers_that_were_not_accepted_are_known_after_opening(disk: Disk, tmp_path: Path) -> None:
    """By step, also those that cost nothing, and those whose segments have gone."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    journal = _open(directory)
    for _ in range(3):
        journal.failed(7, "step", "check_schema", Usage())
    journal.failed(7, "other", "check_schema", USAGE)
    journal.failed(7, "step", "empty", USAGE)
    journal.keep(7)
    for index in range(100, 140):
        journal.sent(index, "step", USAGE)
        journal.answered(index, "step", "hash", Completion("text " * 10, USAGE, "m", "stop"))
        journal.release(index)
    journal.sync()
    journal.carry()
    journal.unlink_retired()
    journal.close()

    for _ in range(2):
        again = _open(directory)
        again.close()
        counts = [again.bad_answers(7, step) for step in ("step", "other", "none")]
        assert (counts, again.wasted(7), again.bad_answers(8, "step")) == ([3, 1, 0], 14, 0)


def test_the_choices_of_an_answer_come_back_as_they_came(disk: Disk, tmp_path: Path) -> None:
    """After a crash nothing of a message is lost, nor the order of its keys."""
    choice = {"message": {"tool_calls": [{"id": "call_1"}], "content": None}, "index": 0, "logprobs": {"a": -0.25}}
    completion = Completion("", USAGE, "m", "tool_calls", choices=(choice,))
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    journal = _open(directory)
    journal.answered(0, "step", "hash", completion)
    journal.close()

    again = _open(directory)
    known = again.known(0, "step", "hash")
    again.close()

    assert known == completion
    assert repr(known) == repr(completion)


@pytest.mark.usefixtures("small_segments")
def test_what_came_from_a_cache_costs_nothing_and_counts_once(disk: Disk, tmp_path: Path) -> None:
    """An answer, and one that was not accepted, also after opening; both are known as any other."""
    directory = RunDirectory(disk, tmp_path)
    directory.make()
    journal = _open(directory)
    for index in range(20):
        journal.answered(index, "step", "hash", Completion("text " * 10, USAGE, "m", "stop"), cached=True)
        journal.failed(index, "other", "check_schema", USAGE, cached=True)
    journal.close()

    again = _open(directory)

    assert again.spend == journal.spend == Spend()
    assert again.cache == journal.cache == CacheUse(40, 120, 0, 160)
    assert again.known(7, "step", "hash") is not None
    assert (again.wasted(7), again.bad_answers(7, "other")) == (7, 1)
    again.close()
