"""Every mutant of the protocol is found, and the program itself passes the same budget."""

import pytest

from asyncgen.engine import pool as engine
from asyncgen.storage import segment_writer as segment_log

from .explore import Counts, Violation
from .model_disk import ModelDisk
from .mutants import MUTANTS
from .scenarios import SCENARIOS
from .world import World

pytestmark = pytest.mark.timeout(300)
BUDGETS = sorted({scenario for _, scenario in MUTANTS.values()})


def _explore(scenario: str, patch: pytest.MonkeyPatch, world: World, reasoning_world: World) -> Counts:
    """Crash a scenario, named with how: `<name>`, or `<name>, ` and one of the words below."""
    name, _, how = scenario.partition(", ")
    if how == "small segments":
        patch.setattr(segment_log, "SEGMENT_SIZE", 900)
    if how == "rare syncs":
        patch.setattr(engine, "JOURNAL_SYNC_INTERVAL", 60.0)
    if how == "slow disk":
        patch.setattr(ModelDisk, "call_seconds", 1.0)
    return SCENARIOS[name](world, reasoning_world).explore(losses=10)


@pytest.mark.parametrize("wrong", MUTANTS)
def test_a_mutant_is_found(
    wrong: str, world: World, reasoning_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken protocol violates an invariant in some crash state."""
    mutant, scenario = MUTANTS[wrong]
    mutant(monkeypatch)
    with pytest.raises(Violation) as found:
        _explore(scenario, monkeypatch, world, reasoning_world)
    print(f"{wrong}: {str(found.value).splitlines()[0]}")


@pytest.mark.parametrize("scenario", BUDGETS)
def test_the_program_passes_with_the_same_budget(
    scenario: str, world: World, reasoning_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What finds the mutants finds nothing in the program as it is."""
    assert _explore(scenario, monkeypatch, world, reasoning_world).states > 200
