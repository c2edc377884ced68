"""`asyncgen status` and the bar: how a run stands, while it runs, after it was killed, and when it is done."""

import fcntl
import html
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.simulator import Latency, Storm
from tests import asyncgen_process

from .conftest import Job, clean_env

MakeJob = Callable[..., Job]
NOTHING = '{"condition": "", "pairs": {"durable": 0}}'
SLOW = Latency(median_s=0.3, sigma=0.1)
SLOWLY = ["--add-reasoning", "--concurrency", "2"]
HELD_AFTER = 20
"""Answers of the 72 that a whole run takes: with two at once, some pairs are finished and saved by then."""


def status(directory: Path, *flags: str) -> subprocess.CompletedProcess[str]:
    """Ask from another process."""
    return asyncgen_process.run(
        [sys.executable, "-m", "asyncgen", "status", str(directory), *flags],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
        env=clean_env(None),
    )


def seen(directory: Path) -> dict[str, object]:
    """What it says to programs."""
    done = status(directory, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def content(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Everything in a directory, with the times of the last changes."""
    files = [path for path in sorted(directory.rglob("*")) if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def begin(this: Job) -> subprocess.Popen[str]:
    """Start a run, and ask until it tells of itself and its first pairs are saved."""
    process = this.start("--save-every", "1")
    picture = json.loads(NOTHING)
    while picture["condition"] != "running" or not picture["pairs"]["durable"]:
        assert process.poll() is None
        picture = json.loads(status(this.output_dir, "--json").stdout or NOTHING)
    return process


def test_a_run_in_progress_says_how_far_it_is_and_what_it_waits_for(serve, job):
    """With the process that runs, and nothing to resume."""
    server = serve(held_after=HELD_AFTER)
    this = job(server, flags=SLOWLY)
    process = begin(this)

    picture = seen(this.output_dir)
    text = ""
    while not re.search(r"^waits for +answers to the calls in flight$", text, re.MULTILINE):
        assert process.poll() is None, text  # there are no rates before the second sample
        text = status(this.output_dir).stdout

    server.release()
    process.communicate()
    assert picture["condition"] == "running"
    assert picture["pid"] == process.pid
    assert picture["pairs"]["total"] == 24
    assert picture["concurrency"] == 2
    assert re.search(r"^run +running \(process \d+\)", text, re.MULTILINE)
    assert "to resume" not in text


def test_a_killed_run_is_told_from_one_that_stopped_with_the_command_that_goes_on(serve, job, tmp_path):
    """The command works from anywhere; looking changes nothing."""
    server = serve(held_after=HELD_AFTER)
    this = job(server, flags=SLOWLY)
    process = begin(this)
    process.kill()
    process.communicate()
    server.release()
    before = content(this.output_dir)

    picture = seen(this.output_dir)
    text = status(this.output_dir).stdout

    assert content(this.output_dir) == before
    assert picture["condition"] == "crashed"
    assert picture["pid"] is None
    assert picture["pairs"]["done"] == picture["pairs"]["durable"] > 0
    assert f"crashed: process {process.pid} ended unexpectedly" in text
    words = {"shell": True, "cwd": tmp_path, "env": clean_env(None), "capture_output": True}
    resumed = asyncgen_process.run(picture["resume"], check=False, timeout=60, **words)
    assert resumed.returncode == 0
    assert seen(this.output_dir)["condition"] == "finished"


def test_a_stopped_run_says_why_it_ended(serve, job):
    """With the exit code."""
    server = serve(held_after=HELD_AFTER)
    this = job(server, flags=SLOWLY)
    process = begin(this)
    process.send_signal(signal.SIGINT)
    server.release()  # what is in flight may end
    process.communicate()

    picture = seen(this.output_dir)

    assert picture["condition"] == "stopped"
    assert (picture["exit_code"], picture["reason"]) == (130, "interrupted; everything paid is saved")
    said = status(this.output_dir).stdout
    assert "to resume" in said
    assert "moved" not in said
    moved = this.output_dir.rename(this.output_dir.with_name("moved here"))
    warning = f"the directory was {this.output_dir} then: give this one instead of it"
    assert f"moved        {warning}\nto resume" in status(moved).stdout
    assert seen(moved)["moved_from"] == str(this.output_dir)
    words = [sys.executable, "-m", "asyncgen", "report", str(moved)]
    asyncgen_process.run(words, check=True, capture_output=True, timeout=60)
    assert warning in html.unescape((moved / "report.html").read_text())


def test_after_a_restart_nothing_is_said_of_the_run_that_was_moved_aside(serve, job):
    """Calls, tokens and starts are those of the run that is there; those of the former one lie with its files."""
    this = job(serve())
    assert this.run("--num-pairs", "8").returncode == 0
    assert seen(this.output_dir)["calls"] == 24
    assert this.run("--restart", "--num-pairs", "2").returncode == 0

    picture = seen(this.output_dir)
    (aside,) = this.output_dir.glob("superseded-*")

    assert (picture["sessions"], picture["calls"]) == (1, 6)
    assert len((aside / "calls.jsonl").read_bytes().splitlines()) == 24
    assert b"ProcessStarted" in (aside / "events.jsonl").read_bytes()


def test_watching_a_finished_run_ends_at_once(serve, job):
    """One plain line without a terminal."""
    this = job(serve())
    this.run()
    done = status(this.output_dir, "--watch")
    assert done.returncode == 0
    assert done.stdout.startswith("run finished")
    assert "24 of 24 (100.0 %) done" in done.stdout
    assert done.stdout.count("\n") == 1


def test_watching_a_run_goes_on_until_its_end(serve, job):
    """A JSON object a line, the last one of the finished run."""
    server = serve(held_after=HELD_AFTER)
    this = job(server, flags=SLOWLY)
    process = begin(this)
    words = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir), "--watch", "--json"]
    with asyncgen_process.Process(words, stdout=subprocess.PIPE, text=True, env=clean_env(None)) as watching:
        lines = [watching.stdout.readline()]
        server.release()
        process.communicate()
        lines += watching.stdout
    pictures = [json.loads(line) for line in lines]
    assert pictures[0]["condition"] == "running"
    assert pictures[-1]["condition"] == "finished"


def test_a_directory_without_a_run_is_refused_in_one_line(tmp_path):
    """And nothing is made in it."""
    none = tmp_path / "none"
    for directory, code, line in (
        (tmp_path, 65, f"❌ {tmp_path} holds no run: give the --output-dir of one\n"),
        (none, 2, f"❌ {none} is not a directory\n"),
    ):
        done = status(directory)
        assert (done.returncode, done.stdout, done.stderr) == (code, "", line)
    assert list(tmp_path.iterdir()) == []


def test_no_key_is_left_for_status_however_the_flag_was_written(serve, job):
    """It is in no file of the directory."""
    for flag in (["--openai-api-key", "sk-SECRET"], ["--openai-api-key=sk-SECRET"]):
        this = job(serve(), flags=flag)
        done = this.run()
        assert done.returncode == 0
        assert "sk-SECRET" not in done.stdout + done.stderr
        assert not [path for path, (data, _) in content(this.output_dir).items() if b"sk-SECRET" in data]
        assert "…" in str(seen(this.output_dir)["resume"])


def test_the_cost_of_the_last_start_is_told_from_that_of_all(serve, job):
    """In status, to persons and programs; in the first start they are one."""
    this = job(serve())
    this.run("--num-pairs", "4")
    first = seen(this.output_dir)
    alone = status(this.output_dir).stdout
    this.run("--num-pairs", "20")
    both = seen(this.output_dir)
    assert first["cost_usd"] == first["last_start_cost_usd"]
    assert both["cost_usd"] == pytest.approx(first["cost_usd"] + both["last_start_cost_usd"])
    assert "in all starts" not in alone
    assert re.search(
        r"^cost +0\.\d+ USD in all starts, 0\.\d+ USD of it in the last$",
        status(this.output_dir).stdout,
        re.MULTILINE,
    )


@pytest.mark.parametrize(("terminal", "redraws"), [("xterm", True), ("dumb", False)])
def test_a_terminal_without_a_cursor_gets_no_signs_that_move_it(serve, job, terminal, redraws):
    """But a line each second, as a file does."""
    this = job(serve(), flags=[])
    assert this.run().returncode == 0
    end, screen = pty.openpty()
    words = [sys.executable, "-m", "asyncgen", "status", str(this.output_dir), "--watch"]
    subprocess.run(words, stdout=screen, check=True, timeout=60, env=clean_env({"TERM": terminal}))
    os.close(screen)

    shown = os.read(end, 65536)
    os.close(end)

    assert (b"\x1b[H\x1b[J" in shown) == redraws
    assert (len(shown.splitlines()) > 1) == redraws


def bars_of(this: Job, columns: int) -> tuple[list[str], str]:
    """The bars of a run in a terminal of so many columns, and all that it shows."""
    pid, terminal = pty.fork()
    if pid == 0:  # the child: only what is safe after a fork
        os.execve(this.argv[0], this.argv, {**clean_env(None), "NO_COLOR": "1"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if not piece:
            break
        shown += piece
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    lines = re.split(r"[\r\n]+", shown.decode())
    bars = [line.rstrip() for line in lines if re.match(r" *\d+%\|", line)]
    assert bars
    return bars, shown.decode()


@pytest.mark.parametrize("columns", [60, 200])
def test_the_bar_takes_the_width_of_the_terminal_and_no_more(serve, job, columns):
    """The more there is, the longer it is; the time left is there in each."""
    this = job(serve(latency=SLOW), flags=["--add-reasoning", "--concurrency", "12"])
    bars, _ = bars_of(this, columns)
    timed = [bar for bar in bars if "ETA" in bar]
    assert timed
    assert max(map(len, bars)) < columns
    assert max(map(len, timed)) > columns - 25


def test_the_bar_on_a_terminal_fits_it_and_says_when_a_storm_ends(serve, job):
    """Rates, calls in flight and time left in 100 columns; in a storm, until when nothing is sent."""
    storm = Storm(start_s=3.0, duration_s=2.0, kind="rate_limit", share=1.0, retry_after_s=2.0)
    this = job(serve(latency=SLOW, storm=storm), flags=["--add-reasoning", "--concurrency", "4"])
    bars, shown = bars_of(this, 100)
    assert max(map(len, bars)) < 100
    assert any(re.search(r"pairs/s  \S+ calls/s  \d+ in flight  concurrency \d+ %.*ETA", bar) for bar in bars)
    assert any(re.search(r"storm: nothing sent until \d\d:\d\d:\d\d \(429\)", bar) for bar in bars)
    assert not re.search(r"\x1b\[3\dm", shown)  # NO_COLOR


def terminal() -> tuple[int, int]:
    """Both ends of a terminal of 100 columns: ours and that of a process."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    return ours, its


def test_a_run_whose_terminal_goes_away_is_done(
    serve: Callable[..., object], job: MakeJob, samples_golden: dict[str, bytes]
) -> None:
    """With `& disown`, or `nohup`, and a connection that is cut: no signal comes, and the bar has no place."""
    this = job(serve(), flags=["--add-reasoning", "--concurrency", "1"])
    ours, its = terminal()
    with asyncgen_process.Process(
        this.argv, stdin=its, stdout=its, stderr=its, env=clean_env(None), start_new_session=True
    ) as process:
        os.close(its)
        shown = b""
        while b"%|" not in shown:
            shown += os.read(ours, 65536)
        os.close(ours)

    assert process.returncode == 0
    assert this.outputs() == samples_golden


@pytest.mark.parametrize("setting", ["TQDM_MININTERVAL=x", "TQDM_NCOLS=x", "TQDM_FILE=x", "TQDM_WRITE_BYTES=1"])
def test_no_setting_of_the_bar_ends_a_run(job: MakeJob, setting: str) -> None:
    """Those that it cannot use leave it out, and say so."""
    name, _, value = setting.partition("=")
    this = job(flags=["--simulate", "fast", "--num-pairs", "3"])
    ours, its = terminal()
    done = asyncgen_process.run(
        this.argv, stdout=subprocess.DEVNULL, stderr=its, env=clean_env({name: value}), timeout=60
    )
    os.close(its)
    shown = os.read(ours, 65536).decode()
    os.close(ours)

    assert done.returncode == 0
    assert ("no progress bar" in shown) != ("%|" in shown)


def test_a_run_that_was_killed_when_it_had_ended_is_finished(job: MakeJob, serve: Callable[..., object]) -> None:
    """Before it could say so: its command has nothing left to do, and says so too."""
    this = job(serve())
    assert this.run().returncode == 0
    events = this.state_dir / "events.jsonl"
    lines = events.read_text().splitlines(keepends=True)
    events.write_text("".join(line for line in lines if "ProcessEnded" not in line))

    assert seen(this.output_dir)["condition"] == "finished"
    assert "finished at" in status(this.output_dir).stdout
    assert "Already complete" in this.run().stdout
