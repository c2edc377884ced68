"""Servers that answer with given bytes, and clients of them as a run opens them."""

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import openai
import pytest

from asyncgen.client.sdk import PlainChatCompletions, completions_class

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BODY = b'{"model": "m", "messages": []}'


class Server:
    """Answers every request with `answer` and keeps what it read."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.port = 0
        self.greeting = b""
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.writers.append(writer)
        if self.greeting:
            writer.write(self.greeting)
            writer.close()
            return
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line
                )
                self.heads.append(head)
                self.bodies.append(await reader.readexactly(length))
                writer.write(self.answer)
                if b"connection: close" in self.answer.lower() or b"\r\n\r\n" not in self.answer:
                    break
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()


def open_client(base_url: str, **more: Any) -> PlainChatCompletions:
    """A client as a run opens it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = completions_class()
    return found(api_key="key", base_url=base_url, connections=4, connect_timeout=5, **more)


async def cause_of(base_url: str) -> BaseException | None:
    """Why there is no answer from an address."""
    client = open_client(base_url)
    with pytest.raises(openai.APIConnectionError) as caught:
        await client.create(BODY)
    await client.close()
    return caught.value.__cause__


@asynccontextmanager
async def serving(answer: bytes) -> AsyncIterator[tuple[Server, PlainChatCompletions]]:
    """A server and a client of it."""
    server = Server(answer)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    client = open_client(f"http://127.0.0.1:{server.port}/v1")
    try:
        yield server, client
    finally:
        await client.close()
        listening.close()
        await listening.wait_closed()


def whole(body: bytes, *headers: bytes, status: bytes = OK) -> bytes:
    """An answer with its length."""
    return status + b"".join(h + b"\r\n" for h in headers) + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*pieces: bytes) -> bytes:
    """An answer in chunks."""
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"


@asynccontextmanager
async def connecting(answer: bytes, end: bytes = b"\r\n\r\n") -> AsyncIterator[int]:
    """A port where `answer` is said to what has come up to `end`, or at once, and the connection is closed."""

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await (reader.readuntil(end) if end else reader.read(65_536))
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
