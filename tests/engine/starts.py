"""Starts of a run that asks one question a row, of a server in memory."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.single_run import Run
from asyncgen.errors import AsyncgenError, Interrupted
from asyncgen.events import Event
from asyncgen.medec.pair import Pair
from asyncgen.recipe import Examples, Generate, OutputFile
from asyncgen.storage.disk import Disk

from .memory_server import MemoryServer

ROWS = 6

Check = Callable[[str], str | None]


class Questions:
    """A recipe that asks one question a row; `check` judges the answer."""

    rows = "rows"
    outputs = (OutputFile("out.jsonl", 1),)
    counters = ("done",)
    failure_counters: Mapping[str, str] = {}
    fingerprint: Mapping[str, Any] = {"recipe": "questions"}

    def __init__(self, check: Check | None = None) -> None:
        self._check = check

    def parse(self, fields: Mapping[str, Any]) -> Pair:
        return Pair(fields["id"], fields["text"], "", "unknown", None, None)

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        request = ChatRequest("", pair.correct_note, Sampling(None, None, 100), check=self._check)
        answer = await generate("ask", request)
        record = {"id": pair.note_id, "answer": answer.text}
        return Examples((orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE),), {"done": 1})

    def recognise(self, pair: Pair, blobs: tuple[bytes, ...]) -> None:
        return None


class Starts:
    """Starts a command, each in a directory by name.

    Args:
        place: where input and directories are.
        disk: of all runs.
        server: answers.
    """

    def __init__(self, place: Path, disk: Disk, server: MemoryServer) -> None:
        self._place = place
        self._disk = disk
        self._server = server
        self.events: list[Event] = []

    async def once(
        self,
        name: str = "out",
        *,
        batch: bool = True,
        check: Check | None = None,
        stop_after: float | None = None,
        model: str = "unlisted",
        **settings: Any,
    ) -> AsyncgenError | None:
        """Start, and stop in order after so many seconds; returns the error with which it ends."""
        source = self._place / "rows.jsonl"
        source.write_text("".join(json.dumps({"id": str(n), "text": f"row {n}"}) + "\n" for n in range(ROWS)))
        config = RunConfig(
            input_jsonl=source,
            output_dir=self._place / name,
            endpoints=(EndpointConfig(concurrency=ROWS),),
            model=model,
            batch=batch,
            **settings,
        )
        run = Run(
            config,
            Questions(check),
            [self.events.append],
            self._disk,
            open_wire=lambda _config: ScriptedWire(self._server.single),
            batch_access=BatchAccess(lambda _config, _disk: self._server),
        )
        if stop_after is not None:
            asyncio.get_running_loop().call_later(stop_after, run.stop, Interrupted("enough"))
        try:
            await run.execute()
        except AsyncgenError as error:
            return error
        return None

    def answers(self, name: str = "out") -> list[str]:
        """The answers in the output."""
        return [json.loads(line)["answer"] for line in self._read(name, "out.jsonl").splitlines()]

    def failed(self, name: str = "out") -> list[dict[str, Any]]:
        """The rows that have failed."""
        return [json.loads(line) for line in self._read(name, "failed.jsonl").splitlines()]

    def files(self, name: str) -> tuple[str, str]:
        """The output, and what has failed."""
        return self._read(name, "out.jsonl"), self._read(name, "failed.jsonl")

    def _read(self, name: str, file: str) -> str:
        path = self._place / name / file
        return path.read_text() if path.exists() else ""
