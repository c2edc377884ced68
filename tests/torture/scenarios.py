"""The runs that are attacked: their input, their command line, and what was there before them."""

from dataclasses import dataclass
from pathlib import Path

import orjson

from asyncgen.config.shipped import shipped

from .points import Point
from .servers import NEEDLE

PAIRS = 6
CONCURRENCY = 2
SAMPLES = shipped("samples", "pairs.jsonl")
PROMPTS = shipped("prompts", "medec_safe.json")


@dataclass(frozen=True, slots=True)
class Before:
    """The run that was in the directory before the one that is attacked."""

    pairs: int = PAIRS
    failing: bool = False
    killed_at: Point | None = None

    @property
    def code(self) -> int:
        """Its exit code."""
        return -9 if self.killed_at else 3 * self.failing


@dataclass(frozen=True, slots=True)
class Scenario:
    """The run that is attacked: on which directory, and whether its server refuses two of the pairs."""

    name: str
    before: Before | None = None
    failing: bool = False

    @property
    def code(self) -> int:
        """The exit code of a run that nothing happens to."""
        return 3 * self.failing

    @property
    def in_flight(self) -> int:
        """The most calls that can be in flight when something happens, over all that happens."""
        return CONCURRENCY * (2 if self.before and self.before.killed_at else 1)


SCENARIOS = (
    Scenario("fresh"),
    Scenario("resume", Before(killed_at=Point("rename", "checkpoint.json.tmp", 2))),
    Scenario("failures", failing=True),
    Scenario("repair", Before(failing=True)),
    Scenario("extension", Before(pairs=3)),
)


def command(source: Path, target: Path, base_url: str, *more: str) -> list[str]:
    """The words of a run behind `asyncgen`."""
    paths = ["--input-jsonl", source, "--output-dir", target, "--prompt-file", PROMPTS]
    return ["run", *map(str, paths), "--add-reasoning", "--base-url", base_url, *more]


def write_pairs(path: Path, number: int) -> Path:
    """So many different pairs, made of the samples; a failing server refuses parts of the second and the last."""
    rows = [orjson.loads(line) for line in SAMPLES.read_bytes().splitlines()]
    needles = {1: "incorrect_note", number - 1: "correct_note"}
    with path.open("wb") as file:
        for index in range(number):
            row = rows[index % len(rows)]
            row = row | {"note_id": f"pair-{index}", "correct_note": f"{row['correct_note']} Visit {index}."}
            if index in needles:
                row[needles[index]] += f" {NEEDLE}"
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))
    return path
