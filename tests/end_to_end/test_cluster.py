"""A run on a real Ray cluster: the same bytes, whatever dies; and what is refused before Ray is started."""

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from asyncgen.simulator import Faults, Latency, Limits
from tests import asyncgen_process

from .conftest import RAY_STARTS, SAMPLES, Job, Server, clean_env, interrupt
from .test_interruptions import wait_until

RAY = ("--engine", "ray", "--actors", "2")
KEY = "sk-never-to-be-seen"
SHOWN = {"OPENAI_API_KEY": KEY}

pytestmark = pytest.mark.timeout(4 * RAY_STARTS)
with_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not here: pip install 'asyncgen[ray]'"
)

Serve = Callable[..., Server]


def start(job: Job, *more: str) -> subprocess.Popen[str]:
    """Start on Ray, in a process group of its own, as a shell does."""
    return subprocess.Popen(
        [*job.argv, *RAY, *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_env(SHOWN),
        process_group=0,
    )


def worker_at_work(output_dir: Path) -> int | None:
    """The process that holds the lock of a shard that is not finished."""
    for lock in output_dir.glob("shards/*/.asyncgen/lock"):
        if (lock.parent.parent / "checkpoint.json").exists() and (text := lock.read_text().strip()):
            return int(text)
    return None


def calls(output_dir: Path) -> list[dict]:
    """The lines about calls that are whole."""
    logs = output_dir.rglob("calls.jsonl")
    return [json.loads(line) for path in logs for line in path.read_text().splitlines() if line.endswith("}")]


def refusals(output_dir: Path) -> Counter[tuple[str, str]]:
    """Calls that were refused for a field, by step and field."""
    return Counter((call["step"], call["param"]) for call in calls(output_dir) if call["status"] == 400)


def children(pid: int) -> dict[int, bytes]:
    """The command lines of all processes below this one."""
    found: dict[int, tuple[int, bytes]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                found[int(entry.name)] = parent, (entry / "cmdline").read_bytes()
            except OSError:
                continue
    below, ahead = {}, [pid]
    while ahead:
        above = ahead.pop()
        for child, (parent, line) in found.items():
            if parent == above:
                below[child] = line
                ahead.append(child)
    return below


@with_ray
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
def test_a_worker_and_the_desk_are_killed_and_the_bytes_are_those_of_a_plain_run(serve, job, first_pairs):
    """One limit for both; only calls in flight are sent again; the key is in no log of Ray."""
    source = first_pairs(300)
    golden = job(serve(), input_jsonl=source)
    golden.run()
    server = serve(latency=Latency(median_s=0.1), limits=Limits(rpm=6000, burst_s=1))
    this = job(server, input_jsonl=source)
    most_in_flight = 16
    process = start(this, "--shards", "5", "--concurrency", str(most_in_flight))
    wait_until(lambda: server.counts["answers"] >= 200, RAY_STARTS)
    victim = worker_at_work(this.output_dir)
    assert victim is not None
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: server.counts["answers"] >= 450, RAY_STARTS)
    [coordinator] = [pid for pid, line in children(process.pid).items() if line.startswith(b"ray::Coordinator")]
    os.kill(coordinator, signal.SIGKILL)
    stdout, stderr = process.communicate(timeout=120)

    assert process.returncode == 0, stderr
    assert "has died; shard" in stderr
    assert this.outputs() == golden.outputs()
    seen = server.counts
    assert 900 <= seen["requests"] - sum(seen["refused"].values()) <= 900 + most_in_flight
    assert sum(seen["refused"].values()) <= 0.02 * seen["requests"]
    assert not (this.output_dir / "shards").exists()
    logs = [path for path in Path("/tmp/ray").glob("session_latest/logs/**/*") if path.is_file()]
    assert logs
    assert [path for path in logs if KEY.encode() in path.read_bytes()] == []
    assert KEY not in stdout + stderr
    again = this.run(*RAY)
    assert (again.returncode, "Already complete" in again.stdout) == (0, True)


@with_ray
def test_ctrl_c_ends_it_in_order_and_the_same_command_goes_on(serve, job, first_pairs):
    """The signal goes to the whole group, as from a terminal. Status sees all shards, then and meanwhile.

    What an unlisted model does not take is found out once for all shards and starts: by at most eight refusals of
    each field, and none in the next start.
    """
    source = first_pairs(200)
    unlisted = ("--model", "gpt-5.9-nobody-lists-it", "--max-failures", "9")
    golden = job(serve(), input_jsonl=source)
    golden.flags += unlisted
    golden.run()
    server = serve(latency=Latency(median_s=0.1), limits=Limits(rpm=6000, burst_s=1))
    this = job(server, input_jsonl=source)
    this.flags += unlisted
    process = start(this, "--shards", "4")
    # Of 600; earlier, no row of any shard may have all three.
    wait_until(lambda: server.counts["answers"] >= 300, RAY_STARTS)
    running = status(this.output_dir)
    os.killpg(process.pid, signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    stopped = status(this.output_dir)
    before = refusals(this.output_dir)

    assert process.returncode == 130, stderr
    assert "to resume: " in stderr
    assert "died" not in stderr
    assert (running["condition"], running["pairs"]["total"]) == ("running", 200)
    assert stopped["condition"] == "stopped"
    assert 0 < stopped["pairs"]["done"] < 200
    assert stdout.count("takes max_completion_tokens for max_tokens") == 1
    assert {step for step, _ in before} == {"paraphrase", "correct_reasoning", "error_reasoning"}
    assert max(before.values()) <= 8
    plain = this.run()
    assert (plain.returncode, "add --engine ray" in plain.stderr) == (65, True)
    other = this.run(*RAY, "--shards", "3")
    assert (other.returncode, "divided into 4 shards" in other.stderr) == (65, True)
    done = this.run(*RAY)
    assert done.returncode == 0, done.stderr
    assert this.outputs() == golden.outputs()
    assert refusals(this.output_dir) == before
    assert sum(call["outcome"] == "ok" for call in calls(this.output_dir)) == 600


@with_ray
def test_what_stops_one_shard_stops_the_run_with_its_code(serve, job):
    """A key that is not accepted; in the lines of one process, without a word of Ray.

    Nor does a cluster that was killed on this machine, and is still known to Ray, hold it up.
    """
    this = job(serve(faults=Faults(auth_after=5)))
    with tempfile.TemporaryDirectory(prefix="ray-") as short:  # Ray has sockets in it, whose paths must be
        (Path(short) / "ray").mkdir()
        (Path(short) / "ray" / "ray_current_cluster").write_text("127.0.0.1:1")
        done = this.run(*RAY, "--shards", "2", env={**SHOWN, "RAY_TMPDIR": short})
    assert done.returncode == 77
    assert "the API key is not accepted" in done.stderr
    assert "to resume: " in done.stderr
    assert "authentication (status 401, invalid_api_key" in done.stderr
    assert len(done.stderr.splitlines()) == 3, done.stderr


def status(output_dir: Path) -> dict:
    """What `asyncgen status --json` says."""
    command = [sys.executable, "-m", "asyncgen", "status", str(output_dir), "--json"]
    return json.loads(asyncgen_process.run(command, capture_output=True, check=True, text=True).stdout)


WITHOUT_RAY = (
    "import sys; sys.modules['ray'] = None; from asyncgen.cli.main import main; sys.exit(main(sys.argv[1:]))"
)


def test_without_the_package_it_says_how_to_get_it(job):
    """Before anything else is done."""
    done = job(command=["-c", WITHOUT_RAY, "run"]).run("--engine", "ray", env=SHOWN)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "❌ --engine ray needs the package ray: pip install 'asyncgen[ray]'\n"


def test_a_run_of_one_process_does_not_need_it(serve, job):
    """Nor does it look for it."""
    assert job(serve(), command=["-c", WITHOUT_RAY, "run"]).run().returncode == 0


@pytest.fixture
def joining() -> Iterator[Callable[[list[str]], subprocess.Popen[str]]]:
    """Runs that wait for a cluster which takes connections and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as mute:

        def join(command: list[str]) -> subprocess.Popen[str]:
            address = f"127.0.0.1:{mute.getsockname()[1]}"
            process = subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env=clean_env({**SHOWN, "RAY_ADDRESS": address}),
            )
            assert process.stdout is not None
            while "Joining the Ray cluster" not in process.stdout.readline():
                assert process.poll() is None
            return process

        yield join


@with_ray
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "127.0.0.1:abc"])
def test_a_cluster_that_cannot_be_reached_is_said_at_once(serve, job, address):
    """Ray would try for minutes."""
    done = job(serve()).run(*RAY, env={**SHOWN, "RAY_ADDRESS": address})
    assert (done.returncode, f"reached at {address} (RAY_ADDRESS)" in done.stderr) == (2, True), done.stderr


@with_ray
def test_ctrl_c_ends_the_wait_for_a_cluster_that_does_not_answer(serve, job, joining):
    """Ray waits for minutes, and holds up the loop that hears signals."""
    process = joining([*job(serve()).argv, *RAY])
    wait_until(lambda: _catches(process.pid, signal.SIGINT) is False, 30)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT  # 130 to a shell


@with_ray
def test_a_signal_that_was_ignored_at_the_start_is_ignored_also_while_the_cluster_is_joined(serve, job, joining):
    """A script has started it in the background: Ctrl-C is for the script."""
    process = joining(["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *job(serve()).argv, *RAY])
    wait_until(lambda: _catches(process.pid, signal.SIGTERM) is False, 30)
    assert _catches(process.pid, signal.SIGINT, "SigIgn")
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM


def _catches(pid: int, number: signal.Signals, how: str = "SigCgt") -> bool:
    """Whether a process has a handler of its own for a signal, or ignores it ("SigIgn")."""
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    [mask] = [line.split()[1] for line in lines if line.startswith(f"{how}:")]
    return bool(int(mask, 16) >> (number - 1) & 1)


@pytest.mark.parametrize("flag", ["--shards", "--actors"])
def test_what_divides_a_run_on_ray_is_not_ignored_without_it(job, flag):
    """Else who has --shard in mind would pay for the whole run in every terminal."""
    this = job()
    done = this.run("--simulate", "fast", flag, "3")
    assert (done.returncode, f"{flag} is for --engine ray" in done.stderr) == (2, True), done.stderr
    assert not this.output_dir.exists()


@with_ray
@pytest.mark.parametrize(
    ("flags", "code", "words"),
    [
        (["--simulate"], 2, "start a server that all machines reach"),
        (["--shards", "0"], 2, "--shards"),
        (["--concurrency", "1"], 2, "for all 2 actors"),
        (["--prompt-file", "missing.json"], 2, "missing.json"),
        (["--input-jsonl", "missing.jsonl"], 2, "missing.jsonl"),
    ],
)
def test_what_can_be_refused_is_refused_before_ray_is_started(job, flags, code, words):
    """In less time than Ray needs to start, and nothing is written."""
    this = job()
    done = this.run(*RAY, *flags, env=SHOWN)
    assert (done.returncode, words in done.stderr) == (code, True), done.stderr
    assert not this.output_dir.exists()


@pytest.mark.parametrize(
    "words",
    [
        ("verify",),
        ("view",),
        ("trace", "0"),
        ("export", "--format", "openai", "-o", "train.jsonl"),
    ],
)
def test_who_looks_at_a_run_whose_shards_are_not_merged_is_told_so(tmp_path, words):
    """It has rows and answers, and is no directory without a run."""
    state = tmp_path / "shards" / "1-of-2" / ".asyncgen"
    state.mkdir(parents=True)
    (tmp_path / ".asyncgen").mkdir()
    command = [sys.executable, "-m", "asyncgen", words[0], str(tmp_path), *words[1:]]
    done = asyncgen_process.run(command, capture_output=True, check=False, text=True, cwd=tmp_path)
    assert (done.returncode, "shards that are not merged yet" in done.stderr) == (65, True), done.stderr


@with_ray
def test_a_plan_does_not_begin_the_run_in_another_way_than_it_is_to_go_on(job):
    """What one process has begun, one process extends."""
    this = job(command=["-m", "asyncgen", "plan"])
    done = this.run(*RAY, "--base-url", "http://127.0.0.1:1/v1", "--calibrate", "5", env=SHOWN)
    assert (done.returncode, "leave --engine ray out" in done.stderr) == (2, True), done.stderr
    assert not this.output_dir.exists()


@with_ray
def test_bad_input_is_refused_before_ray_is_started(job, tmp_path):
    """By line, as ever."""
    source = tmp_path / "bad.jsonl"
    source.write_bytes(SAMPLES.read_bytes() + b"no pair\n")
    this = job(input_jsonl=source)
    done = this.run(*RAY, env=SHOWN)
    assert (done.returncode, "line 25" in done.stderr) == (65, True), done.stderr
    assert not this.output_dir.exists()


@with_ray
def test_an_unfinished_run_of_one_process_is_not_taken_over(serve, job, first_pairs):
    """It says what to do."""
    this = job(serve(latency=Latency(median_s=0.1)), input_jsonl=first_pairs(200))
    process = this.start("--concurrency", "4")
    wait_until((this.output_dir / "checkpoint.json").exists)
    interrupt(process)
    done = this.run(*RAY)
    assert (done.returncode, "leave out --engine ray" in done.stderr) == (65, True), done.stderr
