"""Histories by their seeds, more of them in CI; `python -m tests.storage.histories` plays others."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.effort import HISTORIES
from tests.storage.model_disk import ModelDisk

from .play import Worlds, play

AT_ONCE = 50
"""Histories in one test."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", range(0, HISTORIES, AT_ONCE))
def test_no_history_breaks_an_invariant(first: int, worlds: Worlds) -> None:
    """Whatever the weather and however starts end: I1 to I8 hold, and the golden bytes come when it is fine."""
    for seed in range(first, first + AT_ONCE):
        try:
            play(worlds, seed)
        except AssertionError as violation:
            raise AssertionError(f"history {seed}: {violation}") from violation


def test_a_seed_plays_the_same_history_in_any_directory(
    tmp_path: Path, worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down to the length of each write, which decides where it may tear."""
    there = tmp_path / "with a longer name"
    there.mkdir()
    others = Worlds.make(there)
    played: list[list[tuple[Any, ...]]] = []
    do = ModelDisk._do

    def note(disk: ModelDisk, *operation: Any) -> None:
        played[-1].append(tuple(len(part) if isinstance(part, bytes) else part for part in operation))
        do(disk, *operation)

    monkeypatch.setattr(ModelDisk, "_do", note)
    for where in (worlds, others):
        played.append([])
        for seed in range(5):
            play(where, seed)
    assert len(played[0]) > 100
    assert played[0] == played[1]


DIGEST = """
import os, sys
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from asyncgen.storage.input_file import FileIdentity
from tests.storage.histories.play import Worlds, play
from tests.effort import HISTORIES
from tests.storage.model_disk import ModelDisk
digest, do = blake2b(), ModelDisk._do
def note(disk, *operation):
    digest.update(repr([len(part) if isinstance(part, bytes) else part for part in operation]).encode())
    do(disk, *operation)
ModelDisk._do = note
worlds, of = Worlds.make(Path(sys.argv[1])), FileIdentity.of
FileIdentity.of = lambda path: replace(of(path), inode=10 ** int(sys.argv[2]))
os.getpid = lambda: 10 ** int(sys.argv[2])
for seed in map(int, sys.argv[3:]):
    play(worlds, seed)
print(digest.hexdigest())
"""
WITH_WORKERS = ("45", "222", "288")


def test_a_seed_plays_the_same_history_in_any_process(tmp_path: Path) -> None:
    """The order of sets of texts is another one in each; these have workers whose calls wait for each other.

    The numbers of the process and of the input's inode are written too, and have more or fewer digits.
    """
    digests = set()
    for hash_seed in ("2", "4", "6"):
        place = tmp_path / hash_seed
        place.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parents[3])}
        command = [sys.executable, "-c", DIGEST, str(place), hash_seed, *WITH_WORKERS]
        digests.add(subprocess.run(command, check=True, capture_output=True, env=env, timeout=60).stdout)
    assert len(digests) == 1
