"""What an output directory holds, read without the program: its own idea of it is what is under test."""

import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
STATISTICS = "generation_stats_safe.json"
FINISHED = frozenset(
    {
        *OUTPUTS,
        STATISTICS,
        *(f".asyncgen/{name}" for name in ("lock", "manifest.json", "events.jsonl", "calls.jsonl")),
    }
)
"""The files of a run that has reached its end with no failed pair."""
STEPS = 3


def outputs(directory: Path) -> dict[str, bytes]:
    """The bytes of the three files; nothing for one that is not there."""
    return {name: _read(directory / name) for name in OUTPUTS}


def difference(found: dict[str, bytes], golden: dict[str, bytes]) -> tuple[int, int]:
    """Lines of the golden files that are missing, and lines that are too many."""
    lost = doubled = 0
    for name, content in golden.items():
        wanted, there = (Counter(data.splitlines(keepends=True)) for data in (content, found[name]))
        lost += (wanted - there).total()
        doubled += (there - wanted).total()
    return lost, doubled


def left_behind(directory: Path) -> list[str]:
    """Files that a finished run does not need."""
    files = {str(path.relative_to(directory)) for path in directory.rglob("*") if not path.is_dir()}
    return sorted(files - FINISHED)


def missing_calls(directory: Path, pairs: int) -> int:
    """How many calls a directory still needs: what is neither committed nor in the journal."""
    state = _json(directory / "checkpoint.json") or _json(directory / STATISTICS)
    done = state["last_completed_idx"] + 1 if state else 0
    needed = set(range(done, pairs)) | _failed(directory, state)
    return STEPS * len(needed) - sum(index in needed for index, _ in _journaled(directory))


def _failed(directory: Path, state: dict[str, Any]) -> set[int]:
    intent = _json(directory / ".asyncgen" / "intent.json")
    if not state or "failed.jsonl" in intent.get("remove", ()):
        return set()
    content = _read(directory / "failed.jsonl")[: state["files"]["failed.jsonl"]["size"]]
    return {orjson.loads(line)["index"] for line in content.splitlines()}


def _journaled(directory: Path) -> set[tuple[int, str]]:
    """Index and step of every answer in the journal."""
    segments = sorted((directory / ".asyncgen").glob("journal-*.jsonl"))
    records = [record for segment in segments for record in _records(_read(segment))]
    return {(record["index"], record["step"]) for record in records if record["kind"] == "answer"}


def _records(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n")[:-1]:
        checksum, _, content = line.partition(b" ")
        if checksum == b"%08x" % zlib.crc32(content):
            yield orjson.loads(content)


def _json(path: Path) -> dict[str, Any]:
    data = _read(path)
    return orjson.loads(data) if data else {}


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""
