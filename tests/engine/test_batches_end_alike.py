"""How a run ends and what is said of it: in batches as in single calls, whatever becomes of them.

Both share the engine, and not what stands above it. On a virtual clock.
"""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.client.batch_server import BatchServerError, BatchState
from asyncgen.client.classify import judge_error
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.single_run import Run
from asyncgen.errors import CallFailed, Exit, Interrupted
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples, Generate
from asyncgen.storage.disk import Disk

from .at_once import AtOnce
from .ended import OF_ROWS, Ended
from .memory_server import MemoryServer, Response, said
from .odd_inputs import ODD_INPUTS
from .starts import Check, Questions

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

ROWS = 36
KEY = "sk-of-a-user"
Answer = Callable[[str, int], Response]


class Chain(Questions):
    """Asks two questions a row, the second about the answer to the first."""

    fingerprint: Mapping[str, Any] = {"recipe": "chain"}
    counters = ("done", "unasked", "unanswered")
    failure_counters: Mapping[str, str] = {"ask": "unasked", "ask on": "unanswered"}

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        sampling = Sampling(0.5, None, 100)
        first = await generate("ask", ChatRequest("", pair.correct_note, sampling, check=self._check))
        second = await generate("ask on", ChatRequest("", f"{first.text}?", sampling))
        return _example({"id": pair.note_id, "answer": second.text})


class Fork(Chain):
    """Asks two questions at the same time, and then one about the answer to the first."""

    fingerprint: Mapping[str, Any] = {"recipe": "fork"}

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        sampling = Sampling(0.5, None, 100)
        first, other = await asyncio.gather(
            generate("ask", ChatRequest("", pair.correct_note, sampling)),
            generate("ask too", ChatRequest("", f"the other {pair.correct_note}", sampling)),
        )
        last = await generate("ask on", ChatRequest("", f"{first.text}?", sampling))
        return _example({"id": pair.note_id, "answer": last.text, "other": other.text})


class ChainOfAll(Chain):
    """Writes a line of each failed row too."""

    def lines_of_failed(self, pair: Pair, failure: CallFailed) -> tuple[bytes, ...]:
        return _example({"id": pair.note_id, "failed": failure.kind}).blobs


def _example(record: Mapping[str, str]) -> Examples:
    return Examples((orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE),), {"done": 1})


class Server(MemoryServer):
    """Lets batches as a whole become something else: `creates` refuse them, `become` ends them."""

    def __init__(self) -> None:
        super().__init__()
        self.creates: list[tuple[int, str]] = []
        self.become: Callable[[BatchState], BatchState] = lambda state: state
        self.refuses_temperature: Callable[[str], bool] = lambda _question: False
        self.paid: list[tuple[str, int]] = []

    async def create(self, file: str, metadata: Mapping[str, str]) -> BatchState:
        if self.creates:
            status, code = self.creates.pop(0)
            raise BatchServerError(judge_error(status, {}, {"error": {"code": code, "message": code}}, 0.0))
        return await super().create(file, metadata)

    async def look(self, batch: str) -> BatchState:
        await asyncio.sleep(0.1)
        return self.become(await super().look(batch))

    def _answer(self, body: Mapping[str, Any]) -> tuple[str, Response]:
        question, answer = super()._answer(body)
        if "temperature" in body and self.refuses_temperature(question):
            return question, error(400, "unsupported_parameter", "temperature")
        if "answer to" in str(answer["body"]):
            self.paid.append((question, int(body.get("seed") or 0)))
        return question, answer


@dataclass
class Place:
    """A directory, and starts of a run into it: in batches, or in single calls."""

    path: Path
    server: Server
    batch: bool
    disk: Disk

    async def start(
        self,
        *,
        stop_after: float | None = None,
        recipe: type[Chain] = Chain,
        check: Check | None = None,
        **settings: Any,
    ) -> Ended:
        """Start the command, which is interrupted after so many seconds."""
        if "cache" in settings:
            settings["cache"] = self.path / settings["cache"]
        config = RunConfig(
            **{
                "input_jsonl": self.path / "rows.jsonl",
                "output_dir": self.path / "out",
                "endpoints": (EndpointConfig(concurrency=8, api_key=KEY),),
                "model": "unlisted",
                "batch": self.batch,
                **settings,
            }
        )
        ended = Ended()
        run = Run(
            config,
            recipe(check),
            [ended.lines().show],
            self.disk,
            open_wire=lambda _config: ScriptedWire(self.server.single),
            batch_access=BatchAccess(lambda _config, _disk: self.server),
        )
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, run.stop, Interrupted("enough"))
        async with asyncio.timeout(3_600):
            return await ended.after(run.execute())

    def files(self) -> list[bytes]:
        """What it has come to, as far as it is there."""
        names = ("out.jsonl", "failed.jsonl")
        return [path.read_bytes() for name in names if (path := self.path / "out" / name).exists()]


@pytest.fixture
def places(tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """One for single calls, one for batches, with the same rows, and no thread for the disk."""
    monkeypatch.setattr(disk, "_thread", AtOnce())
    made = []
    for name in ("single", "batch"):
        path = tmp_path / name
        path.mkdir()
        rows = [{"id": f"id {n}", "text": f"row {n}"} for n in range(ROWS)]
        (path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        made.append(Place(path, Server(), name == "batch", disk))
    return made


def error(status: int, code: str = "", param: str | None = None) -> Response:
    """An answer with this error."""
    return {"status_code": status, "body": {"error": {"code": code, "message": "unsupported", "param": param}}}


def good(question: str, _seed: int) -> Response:
    """Every call is answered."""
    return said(f"answer to {question}")


def failing(which: Callable[[int], bool], failure: Response, what: str = "") -> Answer:
    """These rows get this failure, others are answered; `what` says in which question, if in one of them."""

    def answer(question: str, seed: int) -> Response:
        row = int(question.rstrip("?").rpartition(" ")[2])
        return failure if which(row) and question.endswith(what) else good(question, seed)

    return answer


def all_rows(_row: int) -> bool:
    """Every row."""
    return True


def some(row: int) -> bool:
    """One in seven."""
    return row % 7 == 6


def later(row: int) -> bool:
    """All but the first ones, so that a call goes well before the first batch."""
    return row > 5


def one(row: int) -> bool:
    """One of them."""
    return row == 13


def most(row: int) -> bool:
    """All but one in twelve: with 33 of 36 rows, more than may fail unless that is said."""
    return row % 12 > 0


def without_row_3(text: str) -> str | None:
    """A check that rejects the answers of a row."""
    return "three" if text.endswith("row 3") else None


REFUSED = error(400, "no_such_thing")
FEW = {"max_attempts": 3}
# What the server does in each start, with the settings of the start, and the exit codes.
CASES: dict[str, list[tuple[Answer, dict[str, Any], Exit]]] = {
    "nothing fails": [(good, {}, Exit.DONE), (good, {}, Exit.DONE)],
    "all are refused alike": [(failing(all_rows, REFUSED), {}, Exit.BAD_DATA), (good, {}, Exit.DONE)],
    "all second calls are refused alike": [(failing(all_rows, REFUSED, "?"), {}, Exit.BAD_DATA)],
    "most first calls are refused": [(failing(most, REFUSED), {}, Exit.BAD_DATA), (good, {}, Exit.DONE)],
    "many first calls are refused": [(failing(lambda row: row > 3, REFUSED), {}, Exit.SOME_FAILED)],
    "rows fail, and heal": [(failing(some, REFUSED), {}, Exit.SOME_FAILED), (good, {}, Exit.DONE)],
    "many fail, and fail again": [
        (failing(most, error(400, "content_filter")), {"max_failed_share": 1.0}, Exit.SOME_FAILED),
        (failing(most, REFUSED), {"max_failures": 0}, Exit.SOME_FAILED),
    ],
    "none may fail": [
        (failing(some, REFUSED), {"max_failures": 0}, Exit.BAD_DATA),
        (good, {"max_failures": 0}, Exit.DONE),
    ],
    "three may fail": [(failing(some, REFUSED), {"max_failures": 3}, Exit.BAD_DATA), (good, {}, Exit.DONE)],
    "no usable answer": [(failing(all_rows, said("")), {}, Exit.BAD_DATA)],
    "a check rejects": [(good, {"check": without_row_3}, Exit.SOME_FAILED)],
    "a server error": [(failing(all_rows, error(500)), FEW, Exit.TRY_LATER), (good, {}, Exit.DONE)],
    "some server errors": [(failing(some, error(500)), FEW, Exit.SOME_FAILED), (good, {}, Exit.DONE)],
    "no credit": [
        (failing(all_rows, error(429, "insufficient_quota")), {}, Exit.KEY_OR_QUOTA),
        (good, {}, Exit.DONE),
    ],
    "no credit later": [
        (failing(later, error(429, "insufficient_quota")), {}, Exit.KEY_OR_QUOTA),
        (good, {}, Exit.DONE),
    ],
    "no key": [(failing(all_rows, error(401)), {}, Exit.KEY_OR_QUOTA)],
    "no key later": [(failing(later, error(401)), {}, Exit.KEY_OR_QUOTA), (good, {}, Exit.DONE)],
    "no permission for a row": [(failing(one, error(403)), {}, Exit.SOME_FAILED)],
    "no such model later": [(failing(later, error(404, "model_not_found")), {}, Exit.KEY_OR_QUOTA)],
    "a budget": [
        (good, {"max_total_tokens": 800}, Exit.BUDGET),
        (good, {"max_total_tokens": 200_000}, Exit.DONE),
    ],
    "more rows": [(good, {"num_pairs": 20}, Exit.DONE), (good, {}, Exit.DONE)],
    "another model": [(good, {"num_pairs": 9}, Exit.DONE), (good, {"model": "other"}, Exit.BAD_DATA)],
    "rows that fail are written": [
        (failing(some, REFUSED), {"recipe": ChainOfAll, "max_failures": 3}, Exit.BAD_DATA),
        (failing(some, REFUSED), {"recipe": ChainOfAll}, Exit.SOME_FAILED),
        (good, {"recipe": ChainOfAll}, Exit.DONE),
    ],
    "from a cache": [
        (failing(some, REFUSED), {"cache": "cache.db", "check": without_row_3}, Exit.SOME_FAILED),
        (good, {"cache": "cache.db", "check": without_row_3, "output_dir": "again"}, Exit.SOME_FAILED),
    ],
}
OF_ONE = re.compile("Batch [0-9]+|✓ Checkpoint saved|Stopping: |The budget covers|Resuming from|Asking again for ")


def compared(lines: list[str], *, whole: bool) -> list[str]:
    """What both say alike, in any order; of `whole` runs also which rows failed."""
    kept = [line for line in lines if not OF_ONE.match(line) and (whole or not OF_ROWS.match(line))]
    return sorted(re.sub("/(single|batch)/", "/", line) for line in kept)


@pytest.mark.parametrize("case", CASES)
async def test_it_ends_alike_and_says_the_same(places: list[Place], case: str) -> None:
    """In each start; and no answer is paid twice."""
    for answer, settings, code in CASES[case]:
        ends = []
        for place in places:
            place.server.answer = answer
            own = {"output_dir": place.path / settings["output_dir"]} if "output_dir" in settings else {}
            ends.append(await place.start(**settings | own))
        single, batch = ends
        assert (single.code, batch.code) == (code, code), batch.reason
        assert re.sub(r"\d+", "#", batch.reason) == re.sub(r"\d+", "#", single.reason)
        whole = code in {Exit.DONE, Exit.SOME_FAILED}
        assert compared(batch.said, whole=whole) == compared(single.said, whole=whole)
        assert compared(batch.warned, whole=whole) == compared(single.warned, whole=whole)
        if single.summary is not None and batch.summary is not None:
            assert places[1].files() == places[0].files()
            assert batch.summary.stats == single.summary.stats
        for place in places:
            assert len(set(place.server.paid)) == len(place.server.paid)


@pytest.mark.parametrize("kind", ODD_INPUTS)
async def test_of_the_input_the_same_is_said(places: list[Place], kind: str) -> None:
    """Before anything is sent."""
    odd, ends = ODD_INPUTS[kind], []
    for place in places:
        odd.spoil(place.path / "rows.jsonl")
        ends.append(await place.start(skip_bad=odd.skip_bad))
    single, batch = ends
    assert (single.code, batch.code) == (odd.code, odd.code)
    assert compared([batch.reason, *batch.said, *batch.warned], whole=True) == compared(
        [single.reason, *single.said, *single.warned], whole=True
    )
    assert places[1].files() == places[0].files()


async def test_rows_that_have_ended_are_written_when_too_many_have_failed(places: list[Place]) -> None:
    """The message says where they are listed."""
    _, place = places
    place.server.answer = failing(some, REFUSED, "?")

    ended = await place.start(max_failures=3)

    assert "failed.jsonl lists them" in ended.reason
    answers, failed = place.files()
    assert [json.loads(line)["index"] for line in failed.splitlines()] == [6, 13, 20, 27]
    assert answers.count(b"\n") > 20


async def test_a_field_that_is_refused_in_a_batch_alone_fails_no_row(places: list[Place]) -> None:
    """Its rows are asked without it: those too whose refusals say no more than the first one has taught."""
    single, batch = places
    for place in places:
        place.server.refuses_temperature = lambda question: question not in {"row 0", "answer to row 0?"}

    ends = [await place.start() for place in places]

    assert [ended.code for ended in ends] == [Exit.DONE, Exit.DONE]
    assert compared(ends[1].said, whole=True) == compared(ends[0].said, whole=True)
    assert ends[1].warned == ends[0].warned == []
    assert batch.files() == single.files()
    assert len(batch.server.paid) == 2 * ROWS


@pytest.mark.parametrize("first", ["single", "batch"])
@pytest.mark.parametrize("stop_after", [0.05, 5.15, 10.1])
async def test_the_other_way_goes_on_where_one_was_interrupted(
    places: list[Place], first: str, stop_after: float
) -> None:
    """With the same bytes, and without paying for anything twice."""
    single, place = places
    await single.start()
    place.server.seconds = {f"row {n}": 0.01 * (1 + n % 3) for n in range(ROWS)}
    begun = await place.start(batch=first == "batch", stop_after=stop_after if first == "batch" else 0.06)
    assert begun.code == Exit.INTERRUPTED

    ended = await place.start(batch=first != "batch")

    assert ended.code == Exit.DONE, ended.reason
    assert place.files() == single.files()


def failed_with(*problems: str) -> Callable[[BatchState], BatchState]:
    """The server works on no batch."""
    return lambda state: replace(state, status="failed", output_file="", problems=problems)


WHOLE: dict[str, tuple[Callable[[BatchState], BatchState], Exit, str]] = {
    "failed": (failed_with("internal"), Exit.TRY_LATER, "failed (internal), as 2 before it"),
    "no credit": (failed_with("billing_hard_limit_reached"), Exit.KEY_OR_QUOTA, "out of quota or credit"),
    "no such model": (failed_with("model_not_found"), Exit.KEY_OR_QUOTA, "does not know the model 'unlisted'"),
    "the queue is full": (failed_with("token_limit_exceeded"), Exit.TRY_LATER, "token_limit_exceeded"),
    "expired": (lambda state: replace(state, status="expired", output_file=""), Exit.TRY_LATER, "expired"),
    "cancelled": (lambda state: replace(state, status="cancelled", output_file=""), Exit.TRY_LATER, "cancelled"),
}


@pytest.mark.parametrize("kind", WHOLE)
async def test_batches_that_never_answer_end_a_start_and_no_later_one(places: list[Place], kind: str) -> None:
    """Each says why."""
    single, place = places
    await single.start()
    place.server.become, code, why = WHOLE[kind]
    ended = await place.start()
    assert ended.code == code
    assert why in ended.reason
    place.server.become = lambda state: state

    assert (await place.start()).code == Exit.DONE

    assert place.files() == single.files()


async def test_requests_that_are_refused_for_rate_again_and_again_end_a_start(places: list[Place]) -> None:
    """They are no answers: the run would send batches for ever."""
    single, place = places
    await single.start()
    place.server.answer = failing(later, error(429, "rate_limit_exceeded"))
    ended = await place.start()
    assert ended.code == Exit.TRY_LATER
    assert "came back without an answer: completed (refused for rate or overload), as 2 before it" in ended.reason
    place.server.answer = good

    assert (await place.start()).code == Exit.DONE

    assert place.files() == single.files()


CREATES = [
    (400, "no_such_thing", Exit.BAD_DATA),
    (401, "", Exit.KEY_OR_QUOTA),
    (404, "model_not_found", Exit.BAD_DATA),
    (429, "insufficient_quota", Exit.KEY_OR_QUOTA),
]


@pytest.mark.parametrize("batch", [True, False])
@pytest.mark.parametrize(("status", "code", "ends"), CREATES)
async def test_a_batch_that_is_not_taken_is_sent_by_the_next_start(
    places: list[Place], status: int, code: str, ends: Exit, batch: bool
) -> None:
    """Or its calls are made one by one."""
    single, place = places
    await single.start()
    place.server.creates = [(status, code)] * 9
    ended = await place.start()
    assert ended.code == ends, ended.reason
    place.server.creates = []

    ended = await place.start(batch=batch)

    assert ended.code == Exit.DONE, ended.reason
    assert place.files() == single.files()


async def test_a_refusal_of_the_key_does_not_show_it(places: list[Place]) -> None:
    """Servers put what they like into their codes."""
    ends = []
    for place in places:
        place.server.answer = failing(later, error(401, KEY))
        ends.append(await place.start())

    assert [ended.code for ended in ends] == [Exit.KEY_OR_QUOTA] * 2
    assert KEY not in ends[0].reason
    assert ends[1].reason == ends[0].reason


@pytest.mark.parametrize("cache", [{}, {"cache": "cache.db"}])
async def test_calls_that_a_row_makes_at_once_are_in_one_batch(places: list[Place], cache: dict[str, str]) -> None:
    """Each of them once, also while one of them still waits for the cache when the other one is put off."""
    single, batch = places
    for place in places:
        assert (await place.start(recipe=Fork, **cache)).code == Exit.DONE

    assert batch.files() == single.files()
    assert len(batch.server.batches) == 2
    assert sorted(batch.server.paid) == sorted(single.server.paid)


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("fails", [True, False])
async def test_a_call_that_is_under_way_when_another_of_its_row_ends_is_paid_once(
    places: list[Place], fails: bool, way: int
) -> None:
    """The run waits for it at its end, too: whether the other one fails or is not sent any more."""
    place = places[way]
    place.server.seconds = {"the other row 0": 10.0}
    place.server.answer = lambda question, seed: (
        (REFUSED if fails else error(503)) if question == "row 0" else good(question, seed)
    )
    ended = await place.start(recipe=Fork, num_pairs=1, stop_after=None if fails else 5.0)
    assert ended.code == (Exit.SOME_FAILED if fails else Exit.INTERRUPTED)
    place.server.answer = good

    ended = await place.start(recipe=Fork, num_pairs=1)

    assert ended.code == Exit.DONE
    assert place.server.paid.count(("the other row 0", 0)) == 1
    assert not ended.warned


async def test_an_answer_that_is_not_accepted_is_no_refusal_of_what_others_learn_meanwhile(
    places: list[Place],
) -> None:
    """It would be paid again."""
    place, _ = places
    place.server.seconds = {"row 3": 1.0}
    place.server.refuses_temperature = lambda question: question == "row 2"

    ended = await place.start(check=without_row_3, num_pairs=5)

    assert ended.code == Exit.SOME_FAILED
    assert [question for question, seed in place.server.paid if seed == 0].count("row 3") == 1
