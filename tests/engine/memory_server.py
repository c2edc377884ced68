"""A server with a Batch API in memory, which also answers single calls; what it refuses is up to the test."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from asyncgen.chat import Completion
from asyncgen.client.batch_lines import UNWORKED, judge_line
from asyncgen.client.batch_server import BatchServerError, BatchState, Receive
from asyncgen.client.classify import Failure, judge_error
from asyncgen.client.encoding import Prepared

Response = dict[str, Any]
"""Status and body of an answer, as the line of a batch has them."""


def said(text: str) -> Response:
    """An answer with this text."""
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    return {"status_code": 200, "body": {"model": "m", "choices": [choice], "usage": usage}}


def refused(status: int, code: str) -> Response:
    """A refusal with this code."""
    return {"status_code": status, "body": {"error": {"code": code, "message": code}}}


class MemoryServer:
    """The server; the results of a batch are fixed when it is created.

    `answer` gives the answer to a question with a seed (0: none), alone or in a batch. `refusals` are statuses
    with which the next requests of a kind (`look`, `page` or `download`) are refused; `gone` are the ids of
    batches and files that it no longer has; `asked` are the questions in batches, `live` those alone, each of them
    answered after the `seconds` of its question; `bodies` are the requests of both.
    """

    def __init__(self) -> None:
        self.answer: Callable[[str, int], Response] = lambda question, _seed: said(f"answer to {question}")
        self.seconds: dict[str, float] = {}
        self.refusals: dict[str, list[int]] = defaultdict(list)
        self.gone: set[str] = set()
        self.batches: list[BatchState] = []
        self.asked: list[str] = []
        self.live: list[str] = []
        self.bodies: list[Mapping[str, Any]] = []
        self.loses_creates = False
        self._files: dict[str, bytes] = {}

    async def single(self, request: Prepared) -> Completion | Failure:
        """Answer a call outside batches."""
        question, answer = self._answer(json.loads(request.body))
        self.live.append(question)
        await asyncio.sleep(self.seconds.get(question, 0.0))
        verdict, _ = judge_line({"response": answer}, request)
        assert verdict is not UNWORKED
        return verdict

    async def upload(self, path: Path, _size: int) -> str:
        """Take a file."""
        return self._keep(path)

    async def create(self, file: str, metadata: Mapping[str, str]) -> BatchState:
        """Make a batch and answer it."""
        lines = []
        for request in map(json.loads, self._files[file].splitlines()):
            question, answer = self._answer(request["body"])
            self.asked.append(question)
            lines.append(json.dumps({"custom_id": request["custom_id"], "response": answer, "error": None}) + "\n")
        output = f"output-{len(self.batches)}"
        self._files[output] = "".join(lines).encode()
        batch = BatchState(
            f"batch-{len(self.batches)}", "completed", file, output_file=output, metadata=dict(metadata)
        )
        self.batches.append(batch)
        if self.loses_creates:
            raise BatchServerError(judge_error(500, {}, "", 0.0))
        return replace(batch, status="in_progress")

    async def look(self, batch: str) -> BatchState:
        """The batch, which has ended."""
        self._refuse("look", batch)
        return next(one for one in self.batches if one.id == batch)

    async def page(self, _after: str, limit: int) -> tuple[list[BatchState], bool]:
        """The newest batches."""
        if limit > 1:
            self._refuse("page")
        return [batch for batch in self.batches[::-1] if batch.id not in self.gone][:limit], False

    async def cancel(self, batch: str) -> BatchState:
        """Too late."""
        return await self.look(batch)

    async def download(self, file: str, receive: Receive) -> None:
        """Hand out a file."""
        self._refuse("download", file)
        await receive(self._files[file])

    async def close(self) -> None:
        """Do nothing."""

    def _keep(self, path: Path) -> str:
        name = f"file-{len(self._files)}"
        self._files[name] = path.read_bytes()
        return name

    def _answer(self, body: Mapping[str, Any]) -> tuple[str, Response]:
        self.bodies.append(body)
        question = str(body["messages"][-1]["content"])
        return question, self.answer(question, int(body.get("seed") or 0))

    def _refuse(self, kind: str, wanted: str = "") -> None:
        status = self.refusals[kind].pop(0) if self.refusals[kind] else 404 if wanted in self.gone else None
        if status is not None:
            raise BatchServerError(judge_error(status, {}, "", 0.0))
