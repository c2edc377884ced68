"""`asyncgen verify --regenerate` as a process: flagged pairs are asked anew, and replaced where that is better."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.simulator import Batch, Faults, Latency, Profile, respond
from asyncgen.simulator.completions import complete
from tests import asyncgen_process

from .conftest import OUTPUTS, Job, Server, clean_env, interrupt
from .test_interruptions import wait_until

PREAMBLE = "Here is the paraphrased note:\n"
STATISTICS = "generation_stats_safe.json"
Serve = Callable[..., Server]


@pytest.fixture(autouse=True)
def spoiled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every third paraphrase begins with a preamble, by the hash of its request."""
    spoil(monkeypatch, lambda note, key: PREAMBLE + note if key % 3 == 0 else note)


def spoil(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, int], str]) -> None:
    """Change the texts of plain answers, which come with a key for each request."""

    def spoilt(chat: Any, key: int, profile: Profile) -> Any:
        completion = complete(chat, key, profile)
        return completion if chat.wants_json else replace(completion, content=change(completion.content, key))

    monkeypatch.setattr(respond, "complete", spoilt)


def argv(job: Job, *flags: str) -> list[str]:
    """The command for the directory of a job."""
    words = [str(job.output_dir), "--input-jsonl", str(job.input_jsonl), "--prompt-file", str(job.prompt_file)]
    address = [] if job.server is None else ["--base-url", job.server.base_url]
    return [sys.executable, "-m", "asyncgen", "verify", *words, "--regenerate", *flags, *address]


def regenerate(job: Job, *flags: str) -> subprocess.CompletedProcess[str]:
    """Ask the flagged pairs of a job again, and verify."""
    return asyncgen_process.run(
        argv(job, *flags), check=False, capture_output=True, text=True, timeout=60, env=clean_env(None)
    )


def flagged(job: Job) -> list[int]:
    """The pairs with a preamble."""
    notes = [record["note"] for record in job.records(OUTPUTS[0])]
    return [index for index, note in enumerate(notes) if note.startswith(PREAMBLE)]


def statistics(job: Job) -> dict[str, Any]:
    """How the run has ended."""
    content: dict[str, Any] = json.loads((job.output_dir / STATISTICS).read_text())
    return content


def done(job: Job) -> Job:
    """The job, when it is done."""
    assert job.run().returncode in {0, 3}
    return job


def test_flagged_pairs_are_replaced_in_place_and_nothing_else_changes(
    serve: Serve, job: Callable[..., Job]
) -> None:
    """Three calls a flagged pair; other lines keep their bytes, counts stay, what it cost is added."""
    this = done(job(serve()))
    before, old, bad = this.outputs(), statistics(this), flagged(this)
    assert 3 <= len(bad) < 24
    assert this.server is not None
    asked, tokens = this.server.counts["requests"], this.server.counts["total_tokens"]

    result = regenerate(this)

    assert result.returncode == 0, result
    assert f"{len(bad)} of 24 pairs are flagged" in result.stdout
    assert "✓ whole, in order, in step" in result.stdout
    left = flagged(this)
    assert set(left) < set(bad)
    assert f"{len(left)} of 24 pairs" in result.stdout
    assert this.server.counts["requests"] == this.server.counts["distinct_requests"] == asked + 3 * len(bad)
    for name, each in zip(OUTPUTS, (1, 1, 2), strict=True):
        was, now = before[name].splitlines(), this.outputs()[name].splitlines()
        changed = {place // each for place in range(len(was)) if was[place] != now[place]}
        assert len(was) == len(now)
        assert changed <= set(bad) - set(left)
    new = statistics(this)
    cost = this.server.counts["total_tokens"] - tokens
    assert new["total_tokens_used"] == old["total_tokens_used"] + cost
    assert sum(new["spend"].values()) - sum(old["spend"].values()) == cost
    assert {name: new[name] for name in old["counters"][:-1]} == {name: old[name] for name in old["counters"][:-1]}
    assert not list(this.state_dir.glob("journal-*"))
    assert "Already complete" in this.run().stdout


def test_what_comes_out_no_better_is_not_taken(
    serve: Serve, job: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a byte of the examples changes; each round asks other requests than the one before."""
    spoil(monkeypatch, lambda _note, _key: "Nobody came, and nothing was said of it.")
    this = done(job(serve()))
    before = this.outputs()

    for number in (1, 2):
        result = regenerate(this, "2")
        assert result.returncode == 0, result
        assert "0 replaced in place, 2 kept" in result.stdout
        assert statistics(this)["regeneration"] == {"number": number, "unfinished": []}

    assert this.outputs() == before
    assert this.server is not None
    assert this.server.counts["requests"] == this.server.counts["distinct_requests"] == 72 + 2 * 2 * 3


def test_a_pair_that_fails_keeps_what_it_has(serve: Serve, job: Callable[..., Job]) -> None:
    """The old example stays, and the pair is not among the failed ones."""
    this = done(job(serve()))
    before = this.outputs()
    this.server = serve(faults=Faults(fail_matching="the", fail_kind="bad_request"))

    result = regenerate(this, "--max-failures", "100%")

    assert result.returncode == 0, result
    assert this.outputs() == before
    assert not (this.output_dir / "failed.jsonl").exists()


def test_a_kill_in_the_middle_is_finished_by_the_same_command(
    serve: Serve, job: Callable[..., Job], first_pairs: Callable[[int], Path]
) -> None:
    """The bytes are those of a regeneration that nobody killed, and only calls in flight are sent again."""
    source = first_pairs(60)
    golden = done(job(serve(), input_jsonl=source))
    pairs = len(flagged(golden))
    assert regenerate(golden).returncode == 0
    this = done(job(serve(), input_jsonl=source))
    this.server = serve(latency=Latency(median_s=0.05))
    in_flight = 0
    for goal in (pairs, 2 * pairs):
        command = argv(this, "--concurrency", "4")
        process = asyncgen_process.Process(command, stdout=-1, stderr=-1, text=True, env=clean_env(None))
        wait_until(lambda goal=goal: this.server.counts["answers"] >= goal)
        process.kill()
        process.communicate()
        in_flight += 4

    result = regenerate(this)

    assert result.returncode == 0, result
    assert "in flight: " in result.stderr
    assert this.outputs() == golden.outputs()
    assert this.server.counts["distinct_requests"] == 3 * pairs
    assert this.server.counts["requests"] <= 3 * pairs + in_flight


def test_batches_regenerate_to_the_bytes_of_ordinary_calls(
    serve: Serve, job: Callable[..., Job], first_pairs: Callable[[int], Path]
) -> None:
    """Also when the batches are left at the server in each round."""
    source = first_pairs(20)
    golden = done(job(serve(), input_jsonl=source))
    pairs = len(flagged(golden))
    assert regenerate(golden).returncode == 0
    this = done(job(serve(), input_jsonl=source))
    this.server = serve(batch=Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01))
    program = [sys.executable, "-m", "tests.end_to_end.short_batches"]
    command = [*program, *argv(this, "--batch", "--batch-detach")[3:]]

    codes = []
    while not codes or (codes[-1] == 75 and len(codes) < 9):
        ended = asyncgen_process.run(command, capture_output=True, text=True, timeout=60, env=clean_env(None))
        codes.append(ended.returncode)

    assert codes[0] == 75, ended
    assert codes[-1] == 0, ended
    assert this.outputs() == golden.outputs()
    assert this.server.counts["answers"] == this.server.counts["distinct_requests"] == 3 * pairs
    assert this.server.counts["batch_requests"] == 3 * pairs - 3


@pytest.mark.parametrize("failing", [False, True], ids=["more pairs", "failed pairs"])
def test_a_run_in_between_leaves_the_batch_of_a_regeneration_at_the_server(
    serve: Serve, job: Callable[..., Job], failing: bool
) -> None:
    """It is paid, and the run has no use for it: the round is finished first, and then the run finds its work."""
    faults = Faults(fail_matching="diabetes", fail_kind="bad_request") if failing else Faults()
    this = done(job(serve(faults=faults), flags=["--add-reasoning", "--num-pairs", "20"]))
    pairs = len(flagged(this))
    this.server = serve(batch=Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01))
    this.command = ["-m", "tests.end_to_end.short_batches", "run"]
    command = [sys.executable, *this.command[:2], *argv(this, "--batch", "--batch-detach")[3:]]

    def regenerated() -> subprocess.CompletedProcess[str]:
        return asyncgen_process.run(command, capture_output=True, text=True, timeout=60, env=clean_env(None))

    assert regenerated().returncode == 75
    refused = this.run("--num-pairs", "20" if failing else "24")
    assert refused.returncode == 75, refused
    assert "sent by asyncgen verify --regenerate: finish that first" in refused.stderr
    for _ in range(9):
        ended = regenerated()
        if ended.returncode != 75:
            break
    assert ended.returncode in {0, 3}, ended
    assert this.server.counts["answers"] == this.server.counts["distinct_requests"] == 3 * pairs
    assert this.run("--num-pairs", "24").returncode == 0
    assert this.server.counts["answers"] == this.server.counts["distinct_requests"]


def test_a_regeneration_leaves_the_batch_of_failed_pairs_at_the_server(
    serve: Serve, job: Callable[..., Job]
) -> None:
    """It is the run's, which takes it first."""
    this = done(job(serve(faults=Faults(fail_matching="diabetes", fail_kind="bad_request"))))
    pairs = len((this.output_dir / "failed.jsonl").read_text().splitlines())
    this.server = serve(batch=Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01))
    this.command = ["-m", "tests.end_to_end.short_batches", "run"]
    assert this.run("--batch", "--batch-detach").returncode == 75

    refused = regenerate(this)

    assert refused.returncode == 75, refused
    assert "sent by the run, for rows that failed: finish that first" in refused.stderr
    assert this.run("--batch").returncode == 0
    assert this.server.counts["answers"] == this.server.counts["distinct_requests"] == 3 * pairs
    assert regenerate(this).returncode == 0


def test_failed_pairs_are_asked_again_by_the_command_of_the_run(serve: Serve, job: Callable[..., Job]) -> None:
    """Also if flagged ones were asked again since, by a command that leaves the failed ones as they are."""
    this = done(job(serve(faults=Faults(fail_matching="diabetes", fail_kind="bad_request"))))
    assert flagged(this)
    words = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir), "--json"]

    def resume() -> str:
        told = asyncgen_process.run(words, check=True, capture_output=True, text=True, timeout=60)
        return str(json.loads(told.stdout)["resume"])

    before = resume()
    assert regenerate(this).returncode == 0
    assert " run " in before
    assert resume() == before


def test_a_run_in_between_loses_nothing_that_was_paid(serve: Serve, job: Callable[..., Job]) -> None:
    """A budget ends the round; more pairs and repaired ones come in between; then it is finished, paid once."""
    this = done(
        job(
            serve(faults=Faults(fail_matching="diabetes", fail_kind="bad_request")),
            flags=["--add-reasoning", "--num-pairs", "20"],
        )
    )
    assert (this.output_dir / "failed.jsonl").exists()
    this.server = serve()
    spent = sum(statistics(this)["spend"].values())
    assert regenerate(this, "--max-total-tokens", str(spent + 12_000), "--concurrency", "1").returncode == 4
    paid = this.server.counts["answers"]
    unfinished = statistics(this)["regeneration"]["unfinished"]
    assert 0 < paid < 3 * len(unfinished)
    this.flags = ["--add-reasoning"]
    assert this.run().returncode == 0
    assert statistics(this)["regeneration"]["unfinished"] == unfinished
    assert "resumes when called again" in this.run().stdout
    missing = this.server.counts["answers"]

    result = regenerate(this)

    assert result.returncode == 0, result
    assert this.server.counts["answers"] - missing == 3 * len(unfinished) - paid
    assert this.server.counts["requests"] == this.server.counts["distinct_requests"]
    assert this.run().stdout.count("Already complete") == 1


def test_what_cannot_be_regenerated_is_refused(serve: Serve, job: Callable[..., Job]) -> None:
    """Another model, an unfinished run, changed files, no prompts: one line, the exit code, and no call."""
    this = done(job(serve()))
    assert this.server is not None
    asked = this.server.counts["requests"]
    cases: list[tuple[list[str], int, str]] = [
        (["--model", "gpt-5"], 65, "model was gpt-6-luna, now gpt-5"),
        (["0"], 2, "a number of pairs above 0"),
    ]
    for flags, code, words in cases:
        result = regenerate(this, *flags)
        assert (result.returncode, words in result.stderr) == (code, True), result
    result = regenerate(replace(this, server=None))
    wanted = "this run used a server on this machine: give --local or --base-url again"
    assert (result.returncode, wanted in result.stderr) == (2, True), result
    path = this.output_dir / OUTPUTS[0]
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"patient", b"pateint", 1))
    result = regenerate(this)
    assert (result.returncode, "are broken" in result.stderr) == (65, True), result
    path.write_bytes(whole)
    (this.output_dir / STATISTICS).unlink()
    result = regenerate(this)
    assert (result.returncode, "is not finished" in result.stderr) == (65, True), result
    assert this.server.counts["requests"] == asked


def test_a_signal_ends_a_round_in_order_and_nobody_else_may_work_meanwhile(
    serve: Serve, job: Callable[..., Job]
) -> None:
    """Exit 75 for a second process, 130 for the first; the next one pays nothing twice."""
    this = done(job(serve()))
    pairs = len(flagged(this))
    this.server = serve(latency=Latency(median_s=0.2))
    process = asyncgen_process.Process(
        argv(this, "--concurrency", "2"), stdout=-1, stderr=-1, text=True, env=clean_env(None)
    )
    wait_until(lambda: this.server.counts["answers"] >= 2)
    assert regenerate(this).returncode == 75

    code, _, stderr = interrupt(process)

    assert code == 130
    assert "to resume: " in stderr
    assert "Traceback" not in stderr
    assert regenerate(this).returncode == 0
    assert this.server.counts["requests"] == this.server.counts["distinct_requests"] == 3 * pairs


def test_a_shard_and_what_was_merged_of_shards_are_regenerated_and_traced_again(
    serve: Serve, job: Callable[..., Job]
) -> None:
    """In the lines of their own pairs; and what they were asked with is found by their index in the input."""
    server = serve()
    shards = [done(job(server, flags=["--add-reasoning", "--shard", f"{number}/2"])) for number in (1, 2)]
    merged = job(server)
    command = [sys.executable, "-m", "asyncgen", "merge", *(str(one.output_dir) for one in shards)]
    command += ["--output-dir", str(merged.output_dir)]
    for this, first in ((shards[1], 12), (merged, 0)):
        if this is merged:
            asyncgen_process.run(command, check=True, capture_output=True, timeout=60)
        before, bad = this.outputs(), flagged(this)
        assert bad
        result = regenerate(this)
        assert result.returncode == 0, result
        assert "✓ whole, in order, in step" in result.stdout
        left = flagged(this)
        assert set(left) < set(bad)
        was, now = before[OUTPUTS[0]].splitlines(), this.outputs()[OUTPUTS[0]].splitlines()
        assert {place for place in range(len(was)) if was[place] != now[place]} <= set(bad)
        index = first + next(place for place in bad if place not in left)
        words = [str(this.output_dir), str(index), "--again", "--json", *argv(this)[5:9], *argv(this)[10:]]
        traced = asyncgen_process.run(
            [sys.executable, "-m", "asyncgen", "trace", *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
            env=clean_env(None),
        )
        assert [one["same"] for one in json.loads(traced.stdout)["again"]] == [True] * 3
