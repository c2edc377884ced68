"""Runs that share a cache, with a server that never says the same twice: what is asked, and what comes out."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.chat import ChatRequest, Completion, Sampling, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.errors import Interrupted, UsageError
from asyncgen.events import Event, Notice, Observer, PairDone
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples, Generate, OutputFile, together
from asyncgen.storage.disk import Disk

SAMPLING = Sampling(None, None, 100)
STATISTICS = "generation_stats_safe.json"


class Server:
    """Numbers its answers, so that no two are equal; `seconds` says how long one takes, by its number."""

    def __init__(self) -> None:
        self._numbers = count()
        self.asked: list[str] = []
        self.seconds: Callable[[int], float] = lambda number: number * 37 % 11 / 100
        self.thinking = ""

    async def answer(self, request: Prepared) -> Completion | Failure:
        question = orjson.loads(request.body)["messages"][-1]["content"]
        self.asked.append(question)
        number = next(self._numbers)
        await asyncio.sleep(self.seconds(number))
        text = f"answer {number} to {question}"
        completion = Completion(text, Usage(10, 5, 15), "scripted", "stop", thinking=self.thinking)
        problem = None if request.check is None else request.check(text)
        if problem is not None:
            return Failure(f"check_{problem}", Action.GIVE_UP, 200, usage=Usage(10, 5, 15), answer=completion)
        return completion


class Steps:
    """Two steps side by side, and one that quotes the first; `words` are prompts, `more` is for all requests."""

    rows = "rows"
    outputs = (OutputFile("out.jsonl", 1),)
    counters = ("done",)
    failure_counters: Mapping[str, str] = {}

    def __init__(self, *words: str, **more: Any) -> None:
        self._words = words or ("first", "second", "third")
        self._more = more
        self.fingerprint: Mapping[str, Any] = {"recipe": " ".join(self._words)}

    def parse(self, fields: Mapping[str, Any]) -> Pair:
        return Pair(fields["id"], fields["text"], "", "unknown", None, None)

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        async def ask(place: int, text: str) -> Completion:
            request = ChatRequest("", f"{self._words[place]} {text}", SAMPLING, **self._more)
            return await generate(f"step-{place}", request)

        first, second = await together(ask(0, pair.correct_note), ask(1, pair.correct_note))
        third = await ask(2, first.text)
        record = {
            "id": pair.note_id,
            "texts": [first.text, second.text, third.text],
            "thinking": [first.thinking, second.thinking, third.thinking],
            "requests": [first.request, second.request, third.request],
            "tokens": first.usage.total_tokens,
        }
        return Examples((orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE),), {"done": 1})

    def recognise(self, pair: Pair, blobs: tuple[bytes, ...]) -> None:
        return None


@pytest.fixture
def server() -> Server:
    """The server of a test."""
    return Server()


class Runs:
    """Makes runs over rows (their texts) into directories by name, through one cache."""

    def __init__(self, place: Path, disk: Disk, server: Server) -> None:
        self._place = place
        self._disk = disk
        self._server = server
        self.cache = place / "answers.db"
        self.events: list[Event] = []

    def make(
        self,
        name: str,
        texts: list[str],
        recipe: Steps | None = None,
        *,
        observer: Observer = lambda _event: None,
        concurrency: int = 8,
        **settings: Any,
    ) -> Run:
        source = self._place / f"{name}.jsonl"
        source.write_text("".join(json.dumps({"id": str(n), "text": text}) + "\n" for n, text in enumerate(texts)))
        config = RunConfig(
            input_jsonl=source,
            output_dir=self._place / name,
            endpoints=(EndpointConfig(concurrency=concurrency),),
            model="unlisted",
            cache=self.cache,
            **settings,
        )
        return Run(
            config,
            recipe or Steps(),
            [self.events.append, observer],
            self._disk,
            open_wire=lambda _config: ScriptedWire(self._server.answer),
        )

    async def run(self, name: str, texts: list[str], recipe: Steps | None = None, **settings: Any) -> Summary:
        self.events.clear()
        self._server.asked.clear()
        return await self.make(name, texts, recipe, **settings).execute()

    def output(self, name: str) -> bytes:
        return (self._place / name / "out.jsonl").read_bytes()

    def failures(self, name: str) -> list[dict[str, Any]]:
        """The lines of the failed rows."""
        lines = (self._place / name / "failed.jsonl").read_bytes().splitlines()
        return [orjson.loads(line) for line in lines]

    def statistics(self, name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self._place / name / STATISTICS).read_text())
        return content

    def calls(self, name: str) -> list[dict[str, Any]]:
        text = (self._place / name / ".asyncgen" / "calls.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def runs(tmp_path: Path, disk: Disk, server: Server) -> Runs:
    """The runs of a test."""
    return Runs(tmp_path, disk, server)


TEXTS = [f"text {n % 7}" for n in range(40)]  # equal rows, far and near


@pytest.mark.virtual_clock
@pytest.mark.parametrize("concurrency", [1, 3, 64])
async def test_a_second_run_has_the_same_bytes_without_a_call(runs, server, concurrency):
    """Equal rows included: each has its own answers again, at any concurrency."""
    await runs.run("first", TEXTS)
    assert len(server.asked) == 120

    summary = await runs.run("second", TEXTS, concurrency=concurrency)

    assert server.asked == []
    assert (summary.calls, summary.cached, summary.tokens) == (0, 120, 0)
    assert runs.output("second") == runs.output("first")
    assert len(set(runs.output("first").splitlines())) == 40


@pytest.mark.virtual_clock
async def test_a_changed_prompt_pays_for_its_own_step_alone(runs, server):
    """What no other step quotes is asked again; what the answer to it goes into, too."""
    await runs.run("first", TEXTS)

    await runs.run("side", TEXTS, Steps("first", "changed", "third"))
    assert sorted(server.asked) == sorted(f"changed {text}" for text in TEXTS)

    await runs.run("before", TEXTS, Steps("altered", "second", "third"))
    assert len(server.asked) == 80


@pytest.mark.virtual_clock
async def test_what_comes_from_the_cache_is_marked_in_calls_and_statistics_alone(runs):
    """It costs nothing, and the record has the usage that was paid once."""
    await runs.run("first", TEXTS[:5])
    await runs.run("second", TEXTS[:5])

    first, second = runs.statistics("first"), runs.statistics("second")
    assert "cache" not in first
    assert second["cache"] == {"answers": 15, "prompt_tokens": 150, "cached_tokens": 0, "completion_tokens": 75}
    assert set(second["spend"].values()) == {0}
    assert second["total_tokens_used"] == first["total_tokens_used"] == 225
    assert [call["outcome"] for call in runs.calls("second")] == ["cached"] * 15
    assert {call["outcome"] for call in runs.calls("first")} == {"ok"}


@pytest.mark.virtual_clock
async def test_a_budget_that_covers_no_call_is_enough_for_what_is_in_the_cache(runs):
    """It is about what is spent."""
    await runs.run("first", TEXTS)

    summary = await runs.run("second", TEXTS, max_total_tokens=1)

    assert summary.failed_pairs == 0
    assert summary.cached == 120


@pytest.mark.virtual_clock
async def test_an_answer_that_was_not_accepted_comes_out_of_the_cache_too(runs, server):
    """The same happens as on a server that says the same again: another one is asked for, and is there."""

    def check(text: str) -> str | None:
        return "odd" if int(text.split()[1]) % 2 else None

    recipe = Steps(check=check)
    await runs.run("first", TEXTS, recipe)
    assert len(server.asked) > 120
    calls, failed = len(server.asked), (runs.output("first"), runs.statistics("first")["failed_pairs"])

    summary = await runs.run("second", TEXTS, recipe)

    assert summary.calls == 0
    assert summary.cached == calls
    assert (runs.output("second"), runs.statistics("second")["failed_pairs"]) == failed
    assert runs.statistics("second")["total_tokens_used"] == runs.statistics("first")["total_tokens_used"]
    assert set(runs.statistics("second")["spend"].values()) == {0}


@pytest.mark.virtual_clock
async def test_a_row_of_which_all_answers_are_rejected_fails_as_on_a_server(runs, server):
    """With the status of the answer, which the server gave when it was asked."""
    recipe = Steps(check=lambda text: "odd" if text.endswith(TEXTS[3]) else None)
    await runs.run("first", TEXTS, recipe)
    assert len(runs.failures("first")) > 0

    await runs.run("second", TEXTS, recipe)

    assert runs.failures("second") == runs.failures("first")


@pytest.mark.virtual_clock
async def test_an_interrupted_run_takes_the_same_answers_as_one_in_one_go(runs, server):
    """The first start pays for some rows, and the second for the rest: then all are there, in their order."""
    done = []

    def stop_after_ten(event: Event) -> None:
        done.append(event) if isinstance(event, PairDone) else None
        if len(done) == 10:
            begun.stop(Interrupted("enough"))

    begun = runs.make("first", TEXTS, observer=stop_after_ten)
    with pytest.raises(Interrupted):
        await begun.execute()
    paid = len(server.asked)
    summary = await runs.run("first", TEXTS)
    assert summary.cached == 0
    assert len(server.asked) + paid == 120

    await runs.run("second", TEXTS, concurrency=2)

    assert server.asked == []
    assert runs.output("second") == runs.output("first")


@pytest.mark.virtual_clock
async def test_hits_count_once_however_often_the_run_is_started(runs):
    """What came from the cache before a stop is in the statistics of the end."""
    await runs.run("first", TEXTS)

    def stop_after_ten(event: Event) -> None:
        if isinstance(event, PairDone) and event.index == 10:
            begun.stop(Interrupted("enough"))

    begun = runs.make("second", TEXTS, observer=stop_after_ten, concurrency=1)
    with pytest.raises(Interrupted):
        await begun.execute()

    await runs.run("second", TEXTS)

    assert runs.statistics("second")["cache"]["answers"] == 120
    assert runs.output("second") == runs.output("first")


@pytest.mark.virtual_clock
async def test_a_directory_that_is_begun_anew_takes_answers_of_its_former_run(runs, server):
    """Its rows have moved: what the former run had taken is free again."""
    texts = [f"text {n}" for n in range(20)]
    await runs.run("first", texts)

    summary = await runs.run("first", ["in front", *texts], restart=True)

    assert sorted(server.asked)[:2] == ["first in front", "second in front"]
    assert len(server.asked) == 3
    assert summary.cached == 60


@pytest.mark.virtual_clock
async def test_a_row_that_asks_the_same_in_two_steps_has_two_answers(runs, server):
    """As without a cache; and a second run has both, in their order."""
    recipe = Steps("same", "same", "third")
    await runs.run("first", TEXTS, recipe)
    assert len(server.asked) == 120

    await runs.run("second", TEXTS, recipe)

    assert server.asked == []
    assert runs.output("second") == runs.output("first")


@pytest.mark.virtual_clock
@pytest.mark.parametrize("of_the_recipe", [False, True])
async def test_a_run_that_keeps_thinking_asks_those_who_did_not(runs, server, of_the_recipe):
    """The answers of a run that dropped it would leave it out of the records."""
    server.thinking = "hm"
    await runs.run("first", TEXTS)
    recipe = Steps(keep_thinking=True) if of_the_recipe else None

    await runs.run("second", TEXTS, recipe, keep_thinking=not of_the_recipe)
    assert len(server.asked) == 120
    await runs.run("third", TEXTS, recipe, keep_thinking=not of_the_recipe)

    assert server.asked == []
    assert runs.output("third") == runs.output("second")
    assert b'"hm"' in runs.output("third")


@pytest.mark.virtual_clock
async def test_a_model_file_and_an_endpoint_have_answers_of_their_own(runs, server):
    """One name may stand for several models, and one model may be served by several."""
    await runs.run("first", TEXTS[:3], model_file="one")

    await runs.run("second", TEXTS[:3], model_file="two")

    assert len(server.asked) == 9


@pytest.mark.virtual_clock
async def test_the_user_is_told_once_that_the_file_holds_text(runs):
    """At the start, where the file is and how much it has; a run that has nothing to do opens no cache."""
    await runs.run("first", TEXTS)
    told = [str(event.text) for event in runs.events if isinstance(event, Notice)]
    assert told == [f"Cache:   {runs.cache} (0 kept); it holds text of the rows, which only you can read"]

    runs.cache.unlink()
    summary = await runs.run("first", TEXTS)

    assert summary.already_complete
    assert not runs.cache.exists()


@pytest.mark.virtual_clock
async def test_a_mistaken_name_leaves_no_trace(runs, tmp_path):
    """The file is looked at before anything is made."""
    runs.cache.write_text("my notes\n")

    with pytest.raises(UsageError, match="is not a cache"):
        await runs.run("first", TEXTS)

    assert not (tmp_path / "first").exists()
    assert runs.cache.read_text() == "my notes\n"


@pytest.mark.virtual_clock
@pytest.mark.parametrize("name", ["out.jsonl", STATISTICS, "failed.jsonl", ".asyncgen/cache-claims.db"])
async def test_a_file_of_the_run_is_no_cache(runs, server, tmp_path, name):
    """Also before it is there, and by another path: the run would replace it, or the cache the outputs."""
    (tmp_path / "first" / ".asyncgen").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "first")
    runs.cache = tmp_path / "link" / name

    with pytest.raises(UsageError, match="is a file of the run"):
        await runs.run("first", TEXTS)

    assert server.asked == []
    assert not (tmp_path / "first" / name).exists()


@pytest.mark.virtual_clock
async def test_a_cache_that_cannot_be_opened_ends_nothing(runs, server, monkeypatch):
    """The run goes on without it, and says so."""
    monkeypatch.setattr("asyncgen.storage.cache.open_file.connect", refuse)

    summary = await runs.run("first", TEXTS)

    assert summary.failed_pairs == 0
    assert len(server.asked) == 120
    assert any("continues without" in str(event.text) for event in runs.events if isinstance(event, Notice))


def refuse(*_args: object, **_settings: object) -> None:
    """A disk that opens nothing."""
    raise sqlite3.OperationalError("disk I/O error")
