"""`asyncgen.stream`: the examples of a run as they are written, and whoever takes them slowly, or leaves."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import aclosing
from typing import Any

import pytest

import asyncgen
from asyncgen.config import RunConfig
from asyncgen.engine import stream as tee
from asyncgen.errors import BadDataError, BudgetError, CallFailed, UsageError
from asyncgen.recipes.single_turn import SingleTurn
from asyncgen.simulator import Latency
from tests import asyncgen_process

from .conftest import OUTPUTS, PROMPTS, SAMPLES, clean_env, until

WORDS = 60
SLOW = Latency(median_s=0.1)
GIVEN_UP: set[str] = set()


class Words(SingleTurn):
    """Gives some words up without asking."""

    async def run(self, pair: Any, generate: Any) -> Any:
        if pair.values["word"] in GIVEN_UP:
            raise CallFailed("single_turn", "of_no_use", 1)
        return await super().run(pair, generate)


@pytest.fixture
def words(tmp_path, monkeypatch) -> Iterator[dict[str, Any]]:
    """A job of one call a line, but for the server."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    lines = "".join(f'{{"id": {n}, "word": "w{n}"}}\n' for n in range(WORDS))
    (tmp_path / "words.jsonl").write_text(lines)
    prompts = {"single_turn_system": "Explain.", "single_turn_user": "What does {word} mean?"}
    (tmp_path / "prompts.json").write_text(json.dumps(prompts))
    yield {
        "input_jsonl": tmp_path / "words.jsonl",
        "output_dir": tmp_path / "out",
        "prompt_file": tmp_path / "prompts.json",
        "recipe": Words,
        "concurrency": 4,
    }
    GIVEN_UP.clear()


def ids(numbers: Any) -> list[str]:
    """What examples of these words are known by."""
    return [str(number) for number in numbers]


async def taken(job: dict[str, Any], most: int = WORDS + 1) -> list[str]:
    """The first ids of a stream, which is left then."""
    found: list[str] = []
    async with aclosing(asyncgen.stream(**job)) as examples:
        async for example in examples:
            found.append(example["id"])
            if len(found) == most:
                break
    return found


@pytest.mark.parametrize(("output", "name"), [(None, OUTPUTS[2]), *((name, name) for name in OUTPUTS)])
async def test_it_gives_the_lines_of_a_file_in_their_order(serve, tmp_path, output, name):
    """Of the last one, when none is named."""
    paths = {"input_jsonl": SAMPLES, "output_dir": tmp_path / "out", "prompt_file": PROMPTS}
    examples = asyncgen.stream(**paths, output=output, base_url=serve().base_url)

    found = [example async for example in examples]

    assert found == [json.loads(line) for line in (tmp_path / "out" / name).read_bytes().splitlines()]
    assert len(found) == (48 if name == OUTPUTS[2] else 24)
    assert len({example["original_note_id"] for example in found}) == 24


@pytest.mark.parametrize("most", [1, 7, 30])
async def test_the_whole_file_comes_however_often_it_was_left(serve, words, most):
    """What was in flight is saved, and nothing is asked twice; at last nothing is asked."""
    server = serve()
    job = {**words, "base_url": server.base_url}
    for _ in range(3):
        assert await taken(job, most) == ids(range(most))

    assert await taken(job) == ids(range(WORDS))
    assert await taken(job) == ids(range(WORDS))
    assert server.counts["requests"] == WORDS


async def test_who_takes_slowly_holds_the_run(serve, words, monkeypatch):
    """It comes to stand a window ahead."""
    window, ahead = 8, 2
    monkeypatch.setattr(RunConfig, "window_slots", property(lambda _: window))
    monkeypatch.setattr(tee, "AHEAD", ahead)
    server = serve()
    stood = []
    number = 0
    async with aclosing(asyncgen.stream(**words, base_url=server.base_url)) as examples:
        async for example in examples:
            assert example["id"] == str(number)
            number += 1
            if number in {1, 20}:
                # The pairs of a batch free their places together, when the last of them is taken.
                await until(lambda: server.counts["requests"] >= (20 if stood else window))
                await asyncio.sleep(0.2)  # for what should not come
                stood.append(server.counts["requests"] - number)

    # In the window, between writer and taker, and in the hands of the taker.
    assert max(stood) <= window + 2 * ahead
    assert number == WORDS


def test_leaving_at_the_end_of_a_program_loses_nothing(serve, words):
    """The end of `asyncio.run` cancels every task there is."""
    server = serve(latency=SLOW)
    job = {**words, "base_url": server.base_url}

    async def first() -> str:
        async for example in asyncgen.stream(**job):
            return str(example["id"])
        return "none"

    assert asyncio.run(first()) == "0"
    asked = server.counts["requests"]
    assert asked < WORDS
    assert asyncio.run(taken(job)) == ids(range(WORDS))
    assert server.counts["requests"] == WORDS


LEFT = """
import asyncio, sys
import asyncgen
from asyncgen.recipes import SingleTurn
names = ["input_jsonl", "output_dir", "prompt_file"]
job = dict(zip(names, sys.argv[1:]), recipe=SingleTurn, concurrency=4)
loop = asyncio.new_event_loop()
"""
OPEN = """
examples = asyncgen.stream(**job)
print(loop.run_until_complete(anext(examples))["id"])
"""
CLOSED = """
loop.close()
del examples
"""
BROKEN_OFF = """
async def first():
    async for example in asyncgen.stream(**job):
        print(example["id"])
        break
loop.run_until_complete(first())
"""
AWAITED_BY_NONE = """
import threading
answered, run = threading.Event(), SingleTurn.run
async def told(self, *words):
    examples = await run(self, *words)
    answered.set()
    return examples
SingleTurn.run = told
async def begun():
    global task
    task = asyncio.create_task(asyncgen.run_async(**job))
    await asyncio.to_thread(answered.wait)
loop.run_until_complete(begun())
"""


@pytest.mark.parametrize(
    "left",
    [OPEN, OPEN + CLOSED, BROKEN_OFF, AWAITED_BY_NONE],
    ids=["open", "loop closed", "broken off", "awaited by none"],
)
def test_a_program_that_waits_for_nothing_ends_in_order(serve, words, left):
    """It left its own event loop as it was, which `asyncio.run` would have cleaned up."""
    server = serve(latency=SLOW)
    job = {**words, "recipe": SingleTurn, "base_url": server.base_url}
    arguments = [str(words[name]) for name in ("input_jsonl", "output_dir", "prompt_file")]
    asyncgen_process.run(
        [sys.executable, "-c", LEFT + left, *arguments],
        env=clean_env({"OPENAI_BASE_URL": server.base_url}),
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert 0 < server.counts["requests"] < WORDS

    assert asyncio.run(taken(job)) == ids(range(WORDS))
    assert server.counts["requests"] == WORDS


ON_A_THREAD = """
import pathlib, threading, time
threading.Thread(target=lambda: print(asyncgen.run(**job).calls)).start()
while not pathlib.Path(job["output_dir"], ".asyncgen", "calls.jsonl").exists():
    time.sleep(0.01)
"""
FORKED = """
import multiprocessing
child = multiprocessing.get_context("fork").Process(target=sys.exit, args=(3,))
child.start()
child.join()
print(child.exitcode)
"""


@pytest.mark.parametrize(("then", "said"), [("", ""), (FORKED, "3\n")], ids=["alone", "forked"])
def test_a_program_waits_for_a_run_on_a_thread_of_its_own(serve, words, then, said):
    """The interpreter ends executors before, without which it failed with calls in flight. A child has no run."""
    server = serve(latency=SLOW)
    arguments = [str(words[name]) for name in ("input_jsonl", "output_dir", "prompt_file")]
    done = asyncgen_process.run(
        [sys.executable, "-c", LEFT + ON_A_THREAD + then, *arguments],
        env=clean_env({"OPENAI_BASE_URL": server.base_url}),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert (done.stdout, done.stderr) == (f"{said}{WORDS}\n", "")


NO_THREAD = """
import threading
threading.stack_size(1 << 46)
loop.run_until_complete(asyncgen.run_async(**job))
"""


def test_a_program_for_which_no_thread_can_be_started_ends(words):
    """It has too many: its end waited for that one for ever."""
    arguments = [str(words[name]) for name in ("input_jsonl", "output_dir", "prompt_file")]
    done = asyncgen_process.run(
        [sys.executable, "-c", LEFT + NO_THREAD, *arguments],
        env=clean_env({"OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "RuntimeError: can't start new thread")


async def test_an_exception_of_whoever_takes_stops_the_run_in_order(serve, words):
    """It comes through as it is."""
    server = serve(latency=SLOW)
    job = {**words, "base_url": server.base_url}

    async def divide() -> None:
        async with aclosing(asyncgen.stream(**job)) as examples:
            async for _ in examples:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await divide()
    assert server.counts["requests"] < WORDS

    assert await taken(job) == ids(range(WORDS))
    assert server.counts["requests"] == WORDS


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancellation_stops_the_run_in_order(serve, words, times):
    """Also one that comes again while the calls in flight are waited for."""
    server = serve(latency=SLOW)
    job = {**words, "base_url": server.base_url}
    taking = asyncio.ensure_future(taken(job))
    await until(lambda: server.counts["requests"] >= 10)
    for _ in range(times):
        taking.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert server.counts["requests"] < WORDS

    assert await taken(job) == ids(range(WORDS))
    assert server.counts["requests"] == WORDS


async def test_an_error_of_the_run_comes_after_everything_before_it(serve, words):
    """The budget lasts for some of them."""
    server = serve()
    found: list[str] = []

    async def take() -> None:
        async for example in asyncgen.stream(**words, base_url=server.base_url, max_total_tokens=2000):
            found.append(example["id"])  # noqa: PERF401 - what came before the error counts

    with pytest.raises(BudgetError, match="the budget covers no further call"):
        await take()

    assert 0 < len(found) < WORDS
    assert found == ids(range(len(found)))
    assert len((words["output_dir"] / "conversations.jsonl").read_bytes().splitlines()) == len(found)
    assert await taken({**words, "base_url": server.base_url}) == ids(range(WORDS))


async def test_what_cannot_be_carried_out_is_refused(serve, words):
    """An output that there is not, at once; a bad line, before any call."""
    server = serve()
    with pytest.raises(UsageError, match=r"does not write other\.jsonl, but conversations\.jsonl"):
        asyncgen.stream(**words, base_url=server.base_url, output="other.jsonl")
    words["input_jsonl"].write_text("[]\n")
    with pytest.raises(BadDataError, match="line 1"):
        await taken({**words, "base_url": server.base_url})
    assert server.counts["requests"] == 0


async def test_repaired_pairs_come_in_their_place_in_a_run_that_had_reached_its_end(serve, words):
    """They are merged before the file is read."""
    job = {**words, "base_url": serve().base_url}
    GIVEN_UP.update({"w1", "w30"})
    assert await taken(job) == ids(n for n in range(WORDS) if n not in {1, 30})
    GIVEN_UP.clear()

    assert await taken(job) == ids(range(WORDS))


async def test_repaired_pairs_come_last_in_a_run_that_had_not(serve, words):
    """Their place has passed; the next stream has them there."""
    job = {**words, "base_url": serve(latency=SLOW).base_url, "save_every": 1}
    GIVEN_UP.add("w1")
    assert await taken(job, 8) == ids([0, *range(2, 9)])
    GIVEN_UP.clear()

    assert await taken(job) == ids([0, *range(2, WORDS), 1])
    assert await taken(job) == ids(range(WORDS))


async def test_two_streams_go_on_at_once_in_one_loop(serve, words):
    """Each into a directory of its own."""
    server = serve(latency=SLOW)
    jobs = [{**words, "base_url": server.base_url, "output_dir": words["output_dir"] / name} for name in "ab"]
    streams = [asyncgen.stream(**job) for job in jobs]
    found: list[list[str]] = [[], []]
    for _ in range(WORDS):
        for examples, these in zip(streams, found, strict=True):
            these.append((await anext(examples))["id"])
    for examples in streams:
        assert await anext(examples, None) is None

    assert found == [ids(range(WORDS))] * 2
    assert server.counts["requests"] == 2 * WORDS
