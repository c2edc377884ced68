"""A command that is recalled comes to what it comes to when it is run."""

import random

import pytest

from tests.effort import STRIDE

from .model_store import Store
from .power_loss import power_losses
from .recall import Courses, Outcome
from .scenarios import FAILING
from .world import ROOT, Phase, World

LOGS = frozenset(f"{ROOT}/out/.asyncgen/{name}.jsonl" for name in ("calls", "events"))


def _told(store: Store) -> tuple[object, ...]:
    """What is on a disk but for what is in the logs: names, what of them is durable, and contents."""
    contents = [
        store.inodes[number] for path, number in sorted(store.names.items()) if number and path not in LOGS
    ]
    return sorted(store.names), sorted(store.durable_names), contents


@pytest.mark.parametrize("phase", [Phase(6), Phase(6, FAILING)])
def test_a_recalled_command_leaves_what_a_run_leaves(phase: Phase, reasoning_world: World) -> None:
    """Wherever a run before it ended, by a kill or a loss of power: the same calls, failures and disk."""
    courses, recalled = Courses(LOGS), 0
    killed, draw = Store(ROOT), random.Random(0)
    for place, operation in enumerate(reasoning_world.run(Store(ROOT), phase).disk.record):
        killed.play(operation)
        if place % STRIDE:
            continue
        for before in (killed.copy(), *power_losses(killed, draw, 2)):
            known = courses.recall(before)
            after = before.copy()
            ended = reasoning_world.run(after, phase)
            outcome = Outcome(ended.error, ended.failed_pairs, ended.asked, ended.remote, after)
            if known is None:
                courses.keep(before, ended.disk, outcome)
            else:
                recalled += 1
                assert (known.failed_pairs, known.asked, repr(known.error)) == (
                    outcome.failed_pairs,
                    outcome.asked,
                    repr(outcome.error),
                )
                assert _told(known.store) == _told(after)
    assert recalled > 50 / STRIDE


def test_a_command_that_sees_something_else_is_run(world: World) -> None:
    """After another beginning nothing is recalled."""
    courses, before = Courses(LOGS), Store(ROOT)
    after = before.copy()
    ended = world.run(after, Phase(8))
    courses.keep(before, ended.disk, Outcome(None, 0, ended.asked, ended.remote, after))
    known = courses.recall(before)
    assert known is not None
    assert known.asked == ended.asked
    assert courses.recall(after) is None


def test_a_run_that_draws_on_something_unseen_is_noticed(world: World) -> None:
    """Else it would be recalled where it would have gone another way."""
    courses, before = Courses(LOGS), Store(ROOT)
    for number, phase in enumerate((Phase(8), Phase(7))):
        after = before.copy()
        ended = world.run(after, phase)
        outcome = Outcome(None, 0, ended.asked, ended.remote, after)
        if number:
            with pytest.raises(AssertionError, match="not determined"):
                courses.keep(before, ended.disk, outcome)
        else:
            courses.keep(before, ended.disk, outcome)
