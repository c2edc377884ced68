"""The protocol of batches against a model disk: crashed at every operation, and recovered from."""

import pytest

from asyncgen.client.batch_providers import BatchProvider
from asyncgen.engine.batch import batch_rounds as rounds
from tests.effort import LOSSES, MUTANTS_PLAYED, STRIDE

from .explore import Explorer, Violation
from .mutants.batches import BATCHES
from .scenarios import explore_in_parts
from .world import Phase, World

pytestmark = pytest.mark.timeout(120)
BATCH = Phase(4, batch=True)


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of at most five requests."""
    monkeypatch.setattr(rounds, "batch_provider", lambda _: BatchProvider("small", most_requests=5))


SCENARIOS = {
    "batches": lambda world: Explorer(world, BATCH),
    "batches, then one by one": lambda world: Explorer(world, BATCH, again=Phase(4)),
    "one by one, then batches": lambda world: Explorer(world, Phase(4), again=BATCH),
    "a lost create": lambda world: Explorer(world, Phase(4, batch=True, loses_create=True)),
    "killed while batches are open": lambda world: Explorer(
        world, BATCH, killed=(BATCH, lambda operation: operation[0] == "created")
    ),
    "an extension": lambda world: Explorer(world, BATCH, before=(Phase(2, batch=True),)),
}


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_crash_anywhere_leaves_every_request_in_one_batch(name: str, batch_world: World) -> None:
    """After a kill or a power loss at any operation or request: the golden bytes, and nothing paid twice."""
    counts = SCENARIOS[name](batch_world).explore(losses=LOSSES, points=lambda place: place % STRIDE == 0)
    print(counts)
    assert counts.states > 100 / STRIDE


@pytest.mark.usefixtures("small_batches")
def test_a_crash_in_the_recovery_leaves_every_request_in_one_batch(batch_world: World) -> None:
    """Killed, then crashed again while it recovers."""
    counts = SCENARIOS["batches"](batch_world).explore_twice(first=12 // STRIDE, losses=LOSSES, second=12)
    print(counts)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("wrong", list(BATCHES)[MUTANTS_PLAYED])
def test_a_mutant_is_found(wrong: str, batch_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken protocol loses an answer, asks one twice, or does not come to the same end."""
    mutant, scenario = BATCHES[wrong]
    mutant(monkeypatch)
    with pytest.raises(Violation) as found:
        explore_in_parts(SCENARIOS[scenario](batch_world), losses=1)
    assert "TypeError" not in str(found.value), "the mutant no longer fits what it breaks"
    print(f"{wrong}: {str(found.value).splitlines()[0]}")
