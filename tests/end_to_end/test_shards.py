"""Shards as several terminals run them, and `asyncgen merge`: real processes, a real kill."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.simulator import Faults, Latency
from tests import asyncgen_process
from tests.end_to_end.conftest import OUTPUTS, Job, Server, clean_env
from tests.end_to_end.test_interruptions import wait_until


def merge(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run `asyncgen merge`."""
    command = [sys.executable, "-m", "asyncgen", "merge", *map(str, words)]
    return asyncgen_process.run(
        command, capture_output=True, text=True, check=False, timeout=60, env=clean_env(None), cwd=cwd
    )


@pytest.fixture
def shards(job: Callable[..., Job], serve: Callable[..., Server]) -> list[Job]:
    """Eight shards at work at the same time; the third is killed in the middle and started again."""
    server = serve(latency=Latency(median_s=0.05))
    jobs = [job(server, flags=["--add-reasoning", "--shard", f"{number}/8"]) for number in range(1, 9)]
    running = [each.start("--no-progress") for each in jobs]
    journal = jobs[2].state_dir / "journal-00000001.jsonl"
    wait_until(lambda: journal.exists() and journal.stat().st_size > 0)
    running[2].send_signal(signal.SIGKILL)
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, 0, -signal.SIGKILL, *[0] * 5]
    assert jobs[2].run().returncode == 0
    return jobs


def test_eight_shards_merged_are_a_single_run(shards: list[Job], job: Callable[..., Job], tmp_path: Path) -> None:
    """Byte for byte; and the plain command has nothing left to do."""
    whole = job(shards[0].server)
    assert whole.run().returncode == 0
    merged = job(shards[0].server)
    places = [each.output_dir for each in shards]
    for given, says in [(places[1:], "missing: shard 1/8"), ([*places, tmp_path], "holds no shard")]:
        refused = merge(*given, "--output-dir", merged.output_dir)
        assert refused.returncode == 65
        assert says in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    (here := tmp_path / "here").mkdir()
    replaced = merge(*places, "--output-dir", ".", cwd=here)
    assert (replaced.returncode, "is the working directory" in replaced.stderr) == (2, True)
    assert list(here.iterdir()) == []
    none = merge(*places, tmp_path / "none", "--output-dir", merged.output_dir)
    assert (none.returncode, none.stderr) == (65, f"❌ {tmp_path / 'none'} is not a directory\n")
    ended = merge(*reversed(places), "--output-dir", merged.output_dir)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "24 pairs of 8 shards" in ended.stdout
    assert merged.outputs() == whole.outputs()
    again = merged.run()
    assert again.returncode == 0
    assert "Already complete: 24 pairs" in again.stdout
    assert sorted(path.name for path in merged.output_dir.iterdir()) == sorted(
        [".asyncgen", "generation_stats_safe.json", *OUTPUTS]
    )


def test_a_shard_says_what_it_is_and_what_comes_next(
    job: Callable[..., Job], serve: Callable[..., Server]
) -> None:
    """And its directory is for no other."""
    one = job(serve(), flags=["--shard", "2/3"])
    ended = one.run()
    assert ended.returncode == 0
    assert "Shard 2/3, pairs 8 to 15 of 24" in ended.stdout
    assert "when all 3 are done: asyncgen merge DIR… --output-dir OUT" in ended.stdout
    for flags in ([], ["--shard", "1/3"], ["--shard", "2/4"]):
        one.flags = flags
        refused = one.run()
        assert refused.returncode == 65
        assert "this directory holds shard 2/3" in refused.stderr


def test_real_pairs_in_shards_at_any_concurrency_are_the_single_run(
    job: Callable[..., Job], serve: Callable[..., Server], first_pairs: Callable[[int], Path]
) -> None:
    """One is killed when answers are paid for: no more is sent again than was in flight."""
    pairs, of, in_flight = 61, 3, 4
    server, source = serve(latency=Latency(median_s=0.05)), first_pairs(pairs)
    shards = [
        job(
            server,
            input_jsonl=source,
            flags=["--add-reasoning", "--shard", f"{number}/{of}", "--concurrency", str(concurrency)],
        )
        for number, concurrency in zip(range(1, of + 1), (2, in_flight, 32), strict=True)
    ]
    running = [each.start("--no-progress") for each in shards]
    wait_until(lambda: shards[1].journal().count(b'"answer"') >= 5)
    running[1].send_signal(signal.SIGKILL)
    for process in running:
        process.communicate(timeout=60)
    assert [process.returncode for process in running] == [0, -signal.SIGKILL, 0]
    assert shards[1].run().returncode == 0
    sent = server.counts["requests"]
    assert 3 * pairs <= sent <= 3 * pairs + in_flight
    whole, merged = (job(server, input_jsonl=source) for _ in range(2))
    assert whole.run().returncode == 0
    assert merge(*(each.output_dir for each in shards), "--output-dir", merged.output_dir).returncode == 0
    assert merged.outputs() == whole.outputs()


def test_status_and_plan_of_a_shard_speak_of_its_part(
    job: Callable[..., Job], serve: Callable[..., Server]
) -> None:
    """And plan refuses what run would refuse."""
    one = job(serve(), flags=["--shard", "2/3"])
    assert one.run().returncode == 0
    shown = asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "status", str(one.output_dir)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert "shard 2/3, pairs 8 to 15 of 24" in shown.stdout
    planned = job(flags=["--shard", "1/25"], command=["-m", "asyncgen", "plan"]).run()
    assert planned.returncode == 65
    assert "there are 24 pairs, too few for 25 shards" in planned.stderr


def test_status_and_report_of_what_was_merged_say_what_it_knows(
    job: Callable[..., Job], serve: Callable[..., Server]
) -> None:
    """Tokens and calls of all shards, and where the rest is told; what is not known is not called 0."""
    server = serve(faults=Faults(server_error=0.2))
    shards = [job(server, flags=["--shard", f"{number}/2"]) for number in (1, 2)]
    assert [one.run().returncode for one in shards] == [0, 0]
    merged = job(server)
    assert merge(*(one.output_dir for one in shards), "--output-dir", merged.output_dir).returncode == 0
    usages = [
        call["usage"] for name in OUTPUTS[:1] for one in merged.records(name) for call in one["metadata"]["calls"]
    ]
    prompt, completion = (sum(usage[f"{kind}_tokens"] for usage in usages) for kind in ("prompt", "completion"))

    def ask(*words: str) -> str:
        command = [sys.executable, "-m", "asyncgen", *words]
        return asyncgen_process.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    lines = ask("status", str(merged.output_dir)).splitlines()
    assert [line.split()[0] for line in lines] == ["run", "pairs", "tokens"]
    assert f"{prompt:,} in, {completion:,} out" in lines[-1]
    told = json.loads(ask("status", str(merged.output_dir), "--json"))
    assert (told["calls"], told["prompt_tokens"], told["cost_usd"]) == (None, prompt, None)
    ask("report", str(merged.output_dir))
    page = (merged.output_dir / "report.html").read_text()
    attempts = (merged.state_dir / "calls.jsonl").read_bytes().count(b"\n")
    assert attempts > len(usages)
    assert f"<dt>calls</dt><dd>{attempts}</dd>" in page
    assert f"<dt>tokens</dt><dd>{prompt + completion:,}</dd>" in page
    assert "merged from shards" in page
    assert "No call was refused" not in page


def test_what_was_paid_before_the_merge_counts_when_the_merged_run_goes_on(
    job: Callable[..., Job], serve: Callable[..., Server]
) -> None:
    """Its tokens are those of a single run; the cost says which of them it is of."""
    server = serve()
    shards = [job(server, flags=["--shard", f"{number}/2", "--num-pairs", "20"]) for number in (1, 2)]
    whole = job(server, flags=[])
    assert [one.run().returncode for one in (*shards, whole)] == [0, 0, 0]
    merged = job(server, flags=[])
    assert merge(*(one.output_dir for one in shards), "--output-dir", merged.output_dir).returncode == 0
    assert merged.run().returncode == 0
    assert merged.outputs() == whole.outputs()

    def ask(one: Job, *words: str) -> str:
        command = [sys.executable, "-m", "asyncgen", words[0], str(one.output_dir), *words[1:]]
        return asyncgen_process.run(command, capture_output=True, text=True, check=True, timeout=60).stdout

    of_whole, of_merged = (json.loads(ask(one, "status", "--json")) for one in (whole, merged))
    for name in ("prompt_tokens", "completion_tokens"):
        assert of_merged[name] == of_whole[name]
    assert of_whole["cost_usd"] > 0
    assert of_merged["cost_usd"] is None  # of the shards nobody knows it
    tokens = of_whole["prompt_tokens"] + of_whole["completion_tokens"]
    assert f"of {tokens:,} tokens" in ask(merged, "status")
    ask(merged, "report")
    page = (merged.output_dir / "report.html").read_text()
    assert f"<dt>tokens</dt><dd>{tokens:,}</dd>" in page
    assert f"of {tokens:,} tokens</dd>" in page


@pytest.mark.parametrize(("shard", "code"), [("0/3", 2), ("4/3", 2), ("x", 2), ("1/25", 65)])
def test_shards_that_there_are_not_are_refused(job: Callable[..., Job], shard: str, code: int) -> None:
    """Before anything is written."""
    one = job(flags=["--shard", shard])
    refused = one.run("--simulate", "fast")
    assert refused.returncode == code
    assert "shard" in refused.stderr
    assert not one.output_dir.exists()
