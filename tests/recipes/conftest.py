"""Runs of recipes without a network."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.client import scripted_wire
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.encoding import Prepared
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.single_run import Run, Summary
from asyncgen.events import Event
from asyncgen.recipes import build
from asyncgen.storage.disk import Disk

Answer = Callable[[dict[str, Any], int], str]
"""The text of an answer, by the body of the request and how often this very body was sent before."""


@dataclass
class Server:
    """Answers by a function, and is judged as a real server is; it remembers what it was asked."""

    answer: Answer
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def open(self, _config: RunConfig) -> scripted_wire.ScriptedWire:
        """What a run takes as `open_wire`."""
        return scripted_wire.ScriptedWire(self._answer)

    def steps(self) -> list[str]:
        """The steps of all calls, in order."""
        return [step for step, _ in self.asked]

    def seeds(self, step: str) -> list[int | None]:
        """What was sent as the seed of a step's calls."""
        return [body.get("seed") for name, body in self.asked if name == step]

    async def _answer(self, request: Prepared) -> Any:
        body = json.loads(request.body)
        text = self.answer(body, sum(body == earlier for _, earlier in self.asked))
        self.asked.append((request.step, body))
        choice = {"message": {"content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        return judge_answer(
            orjson.dumps({"choices": [choice], "usage": usage, "model": "scripted"}),
            {},
            json_object=request.json_object,
            required_keys=request.required_keys,
            check=request.check,
            now=0.0,
        )


@dataclass
class Bench:
    """One directory, in which recipes are run."""

    path: Path
    events: list[Event] = field(default_factory=list)

    async def run(self, server: Server, recipe: str, rows: list[dict[str, Any]], **fields: Any) -> Summary:
        """Run a recipe file, or a recipe of a module, over rows."""
        name = recipe
        if "\n" in recipe:
            (self.path / "recipe.toml").write_text(recipe)
            name = str(self.path / "recipe.toml")
        source = self.path / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        config = RunConfig(
            input_jsonl=source,
            output_dir=self.path / "out",
            recipe=name,
            endpoints=(EndpointConfig(concurrency=4),),
            **fields,
        )
        disk = Disk()
        try:
            run = Run(config, build(config), [self.events.append], disk, open_wire=server.open)
            return await run.execute()
        finally:
            disk.close()

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The records of an output."""
        return [json.loads(line) for line in (self.path / "out" / name).read_text().splitlines()]

    def failed(self) -> list[dict[str, Any]]:
        """What was given up."""
        path = self.path / "out" / "failed.jsonl"
        return self.lines("failed.jsonl") if path.exists() else []


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A directory of its own."""
    return Bench(tmp_path)
