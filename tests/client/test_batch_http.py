"""The Batch API over HTTP: its failures are judged as those of other calls."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

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
