"""Posts over the connections of aiohttp's pool, without aiohttp's other work for each request.

Used from aiohttp are the pool, opening connections (names, TLS, time limits), the headers that it adds, and the
parser with its limits and decoders. Bypassed are its objects for a request and a response, and the task that
writes a body: from one post to the next, only the length and the bytes of the body change.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from inspect import signature
from types import TracebackType
from typing import Any, Self

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import RawResponseMessage
from aiohttp.http_exceptions import HttpProcessingError
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_PARTS: dict[Callable[..., Any], set[str]] = {
    aiohttp.BaseConnector.connect: {"req", "traces", "timeout"},
    ResponseHandler.set_response_params: {"read_until_eof", "max_line_size", "max_field_size", "max_headers"},
    ResponseHandler.read: set(),
}  # aiohttp's, with the parameters that are passed here
_FIRST_FINAL = 200
_FIRST_ERROR = 400


def are_possible() -> bool:
    """Whether this version of aiohttp has the parts that `DirectPosts` needs, in the expected form."""
    return all(needed <= set(signature(part).parameters) for part, needed in _PARTS.items())


@dataclass(frozen=True, slots=True)
class HeaderLimits:
    """Bytes of a header, and the number of headers, that are read."""

    size: int
    number: int


@dataclass(slots=True)
class _Request:
    """A request on its way."""

    protocol: ResponseHandler
    transport: asyncio.Transport
    data: bytes
    is_written: bool = False


class DirectPosts:
    """Posts to one address, with the same headers; created on the running loop.

    Args:
        connector: has the pool.
        timeout: of connecting; the caller bounds everything else.
        address: of every post.
        headers: of every post.
        limits: of the headers of answers.
    """

    def __init__(
        self,
        connector: aiohttp.BaseConnector,
        timeout: aiohttp.ClientTimeout,
        address: URL,
        headers: CIMultiDict[str],
        limits: HeaderLimits,
    ) -> None:
        self._connector = connector
        self._timeout = timeout
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._to_write: list[_Request] = []
        # Never sent: the pool requires it, and it knows the headers that aiohttp adds.
        like = self._like = aiohttp.ClientRequest("POST", address, headers=headers, loop=self._loop)
        lines = [f"{name}: {value}" for name, value in like.headers.items() if name.lower() != "content-length"]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header holds a line break")
        self._head = "\r\n".join([f"POST {address.raw_path_qs} HTTP/1.1", *lines, "Content-Length: "]).encode()

    def post(self, body: bytes) -> "Post":
        """A post of a body, to be awaited as a context."""
        return Post(self, body)

    async def send(
        self, body: bytes
    ) -> tuple[aiohttp.connector.Connection, RawResponseMessage, aiohttp.StreamReader]:
        """Send a body; returns the connection and the answer's head and stream, once its headers have arrived.

        Raises:
            aiohttp.ClientError: there is no answer.
        """
        try:
            connection = await self._connector.connect(self._like, traces=[], timeout=self._timeout)
        except TimeoutError as error:
            raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {self._like.url}") from error
        try:
            return connection, *(await self._exchange(connection, body))
        except HttpProcessingError as error:
            connection.close()
            raise aiohttp.ClientResponseError(
                self._like.request_info, (), status=error.code, message=error.message, headers=error.headers
            ) from error
        except BaseException:
            connection.close()
            raise

    async def _exchange(
        self, connection: aiohttp.connector.Connection, body: bytes
    ) -> tuple[RawResponseMessage, aiohttp.StreamReader]:
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None or transport.is_closing():
            raise aiohttp.ClientConnectionResetError("cannot write: the connection is closed")
        limits = self._limits
        protocol.set_response_params(
            read_until_eof=True, max_line_size=limits.size, max_field_size=limits.size, max_headers=limits.number
        )
        if not self._to_write:
            self._loop.call_soon(self._write)
        request = _Request(protocol, transport, b"%b%d\r\n\r\n%b" % (self._head, len(body), body))
        self._to_write.append(request)
        message, content = await protocol.read()
        while message.code < _FIRST_FINAL and message.code != HTTPStatus.SWITCHING_PROTOCOLS:
            message, content = await protocol.read()
        if not request.is_written or transport.get_write_buffer_size():
            # The rest of the body, or what the server still says to it, would be taken for the next exchange.
            protocol.force_close()
            if not request.is_written and message.code < _FIRST_ERROR:
                raise aiohttp.ClientConnectionResetError("an answer came before the request was sent")
        return message, content

    def _write(self) -> None:
        """Write the requests of this pass of the loop.

        Written together they wake the server once; each alone would wake it again, which costs more CPU than all
        else about a write.
        """
        requests, self._to_write = self._to_write, []
        for request in requests:
            # Else the protocol tells the waiter that it is closed, or gives it what has come already.
            if not (request.transport.is_closing() or request.protocol.should_close):
                request.transport.write(request.data)
                request.is_written = True
            request.data = b""  # with thousands of answers to come, as many copies of bodies


class Post:
    """A context that sends a body and gives its answer, like that of an aiohttp response."""

    status: int
    headers: CIMultiDictProxy[str]
    raw_headers: tuple[tuple[bytes, bytes], ...]
    content: aiohttp.StreamReader

    def __init__(self, posts: DirectPosts, body: bytes) -> None:
        self._posts = posts
        self._body = body

    async def __aenter__(self) -> Self:
        self._connection, message, self.content = await self._posts.send(self._body)
        self.status, self.headers, self.raw_headers = message.code, message.headers, message.raw_headers
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._connection.release()
        else:
            self._connection.close()

    def close(self) -> None:
        """Stop reading."""
        self._connection.close()
