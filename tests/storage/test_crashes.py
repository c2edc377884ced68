"""The storage against a model disk: every scenario crashed at every operation, and recovered from."""

from collections.abc import Iterator

import pytest

from tests.effort import LOSSES, STRIDE, STRIDE_IN_WAYS

from .explore import Counts, Explorer
from .model_disk import Crash
from .model_store import Store
from .scenarios import FAILING, FLAKY, IN_WAYS, PLAYED, SCENARIOS, WAYS, prepare
from .world import ROOT, Phase, World

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def total() -> Iterator[Counts]:
    """The counts of all tests here, printed at the end."""
    counts = Counts()
    yield counts
    print(f"\n{counts}")


def _add(total: Counts, counts: Counts) -> None:
    """Add the counts of a scenario, which must have been crashed often and in every way."""
    assert counts.states > 20 * LOSSES / STRIDE
    assert {"killed", "killed_in_write", "power_loss"} <= counts.kinds.keys()
    print(counts)
    total.states += counts.states
    total.recovered += counts.recovered
    total.played += counts.played
    total.asked_again += counts.asked_again
    total.kinds += counts.kinds


@pytest.mark.parametrize("played", PLAYED)
def test_a_crash_anywhere_loses_nothing(
    played: str, world: World, reasoning_world: World, monkeypatch: pytest.MonkeyPatch, total: Counts
) -> None:
    """After a kill or a power loss at any operation, the same command ends with the golden bytes, paid once."""
    stride = STRIDE_IN_WAYS if played in IN_WAYS else STRIDE
    explorer = prepare(played, world, reasoning_world, monkeypatch)
    _add(total, explorer.explore(losses=LOSSES, points=lambda place: place % stride == 0))


@pytest.mark.parametrize("name", ["fresh", "failures that heal", "repair", "repair and extension"])
def test_a_crash_in_the_recovery_loses_nothing(
    name: str, world: World, reasoning_world: World, total: Counts
) -> None:
    """Killed, then crashed again while it recovers: what was seen after the kill need not have been durable."""
    counts = SCENARIOS[name](world, reasoning_world).explore_twice(first=15 // STRIDE, losses=LOSSES, second=10)
    _add(total, counts)


def test_what_a_repair_paid_for_a_row_that_fails_again_is_kept(
    reasoning_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is durable before the statistics say that the row failed."""
    monkeypatch.setattr(*WAYS["rare syncs"])
    paraphrase, reasoning = (4, "paraphrase"), (4, "error_reasoning")
    failed = Phase(6, frozenset({paraphrase, reasoning}))
    explorer = Explorer(reasoning_world, Phase(6, frozenset({paraphrase})), before=(failed,))
    explorer.explore(losses=LOSSES, points=lambda place: place % (2 + STRIDE) == 0)


@pytest.mark.parametrize("place", range(0, 160, 7))
def test_a_crash_leaves_what_the_record_says(place: int, reasoning_world: World) -> None:
    """A disk that stops in the middle of a real run holds exactly what playing the record up to there gives."""
    phase = Phase(6, FAILING)
    whole = reasoning_world.run(Store(ROOT), phase, FLAKY)
    crashed = Store(ROOT)
    ended = reasoning_world.run(crashed, phase, FLAKY, crash_at=place)
    assert place >= len(whole.disk.record) or _is_crash(ended.error)
    played = Store(ROOT)
    for operation in whole.disk.record[:place]:
        played.play(operation)
    assert ended.disk.record == whole.disk.record[:place]
    assert (crashed.names, crashed.inodes) == (played.names, played.inodes)
    assert crashed.changes == played.changes


def _is_crash(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(Crash) is not None
    return isinstance(error, Crash)


def test_a_second_run_has_nothing_to_do(world: World) -> None:
    """The same command after the end asks nothing and changes no output, statistics or checkpoint."""
    store = Store(ROOT)
    world.run(store, Phase(8))
    before = store.files()
    ended = world.run(store, Phase(8))
    assert ended.error is None
    assert not ended.asked
    outside = {name for name in before if not name.startswith("out/.asyncgen/")}
    assert {name: store.files()[name] for name in outside} == {name: before[name] for name in outside}
    assert store.files().keys() == before.keys()


@pytest.mark.parametrize("name", ["repair", "repair and extension"])
def test_repaired_files_are_those_that_the_statistics_speak_of(
    name: str, world: World, reasoning_world: World
) -> None:
    """After failed pairs were merged in place, the same command finds its own files and has nothing to do."""
    explorer: Explorer = SCENARIOS[name](world, reasoning_world)
    store = explorer.start.copy()
    first = reasoning_world.run(store, Phase(6))
    second = reasoning_world.run(store, Phase(6))
    assert (first.error, second.error, second.asked) == (None, None, ())
