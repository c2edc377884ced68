"""A disk that is full, and one that fails to sync: the run stops in order and goes on later."""

import errno

import pytest

from asyncgen.engine import passes as work
from asyncgen.errors import DiskError, Exit
from asyncgen.storage import segment_writer as segment_log
from tests.effort import LOSSES, STRIDE

from .model_store import Store
from .scenarios import FAILING, FLAKY, SCENARIOS
from .world import ROOT, Phase, World, answers_in

NAMES = ["fresh", "resume", "failures", "repair", "extension", "repair and extension"]


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_loses_no_answer(name: str, world: World, reasoning_world: World) -> None:
    """Full at any write: exit as DiskError, calls in flight still saved; with room again, the golden bytes."""
    counts = SCENARIOS[name](world, reasoning_world).explore_full_disk(STRIDE)
    assert counts.kinds["full_at"] > 50 / STRIDE


@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_loses_no_answer_where_others_take_the_room(
    name: str, world: World, reasoning_world: World
) -> None:
    """What is given back may be gone at once, to our own outputs or to another program: the ballast is kept."""
    counts = SCENARIOS[name](world, reasoning_world).explore_full_disk(STRIDE, greedy=True)
    assert counts.kinds["full_at"] > 50 / STRIDE


@pytest.mark.parametrize("name", ["fresh", "failures"])
def test_a_crash_while_the_ballast_is_in_use_loses_no_answer(
    name: str, world: World, reasoning_world: World
) -> None:
    """Killed or without power: the zeros behind the lines of a segment that was the ballast are no damage."""
    scenario = SCENARIOS[name](world, reasoning_world)
    counts = scenario.explore_crashes_on_a_full_disk(
        losses=LOSSES, points=lambda place: place % (5 + 2 * STRIDE) == 0
    )
    assert counts.kinds["killed"] > 50 / STRIDE
    assert counts.kinds["power_loss"] > 40 * LOSSES / STRIDE


@pytest.mark.usefixtures("small_segments")
def test_a_full_disk_loses_no_answer_between_segments(world: World, reasoning_world: World) -> None:
    """The same where the write that meets the full disk is the beginning of a new segment."""
    counts = SCENARIOS["failures"](world, reasoning_world).explore_full_disk(STRIDE)
    assert counts.kinds["full_at"] > 50 / STRIDE


@pytest.mark.parametrize("name", NAMES)
def test_a_failed_sync_is_never_trusted(name: str, world: World, reasoning_world: World) -> None:
    """Each fsync may fail and drop its data: DiskError, and the same command later ends with the golden bytes."""
    counts = SCENARIOS[name](world, reasoning_world).explore_failing_syncs(STRIDE, losses=LOSSES)
    assert counts.kinds["sync_fails_at"] >= 12 / STRIDE
    assert counts.kinds["failed_sync_later"]


@pytest.mark.usefixtures("small_segments")
def test_a_failed_sync_is_never_trusted_between_segments(world: World, reasoning_world: World) -> None:
    """The same with a journal of many segments."""
    counts = SCENARIOS["failures"](world, reasoning_world).explore_failing_syncs(STRIDE, losses=LOSSES)
    assert counts.kinds["sync_fails_at"] >= 12 / STRIDE


def test_a_full_disk_ends_the_run_with_its_exit_code(world: World) -> None:
    """The error carries the reason, and every answer that came in is in the journal."""
    length = len(world.run(Store(ROOT), Phase(8)).disk.record)
    ended_by_it = 0
    for place in range(30, length, 3):
        store = Store(ROOT)
        ended = world.run(store, Phase(8), full_at=place)
        if ended.error is None:
            continue
        ended_by_it += 1
        assert isinstance(ended.error, DiskError)
        assert ended.error.exit_code is Exit.DISK
        assert ended.error.errno in {errno.ENOSPC, None}
        answered = {note[1] for note in ended.disk.record if note[0] == "answered"}
        assert answered <= answers_in(b"".join(store.files().values()))
    assert ended_by_it > 20


@pytest.mark.parametrize("refusals", [1, 2, 3])
@pytest.mark.parametrize("segment_size", [900, 1 << 20])
def test_a_full_disk_for_a_moment_costs_one_answer_at_most(
    refusals: int, segment_size: int, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where even the ballast does not help, what a refused write left does not spoil the lines behind it."""
    monkeypatch.setattr(work, "BALLAST_PER_CALL", 1)
    monkeypatch.setattr(segment_log, "SEGMENT_SIZE", segment_size)
    # Full from an operation on that needs no space is full from the next one that does.
    for place in sorted(set(world.run(Store(ROOT), Phase(8)).disk.demands))[::STRIDE]:
        store = Store(ROOT)
        ended = world.run(store, Phase(8), full_at=place, refusals=refusals)
        assert ended.error is None or isinstance(ended.error, DiskError)
        answered = {note[1] for note in ended.disk.record if note[0] == "answered"}
        again = world.run(store, Phase(8))
        assert again.error is None
        assert len(answered & set(again.asked)) <= (refusals + 1) // 2
        assert not [name for name in store.files() if name.endswith(".broken")]


def test_a_sync_that_failed_is_not_tried_again(reasoning_world: World) -> None:
    """After an fsync failed, nothing is declared durable any more: no sync, no rename of a checkpoint."""
    whole = reasoning_world.run(Store(ROOT), Phase(6, FAILING), FLAKY).disk.record
    places = [place for place, operation in enumerate(whole) if operation[0] == "sync"]
    for place in places:
        record = reasoning_world.run(Store(ROOT), Phase(6, FAILING), FLAKY, sync_fails_at=place).disk.record
        failed = next(i for i, operation in enumerate(record) if operation[0].endswith("_failed"))
        assert not {operation[0] for operation in record[failed + 1 :]} & {"sync", "sync_directory", "rename"}
