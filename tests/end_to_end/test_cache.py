"""`--cache FILE` as users have it: processes that share it, are killed, and find it damaged."""

import json
import os
import sys

import pytest

import asyncgen
from asyncgen.simulator import Latency
from tests import asyncgen_process

from .conftest import PROMPTS, clean_env
from .test_interruptions import wait_until
from .test_regenerate import PREAMBLE, regenerate, spoil

NOISE = bytes((n * 197 + n // 7 * 31 + 5) % 256 for n in range(60_000))


@pytest.fixture
def cache(tmp_path):
    """A file, which is not there yet."""
    return tmp_path / "answers.db"


def command(*words):
    """A command that has nothing to do with the server."""
    argv = [sys.executable, "-m", "asyncgen", *map(str, words)]
    return asyncgen_process.run(argv, capture_output=True, text=True, check=False, timeout=60, env=clean_env(None))


def test_a_changed_prompt_of_one_step_asks_one_call_a_pair(serve, job, first_pairs, tmp_path, cache):
    """With the reasoning of both examples: two of three answers are there, and everybody says so."""
    server, pairs = serve(), 40
    source = first_pairs(pairs)
    first = job(server, input_jsonl=source)
    assert first.run("--cache", str(cache)).returncode == 0
    assert server.counts["requests"] == 3 * pairs
    prompts = json.loads(PROMPTS.read_text())
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(prompts | {"reasoning_user": prompts["reasoning_user"] + "\nBe brief."}))
    plain = job(serve(), input_jsonl=source, prompt_file=changed)
    assert plain.run().returncode == 0

    this = job(server, input_jsonl=source, prompt_file=changed)
    done = this.run("--cache", str(cache))

    assert done.returncode == 0, done.stderr
    assert server.counts["requests"] == 4 * pairs
    assert f"{2 * pairs:,} answers from the cache" in done.stdout
    assert f"Cache:   {cache} ({3 * pairs:,} kept); it holds text of the rows" in done.stdout
    assert this.outputs() == plain.outputs()


def test_all_who_look_at_a_run_see_what_came_from_the_cache(serve, job, first_pairs, cache):
    """Status, report and trace; and what is verified is the same."""
    server, source = serve(), first_pairs(4)
    for _ in range(2):
        this = job(server, input_jsonl=source)
        this.run("--cache", str(cache))

    assert "12 answers, not among these" in command("status", this.output_dir).stdout
    assert json.loads(command("status", "--json", this.output_dir).stdout)["from_cache"] == 12
    assert command("report", this.output_dir).returncode == 0
    page = next(this.output_dir.glob("*.html")).read_text()
    assert "<dt>from the cache</dt><dd>12</dd>" in page
    assert "from the cache: " in command("trace", this.output_dir, "3").stdout


def test_two_processes_share_the_file_at_once(serve, job, first_pairs, cache):
    """Neither waits for the other, both come to the bytes of a run alone, and a third one asks nothing."""
    source = first_pairs(100)
    golden = job(serve(), input_jsonl=source)
    alone = golden.run()
    server = serve(latency=Latency(median_s=0.01))
    both = [job(server, input_jsonl=source) for _ in range(2)]

    processes = [one.start("--cache", str(cache), "--concurrency", "16") for one in both]
    ends = [process.communicate(timeout=60) for process in processes]

    assert [process.returncode for process in processes] == [0, 0], ends
    assert [one.outputs() for one in both] == [golden.outputs()] * 2
    assert all(stderr == alone.stderr for _, stderr in ends)
    asked = server.counts["requests"]
    third = job(server, input_jsonl=source)
    assert third.run("--cache", str(cache)).returncode == 0
    assert server.counts["requests"] == asked
    assert third.outputs() == golden.outputs()


def test_a_killed_run_leaves_a_good_cache(serve, job, first_pairs, cache, golden):
    """SIGKILL while answers are added, and again while they are taken: the same bytes, nothing is asked again."""
    source = first_pairs(150)
    server = serve(latency=Latency(median_s=0.02))
    paying = job(server, input_jsonl=source)
    process = paying.start("--cache", str(cache), "--concurrency", "16")
    wait_until(lambda: server.counts["answers"] >= 200)
    process.kill()
    process.communicate()
    assert paying.run("--cache", str(cache)).returncode == 0
    assert paying.outputs() == golden(150)
    asked = server.counts["requests"]
    taking = job(server, input_jsonl=source)
    process = taking.start("--cache", str(cache), "--concurrency", "1")
    wait_until((taking.output_dir / "sft_correct.jsonl").exists)
    process.kill()
    process.communicate()

    done = taking.run("--cache", str(cache))

    assert done.returncode == 0, done.stderr
    assert taking.outputs() == golden(150)
    assert "billed twice" not in done.stderr
    # What was answered in the last moment before the kill is in the journal of its run alone.
    assert server.counts["requests"] - asked <= 16


@pytest.mark.parametrize(
    "damage", [lambda _: NOISE, lambda content: content[: len(content) // 2]], ids=["noise", "cut"]
)
def test_a_damaged_cache_is_set_aside_with_a_warning(serve, job, first_pairs, cache, damage):
    """The run goes on, and begins a new one."""
    source, server = first_pairs(20), serve()
    first = job(server, input_jsonl=source)
    assert first.run("--cache", str(cache)).returncode == 0
    content = damage(cache.read_bytes())
    cache.write_bytes(content)

    second = job(server, input_jsonl=source)
    done = second.run("--cache", str(cache))

    assert done.returncode == 0
    assert "was damaged: it is answers.db.damaged-" in done.stderr
    assert next(cache.parent.glob("answers.db.damaged-*")).read_bytes() == content
    assert second.outputs() == first.outputs()
    assert server.counts["requests"] == 120
    assert job(server, input_jsonl=source).run("--cache", str(cache)).returncode == 0
    assert server.counts["requests"] == 120


def test_a_file_given_by_mistake_is_left_alone(serve, job, first_pairs):
    """Exit 2, in the words of the command line; nothing is asked, made or moved."""
    source, server = first_pairs(5), serve()
    content = source.read_bytes()
    this = job(server, input_jsonl=source)

    done = this.run("--cache", str(source))

    assert done.returncode == 2
    assert f"--cache: {source} is not a cache of asyncgen, and is left as it is" in done.stderr
    assert source.read_bytes() == content
    assert not this.output_dir.exists()
    assert server.counts["requests"] == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_directory_that_cannot_be_written_ends_nothing(serve, job, first_pairs, tmp_path):
    """A new file cannot be made there: a warning, and the run asks for everything."""
    closed = tmp_path / "closed"
    closed.mkdir(0o500)
    this = job(serve(), input_jsonl=first_pairs(5))

    done = this.run("--cache", str(closed / "answers.db"))

    assert done.returncode == 0
    assert "continues without" in done.stderr


def test_shards_share_a_cache(serve, job, first_pairs, cache, golden):
    """Each knows its own rows by their place in the whole input."""
    source, server = first_pairs(30), serve()
    for number in (1, 2):
        part = job(server, input_jsonl=source)
        assert part.run("--cache", str(cache), "--shard", f"{number}/2").returncode == 0
    assert server.counts["requests"] == 90

    whole = job(server, input_jsonl=source)
    assert whole.run("--cache", str(cache)).returncode == 0

    assert server.counts["requests"] == 90
    assert whole.outputs() == golden(30)


def test_a_regeneration_asks_another_question(serve, job, first_pairs, cache, monkeypatch):
    """The answers of the first round are not taken for it; those of another directory's second round are."""
    spoil(monkeypatch, lambda note, key: PREAMBLE + note if key % 3 == 0 else note)
    server, source = serve(), first_pairs(12)
    first, second = (job(server, input_jsonl=source) for _ in range(2))
    first.run("--cache", str(cache))
    second.run("--cache", str(cache))
    assert server.counts["requests"] == 36
    regenerate(first, "--cache", str(cache))
    asked = server.counts["requests"]
    assert asked > 36

    done = regenerate(second, "--cache", str(cache))

    assert done.returncode == 0, done.stderr
    assert server.counts["requests"] == asked
    assert second.outputs() == first.outputs()


def test_a_configuration_file_and_a_plan_know_the_cache(serve, job, first_pairs, cache, tmp_path):
    """A plan opens nothing."""
    config = tmp_path / "run.toml"
    config.write_text(f'cache = "{cache}"\n')
    this = job(serve(), input_jsonl=first_pairs(5))

    assert this.run("--config", str(config), "--dry-run").returncode == 0
    assert not cache.exists()
    assert this.run("--config", str(config)).returncode == 0

    assert cache.exists()


def test_python_has_the_cache_too(serve, first_pairs, cache, tmp_path):
    """`cache=`, and how many answers came from it."""
    server, source = serve(), first_pairs(6)

    summaries = [
        asyncgen.run(
            input_jsonl=source,
            output_dir=tmp_path / name,
            prompt_file=PROMPTS,
            base_url=server.base_url,
            api_key="none",
            cache=cache,
        )
        for name in ("one", "two")
    ]

    assert [(summary.calls, summary.cached) for summary in summaries] == [(6, 0), (0, 6)]
