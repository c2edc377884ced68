"""Power cuts on a real file system: ext4 on a loop device, shut down as it stands, and mounted again.

The shutdown drops everything that was not synced, as a cut does; file systems are tested with it themselves.
ASYNCGEN_POWER_CUTS says how many there are.
"""

import fcntl
import os
import random
import shutil
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

CUTS = int(os.environ.get("ASYNCGEN_POWER_CUTS", "2"))
PAIRS = 60
SHUTDOWN = 0x8004587D  # FS_IOC_SHUTDOWN of ext4 and xfs
WITHOUT_THE_LOG = 2
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system of its own."""
    if os.geteuid() != 0 or shutil.which("mkfs.ext4") is None:
        pytest.skip("power cuts need root and mkfs.ext4")
    image, place = tmp_path / "disk", tmp_path / "volume"
    place.mkdir()
    with image.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, place], check=False).returncode:
        pytest.skip("power cuts need loop devices, which cannot be mounted here")
    yield place
    subprocess.run(["umount", place], check=True)


def _cut(place: Path) -> None:
    """Cut the power."""
    root = os.open(place, os.O_RDONLY)
    fcntl.ioctl(root, SHUTDOWN, struct.pack("I", WITHOUT_THE_LOG))
    os.close(root)


def _mount_again(image: Path, place: Path) -> None:
    """Mount what the cut has left, as soon as nobody holds the old mount any more."""
    for _ in range(50):
        if not subprocess.run(["umount", place], check=False, capture_output=True).returncode:
            break
        time.sleep(0.1)
    subprocess.run(["mount", "-o", "loop", image, place], check=True)


def _command(pairs: Path, out: Path) -> list[str]:
    settings = ["--num-pairs", str(PAIRS), "--model", "gpt-4o", "--save-every", "3", "--concurrency", "4", "-q"]
    where = ["--input-jsonl", pairs, "--output-dir", out, "--prompt-file", "medec_safe", "--simulate"]
    return [str(part) for part in (sys.executable, "-m", "asyncgen", "run", *where, *settings)]


@pytest.mark.timeout(60 + 30 * CUTS)
def test_a_power_cut_leaves_what_a_start_finishes(volume: Path, tmp_path: Path, medec_pairs: Path) -> None:
    """Cut at random moments: the same command ends with the bytes of a run that was never cut."""
    subprocess.run(_command(medec_pairs, tmp_path / "golden"), check=True, capture_output=True)
    draw, out = random.Random(0), volume / "out"
    for _ in range(CUTS):
        process = subprocess.Popen(
            _command(medec_pairs, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(draw.uniform(0.5, 4))
        _cut(volume)
        process.kill()
        process.wait()
        _mount_again(tmp_path / "disk", volume)
        if (out / "generation_stats_safe.json").exists() and not (out / "checkpoint.json").exists():
            _check(out, tmp_path / "golden")
            shutil.rmtree(out)
    ended = subprocess.run(_command(medec_pairs, out), check=False, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    _check(out, tmp_path / "golden")


def _check(out: Path, golden: Path) -> None:
    for name in OUTPUTS:
        assert (out / name).read_bytes() == (golden / name).read_bytes()
