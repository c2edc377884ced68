"""Every mutant of the protocol is found by what the program itself passes."""

import pytest

from tests.effort import LOSSES, MUTANTS_PLAYED

from .explore import Violation
from .mutants import MUTANTS
from .scenarios import PLAYED, explore_in_parts, prepare
from .world import World

pytestmark = pytest.mark.timeout(300)
ENOUGH_LOSSES = max(LOSSES, 5)
"""So many that each mutant is found; in CI the program itself passes as many."""


@pytest.mark.parametrize("wrong", list(MUTANTS)[MUTANTS_PLAYED])
def test_a_mutant_is_found(
    wrong: str, world: World, reasoning_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken protocol violates an invariant in some crash state."""
    mutant, played = MUTANTS[wrong]
    mutant(monkeypatch)
    with pytest.raises(Violation) as found:
        explore_in_parts(prepare(played, world, reasoning_world, monkeypatch), ENOUGH_LOSSES)
    assert "TypeError" not in str(found.value), "the mutant no longer fits what it breaks"
    print(f"{wrong}: {str(found.value).splitlines()[0]}")


def test_what_finds_the_mutants_finds_nothing_in_the_program() -> None:
    """Each of their scenarios is played with the program as it is, in `test_crashes`, in CI as often."""
    assert {played for _, played in MUTANTS.values()} <= set(PLAYED)
