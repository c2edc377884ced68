"""The command through the Batch API of a server: the same bytes, nothing paid twice, a way on from everywhere."""

import json
import re
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asyncgen.config import DEFAULT_MODEL
from asyncgen.cost import total_usage
from asyncgen.planning.prices import load_price
from asyncgen.simulator import Batch, Faults
from tests import asyncgen_process
from tests.effort import KILLS_PLAYED

from .conftest import SAMPLES, Job, Server, clean_env, interrupt
from .test_interruptions import wait_until

pytestmark = pytest.mark.timeout(60)
PROGRAM = ["-m", "tests.end_to_end.short_batches", "run"]
FAST = {"validating_s": 0.01, "working_s": 0.05, "finalizing_s": 0.01, "cancelling_s": 0.01}
Jobs = Callable[..., Job]
Serve = Callable[..., Server]


@pytest.fixture
def batch_job(job: Jobs) -> Jobs:
    """A job that asks in batches."""

    def make(server: Server, *flags: str, **fields: Any) -> Job:
        return job(server, command=PROGRAM, flags=["--add-reasoning", "--batch", *flags], **fields)

    return make


def calls_of(this: Job) -> list[dict[str, Any]]:
    """The lines of `calls.jsonl`."""
    return [json.loads(line) for line in (this.state_dir / "calls.jsonl").read_text().splitlines()]


def counts(server: Server) -> dict[str, Any]:
    """What the server has seen."""
    return server.counts


@pytest.mark.timeout(300)
def test_batches_give_the_bytes_of_ordinary_calls(
    serve: Serve, job: Jobs, batch_job: Jobs, first_pairs: Callable[[int], Path]
) -> None:
    """Pairs with reasoning: in two rounds, each call once, three of them ordinary ones."""
    pairs = 300
    source = first_pairs(pairs)
    live = job(serve(), input_jsonl=source)
    live.run("-q")
    server = serve(batch=Batch(**FAST))
    this = batch_job(server, input_jsonl=source)

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert this.outputs() == live.outputs()
    assert counts(server)["answers"] == 3 * pairs
    assert counts(server)["answered_again"] == 0
    assert counts(server)["batch_requests"] == 3 * pairs - 3
    batches = [call.get("batch") for call in calls_of(this)]
    assert (batches.count(None), len(set(batches))) == (3, 3)
    assert re.search(r"Batch 2 \(batch_\w+\): completed", done.stdout)


KILLS = [
    *(f"{when} {number}" for number in range(1, 13) for when in ("before", "after")),
    *(f"journal {number}" for number in range(1, 13)),
]

ALWAYS_REACHED = 6
"""So many requests, and lines of the journal, every such run has; how often it looks differs."""


@pytest.mark.parametrize("kill", KILLS[KILLS_PLAYED])
def test_a_kill_leaves_each_request_in_one_batch(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes], kill: str
) -> None:
    """SIGKILL at a request of a batch's life, or at a line of the journal; the next start ends it, paid once."""
    server = serve(batch=Batch(**FAST, list_delay_s=0.3))
    this = batch_job(server)
    killed = this.run(env={"KILL_AT": kill})
    journal = this.journal()
    # A kind of request whose ordinary call goes ahead of the batches may be in flight when the process dies.
    in_flight = max(0, journal.count(b'"kind":"sent"') - journal.count(b'"kind":"answer"'))

    done = this.run()

    assert killed.returncode == -9 or int(kill.split()[1]) > ALWAYS_REACHED
    assert done.returncode == 0, done.stderr
    assert this.outputs() == samples_golden
    assert counts(server)["answered_again"] <= in_flight
    assert max(server.custom_ids.values()) == 1


def test_detached_batches_are_taken_by_the_same_command(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes]
) -> None:
    """Exit 75 when they are at the server; then the next round, and in the end the files."""
    server = serve(batch=Batch(**FAST))
    this = batch_job(server, "--batch-detach")
    codes, said = [], []
    for _ in range(9):
        done = this.run()
        codes.append(done.returncode)
        said.append(done.stderr + done.stdout)
        if done.returncode != 75:
            break

    assert codes[-1] == 0
    assert set(codes[:-1]) == {75}
    assert "at the server" in said[0]
    assert this.outputs() == samples_golden
    assert counts(server)["answered_again"] == 0


def test_an_interrupted_run_leaves_its_batch_at_work_and_says_how_to_go_on(serve: Serve, batch_job: Jobs) -> None:
    """Exit 130 at once; the same command takes the answers."""
    server = serve(batch=Batch(**FAST | {"working_s": 3.0}))
    this = batch_job(server)
    process = this.start()
    wait_until(lambda: server.counts["batches"] == 1)
    events = this.state_dir / "events.jsonl"
    wait_until(lambda: events.exists() and b'"in_progress"' in events.read_bytes())

    code, out, err = interrupt(process, signal.SIGINT)

    assert code == 130
    assert "1 batch with" in out
    assert "to resume: " in out + err
    assert this.run().returncode == 0
    assert counts(server)["answered_again"] == 0


def test_the_last_calls_are_made_one_by_one(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes]
) -> None:
    """With --batch-finish, a round that is small enough needs no batch."""
    server = serve(batch=Batch(**FAST))
    pairs = len(SAMPLES.read_bytes().splitlines())
    this = batch_job(server, "--batch-finish", str(pairs))

    assert this.run().returncode == 0

    assert counts(server)["batches"] == 1
    assert this.outputs() == samples_golden


def test_a_start_without_batches_takes_what_they_have_and_asks_the_rest(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes]
) -> None:
    """The batch is cancelled; what it had answered is not asked again, and the bytes are the same."""
    server = serve(batch=Batch(**FAST | {"working_s": 2.0}))
    this = batch_job(server, "--batch-detach")
    assert this.run().returncode == 75
    wait_until(lambda: server.counts["answers"] > 10)
    this.flags = ["--add-reasoning"]

    done = this.run()

    assert done.returncode == 0, done.stderr
    assert "Batch 1 is cancelled" in done.stdout
    assert this.outputs() == samples_golden
    assert counts(server)["answered_again"] == 0


def test_a_server_without_batches_is_named_before_anything_is_asked(serve: Serve, batch_job: Jobs) -> None:
    """One line, exit 2."""
    server = serve(batch=Batch(served=False))

    done = batch_job(server).run()

    assert done.returncode == 2
    assert "this server has no Batch API" in done.stderr
    assert counts(server)["requests"] == 0


def test_a_copy_of_a_directory_asks_before_it_takes_the_batches(serve: Serve, batch_job: Jobs) -> None:
    """It would take what the original waits for; with --batch-adopt it does."""
    server = serve(batch=Batch(**FAST))
    this = batch_job(server, "--batch-detach")
    assert this.run().returncode == 75
    copy = batch_job(server)
    shutil.copytree(this.output_dir, copy.output_dir)

    refused = copy.run()

    assert refused.returncode == 65
    assert "this directory is a copy" in refused.stderr
    assert "--batch-adopt" in refused.stderr
    assert copy.run("--batch-adopt").returncode == 0
    assert counts(server)["answered_again"] == 0


def test_shards_have_batches_of_their_own(serve: Serve, batch_job: Jobs) -> None:
    """Each in its directory."""
    server = serve(batch=Batch(**FAST))
    for number in (1, 2):
        assert batch_job(server, "--shard", f"{number}/2").run().returncode == 0
    assert counts(server)["answered_again"] == 0


@pytest.mark.timeout(120)
def test_a_budget_holds_while_batches_expire_and_a_larger_one_ends_the_run(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes]
) -> None:
    """What the server has worked on costs no more, though three batches end half done; nothing is paid twice."""
    server = serve(batch=Batch(**FAST, expire=1.0, at_most=3))
    this, most = batch_job(server), 0.004
    price = load_price(DEFAULT_MODEL, None, batch=True)
    assert price is not None

    stopped = this.run("--max-cost", str(most))

    assert stopped.returncode == 4, stopped.stderr
    assert stopped.stderr.count("at once, at their highest cost: the others follow when these are back") == 1
    assert counts(server)["faults"]["batch_expire"] == 3
    used = total_usage(counts(server)["prompt_tokens"], counts(server)["completion_tokens"], 0)
    assert most / 2 < price.of_batches.cost(used) < most
    assert this.run("--max-cost", "1").returncode == 0
    assert this.outputs() == samples_golden
    assert counts(server)["answered_again"] == 0


def test_a_batch_with_rows_behind_the_end_is_not_taken(
    serve: Serve, batch_job: Jobs, samples_golden: dict[str, bytes]
) -> None:
    """It would be closed, and what was paid for them lost; the message says how to take it."""
    server = serve(batch=Batch(**FAST))
    this = batch_job(server, "--batch-detach")
    assert this.run().returncode == 75

    refused = this.run("--num-pairs", "3")

    assert refused.returncode == 2
    assert "batch 1 at the server holds rows that are paid and not asked now" in refused.stderr
    assert "--num-pairs 24" in refused.stderr
    this.flags = ["--add-reasoning", "--batch"]
    assert this.run().returncode == 0
    assert this.outputs() == samples_golden
    assert counts(server)["answered_again"] == 0


def test_a_shard_whose_batch_is_at_the_server_is_not_merged(serve: Serve, batch_job: Jobs, tmp_path: Path) -> None:
    """Its failed rows are being asked again: no other directory could take what that cost."""
    server = serve(batch=Batch(**FAST), faults=Faults(fail_matching="pain", fail_kind="bad_request"))
    shards = [batch_job(server, "--shard", f"{number}/2") for number in (1, 2)]
    codes = [shard.run("--max-failures", "99").returncode for shard in shards]
    assert 3 in codes
    failed = shards[codes.index(3)]
    failed.server = serve(batch=Batch(**FAST))
    assert failed.run("--max-failures", "99", "--batch-detach", "--batch-finish", "0").returncode == 75
    words = ["merge", *(str(shard.output_dir) for shard in shards), "--output-dir", str(tmp_path / "merged")]

    refused = asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", *words], capture_output=True, text=True, timeout=60, env=clean_env(None)
    )

    assert refused.returncode == 65
    assert "is not finished: give its command again first" in refused.stderr
