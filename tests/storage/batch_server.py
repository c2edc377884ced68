"""A server with a Batch API in memory, whose state goes on when the client crashes.

Everything that changes it is noted in the record of the disk, so that the state at any crash can be made again.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from asyncgen.client.batch_server import BatchServerError, BatchState, Receive
from asyncgen.client.classify import Action, Failure

if TYPE_CHECKING:
    from .model_disk import ModelDisk
    from .world import Call, Network

LISTED_AFTER = 20.0
"""Seconds of a process in which the list does not show the batches of the one before."""


@dataclass(frozen=True, slots=True)
class RemoteBatch:
    """A batch at the server."""

    id: str
    file: str
    metadata: tuple[tuple[str, str], ...]
    calls: "tuple[Call, ...]"


@dataclass(frozen=True, slots=True)
class Remote:
    """What is at the server."""

    files: tuple[tuple[str, bytes], ...] = ()
    batches: tuple[RemoteBatch, ...] = ()

    def after(self, note: tuple[Any, ...]) -> "Remote":
        """The state after an upload or a create."""
        match note:
            case ("uploaded", name, data):
                return replace(self, files=(*self.files, (name, data)))
            case ("created", batch):
                return replace(self, batches=(*self.batches, batch))
        return self


NOTHING = Remote()


class ModelBatchServer:
    """The server, as a run sees it.

    Args:
        remote: what is there.
        network: answers.
        disk: has the files that are uploaded, and takes the notes.
        loses_first: the answer to the first create of all is lost.
    """

    def __init__(
        self, remote: Remote, network: "Network", disk: "ModelDisk", *, loses_first: bool = False
    ) -> None:
        self.remote = remote
        self._earlier = {batch.id for batch in remote.batches}
        self._network = network
        self._disk = disk
        self._loses_first = loses_first
        self._looks: dict[str, int] = {}

    def _note(self, *note: Any) -> None:
        self._disk.note(*note)
        self.remote = self.remote.after(note)

    async def upload(self, path: Path, size: int) -> str:
        """Take a file."""
        await asyncio.sleep(0.2)
        data = self._disk.read(path)
        assert data is not None
        assert len(data) == size
        name = f"file-{len(self.remote.files)}"
        self._note("uploaded", name, data)
        await asyncio.sleep(0.2)
        return name

    async def create(self, file: str, metadata: Mapping[str, str]) -> BatchState:
        """Make a batch: from now on its requests are paid."""
        await asyncio.sleep(0.2)
        calls = tuple(_call(line) for line in dict(self.remote.files)[file].splitlines())
        batch = RemoteBatch(f"batch-{len(self.remote.batches)}", file, tuple(metadata.items()), calls)
        self._network.asked += calls
        self._note("created", batch)
        await asyncio.sleep(0.2)
        if self._loses_first and len(self.remote.batches) == 1:
            raise BatchServerError(Failure("connection", Action.RETRY))
        return self._state(batch)

    async def look(self, batch: str) -> BatchState:
        """In progress, then completed."""
        await asyncio.sleep(0.1)
        self._looks[batch] = self._looks.get(batch, 0) + 1
        return self._state(next(one for one in self.remote.batches if one.id == batch))

    async def page(self, _after: str, _limit: int) -> tuple[list[BatchState], bool]:
        """All of them, but not at once."""
        await asyncio.sleep(0.1)
        late = asyncio.get_running_loop().time() < LISTED_AFTER
        shown = [one for one in self.remote.batches if not (late and one.id in self._earlier)]
        return [self._state(one) for one in reversed(shown)], False

    async def cancel(self, batch: str) -> BatchState:
        """Too late."""
        return await self.look(batch)

    async def download(self, file: str, receive: Receive) -> None:
        """The answers, from the last to the first; or a file of requests as it was uploaded."""
        uploaded = dict(self.remote.files)
        if file in uploaded:
            await receive(uploaded[file])
            return
        batch = next(one for one in self.remote.batches if f"output-{one.id}" == file)
        lines = uploaded[batch.file].splitlines()
        for line in reversed(lines):
            await receive(orjson.dumps(_answered(line, self._network.completion)) + b"\n")

    async def close(self) -> None:
        """Nothing to close."""

    def _state(self, batch: RemoteBatch) -> BatchState:
        done = self._looks.get(batch.id, 0) > 1
        return BatchState(
            id=batch.id,
            status="completed" if done else "in_progress",
            input_file=batch.file,
            output_file=f"output-{batch.id}" if done else "",
            total=len(batch.calls),
            completed=len(batch.calls) if done else 0,
            metadata=dict(batch.metadata),
        )


def _call(line: bytes) -> "Call":
    """The call that a request is."""
    found = re.search(rb"note (\d+) ", line)
    assert found is not None
    system = orjson.loads(line)["body"]["messages"][0]["content"]
    step = {"Paraphrase.": "paraphrase", "Explain.": "error_reasoning", "Defend.": "correct_reasoning"}[system]
    return int(found.group(1)), step


def _answered(line: bytes, complete: Callable[..., Any]) -> dict[str, Any]:
    """The line of the output for a request."""
    asked = orjson.loads(line)
    completion = complete(_call(line), json_object="response_format" in asked["body"])
    usage = completion.usage
    body = {
        "model": completion.model,
        "choices": [{"message": {"content": completion.text}, "finish_reason": completion.finish_reason}],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        },
    }
    return {"custom_id": asked["custom_id"], "response": {"status_code": 200, "body": body}, "error": None}
