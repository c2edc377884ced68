"""A run on Ray with a network between the machines: slow, lossy, cut, and with one of the machines killed.

Each packet takes 10 ms and one in a hundred is lost, throughout. The machines are namespaces with a directory in
common; the limit of each account is enforced by the second. With -s the figures are printed.
"""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import OUTPUTS, PROMPTS, clean_env
from tests.end_to_end.test_interruptions import wait_until

from .ray_machines import Account, RayMachines, Trial, ray_machines

PAIRS = 400
MOST_IN_FLIGHT = 16  # of both workers, where calls are cut off; five are enough for the limit
BOUNDED = ("--concurrency", str(MOST_IN_FLIGHT))
RPM = 2400
CUT = 20.0  # seconds
START = 150.0  # seconds at most until both machines are at work, where others want the processor too

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="Ray is not here: pip install 'asyncgen[ray]'"
    ),
]


@pytest.fixture(scope="module")
def machines() -> Iterator[RayMachines]:
    """The cluster, for all tests: the last one kills a machine of it."""
    with ray_machines() as ready:
        yield ready


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, medec_pairs: Path) -> Path:
    """The input: whole pairs of either corpus, with names of their own."""
    path = tmp_path_factory.mktemp("input") / "pairs.jsonl"
    rows = [json.loads(line) for line in medec_pairs.read_bytes().splitlines() if line.strip()]
    whole = [row for row in rows if row.get("correct_note") and row.get("incorrect_note")]
    named = [row | {"note_id": f"pair-{number}"} for number, row in enumerate(whole[:PAIRS])]
    path.write_text("".join(json.dumps(row) + "\n" for row in named))
    return path


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory, source: Path) -> list[list[bytes]]:
    """The lines of a run of one process."""
    out = tmp_path_factory.mktemp("golden") / "out"
    words = ["--input-jsonl", source, "--output-dir", out, "--prompt-file", PROMPTS, "--add-reasoning"]
    words += ["--model", "gpt-4o", "--simulate", "fast", "-q"]
    command = [sys.executable, "-m", "asyncgen", "run", *words]
    subprocess.run(command, check=True, capture_output=True, env=clean_env(None), timeout=80)
    return [(out / name).read_bytes().splitlines(keepends=True) for name in OUTPUTS]


def check(trial: Trial, golden: list[list[bytes]], pairs: int, again: int) -> str:
    """Every row once, in order, the limit kept, no more calls asked again than allowed; returns the warnings."""
    done = trial.ended()
    assert done.returncode == 0, done.stderr
    parts = [lines[: len(lines) * pairs // PAIRS] for lines in golden]
    assert trial.outputs() == [b"".join(lines) for lines in parts]
    counts = trial.account.counts
    refused = sum(counts["refused"].values())
    sent_again = counts["requests"] - refused - counts["distinct_requests"]
    print(f"{counts['requests']} calls, {refused} refused, {sent_again} of {again} sent again")
    assert refused <= 0.001 * counts["requests"]
    assert counts["distinct_requests"] == 3 * pairs
    assert sent_again <= again
    return done.stderr


def test_over_a_network_that_is_slow_and_loses_packets_the_bytes_are_those_of_one_process(
    machines: RayMachines, golden: list[list[bytes]], source: Path, tmp_path: Path
) -> None:
    """With a worker on each machine, and nothing asked twice."""
    account = Account("gemini", machines.beyond, 8001, RPM)
    trial = Trial(machines.here, account, source, tmp_path / "out", "--num-pairs", "100")
    wait_until(lambda: machines.on_both(trial), START)
    assert check(trial, golden, 100, again=0).count("⚠") <= 1  # of the model


def test_over_a_network_that_is_cut_a_worker_keeps_to_its_part_of_the_limit_and_comes_back(
    machines: RayMachines, golden: list[list[bytes]], source: Path, tmp_path: Path
) -> None:
    """Two runs: the worker that is cut off reaches the server of one of them all the time, that of the other not.

    The server that it reaches names no limit in its answers: only the lease says what the worker may use.
    """
    reached = Account("gemini", machines.beyond, 8002, RPM)
    cut_off = Account("openai", machines.here, 8003, RPM)
    trials = [Trial(machines.here, reached, source, tmp_path / "reached")]
    trials += [Trial(machines.here, cut_off, source, tmp_path / "cut-off", "--timeout", "10", *BOUNDED)]
    for trial in trials:
        wait_until(lambda trial=trial: trial.account.counts["answers"] >= 150, START)
        wait_until(lambda trial=trial: machines.on_both(trial), START)
    machines.net.cut(machines.here, machines.there)
    time.sleep(CUT)
    assert reached.counts["answers"] < 3 * PAIRS
    machines.net.join(machines.here, machines.there)
    check(trials[0], golden, PAIRS, again=0)
    check(trials[1], golden, PAIRS, again=MOST_IN_FLIGHT)


def test_over_a_network_of_which_a_machine_is_killed_the_other_goes_on(
    machines: RayMachines, golden: list[list[bytes]], source: Path, tmp_path: Path
) -> None:
    """What the dead one had begun, a new worker resumes there."""
    account = Account("gemini", machines.beyond, 8004, RPM)
    trial = Trial(machines.here, account, source, tmp_path / "out", "--num-pairs", "300", *BOUNDED)
    wait_until(lambda: account.counts["answers"] >= 150, START)
    wait_until(lambda: machines.on_both(trial), START)
    machines.there.kill()
    assert "has died; shard" in check(trial, golden, 300, again=MOST_IN_FLIGHT)
