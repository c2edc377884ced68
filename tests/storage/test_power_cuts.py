"""Power cuts on real file systems, at random moments of a run, of a run in batches and of a merge of shards.

ASYNCGEN_POWER_CUTS says how many there are in each test, then on each file system, beside the one right behind the
end; ASYNCGEN_FIRST_POWER_CUT draws other moments.
"""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from asyncgen.simulator import Batch, Latency, Profile
from tests import asyncgen_process
from tests.end_to_end.conftest import Job, Server, clean_env

from .volume import SIZES, NotHereError, Volume

CUTS = int(os.environ.get("ASYNCGEN_POWER_CUTS", "1"))
SEED = int(os.environ.get("ASYNCGEN_FIRST_POWER_CUT", "0"))
KINDS = list(SIZES) if "ASYNCGEN_POWER_CUTS" in os.environ else ["ext4"]
PAIRS = 60
SHARDS = 3
MOST = 1.05
"""Of the time that a whole command takes: a cut at its end is tried, too."""
SHORT_BATCHES = ["-m", "tests.end_to_end.short_batches", "run"]
Start = Callable[[], subprocess.Popen[str]]
pytestmark = pytest.mark.timeout(60 + 15 * CUTS)


@pytest.fixture(params=KINDS)
def volume(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Volume]:
    """A mounted file system."""
    try:
        made = Volume.make(request.param, tmp_path)
    except NotHereError as error:
        pytest.skip(str(error))
    yield made
    made.remove()


@pytest.fixture
def draw() -> random.Random:
    """Draws the moments."""
    return random.Random(SEED)


@pytest.fixture
def serve() -> Iterator[Callable[[Profile], Server]]:
    """Start a simulator, which no cut reaches."""
    with ExitStack() as stack:

        def start(profile: Profile) -> Server:
            return stack.enter_context(closing(Server(profile)))

        yield start


@pytest.fixture
def whole(tmp_path: Path, medec_pairs: Path) -> Callable[..., tuple[Job, float]]:
    """A job that was never cut, on an ordinary disk, and how many seconds it took."""
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_bytes(b"".join(medec_pairs.read_bytes().splitlines(keepends=True)[:PAIRS]))
    # The first process waits for the server that forks it.
    asyncgen_process.run([sys.executable, "-m", "asyncgen", "--version"], check=True, capture_output=True)

    def run(server: Server, *flags: str, **fields: Any) -> tuple[Job, float]:
        settings = ["--save-every", "3", "--concurrency", "4", "--model", "gpt-4o", *flags]
        this = Job(tmp_path / "whole", pairs, server=server, flags=settings, **fields)
        begin = time.monotonic()
        done = this.run()
        assert done.returncode == 0, done.stderr
        return this, time.monotonic() - begin

    return run


def cut_at_random(volume: Volume, start: Start, draw: random.Random, longest: float) -> bool:
    """Start a command and cut the power within so many seconds; whether it had come to its end by then."""
    process = start()
    with suppress(subprocess.TimeoutExpired):
        process.communicate(timeout=draw.uniform(0, longest))
    ended = process.poll()
    volume.cut()
    process.kill()
    process.communicate()
    volume.mount_again()
    return ended == 0


def cut_a_job(volume: Volume, whole: Job, draw: random.Random, longest: float) -> int:
    """Cut it again and again, and once it has ended; returns how often it was begun anew."""
    this, begun = replace(whole, output_dir=volume.place / "out"), 0
    for _ in range(CUTS):
        ended = cut_at_random(volume, this.start, draw, longest)
        finished = (this.output_dir / "generation_stats_safe.json").exists()
        if ended or (finished and not (this.output_dir / "checkpoint.json").exists()):
            assert this.outputs() == whole.outputs()
            remove(this.output_dir, volume)
            begun += 1
    done = this.run()
    volume.cut()
    volume.mount_again()
    assert done.returncode == 0, done.stderr
    assert this.outputs() == whole.outputs()
    return begun


def remove(directory: Path, volume: Volume) -> None:
    """Remove a directory for good."""
    shutil.rmtree(directory)
    volume.sync()


def test_a_power_cut_leaves_what_a_start_finishes(
    volume: Volume, whole: Any, serve: Callable[[Profile], Server], draw: random.Random
) -> None:
    """The same command ends with the bytes of a run that was never cut."""
    this, seconds = whole(serve(Profile(latency=Latency(median_s=0.05))))
    cut_a_job(volume, this, draw, MOST * seconds)


def test_a_power_cut_leaves_each_request_in_one_batch(
    volume: Volume, whole: Any, serve: Callable[[Profile], Server], draw: random.Random
) -> None:
    """The server goes on meanwhile; nothing that it has worked on in a batch is asked for again."""
    batch = Batch(validating_s=0.01, working_s=0.05, finalizing_s=0.01, list_delay_s=0.3)
    server = serve(Profile(latency=Latency(median_s=0.0), batch=batch))
    this, seconds = whole(server, "--add-reasoning", "--batch", command=SHORT_BATCHES)
    begun = cut_a_job(volume, this, draw, MOST * seconds)
    assert max(server.custom_ids.values()) <= 2 + begun  # of the whole job, and of the first begin


def test_a_power_cut_leaves_a_merge_whole_or_not_there(
    volume: Volume, whole: Any, serve: Callable[[Profile], Server], draw: random.Random
) -> None:
    """And the shards as they were: the same command merges them."""
    this, _ = whole(serve(Profile(latency=Latency(median_s=0.0))))
    parts = [volume.place / f"part-{number}" for number in range(1, SHARDS + 1)]
    for number, part in enumerate(parts, start=1):
        shard = replace(this, output_dir=part, flags=[*this.flags, "--shard", f"{number}/{SHARDS}"])
        assert shard.run().returncode == 0
    volume.sync()
    before = {path: path.read_bytes() for part in parts for path in part.glob("*.json*")}
    merged = replace(this, output_dir=volume.place / "out")
    words = [sys.executable, "-m", "asyncgen", "merge", *map(str, parts), "--output-dir", str(merged.output_dir)]

    def merge() -> subprocess.Popen[str]:
        nowhere = subprocess.DEVNULL
        return asyncgen_process.Process(words, env=clean_env(None), stdout=nowhere, stderr=nowhere)

    begin = time.monotonic()
    assert merge().wait() == 0
    longest = MOST * (time.monotonic() - begin)
    remove(merged.output_dir, volume)

    for _ in range(CUTS):
        ended = cut_at_random(volume, merge, draw, longest)
        assert ended <= merged.output_dir.exists()
        if merged.output_dir.exists():
            assert merged.outputs() == this.outputs()
            remove(merged.output_dir, volume)
        assert {path: path.read_bytes() for part in parts for path in part.glob("*.json*")} == before
    assert merge().wait() == 0
    volume.cut()
    volume.mount_again()
    assert merged.outputs() == this.outputs()
    assert "Already complete" in merged.run().stdout
