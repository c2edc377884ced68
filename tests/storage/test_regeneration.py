"""A regeneration on the model disk, crashed at every operation: by a kill, and by power losses."""

import random
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson
import pytest

from asyncgen.quality.flaws import DirectoryFlaws
from asyncgen.recipe import Examples
from asyncgen.recipes.medec_contents import CONTENTS
from asyncgen.rows import Row
from asyncgen.storage.layout import RunDirectory
from tests.effort import LOSSES, STRIDE

from .model_names import Operation
from .model_store import Store
from .power_loss import power_losses
from .world import OUTPUTS, ROOT, Phase, World

pytestmark = pytest.mark.timeout(300)
FAILING = frozenset({(5, "paraphrase")})
"""This pair has failed in the run, and one of its answers is paid."""
STATISTICS = "out/generation_stats_safe.json"


class Chosen(DirectoryFlaws):
    """Finds three pairs; what comes of the last one is no better."""

    def __init__(self) -> None:
        super().__init__(Path(ROOT), CONTENTS, Path(ROOT), 3)

    def __str__(self) -> str:
        return "3 pairs"

    def find(self, directory: RunDirectory) -> None:
        """Nothing is looked for."""

    def worst(self) -> tuple[int, ...]:
        """Three pairs."""
        return (0, 2, 3)

    def better(self, row: Row, examples: Examples) -> bool:
        """All but the last one."""
        return row.index < 3 and bool(examples.blobs)


REGENERATE = Phase(6, flaws=Chosen())


def _outputs(store: Store) -> dict[str, bytes]:
    files = store.files()
    return {name: files[f"out/{name}"] for name in OUTPUTS}


def _states(start: Store, record: list[Operation]) -> Iterator[tuple[int, Store]]:
    store = start.copy()
    for place, operation in enumerate(record):
        yield place, store.copy()
        store.play(operation)
    yield len(record), store


def test_a_crash_anywhere_loses_nothing_of_a_regeneration(reasoning_world: World) -> None:
    """The same command ends with the bytes of its round; after a kill, no answer is asked for twice."""
    world, draw = reasoning_world, random.Random(0)
    start = Store(ROOT)
    assert world.run(start, Phase(6, FAILING)).failed_pairs == 1
    end = start.copy()
    golden, tokens, record = [_outputs(start)], [orjson.loads(start.files()[STATISTICS])["total_tokens_used"]], []
    for _ in range(2):
        ended = world.run(end, REGENERATE)
        assert ended.error is None, ended.error
        record = record or ended.disk.record
        golden.append(_outputs(end))
        tokens.append(orjson.loads(end.files()[STATISTICS])["total_tokens_used"])
    assert golden[0] != golden[1] != golden[2]
    finished = 0
    for place, killed in islice(_states(start, record), 0, None, STRIDE):
        answered = {operation[1] for operation in record[:place] if operation[0] == "answered"}
        written = {call for call in answered if record[place - 1] != ("answered", call)}
        for number, store in enumerate((killed, *power_losses(killed.copy(), draw, LOSSES))):
            again = world.run(store, REGENERATE)
            where = f"operation {place} of {len(record)}, {'killed' if not number else 'power loss'}"
            assert again.error is None, (where, again.error)
            statistics = orjson.loads(store.files()[STATISTICS])
            rounds = statistics["regeneration"]["number"]
            assert statistics["regeneration"]["unfinished"] == [], where
            assert _outputs(store) == golden[rounds], where
            assert statistics["total_tokens_used"] == tokens[rounds], where
            assert statistics["failed_pairs"] == 1, where
            if rounds == 1 and not number:
                assert not written & set(again.asked), where
            finished += rounds == 1
            repaired = world.run(store, Phase(6))
            assert (repaired.error, repaired.failed_pairs) == (None, 0), where
            assert repaired.asked == ((5, "paraphrase"),), where
    assert finished > 100 / STRIDE
