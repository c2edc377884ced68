"""How a run ends and what is said of it: in shards as in one process, whatever becomes of its calls.

Both share the engine, and not what stands above it. On a virtual clock.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.client.answer_body import unusable
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.cluster.cluster_run import ClusterRun
from asyncgen.cluster.shard_job import ClusterJob
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.engine.single_run import Run
from asyncgen.errors import Exit, Interrupted
from asyncgen.recipes import build
from asyncgen.storage.disk import Disk
from tests.engine.at_once import AtOnce
from tests.engine.ended import OF_ROWS, Ended
from tests.engine.odd_inputs import ODD_INPUTS

from .local_cluster import LocalCluster

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

ROWS = 96
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
Answer = Callable[[int], Failure | None]


def good(_row: int) -> None:
    """Every call is answered."""


class Server:
    """Answers after some tenths of a second, or fails."""

    def __init__(self) -> None:
        self.answer: Answer = good
        self.asked: list[int] = []

    def open(self, _config: RunConfig) -> ScriptedWire:
        """What a run takes as `open_wire`."""
        return ScriptedWire(self._script)

    async def _script(self, request: Prepared) -> Completion | Failure:
        found = re.search(rb"right (\d+)", request.body)
        assert found is not None
        row = int(found.group(1))
        self.asked.append(row)
        await asyncio.sleep(0.1 + row % 7 / 30)
        failure = self.answer(row)
        return Completion(f"Paraphrase of {row}.", Usage(30, 20, 50), "m") if failure is None else failure


@dataclass
class Place:
    """A directory, and starts of a run into it: in shards, or in one process."""

    path: Path
    server: Server
    in_shards: bool
    disk: Disk

    async def start(self, *, stop_after: float | None = None, **settings: Any) -> Ended:
        """Start the command, which is interrupted after so many seconds."""
        config = RunConfig(
            input_jsonl=self.path / "pairs.jsonl",
            output_dir=self.path / "out",
            prompt_file=shipped("prompts", "medec_safe.json"),
            endpoints=(EndpointConfig(concurrency=8),),
            **settings,
        )
        ended = Ended()
        lines = ended.lines()
        run: Run | ClusterRun
        if self.in_shards:
            job, cluster = ClusterJob(config, None), LocalCluster(self.server.open)
            run = ClusterRun(job, None, None, lambda: cluster, [lines.show], self.disk)
            run._whole._engine._open_wire = self.server.open
        else:
            run = Run(config, build(config), [lines.show], self.disk, open_wire=self.server.open)
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, run.stop, Interrupted("enough"))
        return await ended.after(run.execute())

    def outputs(self) -> list[bytes]:
        """The files, as far as they are there."""
        return [path.read_bytes() for name in OUTPUTS if (path := self.path / "out" / name).exists()]


@pytest.fixture
def places(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """One for each engine, with the same rows, and no thread for the disk."""

    async def look_up(*_: object) -> None:
        return None

    def without_thread() -> Disk:
        made = Disk()
        monkeypatch.setattr(made, "_thread", AtOnce())
        return made

    monkeypatch.setattr(disk, "_thread", AtOnce())
    monkeypatch.setattr("asyncgen.cluster.shard_worker.Disk", without_thread)
    monkeypatch.setattr("asyncgen.client.wire.SdkWire.look_up", look_up)
    rows = [{"note_id": str(n), "correct_note": f"right {n}", "incorrect_note": "wrong"} for n in range(ROWS)]
    made = []
    for in_shards in (False, True):
        path = tmp_path / ("shards" if in_shards else "one")
        path.mkdir()
        (path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        made.append(Place(path, Server(), in_shards, disk))
    return made


def http(status: int, code: str = "", param: str | None = None) -> Failure:
    """The failure of a call that was answered with this status."""
    error = {"code": code, "message": "no such thing", "param": param}
    return judge_error(status, {}, {"error": error}, 0.0)


def refused(_row: int) -> Failure:
    """The server takes none of the requests."""
    return http(400, "no_such_thing")


def sometimes_refused(row: int) -> Failure | None:
    """It does not take one in seven."""
    return refused(row) if row % 7 == 6 else None


def stretch_refused(row: int) -> Failure | None:
    """It does not take those of two whole shards and of parts of others, one after the other."""
    return refused(row) if 20 < row < 60 else None


# What the server does in each start, with the settings of the start, and the exit codes.
CASES: dict[str, list[tuple[Answer, dict[str, Any], Exit]]] = {
    "nothing fails": [(good, {}, Exit.DONE), (good, {}, Exit.DONE)],
    "all are refused alike": [(refused, {}, Exit.BAD_DATA)],
    "rows fail, and heal": [(sometimes_refused, {}, Exit.SOME_FAILED), (good, {}, Exit.DONE)],
    "a stretch of rows fails": [(stretch_refused, {}, Exit.SOME_FAILED)],
    "one may fail": [(sometimes_refused, {"max_failures": 0}, Exit.BAD_DATA), (good, {}, Exit.DONE)],
    "three may fail": [(sometimes_refused, {"max_failures": 3}, Exit.BAD_DATA), (good, {}, Exit.DONE)],
    "half may fail": [
        (lambda row: http(400, "content_filter") if row % 5 else None, {"max_failed_share": 0.5}, Exit.BAD_DATA)
    ],
    "no usable answer": [(lambda _: Failure("empty_answer", Action.ASK_AGAIN, 200), {}, Exit.BAD_DATA)],
    "a server error": [(lambda _: http(500), {}, Exit.TRY_LATER), (good, {}, Exit.DONE)],
    "no connection": [
        (lambda _: Failure("connection", Action.RETRY, unsaid=True), {}, Exit.TRY_LATER),
        (good, {}, Exit.DONE),
    ],
    "a storm without end": [(lambda _: http(429), {"patience": 60.0}, Exit.TRY_LATER), (good, {}, Exit.DONE)],
    "some time out": [
        (
            lambda row: Failure("timeout", Action.RETRY, unsaid=True) if row % 10 == 3 else None,
            {},
            Exit.SOME_FAILED,
        )
    ],
    "no credit": [(lambda _: http(429, "insufficient_quota"), {}, Exit.KEY_OR_QUOTA), (good, {}, Exit.DONE)],
    "no key": [(lambda _: http(401), {}, Exit.KEY_OR_QUOTA)],
    "no such model": [(lambda _: http(404), {}, Exit.KEY_OR_QUOTA)],
    "interrupted": [(good, {"stop_after": 1.0}, Exit.INTERRUPTED), (good, {}, Exit.DONE)],
    "old failures heal while new rows fail": [
        (
            lambda row: http(400, "content_filter") if row % 24 == 0 else None,
            {"stop_after": 0.7, "max_failed_share": 1.0},
            Exit.INTERRUPTED,
        ),
        (lambda row: http(400, "content_filter") if row % 24 else None, {}, Exit.BAD_DATA),
    ],
    "a budget": [
        (good, {"max_total_tokens": 5_000}, Exit.BUDGET),
        (good, {"max_total_tokens": 200_000}, Exit.DONE),
    ],
    "more rows": [(good, {"num_pairs": 40}, Exit.DONE), (good, {}, Exit.DONE)],
    "another model": [
        (good, {"stop_after": 0.4}, Exit.INTERRUPTED),
        (good, {"model": "gpt-6-sol"}, Exit.BAD_DATA),
    ],
    "anew": [(good, {"stop_after": 0.4}, Exit.INTERRUPTED), (good, {"restart": True}, Exit.DONE)],
}
OF_ONE = re.compile("✓ Checkpoint saved|Stopping: |Asking again for ")
OF_SHARDS = re.compile(
    "Joining the Ray|[0-9]+ of [0-9]+ shards to do|Merging [0-9]+ shards|The shards of this run"
)


def compared(lines: list[str], *, whole: bool = True) -> list[str]:
    """What two engines say alike, in any order; of `whole` runs also which rows failed."""
    kept = [line for line in lines if not OF_ONE.match(line) and not OF_SHARDS.match(line)]
    named = [line for line in kept if whole or not OF_ROWS.match(line)]
    return sorted(re.sub(r"pair \d+ \(ch|/(one|shards)/|\d{8}T\d{6}Z(-\d)?", "", line) for line in named)


def without_counts(reason: str) -> str:
    """A reason to end without what differs between engines."""
    alone = re.sub(r"^shard \d/8: |; failed\.jsonl .*", "", reason)
    return re.sub(r"\d+ of them|most often|[\d,]+\d|\d", "#", alone)


@pytest.mark.parametrize("case", CASES)
async def test_it_ends_alike_and_says_the_same(places: list[Place], case: str) -> None:
    """In each start."""
    for answer, settings, code in CASES[case]:
        ends = []
        for place in places:
            place.server.answer = answer
            ends.append(await place.start(**settings))
        one, shards = ends
        assert (one.code, shards.code) == (code, code)
        assert without_counts(shards.reason) == without_counts(one.reason)
        assert compared(shards.said) == compared(one.said)
        complete = code in {Exit.DONE, Exit.SOME_FAILED}
        assert compared(shards.warned, whole=complete) == compared(one.warned, whole=complete)
        if complete:
            assert places[1].outputs() == places[0].outputs()


@pytest.mark.parametrize("kind", ODD_INPUTS)
async def test_of_the_input_the_same_is_said_once(places: list[Place], kind: str) -> None:
    """Not by every shard, of which there may be fewer rows than usually shards."""
    odd, ends = ODD_INPUTS[kind], []
    for place in places:
        odd.spoil(place.path / "pairs.jsonl")
        ends.append(await place.start(skip_bad=odd.skip_bad))
    one, shards = ends
    assert (one.code, shards.code) == (odd.code, odd.code)
    assert compared([shards.reason, *shards.said, *shards.warned]) == compared(
        [one.reason, *one.said, *one.warned]
    )
    assert places[1].outputs() == places[0].outputs()


async def test_a_cache_has_all_answers_for_another_directory(places: list[Place]) -> None:
    """Also those that one engine has paid, for the other."""
    one, shards = places
    cache = one.path / "cache.db"
    assert (await one.start(cache=cache)).code == Exit.DONE
    assert (await shards.start(cache=cache)).code == Exit.DONE
    assert shards.server.asked == []
    assert shards.outputs() == one.outputs()


class FilteringServer(Server):
    """Filters what it is asked as long as it is not `well`; every twelfth row waits, and gets no text."""

    well = False

    async def _script(self, request: Prepared) -> Completion | Failure:
        answer = await super()._script(request)
        if self.well:
            return answer
        row = int(re.findall(rb"right (\d+)", request.body)[0])
        await asyncio.sleep(0.0 if row % 24 else 20.0)
        return unusable("content_filter" if row % 24 else "empty", Usage(30, 20, 50))


async def test_what_an_earlier_start_gave_up_ends_no_later_one(places: list[Place]) -> None:
    """Their rows fail without a call, and are asked by the next command."""
    for place in places:
        server = place.server = FilteringServer()
        assert (await place.start(stop_after=3.0, max_failed_share=1.0)).code == Exit.INTERRUPTED
        server.well = True
        server.asked.clear()
        assert (await place.start(max_failures=0)).code == Exit.SOME_FAILED
        given_up = set(range(ROWS)) - set(server.asked)
        assert given_up
        server.asked.clear()
        assert (await place.start(max_failures=0)).code == Exit.DONE
        assert set(server.asked) == given_up
