"""The order of steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.recipes.order import CycleError, waves

STEPS = [f"step{number}" for number in range(7)]


@st.composite
def acyclic(draw):
    """Steps that need only some before them, listed in any order."""
    needs = {
        step: frozenset(draw(st.sets(st.sampled_from(STEPS[:place])))) if place else frozenset()
        for place, step in enumerate(STEPS)
    }
    return {step: needs[step] for step in draw(st.permutations(STEPS))}


@given(acyclic())
def test_every_step_comes_once_and_as_soon_as_all_that_it_needs_has_come(needs):
    """Its wave is the one behind the last of its needs."""
    found = waves(needs)

    at = {step: number for number, wave in enumerate(found) for step in wave}
    assert sorted(step for wave in found for step in wave) == sorted(needs)
    for step, needed in needs.items():
        assert at[step] == max((at[one] + 1 for one in needed), default=0)


@given(acyclic())
def test_steps_side_by_side_keep_the_order_of_the_file(needs):
    """So that the same file always asks in the same order."""
    place = {step: number for number, step in enumerate(needs)}

    assert all(list(wave) == sorted(wave, key=place.get) for wave in waves(needs))


@given(acyclic(), st.data())
def test_a_circle_is_named_by_steps_that_need_each_other(needs, data):
    """Each of them the next one, and the last the first."""
    circle = data.draw(st.lists(st.sampled_from(STEPS), min_size=1, max_size=4, unique=True))
    needs = {step: set(needed) for step, needed in needs.items()}
    for step, following in zip(circle, [*circle[1:], circle[0]], strict=True):
        needs[step].add(following)

    with pytest.raises(CycleError) as caught:
        waves(needs)

    found = caught.value.steps
    assert found
    assert all(later in needs[step] for step, later in zip(found, [*found[1:], found[0]], strict=True))
    assert str(caught.value) == " → ".join([*found, found[0]])
