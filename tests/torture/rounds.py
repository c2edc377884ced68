"""Attacks that are not points: SIGKILL at random moments under load, and a disk that is full."""

import os
import random
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from . import tree
from .bench import Bench
from .program import LONGEST, start_cold
from .scenarios import command, write_pairs
from .verdict import Verdict

LOAD_PAIRS = 300
LOAD_CONCURRENCY = 16
LOAD_LATENCY = 0.05
MOST_KILLS = 30
DISK_PAIRS = 24
DISK_CONCURRENCY = 4


def random_kills(bench: Bench, seed: int, pairs: int = LOAD_PAIRS) -> Verdict:
    """Kill a run, started cold as a user does, at random moments until one of its lives is long enough."""
    chance, verdict = random.Random(seed), Verdict("", f"--kills {seed}")
    source, target, log = write_pairs(bench.new_path(), pairs), bench.new_path(), bench.new_path()
    golden = bench.make_golden(source)
    with bench.servers.serve(latency=LOAD_LATENCY) as served:
        words = command(source, target, served.base_url, "--concurrency", str(LOAD_CONCURRENCY))
        kills = 0
        while not _lived(words, log, chance.uniform(0.2, 2.5) if kills < MOST_KILLS else LONGEST, verdict):
            kills += 1
            verdict.check(kills <= MOST_KILLS, "it hung")
            if verdict.problems:
                break
    answers = tree.STEPS * pairs
    verdict.name = f"random kills: seed {seed}, {kills} kills, {served.requests} requests for {answers} answers"
    verdict.check(verdict.code == 0, f"exit {verdict.code}")
    verdict.tracebacks = log.read_text().count("Traceback")
    verdict.check(not verdict.tracebacks, "traceback")
    verdict.check_files(target, golden)
    verdict.check_answers(served.answers, kills * LOAD_CONCURRENCY)
    bound = answers + kills * LOAD_CONCURRENCY
    verdict.check(served.requests <= bound, f"{served.requests} requests, at most {bound} allowed")
    return verdict


def full_disk(bench: Bench, kib: int) -> Verdict:
    """Run on a disk that is too small: twice as it is, then with room.

    Nothing at all may be asked twice here: what is in flight is saved in the place of the ballast.
    """
    verdict = Verdict(f"full disk, {kib} KiB", f"--disk {kib}")
    source, mounted = write_pairs(bench.new_path(), DISK_PAIRS), bench.new_path()
    golden, target = bench.make_golden(source), mounted / "out"
    answers: Counter[int] = Counter()

    def run(codes: set[int], when: str) -> tuple[int, int]:
        ended, more, requests = bench.run(target, "--concurrency", str(DISK_CONCURRENCY), source=source)
        answers.update(more)
        verdict.check_words(ended)
        verdict.check_code(ended, codes, when)
        return ended.code, requests

    with small_disk(mounted, kib):
        verdict.code, _ = run({0, 74}, "full")
        verdict.reached = verdict.code != 0
        run({0, 74}, "still full")
        missing = tree.missing_calls(target, DISK_PAIRS)
        enlarge(mounted)
        _, asked = run({0}, "with room")
        verdict.check(asked == missing, f"with room: {asked} calls asked, {missing} were missing")
        verdict.check_files(target, golden)
    verdict.check_answers(answers, 0)
    return verdict


@cache
def why_no_mount() -> str | None:
    """Why no file system can be mounted here; None when it can."""
    if os.geteuid():
        return "mounting a tmpfs needs root"
    with TemporaryDirectory() as directory:
        try:
            with small_disk(Path(directory), 16):
                return None
        except OSError as error:
            return f"a tmpfs cannot be mounted here: {error}"


@contextmanager
def small_disk(path: Path, kib: int) -> Iterator[None]:
    """A file system of this size for as long as the `with` lasts."""
    path.mkdir(exist_ok=True)
    _mount(path, f"size={kib}k")
    try:
        yield
    finally:
        # Lazily, so that it is gone even when something still looks at it.
        subprocess.run(["umount", "-l", path], check=True)


def enlarge(path: Path) -> None:
    """Make room."""
    _mount(path, "remount,size=64m")


def _mount(path: Path, options: str) -> None:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise OSError(done.stderr.strip().splitlines()[0])


def _lived(words: list[str], log: Path, seconds: float, verdict: Verdict) -> bool:
    """Whether a run ended by itself in this time; it is killed when not."""
    process = start_cold(words, log)
    try:
        verdict.code = process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False
    return True
