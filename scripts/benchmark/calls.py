"""The calls of the job, the same for every contestant: the paraphrase of one pair's correct note is one call.

Used by programs that run in environments of their own: the standard library alone.
"""

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

MODEL = "gpt-4o"
SAMPLING = {"temperature": 0.7, "top_p": 0.9, "max_tokens": 2048}


@dataclass(frozen=True, slots=True)
class Call:
    """A call, named by the id of its pair."""

    note_id: str
    system: str
    user: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """As the API takes them."""
        return [{"role": "system", "content": self.system}, {"role": "user", "content": self.user}]


@dataclass(frozen=True, slots=True)
class Job:
    """What a contestant is asked to do; `output` is a directory of its own, which an earlier run may have left.

    `rpm` is the limit of the server, None when it has none.
    """

    directory: Path
    number: int
    output: Path
    base_url: str
    in_flight: int
    rpm: float | None

    @classmethod
    def from_command_line(cls) -> "Job":
        """The job of this process."""
        directory, number, output, base_url, in_flight, rpm = sys.argv[1:]
        limit = float(rpm) if rpm != "none" else None
        return cls(Path(directory), int(number), Path(output), base_url, int(in_flight), limit)

    @property
    def words(self) -> list[str]:
        """The command line that gives this job."""
        limit = "none" if self.rpm is None else str(self.rpm)
        places = [str(self.directory), str(self.number), str(self.output)]
        return [*places, self.base_url, str(self.in_flight), limit]

    @property
    def pairs(self) -> Path:
        """The input of the program."""
        return self.directory / "pairs.jsonl"

    @property
    def prompts(self) -> Path:
        """Its prompt file."""
        return self.directory / "prompts.json"

    @property
    def recipe(self) -> Path:
        """A recipe file that asks the same as the prompts."""
        return self.directory / "recipe.toml"

    @property
    def result(self) -> Path:
        """Where a program that is handed all answers writes them: a line for each pair with `id` and `text`."""
        return self.output / "result.jsonl"

    def pairs_read(self) -> Iterator[dict[str, Any]]:
        """The pairs of the job."""
        with self.pairs.open(encoding="utf-8") as file:
            yield from map(json.loads, islice(file, self.number))

    def calls(self) -> Iterator[Call]:
        """The calls of the job, in input order."""
        prompts = json.loads(self.prompts.read_text("utf-8"))
        system, template = prompts["correct_paraphrase_system"], prompts["correct_paraphrase_user"]
        for pair in self.pairs_read():
            yield Call(pair["note_id"], system, template.replace("{note}", pair["correct_note"]))


def body(call: Call) -> dict[str, Any]:
    """The call as the API takes it."""
    return {"model": MODEL, "messages": call.messages, **SAMPLING}
