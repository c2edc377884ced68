"""`asyncgen.run` and the second recipe, from Python."""

import asyncio
import json
import math
import os
import re
import signal
import sys
import threading
from fractions import Fraction
from numbers import Integral
from pathlib import Path
from types import MappingProxyType

import pytest

import asyncgen
from asyncgen import (
    BadDataError,
    BudgetError,
    DirectoryError,
    EndpointConfig,
    KeyOrQuotaError,
    TryLaterError,
    UsageError,
)
from asyncgen.api.call_text import call_text
from asyncgen.api.progress import ProgressReporter
from asyncgen.api.settings import Settings, StreamSettings
from asyncgen.cli.main import main
from asyncgen.recipes import SingleTurn
from asyncgen.simulator import Latency
from tests import asyncgen_process
from tests.monitor.samples import sample

from .conftest import OUTPUTS, PROMPTS, SAMPLES, clean_env, until

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
PROMPT = {"single_turn_system": 'Answer as {"a": 1}.', "single_turn_user": "What does {word} mean? {} {1}"}


@pytest.fixture
def words(tmp_path, monkeypatch):
    """Paths of a small job of the second recipe."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "words.jsonl").write_text('{"id": 7, "word": "sepsis {x}"}\n{"word": 5}\n')
    (tmp_path / "prompts.json").write_text(json.dumps(PROMPT))
    return {
        "input_jsonl": tmp_path / "words.jsonl",
        "output_dir": tmp_path / "out",
        "prompt_file": tmp_path / "prompts.json",
    }


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "2 answers in explained/conversations.jsonl\n"),
        (1, "2/2 rows, 0 failed, $0.0000\n"),
        (2, "1: assistant\n2: assistant\n"),
    ],
)
def test_the_examples_of_the_page_work_as_they_stand(serve, tmp_path, number, said):
    """Copied out of the page into a file; the second goes on where the first has ended."""
    examples = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(examples) == 3
    url = serve().base_url
    for example in examples[: number + 1]:
        done = asyncgen_process.run(
            [sys.executable, "-c", example],
            cwd=tmp_path,
            env=clean_env({"OPENAI_BASE_URL": url}),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    assert done.stdout.endswith(said)  # before it the progress, as often as a second has passed
    assert done.stderr == ""
    assert len((tmp_path / "explained" / "conversations.jsonl").read_bytes().splitlines()) == 2


def test_run_writes_the_bytes_that_the_command_writes(serve, job, tmp_path):
    """The default recipe is that of the command, and goes on with its directory."""
    server = serve()
    this = job(server)
    this.run()
    paths = {"input_jsonl": SAMPLES, "prompt_file": PROMPTS}
    settings = {"add_reasoning": True, "base_url": server.base_url}

    summary = asyncgen.run(**paths, output_dir=tmp_path / "mine", **settings)

    assert (summary.stats["correct_generated"], summary.calls) == (24, 72)
    assert {name: (tmp_path / "mine" / name).read_bytes() for name in OUTPUTS} == this.outputs()
    assert asyncgen.run(**paths, output_dir=this.output_dir, **settings).already_complete


def test_shards_at_endpoints_are_run_and_streamed_and_merge_to_the_single_run(serve, job, tmp_path, monkeypatch):
    """As with the flags of these names; no other key and address are needed."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    servers = {name: serve() for name in "ab"}
    endpoints = [EndpointConfig(name=name, base_url=server.base_url) for name, server in servers.items()]
    paths = {"input_jsonl": SAMPLES, "prompt_file": PROMPTS}
    settings = {"add_reasoning": True, "endpoints": endpoints, "share": 0.5}
    shards = [tmp_path / "1", tmp_path / "2"]

    asyncgen.run(**paths, output_dir=shards[0], shard="1/2", **settings)

    async def streamed():
        return [one async for one in asyncgen.stream(**paths, output_dir=shards[1], shard="2/2", **settings)]

    assert len(asyncio.run(streamed())) == 24
    assert all(server.counts["answers"] for server in servers.values())
    command = [sys.executable, "-m", "asyncgen", "merge", *map(str, shards), "--output-dir", str(tmp_path / "all")]
    asyncgen_process.run(command, check=True, capture_output=True, timeout=60)
    this = job(servers["a"])
    this.run()
    assert {name: (tmp_path / "all" / name).read_bytes() for name in OUTPUTS} == this.outputs()
    assert asyncgen.run(**paths, output_dir=tmp_path / "all", **settings).already_complete


@pytest.mark.parametrize(
    ("settings", "error", "said"),
    [
        ({"shard": "0/2"}, UsageError, "shards are counted from 1"),
        ({"endpoints": [EndpointConfig(base_url="http://127.0.0.1:1/v1")]}, UsageError, "a name of its own"),
        ({"endpoints": [EndpointConfig(name="a", base_url="https://x.org/v1")]}, KeyOrQuotaError, "endpoint a"),
        (
            {"endpoints": [EndpointConfig(name="a", base_url="http://127.0.0.1:1/v1")], "rpm": 5},
            UsageError,
            "endpoints and rpm do not go together",
        ),
    ],
)
def test_shards_and_endpoints_that_cannot_be_are_refused(words, settings, error, said):
    """Before anything is written."""
    with pytest.raises(error, match=said):
        asyncgen.run(**words, recipe=SingleTurn, **settings)
    assert not words["output_dir"].exists()


class Awaited:
    """Called as a function, and nothing is done until it is awaited."""

    async def __call__(self, progress):
        """Hear how far it is."""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"rpm": "500"}, "rpm must be a number or None, not str"),
        ({"rpm": True}, "rpm must be a number or None, not bool"),
        ({"num_pairs": 2.5}, "num_pairs must be an integer or None, not float"),
        ({"restart": "no"}, "restart must be True or False, not str"),
        ({"api_key": b"sekret"}, "api_key must be a text or None, not bytes"),
        ({"fields": {"word": 1}}, "fields must be a dict of text to text or None, not dict of str to int"),
        ({"params": [("seed", 1)]}, "params must be a dict of text to anything or None, not list of tuple"),
        ({"endpoints": ["sekret"]}, "endpoints must be a list of EndpointConfig, not list of str"),
        (
            {"endpoints": EndpointConfig(name="a")},
            "endpoints must be a list of EndpointConfig, not EndpointConfig",
        ),
        ({"recipe": 3}, "recipe must be a text, a path, a function or None, not int"),
        ({"progress": asyncio.sleep}, "progress must be an ordinary function, not an async one"),
        ({"progress": Awaited()}, "progress must be an ordinary function, not an async one"),
        ({"max_tokens_field": "tokens"}, "max_tokens_field must be max_tokens, max_completion_tokens or None"),
        ({"max_failed_share": 90}, "max_failed_share must be from 0 to 1, not 90"),
        ({"max_failed_share": math.nan}, "max_failed_share must be from 0 to 1, not nan"),
        ({"max_failures": -1}, "max_failures must be at least 0, not -1"),
        ({"output_dir": ""}, "output_dir is empty"),
        ({"headers": {"X-A": "sekret\n"}}, "headers X-A: its value holds line breaks"),
        ({"headers": {"Host": "a"}}, "headers: 'Host' is not a valid name"),
    ],
)
def test_a_setting_of_another_type_or_out_of_range_is_refused_by_name(words, settings, said):
    """Before anything is written; what may be a secret is not shown."""
    with pytest.raises(UsageError, match=f"^{re.escape(said)}") as caught:
        asyncgen.run(**{**words, "recipe": SingleTurn, "base_url": "http://127.0.0.1:9/v1"} | settings)
    assert "sekret" not in str(caught.value)
    assert not words["output_dir"].exists()


@Integral.register
class Count:
    """An integer as NumPy has them: it is none of Python's, and no JSON."""

    def __int__(self):
        return 1


def test_numbers_and_paths_of_other_kinds_are_taken(serve, words):
    """What is not of the named class and does as well; the call that is shown needs no import."""
    paths = {entry.name: entry for entry in os.scandir(words["input_jsonl"].parent)}
    job = {
        "input_jsonl": paths["words.jsonl"],
        "output_dir": os.fspath(words["output_dir"]),
        "prompt_file": paths["prompts.json"],
        "num_pairs": Count(),
        "share": Fraction(1, 2),
        "max_total_tokens": 1e6,
    }
    url = serve().base_url
    assert asyncgen.run(**job, recipe=SingleTurn, base_url=url, rpm=600, fields=MappingProxyType({})).calls == 1
    settings = Settings(**job, recipe=paths["words.jsonl"])
    assert "num_pairs=1, share=0.5" in call_text("run", settings)
    assert "max_total_tokens=1000000" in call_text("run", settings)
    assert settings.recipe == words["input_jsonl"]


@pytest.mark.parametrize("field", [{"rpm": "600"}, {"headers": {"X": 1}}, {"headers": {"X Y": "1"}}])
def test_an_endpoint_with_such_a_field_is_not_built(field):
    """It says which."""
    with pytest.raises(UsageError, match=f"^{next(iter(field))}"):
        EndpointConfig(name="a", base_url="http://127.0.0.1:9/v1", **field)


def test_the_second_recipe_asks_one_question_a_line_of_any_fields(serve, words):
    """A field is text and never a template, braces that name nothing stay, and an id is not needed."""
    server = serve()
    summary = asyncgen.run(**words, recipe=SingleTurn, base_url=server.base_url)

    assert (summary.calls, summary.stats["answered"], summary.stats["unanswered"]) == (2, 2, 0)
    first, second = map(json.loads, (words["output_dir"] / "conversations.jsonl").read_text().splitlines())
    assert (first["id"], second["id"]) == ("7", "")
    assert [turn["role"] for turn in first["messages"]] == ["system", "user", "assistant"]
    assert first["messages"][1]["content"] == "What does sepsis {x} mean? {} {1}"
    assert second["messages"][1]["content"] == "What does 5 mean? {} {1}"
    assert first["messages"][2]["content"]
    assert [call["step"] for call in first["metadata"]["calls"]] == ["single_turn"]
    assert asyncgen.run(**words, recipe=SingleTurn, base_url=server.base_url).already_complete
    assert server.counts["requests"] == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [("{}", "no word"), ('{"word": [1]}', "word is neither"), ('{"word": true}', "word is neither")],
)
def test_a_line_without_the_field_is_named_before_any_call(serve, words, line, reason):
    """By number and reason, and nothing is written."""
    words["input_jsonl"].write_text(f'{{"word": "a"}}\n{line}\n')
    server = serve()

    with pytest.raises(BadDataError, match=f"line 2: {reason}"):
        asyncgen.run(**words, recipe=SingleTurn, base_url=server.base_url)

    assert server.counts["requests"] == 0
    assert not words["output_dir"].exists()


def test_a_template_without_a_field_is_refused(words):
    """Every line would ask the same."""
    words["prompt_file"].write_text(json.dumps(PROMPT | {"single_turn_user": "Say something."}))

    with pytest.raises(BadDataError, match="no placeholder"):
        asyncgen.run(**words, recipe=SingleTurn, base_url="http://127.0.0.1:9")


def test_without_a_key_nothing_is_written(words):
    """The real API is not asked in vain."""
    with pytest.raises(KeyOrQuotaError, match="no API key"):
        asyncgen.run(**words, recipe=SingleTurn, base_url="https://api.example.com/v1")
    assert not words["output_dir"].exists()


def test_a_budget_that_is_used_up_says_what_is_needed_in_the_words_of_python(serve, words):
    """The number can be taken from the error, and is enough."""
    server = serve()
    job = {**words, "recipe": SingleTurn, "base_url": server.base_url}
    with pytest.raises(BudgetError, match=r"so give at least max_total_tokens=\d+$") as caught:
        asyncgen.run(**job, max_total_tokens=1)

    assert server.counts["requests"] == 0
    with pytest.raises(BudgetError):
        asyncgen.run(**job, max_total_tokens=caught.value.needed["max_total_tokens"])
    assert server.counts["answers"] == 1


def test_a_server_that_is_not_there_is_no_matter_of_flags(words):
    """What to check and to do is an argument, and a call."""
    with pytest.raises(TryLaterError, match=r"check base_url and the network, then make the same call again$"):
        asyncgen.run(**words, recipe=SingleTurn, base_url="http://127.0.0.1:9/v1", max_attempts=1)


async def test_inside_a_running_loop_it_is_awaited(serve, words):
    """And `run` says so."""
    url = serve().base_url
    with pytest.raises(UsageError, match=r"await asyncgen\.run_async"):
        asyncgen.run(**words, recipe=SingleTurn, base_url=url)

    summary = await asyncgen.run_async(**words, recipe=SingleTurn, base_url=url)

    assert summary.stats["answered"] == 2


async def test_a_run_that_is_cancelled_saves_what_is_in_flight_first(serve, words):
    """The same call pays for the rest alone."""
    words["input_jsonl"].write_text("".join(f'{{"word": {n}}}\n' for n in range(40)))
    server = serve(latency=Latency(median_s=0.3))
    job = {**words, "recipe": SingleTurn, "base_url": server.base_url, "concurrency": 4}
    running = asyncio.ensure_future(asyncgen.run_async(**job))
    await until(lambda: server.counts["requests"] >= 6)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert server.counts["requests"] < 40

    assert (await asyncgen.run_async(**job)).stats["answered"] == 40
    assert server.counts["requests"] == 40


@pytest.mark.parametrize("way", ["run", "run_async"])
def test_ctrl_c_saves_what_is_in_flight_first(serve, words, way):
    """The same call pays for the rest alone, and every call has its line."""
    words["input_jsonl"].write_text("".join(f'{{"word": {n}}}\n' for n in range(40)))
    server = serve(latency=Latency(median_s=0.3))
    job = {**words, "recipe": SingleTurn, "base_url": server.base_url, "concurrency": 4}

    def press():
        asyncio.run(until(lambda: server.counts["requests"] >= 6))
        os.kill(os.getpid(), signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(asyncgen.run_async(**job)) if way == "run_async" else asyncgen.run(**job)
    pressing.join()
    assert server.counts["requests"] < 40

    assert asyncgen.run(**job).stats["answered"] == 40
    assert server.counts["requests"] == 40
    assert len((words["output_dir"] / ".asyncgen" / "calls.jsonl").read_bytes().splitlines()) == 40


@pytest.mark.parametrize("awaited", [False, True], ids=["run", "run_async"])
def test_the_caller_hears_how_far_it_is_up_to_the_end(serve, words, awaited):
    """In the caller's thread, with what it has cost; the summary says the same, also of a start without a call."""
    url = serve().base_url
    heard = []
    job = {**words, "recipe": SingleTurn, "base_url": url}
    job["progress"] = lambda progress: heard.append((progress, threading.current_thread()))

    def carry_out():
        return asyncio.run(asyncgen.run_async(**job)) if awaited else asyncgen.run(**job)

    summary = carry_out()

    first, last = heard[0][0], heard[-1][0]
    assert (first.done, first.total) == (0, 2)
    assert (last.done, last.failed, last.total, last.calls) == (2, 0, 2, 2)
    costs = [last.cost_usd, last.total_cost_usd, summary.cost_usd]
    assert costs == [pytest.approx(summary.total_cost_usd)] * 3
    assert summary.total_cost_usd > 0
    assert {thread for _, thread in heard} == {threading.current_thread()}
    again = carry_out()
    assert (again.already_complete, again.cost_usd, again.total_cost_usd) == (True, 0.0, summary.total_cost_usd)


def test_a_model_without_a_price_has_no_cost(serve, words):
    """It is not known, and not 0."""
    heard = []
    summary = asyncgen.run(
        **words, recipe=SingleTurn, base_url=serve().base_url, model="unheard-of", progress=heard.append
    )
    assert (summary.cost_usd, summary.total_cost_usd, heard[-1].cost_usd, heard[-1].total_cost_usd) == (None,) * 4


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("way", ["run", "run_async", "stream"])
def test_what_the_callers_function_raises_stops_the_run_and_is_raised(serve, words, way, error):
    """Everything paid is saved: the same call without it finishes the run."""
    words["input_jsonl"].write_text("".join(f'{{"word": {n}}}\n' for n in range(40)))
    server = serve(latency=Latency(median_s=0.3))
    job = {**words, "recipe": SingleTurn, "base_url": server.base_url, "concurrency": 4}

    def refuse(progress):
        if progress.calls:
            raise error(progress.total)

    async def streamed(**settings):
        return [one async for one in asyncgen.stream(**settings)]

    ways = {
        "run": asyncgen.run,
        "run_async": lambda **settings: asyncio.run(asyncgen.run_async(**settings)),
        "stream": lambda **settings: asyncio.run(streamed(**settings)),
    }
    with pytest.raises(error, match="40"):
        ways[way](**job, progress=refuse)
    assert server.counts["requests"] < 40
    assert asyncgen.run(**job).stats["answered"] == 40
    assert server.counts["requests"] == 40


async def test_a_caller_whose_loop_is_closed_hears_nothing_more():
    """The run, which ends in order, does not fail for it."""
    closed = asyncio.new_event_loop()
    closed.close()
    heard = []
    reporter = ProgressReporter(heard.append, lambda: None, closed)
    reporter.observe(sample(done=1))
    assert heard == []
    assert reporter.error is None


def test_status_shows_the_call_that_resumes_the_run_of_a_program(serve, words, capsys):
    """Without the key, and with a larger budget left to the user."""
    job = {
        **words,
        "recipe": SingleTurn,
        "base_url": serve().base_url,
        "api_key": "sk-secret",
        "max_total_tokens": 1,
    }
    with pytest.raises(BudgetError):
        asyncgen.run(**job, restart=True)

    main(["status", str(words["output_dir"])])

    [line] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("to resume")]
    paths = f"input_jsonl={str(words['input_jsonl'])!r}, output_dir={str(words['output_dir'])!r}"
    assert line.startswith(f"to resume    in Python: asyncgen.run({paths}, ")
    assert "recipe=SingleTurn" in line
    assert "max_total_tokens=LARGER" in line
    assert "api_key=…" in line
    assert "restart" not in line


def test_the_call_that_resumes_a_run_works_from_anywhere(tmp_path, monkeypatch):
    """Paths are absolute, also that of a directory which is not there yet; names of what ships stay names."""
    monkeypatch.chdir(tmp_path)
    Path("mine.toml").touch()
    settings = {"input_jsonl": "in.jsonl", "output_dir": Path("out")}
    paths = f"input_jsonl='{tmp_path}/in.jsonl', output_dir='{tmp_path}/out'"
    call = call_text("stream", StreamSettings(**settings, recipe="mine.toml", rpm=5))
    assert call == f"in Python: asyncgen.stream({paths}, recipe='{tmp_path}/mine.toml', rpm=5)"
    call = call_text(
        "run", Settings(**settings, recipe="mails", prompt_file="medec_safe", headers={"X": "secret"})
    )
    assert call == f"in Python: asyncgen.run({paths}, prompt_file='medec_safe', recipe='mails', headers=…)"


def test_a_directory_of_another_run_says_how_to_begin_anew(serve, words):
    """In the words of Python."""
    url = serve().base_url
    asyncgen.run(**words, recipe=SingleTurn, base_url=url)
    with pytest.raises(DirectoryError, match="another run: model") as caught:
        asyncgen.run(**words, recipe=SingleTurn, base_url=url, model="other")
    assert caught.value.__notes__ == [
        "choose another output_dir, or restart=True to move everything aside and start over"
    ]
