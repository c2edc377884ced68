"""What the tests of the Batch API share: input files, and OpenAI's own client."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

import openai
import orjson
from openai.types import Batch as BatchObject
from openai.types import FileObject

from asyncgen.simulator import Batch, Profile, Simulator

from .helpers import NOTE

AT_ONCE = {"validating_s": 0.0, "working_s": 0.0, "finalizing_s": 0.0, "cancelling_s": 0.0}
ENDPOINT = "/v1/chat/completions"
ENDS = {"completed", "failed", "expired", "cancelled"}


def batch(**table: Any) -> Batch:
    """A `[batch]` table whose batches are as fast as they can be."""
    return Batch(**{**AT_ONCE, **table})


def request(number: int, **fields: Any) -> dict[str, Any]:
    """The request of a line, in the order in which the client sends fields: all of them differ."""
    messages = [{"role": "user", "content": f"Paraphrase this.\n<note>\n{NOTE} It shows {number} mg.\n</note>"}]
    return {"model": "gpt-4o", "messages": messages, "max_tokens": 500, **fields}


def line(number: int, *, body: Any = None, **fields: Any) -> dict[str, Any]:
    """A line of an input file."""
    content = request(number) if body is None else body
    return {"custom_id": f"r{number}", "method": "POST", "url": ENDPOINT, "body": content, **fields}


def jsonl(lines: Iterable[Any]) -> bytes:
    """The bytes of a file with these lines; bytes stand as they are."""
    return b"".join(one if isinstance(one, bytes) else orjson.dumps(one) + b"\n" for one in lines)


def read_lines(content: bytes) -> list[Any]:
    """The lines of a file."""
    return [orjson.loads(one) for one in content.splitlines()]


class Client:
    """OpenAI's client for a simulator, with the steps that every test takes."""

    def __init__(self, sdk: openai.AsyncOpenAI, sim: Simulator) -> None:
        self.sdk = sdk
        self.sim = sim

    async def upload(self, content: bytes, name: str = "input.jsonl") -> FileObject:
        """Upload a batch file."""
        return await self.sdk.files.create(file=(name, content), purpose="batch")

    async def create(self, file_id: str, **fields: Any) -> BatchObject:
        """Create a batch of an uploaded file."""
        return await self.sdk.batches.create(
            **{"input_file_id": file_id, "endpoint": ENDPOINT, "completion_window": "24h", **fields}
        )

    async def submit(self, lines: Iterable[Any], **fields: Any) -> BatchObject:
        """Upload these lines and create their batch."""
        return await self.create((await self.upload(jsonl(lines))).id, **fields)

    async def wait(self, batch_id: str, ends: set[str] = ENDS) -> BatchObject:
        """Look the batch up until it comes to one of these states."""
        while (found := await self.sdk.batches.retrieve(batch_id)).status not in ends:
            pass
        return found

    async def run(self, lines: Iterable[Any], **fields: Any) -> BatchObject:
        """The batch of these lines at its end."""
        return await self.wait((await self.submit(lines, **fields)).id)

    async def content(self, file_id: str | None) -> list[Any]:
        """The lines of a file of the server's; none where there is no file."""
        return read_lines((await self.sdk.files.content(file_id)).content) if file_id else []


@asynccontextmanager
async def serve(table: Batch | None = None, **fields: Any) -> AsyncIterator[Client]:
    """A simulator with this `[batch]` table, and a client that does not retry."""
    async with (
        Simulator(Profile(batch=table or batch(), **fields)) as sim,
        openai.AsyncOpenAI(base_url=sim.base_url, api_key="none", max_retries=0) as sdk,
    ):
        yield Client(sdk, sim)
