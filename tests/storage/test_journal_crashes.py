"""What a journal says was spent, wherever the process or the power ends while it is being tidied."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.chat import Completion, OutOfBatch, Usage
from asyncgen.cost import Spend
from asyncgen.errors import AsyncgenError
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory

from .model_disk import ModelDisk
from .model_store import Store
from .power_loss import power_losses
from .world import DIRECTORY, ROOT

pytestmark = pytest.mark.usefixtures("small_segments")
USAGE = Usage(3, 4, 7)
FAILED = 7
"""The row that failed: one of its answers is paid, another attempt gave nothing."""


def _open(disk: ModelDisk, spend: Spend | None = None) -> Journal:
    def refuse(error: AsyncgenError) -> None:
        raise error

    return Journal(RunDirectory(disk, DIRECTORY), {}, lambda _: True, refuse, 4096, spend or Spend())


def _answer(journal: Journal, index: int) -> None:
    journal.sent(index, "step", USAGE)
    journal.answered(index, "step", "hash", Completion("text " * 10, USAGE, "m", "stop"))


def _with_a_failed_row(disk: ModelDisk) -> Journal:
    """A journal in several segments, of which only the first has lines that are still needed."""
    RunDirectory(disk, DIRECTORY).make()
    journal = _open(disk)
    _answer(journal, FAILED)
    journal.failed(FAILED, "other", "empty_answer", USAGE)
    journal.keep(FAILED)
    for index in range(100, 120):
        _answer(journal, index)
        journal.release(index)
    return journal


def _after(disk: ModelDisk, work: Callable[[], None]) -> list[Store]:
    """The disks that a kill may leave, one for each operation of some work."""
    before, begun = disk.store.copy(), len(disk.record)
    work()
    stores = []
    for operation in (None, *disk.record[begun:]):
        if operation is not None:
            before.play(operation)
        stores.append(before.copy())
    return stores


def test_the_end_of_a_run_with_a_failed_row_forgets_no_spend() -> None:
    """The segments behind the one with the failed row hold no row, but they say what was spent."""
    disk = ModelDisk(Store(ROOT))
    journal = _with_a_failed_row(disk)
    journal.unlink_dead()
    journal.close()

    again = _open(disk)

    assert again.spend == journal.spend


def test_what_the_checkpoint_knows_was_spent_is_not_forgotten() -> None:
    """It knows of more than the segments that are left."""
    disk = ModelDisk(Store(ROOT))
    journal = _with_a_failed_row(disk)
    journal.close()
    *_, last = sorted(name for name in disk.store.names if "/journal-" in name)
    disk.unlink(Path(last))

    again = _open(disk, journal.spend)

    assert again.spend == journal.spend


def test_a_kill_in_the_middle_of_carrying_counts_nothing_twice() -> None:
    """Wherever it comes: between a copied answer and the sum behind it too."""
    disk = ModelDisk(Store(ROOT))
    journal = _with_a_failed_row(disk)
    journal.sync()

    left = _after(disk, journal.carry)

    assert len(left) > 4
    assert [_open(ModelDisk(store)).spend for store in left] == [journal.spend] * len(left)


def test_a_loss_of_power_in_the_middle_of_carrying_counts_nothing_twice() -> None:
    """Nothing is copied out of a segment whose lines the power may take."""
    disk = ModelDisk(Store(ROOT))
    journal = _with_a_failed_row(disk)
    left = _after(disk, journal.carry)

    found = [_open(ModelDisk(lost)).spend for store in left for lost in power_losses(store, random.Random(0), 300)]

    assert max(spend.known.total_tokens for spend in found) == journal.spend.known.total_tokens


def test_a_call_in_flight_is_charged_when_the_other_lines_of_its_segment_are_not_needed() -> None:
    """Its segment stays until the call has come back, and those behind it: they say that no other is in flight."""
    disk = ModelDisk(Store(ROOT))
    RunDirectory(disk, DIRECTORY).make()
    journal = _open(disk)
    journal.sent(0, "step", USAGE)
    for index in range(100, 120):
        _answer(journal, index)
        journal.release(index)
    journal.sync()

    def tidy() -> None:
        journal.carry()
        journal.sync()
        journal.unlink_retired()

    for store in _after(disk, tidy):
        again = _open(ModelDisk(store))
        assert again.unsettled == 1
        assert (again.spend.lost_prompt_tokens, again.spend.lost_completion_tokens) == (3, 4)


def test_answers_of_finished_calls_are_not_charged_again_while_their_segments_go() -> None:
    """Segments go in order: a later one says how the calls ended that an earlier one sent."""
    disk = ModelDisk(Store(ROOT))
    RunDirectory(disk, DIRECTORY).make()
    journal = _open(disk)
    for index in range(100, 120):
        _answer(journal, index)
        journal.release(index)
    journal.sync()
    journal.carry()
    journal.sync()

    for store in _after(disk, journal.unlink_retired):
        again = _open(ModelDisk(store))
        assert (again.unsettled, again.spend) == (0, journal.spend)


def test_results_of_a_batch_that_a_loss_of_power_takes_are_counted_once() -> None:
    """They are fetched again: no total may outlast the lines that it counts."""
    disk = ModelDisk(Store(ROOT))
    RunDirectory(disk, DIRECTORY).make()
    journal = _open(disk)
    calls = 20
    journal.batch(OpenBatch(1, calls, 10, 10, Usage(3 * calls, 4 * calls, 7 * calls), "file", "batch"))
    journal.sync()

    def take() -> None:
        for index in range(calls):
            came = OutOfBatch(1, "batch", "hash", USAGE)
            journal.answered(index, "step", "hash", Completion("text " * 10, USAGE, "m", "stop"), came=came)

    for store in power_losses(_after(disk, take)[-1], random.Random(0), 200):
        again = _open(ModelDisk(store))
        there = sum(again.known(index, "step", "hash") is not None for index in range(calls))
        assert again.spend.known.total_tokens == there * USAGE.total_tokens
