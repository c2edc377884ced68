"""The ordered writer: order, commits, and a disk that refuses (virtual clock, a sink in memory)."""

import asyncio

import pytest

from asyncgen.engine.window import Window
from asyncgen.engine.worker import Outcome
from asyncgen.engine.writer import BURST_INTERVAL, OrderedWriter
from asyncgen.errors import DiskError
from asyncgen.events import CheckpointSaved, PairDone
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples
from asyncgen.rows import Row


def outcome(index: int) -> Outcome:
    """A pair that came out well."""
    pair = Pair(f"note-{index}", "right", "wrong", "unknown", None, None)
    return Outcome(Row(index, index, "", pair), Examples((b"x",), {}), None, 1)


class MemorySink:
    """Keeps what is appended; a commit takes `commit_time` seconds and covers what was there when it began."""

    def __init__(self, commit_time: float = 0.0, refuses: str = "") -> None:
        self.appended: list[int] = []
        self.committed: list[int] = []
        self.commits = 0
        self._commit_time = commit_time
        self._refuses = refuses

    async def append(self, outcomes: list[Outcome]) -> None:
        if self._refuses == "append":
            raise DiskError("full")
        self.appended += [outcome.row.index for outcome in outcomes]

    async def commit(self) -> CheckpointSaved | None:
        if len(self.appended) == len(self.committed):
            return None
        if self._refuses == "commit":
            raise DiskError("broken")
        covered = list(self.appended)
        await asyncio.sleep(self._commit_time)
        self.committed = covered
        self.commits += 1
        return CheckpointSaved(len(covered), 100)

    async def close(self) -> None: ...


class Engine:
    """A writer at work."""

    def __init__(self, sink: MemorySink, *, save_every: int = 5, slots: int = 100) -> None:
        self.events: list[object] = []
        self.stopped: list[Exception] = []
        self.window = Window(slots, 1000)
        self.writer = OrderedWriter(
            sink,
            save_every=save_every,
            window=self.window,
            observe=self.events.append,
            stop=self.stopped.append,
        )
        self._tasks = [
            asyncio.ensure_future(self.writer.write()),
            asyncio.ensure_future(self.writer.commit_regularly()),
        ]

    async def put(self, *indexes: int) -> None:
        """Hand outcomes over and let the writer take them."""
        for index in indexes:
            await self.window.take()
            self.writer.take(outcome(index))
        await asyncio.sleep(BURST_INTERVAL)

    async def end(self) -> None:
        """Say that nothing more comes and wait for the end."""
        self.writer.end()
        await asyncio.gather(*self._tasks)


@pytest.mark.virtual_clock
async def test_outcomes_are_appended_in_input_order_whatever_order_they_come_in():
    """What is ahead of its turn waits; nothing is appended before its predecessor."""
    sink = MemorySink()
    engine = Engine(sink)
    await engine.put(3, 1, 2)
    assert sink.appended == []

    await engine.put(0, 5)
    assert sink.appended == [0, 1, 2, 3]

    await engine.put(4)
    await engine.end()
    assert sink.appended == [0, 1, 2, 3, 4, 5]
    assert [event.index for event in engine.events if isinstance(event, PairDone)] == sink.appended


@pytest.mark.virtual_clock
async def test_rows_are_appended_in_bursts_the_first_and_the_last_ones_at_once():
    """Each append costs hops to the disk's thread; a row that nothing is behind need not wait for others."""
    sink = MemorySink()
    engine = Engine(sink)
    engine.writer.take(outcome(0))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert sink.appended == [0]

    for index in range(1, 5):
        engine.writer.take(outcome(index))
        await asyncio.sleep(BURST_INTERVAL / 5)
    assert sink.appended == [0]
    await asyncio.sleep(BURST_INTERVAL / 4)
    assert sink.appended == [0, 1, 2, 3, 4]

    before = asyncio.get_running_loop().time()
    engine.writer.take(outcome(5))
    await engine.end()
    assert sink.appended == [0, 1, 2, 3, 4, 5]
    assert asyncio.get_running_loop().time() == before


@pytest.mark.virtual_clock
async def test_a_commit_is_due_after_so_many_pairs_or_two_seconds():
    """Pairs count first; a slow run commits by the clock."""
    sink = MemorySink()
    engine = Engine(sink, save_every=2)
    await engine.put(0)
    assert sink.commits == 0
    await engine.put(1)
    assert sink.committed == [0, 1]

    await engine.put(2)
    await asyncio.sleep(2.1)
    assert sink.committed == [0, 1, 2]
    await engine.end()
    assert sink.commits == 2


@pytest.mark.virtual_clock
async def test_while_one_commit_runs_the_next_one_gathers():
    """A small --save-every does not slow a fast run: appends go on, commits do not overlap or pile up."""
    sink = MemorySink(commit_time=10.0)
    engine = Engine(sink, save_every=1)
    for index in range(50):
        await engine.put(index)
    assert sink.appended == list(range(50))
    assert sink.commits == 0

    await engine.end()
    assert sink.committed == list(range(50))
    assert sink.commits == 2


@pytest.mark.virtual_clock
async def test_what_comes_during_the_last_commit_is_committed_too():
    """The end of the input may arrive while a commit is under way that does not cover the last pairs."""
    sink = MemorySink(commit_time=1.0)
    engine = Engine(sink, save_every=1)
    await engine.put(0)
    await asyncio.sleep(0.5)  # the commit of pair 0 is under way
    await engine.put(1)

    await engine.end()

    assert sink.committed == [0, 1]


@pytest.mark.virtual_clock
@pytest.mark.parametrize("refuses", ["append", "commit"])
async def test_a_disk_that_refuses_stops_the_run_but_not_the_queue(refuses):
    """Outcomes are still taken, so that workers can end with what they paid for journaled."""
    sink = MemorySink(refuses=refuses)
    engine = Engine(sink, save_every=1, slots=3)

    for index in range(10):
        await asyncio.wait_for(engine.put(index), 5)
    await engine.end()

    assert len(engine.stopped) == 1
    assert sink.committed == []
    assert not [event for event in engine.events if isinstance(event, CheckpointSaved)]


@pytest.mark.virtual_clock
async def test_a_fast_run_spends_a_tenth_of_its_time_on_commits():
    """However small --save-every is: syncs would hold everything else up."""
    sink = MemorySink(commit_time=0.1)
    engine = Engine(sink, save_every=1, slots=2000)
    for index in range(220):
        await engine.put(index)  # 11 s in all

    assert 9 <= sink.commits <= 11
    await engine.end()
    assert sink.committed == list(range(220))


@pytest.mark.virtual_clock
async def test_the_end_waits_for_no_rest_between_commits():
    """What is left is committed at once."""
    sink = MemorySink(commit_time=0.1)
    engine = Engine(sink, save_every=1)
    await engine.put(0)
    await asyncio.sleep(0.15)  # the rest after the first commit has begun
    await engine.put(1)
    before = asyncio.get_running_loop().time()

    await engine.end()

    assert sink.committed == [0, 1]
    assert asyncio.get_running_loop().time() - before < 0.2
