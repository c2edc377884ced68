"""The Batch API over HTTP: its failures are judged as those of other calls."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from asyncgen.client import batch_http
from asyncgen.client.batch_http import HttpBatchServer
from asyncgen.client.batch_server import BatchServerError
from asyncgen.client.checked_connector import CheckedConnector
from asyncgen.client.classify import Action, Failure
from asyncgen.client.wire import CONNECT_TIMEOUT
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.storage.disk import Disk

KEY = "sk-of-a-user"
REFUSAL = b'{"error": {"code": "%s", "message": "no"}}' % KEY.encode()


async def failure_at(base_url: str, disk: Disk) -> Failure:
    """Why a batch cannot be looked at there."""
    endpoint = EndpointConfig(base_url=base_url, api_key=KEY)
    config = RunConfig(input_jsonl=Path("rows.jsonl"), output_dir=Path("out"), endpoints=(endpoint,))
    server = HttpBatchServer(config, disk)
    try:
        with pytest.raises(BatchServerError) as caught:
            await server.look("batch-0")
    finally:
        await server.close()
    assert not caught.value.uncertain
    return caught.value.failure


async def test_why_there_is_no_answer_is_named(disk: Disk) -> None:
    """Else a wrong address would be asked for all of the patience, and nothing be said of it."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(
            b"HTTP/1.1 401 No\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(REFUSAL) + REFUSAL
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        answered = await failure_at(f"http://{place}/v1", disk)
        scheme = await failure_at(f"https://{place}/v1", disk)
    nobody = await failure_at(f"http://{place}/v1", disk)

    assert (answered.kind, answered.code) == ("authentication", None)  # the server quotes the key
    assert (scheme.kind, scheme.action) == ("scheme", Action.STOP_IF_REPEATED)
    assert (nobody.kind, nobody.code) == ("connection", "the connection was refused")


@pytest.mark.parametrize(("seconds", "connecting"), [(2.0, 2.0), (120.0, CONNECT_TIMEOUT)])
async def test_a_connection_is_opened_within_the_time_of_an_attempt(
    disk: Disk, monkeypatch: pytest.MonkeyPatch, seconds: float, connecting: float
) -> None:
    """As for other calls: a download has no limit of its own around it."""
    limits = []

    async def refuse(_connector: object, _request: object, **options: Any) -> None:
        limits.append(options["timeout"].sock_connect)
        raise ConnectionRefusedError

    async def receive(_piece: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr(CheckedConnector, "connect", refuse)
    config = RunConfig(input_jsonl=Path("rows.jsonl"), output_dir=Path("out"), timeout=seconds)
    server = HttpBatchServer(config, disk)
    try:
        with pytest.raises(BatchServerError):
            await server.download("file-0", receive)
    finally:
        await server.close()
    assert limits == [connecting]


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    """The requests of a batch."""
    path = tmp_path / "requests.jsonl"
    path.write_bytes(b"{}\n")
    return path


async def asked_for(states: list[tuple[int, bytes]], uploads: int, disk: Disk, path: Path) -> list[bytes]:
    """What a server was asked for that says of its file what is in these states, each once, at so many uploads."""
    asked = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).split(b" HTTP")[0])
        status, state = states.pop(0)
        body = b'{"id": "file-0", "status": "%s"}' % state
        writer.write(
            b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % (status, len(body)) + body
        )
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        endpoint = EndpointConfig(
            base_url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", api_key=KEY
        )
        rows, out = Path("rows.jsonl"), Path("out")
        config = RunConfig(input_jsonl=rows, output_dir=out, endpoints=(endpoint,), patience=float("inf"))
        batches = HttpBatchServer(config, disk)
        try:
            for _ in range(uploads):
                assert await batches.upload(path, 3) == "file-0"
        finally:
            await batches.close()
    return asked


UPLOAD, LOOK = b"POST /v1/files", b"GET /v1/files/file-0"


async def test_a_file_that_the_server_still_processes_is_waited_for(
    disk: Disk, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Azure refuses to make a batch of it before."""
    monkeypatch.setattr(batch_http, "FIRST_LOOK", 0.0)
    states = [
        (200, b"pending"),
        (500, b"running"),
        (200, b"running"),
        (200, b"processed"),
        (200, b"pending"),
        (404, b""),
    ]
    asked = await asked_for(states, 2, disk, spool)
    assert asked == [UPLOAD, LOOK, LOOK, LOOK, UPLOAD, LOOK]


async def test_a_file_that_a_server_never_calls_processed_is_used_some_time(
    disk: Disk, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long the patience: a gateway may leave the status as it was."""
    monkeypatch.setattr(batch_http, "LONGEST_PROCESSING", 0.0)
    assert await asked_for([(200, b"pending")], 1, disk, spool) == [UPLOAD]
