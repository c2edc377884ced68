"""The engine on a virtual clock, with a client that answers by a script: windows, stuck pairs, segments."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.client import scripted_wire as wire
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine import single_run as pipeline
from asyncgen.errors import BadDataError, DiskError, Interrupted, Stopping
from asyncgen.events import CheckpointSaved, Event, Observer, PairDone, Sample
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.own_class import OwnClass
from asyncgen.recipes.prompts import PromptFile
from asyncgen.storage import segment_writer as segment_log
from asyncgen.storage.disk import Disk

from .at_once import AtOnce


class ScriptedWire:
    """Answers each call after the seconds that the script says for its pair; None fails the call."""

    def __init__(self) -> None:
        self.script: Callable[[int], float | None] = lambda _index: 0.01
        self.asked: list[int] = []

    def open(self, _config: RunConfig) -> wire.ScriptedWire:
        """What a run takes as `open_wire`."""
        return wire.ScriptedWire(self._answer)

    async def _answer(self, request: Prepared) -> Completion | Failure:
        index = index_of(request)
        self.asked.append(index)
        seconds = self.script(index)
        if seconds is None:
            return Failure("bad_request", Action.GIVE_UP, 400)
        await asyncio.sleep(seconds)
        return Completion(f"Paraphrase {index}. " + "x" * 500, Usage(1, 1, 2), "scripted")


def index_of(request: Prepared) -> int:
    """The pair that a request is about: its note says so."""
    found = re.search(rb"(?:right|wrong|Paraphrase) (\d+)", request.body)
    assert found is not None
    return int(found.group(1))


@pytest.fixture
def disk(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The real disk without its thread."""
    monkeypatch.setattr(disk, "_thread", AtOnce())
    return disk


@pytest.fixture
def client() -> ScriptedWire:
    """What answers the calls of the runs of a test."""
    return ScriptedWire()


@pytest.fixture
def run(tmp_path: Path, disk: Disk, client: ScriptedWire) -> Callable[..., pipeline.Run]:
    """Runs over so many short pairs, into the same directory."""

    def make(pairs: int, *observers: Observer, concurrency: int = 4, **more: Any) -> pipeline.Run:
        source = tmp_path / "pairs.jsonl"
        rows = [{"note_id": str(n), "correct_note": f"right {n}", "incorrect_note": "wrong"} for n in range(pairs)]
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        prompts = shipped("prompts", "medec_safe.json")
        config = RunConfig(
            input_jsonl=source,
            output_dir=tmp_path / "out",
            prompt_file=prompts,
            endpoints=(EndpointConfig(concurrency=concurrency),),
            timeout=1e5,
            pair_timeout=1e5,
        )
        # As a class of the user's own: some tests replace its `run`.
        recipe = OwnClass(MedecSafe(PromptFile.load(prompts), add_reasoning=False), "own")
        return pipeline.Run(config, recipe, list(observers), disk, open_wire=client.open, **more)

    return make


@pytest.mark.virtual_clock
async def test_a_pair_that_is_stuck_for_an_hour_holds_up_only_what_is_a_window_behind_it(client, run):
    """The others are asked on until the window is full; then memory waits, and all ends well."""
    client.script = lambda index: 3600.0 if index == 0 else 0.01
    asked_after = {}

    async def look() -> None:
        for minutes in (5, 59):
            await asyncio.sleep(minutes * 60 - asyncio.get_running_loop().time())
            asked_after[minutes] = len(client.asked)

    looking = asyncio.create_task(look())
    summary = await run(2000).execute()

    await looking
    assert asked_after == {5: 1024, 59: 1024}
    assert summary.stats["correct_generated"] == 2000


@pytest.mark.virtual_clock
async def test_journal_segments_go_while_the_run_goes_on(client, run, monkeypatch, tmp_path):
    """What is committed needs no journal; answers of failed pairs are carried on and do not pin segments."""
    monkeypatch.setattr(segment_log, "SEGMENT_SIZE", 10_000)
    client.script = lambda index: None if index % 50 == 7 else 0.01
    counts = []

    def count(event: object) -> None:
        if isinstance(event, PairDone):
            counts.append(len(list((tmp_path / "out" / ".asyncgen").glob("journal-*"))))

    summary = await run(1500, count).execute()

    assert summary.failed_pairs == 30
    assert max(counts) <= 6  # of about a hundred that were written


@pytest.mark.virtual_clock
async def test_paid_answers_of_failed_pairs_survive_every_segment(client, run, monkeypatch):
    """A pair fails at its second step; its first answer is not asked again, however far the run went on."""
    monkeypatch.setattr(segment_log, "SEGMENT_SIZE", 5_000)
    client.script = lambda index: None if index in {3, 400} else 0.01
    await run(500).execute()
    client.script = lambda _index: 0.01
    client.asked.clear()

    summary = await run(500).execute()

    assert client.asked == [3, 400]
    assert summary.failed_pairs == 0


@pytest.mark.virtual_clock
async def test_a_run_that_is_stopped_keeps_what_was_paid_for_pairs_behind_a_stuck_one(client, run):
    """Their answers wait in the journal: the next start asks the stuck pair alone."""
    client.script = lambda index: 60.0 if index == 0 else 0.01
    first = run(30)
    stopping = asyncio.create_task(_stop_after(first, 10))

    with pytest.raises(Interrupted):
        await first.execute()

    await stopping
    assert sorted(client.asked) == list(range(30))
    client.asked.clear()
    summary = await run(30).execute()
    assert client.asked == []
    assert summary.stats["correct_generated"] == 30


@pytest.mark.virtual_clock
async def test_samples_say_what_the_run_is_waiting_for(client, run):
    """Once a second: calls in flight, calls before the gate, and what holds the oldest of them."""
    client.script = lambda _index: 1.5
    samples = []

    await run(20, lambda event: samples.append(event) if isinstance(event, Sample) else None).execute()

    assert samples[0].done == samples[0].calls == 0
    assert samples[1].in_flight == 4
    assert samples[1].waiting == 1
    assert samples[1].waiting_on == "concurrency"
    assert samples[-1].done == samples[-1].total == 20


@pytest.mark.virtual_clock
async def test_it_says_when_few_rows_are_left_to_read(client, run):
    """No more than calls may be in flight: there is time to begin something else before these are idle."""
    client.script = lambda _index: 1.0
    asked: list[int] = []

    await run(200, few_left=lambda: asked.append(len(client.asked))).execute()

    assert 100 < asked[0] <= 200 - 4


@pytest.mark.virtual_clock
async def test_it_says_so_too_when_it_is_stopped(client, run):
    """No further row is read."""
    client.script = lambda _index: 1.0
    asked: list[int] = []
    begun = run(200, few_left=lambda: asked.append(len(client.asked)))
    stopping = asyncio.create_task(_stop_after(begun, 10))

    with pytest.raises(Interrupted):
        await begun.execute()

    await stopping
    assert len(asked) == 1


async def _stop_after(run: pipeline.Run, seconds: float) -> None:
    await asyncio.sleep(seconds)
    run.stop(Interrupted("enough"))


@pytest.mark.virtual_clock
async def test_a_run_that_the_breaker_ended_is_completed_by_one_command(client, run, tmp_path):
    """What failed in it is asked again behind the rest, and the files are those of a run without failures."""
    client.script = lambda index: None if index >= 2 else 0.01
    with pytest.raises(BadDataError, match=r"30 of 3\d pairs failed"):
        await run(300).execute()
    assert len(client.asked) < 60  # of 300
    client.script = lambda _index: 0.01

    summary = await run(300).execute()

    assert summary.failed_pairs == 0
    notes = [
        json.loads(line)["note"] for line in (tmp_path / "out" / "sft_correct.jsonl").read_text().splitlines()
    ]
    assert notes == [f"Paraphrase {index}. " + "x" * 500 for index in range(300)]


@pytest.mark.virtual_clock
async def test_pairs_that_fail_in_the_run_itself_are_left_to_the_next_command(client, run):
    """Asked again at once they would fail again."""
    client.script = lambda index: None if index == 7 else 0.01

    assert (await run(20).execute()).failed_pairs == 1
    assert client.asked.count(7) == 1


@pytest.mark.virtual_clock
async def test_a_row_whose_recipe_awaits_a_task_that_it_has_cancelled_fails_and_is_not_lost(
    run: Callable[..., pipeline.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in: of two calls take the first that is answered, and cancel the other one."""
    usual = MedecSafe.run

    async def careless(self: MedecSafe, pair: Any, generate: Any) -> Any:
        if pair.note_id == "2":
            other = asyncio.ensure_future(asyncio.sleep(60))
            await asyncio.sleep(0.1)
            other.cancel()
            await other
        return await usual(self, pair, generate)

    monkeypatch.setattr(MedecSafe, "run", careless)
    async with asyncio.timeout(3600):
        summary = await run(5).execute()
    assert summary.failed_pairs == 1


@pytest.mark.virtual_clock
async def test_the_rows_behind_it_do_not_wait_for_ever(
    run: Callable[..., pipeline.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a run that is longer than the window nothing else would end."""
    usual = MedecSafe.run

    async def careless(self: MedecSafe, pair: Any, generate: Any) -> Any:
        if pair.note_id == "2":
            raise asyncio.CancelledError
        return await usual(self, pair, generate)

    monkeypatch.setattr(MedecSafe, "run", careless)
    async with asyncio.timeout(60):
        assert (await run(1100).execute()).failed_pairs == 1


@pytest.mark.virtual_clock
async def test_a_run_with_a_gap_is_no_success(
    run: Callable[..., pipeline.Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever has made it: a recipe of the user may raise anything."""
    usual = MedecSafe.run

    async def strange(self: MedecSafe, pair: Any, generate: Any) -> Any:
        if pair.note_id == "2":
            raise Stopping
        return await usual(self, pair, generate)

    monkeypatch.setattr(MedecSafe, "run", strange)
    with pytest.raises(RuntimeError, match="row 2"):
        await run(5).execute()


async def pay_ahead(run: Callable[..., pipeline.Run], client: ScriptedWire) -> None:
    """Leave a run of twelve rows that was killed when all but row 3 were answered."""
    client.script = lambda index: 1e6 if index == 3 else 0.01
    killed = asyncio.create_task(run(12).execute())
    await asyncio.sleep(5)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)


@pytest.mark.virtual_clock
async def test_what_was_paid_for_rows_behind_a_smaller_end_is_not_asked_again(
    run: Callable[..., pipeline.Run], client: ScriptedWire
) -> None:
    """Not when the smaller run is finished, nor when its command is given once more."""
    await pay_ahead(run, client)
    client.script = lambda _index: 0.01
    for _ in range(2):
        await run(5).execute()
    client.asked.clear()
    assert (await run(12).execute()).failed_pairs == 0
    assert client.asked == []


@pytest.mark.virtual_clock
async def test_what_was_paid_for_rows_behind_a_smaller_end_outlasts_a_repair(
    run: Callable[..., pipeline.Run], client: ScriptedWire
) -> None:
    """The journal is compacted for the failed row alone."""
    await pay_ahead(run, client)
    client.script = lambda index: None if index == 3 else 0.01
    assert (await run(5).execute()).failed_pairs == 1
    client.script = lambda _index: 0.01
    client.asked.clear()
    assert (await run(12).execute()).failed_pairs == 0
    assert client.asked == [3]


def removed(path: Path) -> None:
    """As by rm, mv or gzip."""
    path.unlink()


def replaced(path: Path) -> None:
    """As by sed -i: another file has the name, with what was there."""
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data)


def shortened(path: Path) -> None:
    """As by truncate, or > FILE."""
    os.truncate(path, 10)


def extended(path: Path) -> None:
    """As by >> FILE."""
    with path.open("a") as file:
        file.write("junk\n")


@pytest.mark.virtual_clock
@pytest.mark.parametrize("touch", [removed, replaced, shortened, extended])
async def test_an_output_that_another_program_touches_ends_the_run(
    touch: Callable[[Path], None], run: Callable[..., pipeline.Run], tmp_path: Path
) -> None:
    """No row is committed that is not in the file; put back as it was, the run goes on and loses nothing."""
    path = tmp_path / "out" / "sft_incorrect.jsonl"
    whole = run(60)
    await whole.execute()
    golden = path.read_bytes()
    shutil.rmtree(tmp_path / "out")
    good = b""

    def observe(event: Event) -> None:
        nonlocal good
        if isinstance(event, CheckpointSaved) and event.done >= 20 and not good:
            good = path.read_bytes()
            touch(path)

    with pytest.raises(DiskError, match=r"another program has removed or changed .*sft_incorrect\.jsonl"):
        await run(60, observe).execute()
    path.write_bytes(path.read_bytes().replace(b"junk\n", b"") if touch is extended else good)
    await run(60).execute()
    assert path.read_bytes() == golden


@pytest.mark.virtual_clock
@pytest.mark.parametrize("concurrency", [1, 2, 4])
async def test_neighbours_at_which_the_server_fails_hold_up_no_run(
    concurrency: int, run: Callable[..., pipeline.Run], client: ScriptedWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many as are at work: a fresh row is asked, and shows that the server is there."""
    bad = set(range(10, 12 + concurrency))

    async def answer(request: Prepared) -> Completion | Failure:
        if index_of(request) in bad:
            return Failure("connection", Action.RETRY, unsaid=True)
        await asyncio.sleep(0.01)
        return Completion("A paraphrase.", Usage(1, 1, 2), "scripted")

    monkeypatch.setattr(client, "_answer", answer)
    began = asyncio.get_running_loop().time()
    summary = await run(40, concurrency=concurrency).execute()
    assert summary.failed_pairs == len(bad)
    assert asyncio.get_running_loop().time() - began < 120
