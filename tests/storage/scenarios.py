"""The scenarios that are crashed everywhere, by name, and the ways in which they are played."""

from collections.abc import Callable

import pytest

from asyncgen.engine import pool
from asyncgen.storage import segment_writer

from .explore import Explorer
from .model_disk import ModelDisk
from .model_names import Operation
from .world import Call, Phase, World

FAILING: frozenset[Call] = frozenset({(1, "error_reasoning"), (4, "paraphrase")})
"""Of each of these pairs one answer is paid and the other one never comes."""
FLAKY: frozenset[Call] = frozenset({(2, "paraphrase")})

Scenario = Callable[[World, World], Explorer]


def _wrote(data: bytes) -> Callable[[Operation], bool]:
    """Whether an operation writes some bytes."""
    return lambda operation: operation[0] == "write" and data in operation[2]


def _renamed(name: str) -> Callable[[Operation], bool]:
    """Whether an operation renames something to a name."""
    return lambda operation: operation[0] == "rename" and operation[2].endswith(f"/{name}")


def _asked(index: int) -> Callable[[Operation], bool]:
    """Whether a call of a pair goes out."""
    return lambda operation: operation[0] == "asked" and operation[1][0] == index


SCENARIOS: dict[str, Scenario] = {
    "fresh": lambda world, _: Explorer(world, Phase(8)),
    "resume": lambda world, _: Explorer(world, Phase(8), killed=(Phase(8), _asked(6))),
    "failures": lambda _, world: Explorer(world, Phase(6, FAILING), afterwards=(Phase(6),), flaky=FLAKY),
    "failures that heal": lambda _, world: Explorer(world, Phase(6, FAILING), again=Phase(6)),
    "repair": lambda _, world: Explorer(world, Phase(6), before=(Phase(6, FAILING),)),
    "repair in vain": lambda _, world: Explorer(
        world, Phase(6, FAILING - {(4, "paraphrase")}), before=(Phase(6, FAILING),), afterwards=(Phase(6),)
    ),
    "extension": lambda world, _: Explorer(world, Phase(8), before=(Phase(3),)),
    "repair and extension": lambda _, world: Explorer(world, Phase(6), before=(Phase(5, FAILING),)),
    "restart": lambda world, _: Explorer(world, Phase(8, restart=True), before=(Phase(5),)),
    "checkpoint removed": lambda world, _: Explorer(
        world, Phase(8, remove_checkpoint=True), killed=(Phase(8), _asked(7))
    ),
    "killed before the checkpoint was durable": lambda world, _: Explorer(
        world, Phase(8), killed=(Phase(8), _renamed("checkpoint.json"))
    ),
    "killed before the intent was durable": lambda _, world: Explorer(
        world, Phase(6), before=(Phase(6, FAILING),), killed=(Phase(6), _renamed("intent.json"))
    ),
    "killed before a failure was committed": lambda _, world: Explorer(
        world, Phase(6), killed=(Phase(6, FAILING), _wrote(b'{"index":4,"note_id"'))
    ),
}

WAYS: dict[str, tuple[object, str, object]] = {
    "small segments": (segment_writer, "SEGMENT_SIZE", 900),
    "rare syncs": (pool, "JOURNAL_SYNC_INTERVAL", 60.0),
    "slow disk": (ModelDisk, "call_seconds", 1.0),
}
"""What else is set in a scenario named `<name>, <way>`. Small segments of the journal hold about two answers."""

IN_WAYS = (
    "fresh, small segments",
    "failures, small segments",
    "failures that heal, small segments",
    "repair, small segments",
    "repair and extension, small segments",
    "failures, rare syncs",
    "fresh, slow disk",
)
PLAYED = (*SCENARIOS, *IN_WAYS)
"""Every scenario that is crashed everywhere, with its way."""


def prepare(played: str, world: World, reasoning_world: World, patch: pytest.MonkeyPatch) -> Explorer:
    """The explorer of one of `PLAYED`, in its way."""
    name, _, way = played.partition(", ")
    if way:
        patch.setattr(*WAYS[way])
    return SCENARIOS[name](world, reasoning_world)


PARTS = (6, 0, 4, 2, 1, 5, 3, 7)


def explore_in_parts(explorer: Explorer, losses: int) -> None:
    """Crash every eighth operation first, then those between: what shows in many places is found soon."""
    for part in PARTS:
        explorer.explore(losses=losses, points=lambda place, part=part: place % len(PARTS) == part)
