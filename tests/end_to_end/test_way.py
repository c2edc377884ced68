"""The way from the published CSV to a file that trains: each command prints the next one, and each is run here."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

from .conftest import clean_env

NEXT = "next: "


def follow(directory: Path, line: str, *more: str) -> subprocess.CompletedProcess[str]:
    """Run a command line as it was printed."""
    program, *words = shlex.split(line)
    assert program == "asyncgen"
    done = subprocess.run(
        [sys.executable, "-m", program, *words, *more],
        cwd=directory,
        check=False,
        capture_output=True,
        text=True,
        timeout=19,
        env=clean_env(None),
    )
    assert done.returncode == 0, done.stderr
    return done


def next_line(done: subprocess.CompletedProcess[str]) -> str:
    """The command that a command says to be next."""
    (line,) = (line for line in done.stdout.splitlines() if line.startswith(NEXT))
    return line.removeprefix(NEXT)


def test_the_published_file_becomes_a_file_that_trains(tmp_path: Path, medec_csv: Path) -> None:
    """Both examples of every pair arrive, in a simulated run over all real pairs."""
    prepared = follow(tmp_path, shlex.join(["asyncgen", "prepare", "medec", str(medec_csv), "-o", "pairs.jsonl"]))
    planned = follow(tmp_path, next_line(prepared))
    assert planned.stdout.startswith("pairs       319, 957 calls")
    ran = follow(tmp_path, next_line(planned), "--simulate", "fast")
    assert "Done: 319 pairs" in ran.stdout
    verified = follow(tmp_path, next_line(ran))
    assert "flagged        0 of 319 pairs" in verified.stdout
    exported = follow(tmp_path, next_line(verified), "--split", "90/10", "--shuffle")

    pairs = [json.loads(line) for line in (tmp_path / "pairs.jsonl").read_bytes().splitlines()]
    sides = {}
    for side in ("train", "validation"):
        path = tmp_path / f"out-openai-{side}.jsonl"
        assert str(path) in exported.stdout
        sides[side] = [json.loads(line)["messages"] for line in path.read_bytes().splitlines()]
    chats = [chat for side in sides.values() for chat in side]
    assert len(chats) == 2 * len(pairs) == 638
    told = {chat[-2]["content"] for chat in chats if chat[-1]["content"] == "INCORRECT"}
    assert len(told) == 319
    for pair in pairs:
        assert any(text.endswith(pair["incorrect_note"].strip()) for text in told)
    assert 0.8 < len(sides["train"]) / len(chats) < 0.97
