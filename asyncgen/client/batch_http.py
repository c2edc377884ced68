"""The Batch API over HTTP: small requests in one piece, files streamed from and to the disk."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from os import urandom
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import aiohttp
import orjson
from yarl import URL

from asyncgen.address import canonical
from asyncgen.client.batch_providers import batch_provider
from asyncgen.client.batch_server import INVALID_BODY, BatchServerError, BatchState, Receive
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.explanations import Explanations
from asyncgen.client.http_client import open_session, read_whole
from asyncgen.client.proxies import proxy_of
from asyncgen.client.tls import trusted
from asyncgen.client.transport_errors import NOT_SENT, UnreadableError, translated, unanswered
from asyncgen.client.wire import CONNECT_TIMEOUT, headers_of
from asyncgen.config import RunConfig
from asyncgen.storage.disk import Disk
from asyncgen.text import loads

SLOWEST = 50_000  # bytes a second: a slower upload is taken for stuck
PIECE = 256 * 1024  # bytes of a download at once
FIRST_LOOK, LONGEST_LOOK = 0.5, 10.0  # seconds between two looks at a file that is being processed
LONGEST_PROCESSING = 600.0  # seconds; a gateway may say for ever that a file is being processed
_PROCESSING = {"pending", "notRunning", "running"}
_FIRST_ERROR = 300


class HttpBatchServer:
    """Files and batches of a run's only endpoint.

    Args:
        config: address, key and patience.
        disk: reads the files to upload.
    """

    def __init__(self, config: RunConfig, disk: Disk) -> None:
        served = config.endpoints[0]
        self._disk = disk
        self._parts = urlsplit(canonical(served.base_url))
        self._proxy = proxy_of(served.base_url)
        self._timeout = config.timeout
        self._patience = config.patience
        self._connect_timeout = min(config.timeout, CONNECT_TIMEOUT)
        self._endpoint = batch_provider(served.base_url).endpoint
        self._headers = {"Authorization": f"Bearer {served.api_key or 'none'}", **headers_of(served)}
        self._explanations = Explanations([served.api_key, *served.headers.values()])
        self._session = open_session(
            connections=4,
            connect_timeout=self._connect_timeout,
            tls=trusted() if self._parts.scheme == "https" else None,
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._session.close()

    async def upload(self, path: Path, size: int) -> str:
        """Upload; see `BatchServer`."""
        boundary = urandom(16).hex()
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{boundary}\r\n'
            f'Content-Disposition: form-data; name="file"; filename="{path.name}"\r\n'
            "Content-Type: application/jsonl\r\n\r\n"
        ).encode()
        tail = f"\r\n--{boundary}--\r\n".encode()

        async def content() -> AsyncGenerator[bytes, None]:
            yield head
            # Closed together with this generator when an upload is cut, rather than at garbage collection.
            async with aclosing(self._disk.read_input(path, 0)) as chunks:
                async for chunk in chunks:
                    yield chunk
            yield tail

        headers = {
            "Content-Type": f"multipart/form-data; boundary={boundary}",
            "Content-Length": str(len(head) + size + len(tail)),
        }
        body = await self._json(
            self._asked("POST", "/files", data=content(), headers=headers), self._timeout + size / SLOWEST
        )
        if not isinstance(body, dict) or not isinstance(body.get("id"), str) or not body["id"]:
            raise BatchServerError(Failure(INVALID_BODY, Action.RETRY))
        file = str(body["id"])
        await self._processed(file, body)
        return file

    async def _processed(self, file: str, body: Any) -> None:
        """Wait while the server processes an uploaded file: Azure makes no batch of it before."""
        clock = asyncio.get_running_loop().time
        end, wait = clock() + min(self._patience, LONGEST_PROCESSING), FIRST_LOOK
        while isinstance(body, dict) and body.get("status") in _PROCESSING and clock() < end:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_LOOK)
            try:
                body = await self._json(self._asked("GET", f"/files/{quote(file, safe='')}"))
            except BatchServerError as error:
                if error.gone:  # the server does not say how its files stand
                    return

    async def create(self, file: str, metadata: Mapping[str, str]) -> BatchState:
        """Create; see `BatchServer`."""
        wanted = {
            "input_file_id": file,
            "endpoint": self._endpoint,
            "completion_window": "24h",
            "metadata": dict(metadata),
        }
        headers = {"Content-Type": "application/json"}
        return _state(
            await self._json(self._asked("POST", "/batches", data=orjson.dumps(wanted), headers=headers))
        )

    async def look(self, batch: str) -> BatchState:
        """Look; see `BatchServer`."""
        return _state(await self._json(self._asked("GET", f"/batches/{quote(batch, safe='')}")))

    async def page(self, after: str, limit: int) -> tuple[list[BatchState], bool]:
        """List; see `BatchServer`."""
        query = {"limit": str(limit), **({"after": after} if after else {})}
        body = await self._json(self._asked("GET", "/batches", query))
        listed = body.get("data") if isinstance(body, dict) else None
        if not isinstance(listed, list):
            raise BatchServerError(Failure(INVALID_BODY, Action.RETRY))
        return [_state(one) for one in listed], bool(body.get("has_more")) and bool(listed)

    async def cancel(self, batch: str) -> BatchState:
        """Cancel; see `BatchServer`."""
        return _state(await self._json(self._asked("POST", f"/batches/{quote(batch, safe='')}/cancel")))

    async def download(self, file: str, receive: Receive) -> None:
        """Download; see `BatchServer`."""
        async with self._asked("GET", f"/files/{quote(file, safe='')}/content", idle=self._timeout) as response:
            async for piece in response.content.iter_chunked(PIECE):
                await receive(piece)

    async def _json(
        self, asked: AbstractAsyncContextManager[aiohttp.ClientResponse], seconds: float | None = None
    ) -> Any:
        """The decoded body of an answer, within `seconds` (None: those of an attempt)."""
        try:
            async with asyncio.timeout(self._timeout if seconds is None else seconds), asked as response:
                return loads(await read_whole(response))
        except TimeoutError:
            raise BatchServerError(Failure("timeout", Action.RETRY)) from None
        except ValueError:
            raise BatchServerError(Failure(INVALID_BODY, Action.RETRY)) from None

    @asynccontextmanager
    async def _asked(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        idle: float | None = None,
    ) -> AsyncGenerator[aiohttp.ClientResponse, None]:
        """Send a request; returns the answer, which is not an error."""
        parts = self._parts
        asked = urlencode({**dict(parse_qsl(parts.query, keep_blank_values=True)), **(query or {})})
        url = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, asked, ""))
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                data=data,
                headers={**self._headers, **(headers or {})},
                allow_redirects=False,
                proxy=None if self._proxy is None else self._proxy.url,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout, sock_read=idle),
            ) as response:
                if response.status >= _FIRST_ERROR:
                    failure = await _failure(response)
                    raise BatchServerError(self._explanations.named(failure, None, []))
                yield response
        except UnreadableError as error:
            raise BatchServerError(Failure(error.kind, Action.RETRY)) from error
        except (aiohttp.ClientError, OSError) as error:
            found = translated(error, None, self._proxy)
            found.__cause__ = error
            raise BatchServerError(unanswered(found), sent=not isinstance(found, NOT_SENT)) from error


async def _failure(response: aiohttp.ClientResponse) -> Failure:
    data = await read_whole(response)
    try:
        body = loads(data)
    except ValueError:
        body = data.decode(errors="replace")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return judge_error(response.status, headers, body, time.time())


def _state(body: Any) -> BatchState:
    try:
        return BatchState.read(body)
    except ValueError:
        raise BatchServerError(Failure(INVALID_BODY, Action.RETRY)) from None
