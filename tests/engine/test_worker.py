"""What a worker does with a row, and what it does not keep."""

import asyncio
import gc
from typing import Any, cast

from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.worker import Outcome, Worker
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples
from asyncgen.recipes.batch_line import BatchLine
from asyncgen.rows import Row


class StuckAtTheSecond:
    """A recipe that has examples for the first row and never comes to an end with the next."""

    def __init__(self) -> None:
        self.stuck = asyncio.Event()

    async def run(self, pair: Pair, _generate: object) -> Examples:
        if pair.note_id != "note-0":
            self.stuck.set()
            await asyncio.Event().wait()
        return Examples((b"example",), {})


class NothingPaid:
    """A journal of a run that has paid nothing."""

    def wasted(self, _index: int) -> int:
        return 0


def row(index: int) -> Row[Pair]:
    """The row of a pair."""
    return Row(index, index, "", Pair(f"note-{index}", "right", "wrong", "unknown", None, None))


async def test_a_worker_does_not_keep_an_outcome_while_it_waits_for_the_next() -> None:
    """With thousands of calls in flight these were the largest part of the memory."""
    recipe = StuckAtTheSecond()
    client, journal = cast("Any", None), cast("Any", NothingPaid())
    worker = Worker(cast("Any", recipe), client, journal, print, FailureThreshold(None, 1.0), 60.0, print)
    rows: asyncio.Queue[Row[Any] | None] = asyncio.Queue()
    outcomes: list[Outcome] = []
    first = row(0)
    rows.put_nowait(first)
    rows.put_nowait(row(1))
    working = asyncio.create_task(worker.work(rows, outcomes.append))
    await recipe.stuck.wait()
    assert outcomes.pop().row is first
    assert not any(isinstance(kept, Outcome) and kept.row is first for kept in gc.get_objects())
    working.cancel()


def test_an_outcome_counts_with_its_lines_and_with_what_its_row_holds() -> None:
    """What may wait behind a stuck row is bounded by these bytes, also where rows are large and answers small."""
    request = BatchLine("custom", b"x" * 1_000, "m")
    assert Outcome(row(0), None, None, 0).size == 0
    assert Outcome(row(0), Examples((b"one", b"two"), {}), None, 0).size == 6
    assert Outcome(Row(0, 0, "", request), Examples((b"line",), {}), None, 0).size == 1_004
