"""The HTTP client for the SDK: aiohttp, which reads answers in one piece.

`httpx2` is only the interface through which the SDK uses it. For the reason and the gain, see `sdk`.
"""

import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import aiohttp
import httpx2
from multidict import CIMultiDict
from yarl import URL

from asyncgen.client.checked_connector import CheckedConnector
from asyncgen.client.direct_posts import DirectPosts, HeaderLimits, Post, are_possible
from asyncgen.client.proxies import Proxy
from asyncgen.client.resolver import Resolver
from asyncgen.client.transport_errors import BodyTooLargeError, UnreadableError, translated

# Seconds. Gateways close idle connections after 5 s, some after 1, and a request sent at that moment is lost. A
# server that handles few connections at once delays calls on new ones while idle ones are open.
KEEP_ALIVE = 0.75
MOST_BYTES = 8 * 1024 * 1024  # bytes; the longest answers are below 1 MB: more would only fill the memory
MOST_HEADER_BYTES = 65_536  # of one header: gateways send policies and cookies of 12 kB
MOST_HEADERS = 1024  # far more than any gateway sends; bounds the memory
_OK = 200
_FAILED = 500
_DECODED = {"", "identity", "gzip", "deflate", "br", "zstd"}
"""Encodings of bodies that are decoded here; the last two need a package, without which they are an error."""
_NO_ENCODING = {"none", "utf-8", "utf8", "us-ascii", "iso-8859-1", "binary", "8bit"}
"""What servers name in that place by mistake: the charset, or that there is none."""


class SharedRequest(httpx2.Request):
    """A request that shares all but its body with the one that the SDK built."""

    def __init__(self, built: httpx2.Request, content: bytes) -> None:
        self.method, self.url, self.headers = built.method, built.url, built.headers
        self.extensions = built.extensions
        self.stream = httpx2.ByteStream(content)
        self._content = content


_Response = aiohttp.ClientResponse | Post


class RawResponse(Protocol):
    """The answer of a 200, with `headers` by any case."""

    @property
    def content(self) -> bytes: ...  # noqa: D102
    @property
    def headers(self) -> Any: ...  # noqa: D102


class _ShortAnswer:
    """The parts of a 200's response that the SDK looks at; it reads others only of a whole response."""

    status_code = _OK

    def __init__(self, request: httpx2.Request, response: _Response, content: bytes) -> None:
        self.request = request
        self.headers = response.headers
        self.content = content
        self._response = response

    def raise_for_status(self) -> None:
        """Do nothing: the status is 200."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._whole, name)

    @cached_property
    def _whole(self) -> httpx2.Response:
        return _whole(self.request, self._response, self.content)


def _whole(request: httpx2.Request, response: _Response, content: bytes) -> httpx2.Response:
    # The body is decoded already, whatever the header says. As bytes: a header may not be ASCII.
    headers = [(name, value) for name, value in response.raw_headers if name.lower() != b"content-encoding"]
    whole = httpx2.Response(response.status, headers=headers, content=content, request=request)
    try:
        content.decode(whole.encoding or "utf-8", "replace")  # refuses codecs that are not for texts
        whole.text  # noqa: B018 - kept; fails if the charset is another than the body's
    except (LookupError, ValueError):
        whole.encoding = "utf-8"
    return whole


@dataclass(frozen=True, slots=True)
class _Route:
    """Where requests with these headers go, in aiohttp's types: translated once for all that share them."""

    headers_of: httpx2.Headers
    address: URL
    headers: CIMultiDict[str]

    @classmethod
    def of(cls, request: httpx2.Request, more: Mapping[str, str]) -> "_Route":
        headers = CIMultiDict(request.headers.multi_items())
        headers.update(more)
        return cls(request.headers, URL(str(request.url), encoded=True), headers)


class HttpClient(httpx2.AsyncClient):
    """The client with which the SDK sends.

    The caller bounds the time of a whole attempt: here only connecting is bounded. Redirects are never followed.

    Args:
        connections: the most that are open at once.
        connect_timeout: seconds to open one.
        short: of a 200, return only bytes and headers.
        direct: post without aiohttp's requests and responses, if its version allows that and there is no proxy.
        proxy: through which all requests go.
        headers: sent in addition, or instead of those of the same name.
        tls: certificates to trust, for https addresses.
    """

    def __init__(
        self,
        connections: int,
        connect_timeout: float,
        *,
        short: bool,
        direct: bool = False,
        proxy: Proxy | None = None,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        # The base class would load all certificates for its own transport.
        super().__init__(trust_env=False, transport=httpx2.AsyncBaseTransport())
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._short = short
        self._direct = direct and proxy is None and are_possible()
        self._proxy = proxy
        self._more_headers = headers or {}
        self._tls = tls
        self._session: aiohttp.ClientSession | None = None
        self._route: _Route | None = None
        self._posts: DirectPosts | None = None

    async def send(self, request: httpx2.Request, **_options: Any) -> Any:
        """Send a request; returns its answer, read to the end.

        Raises:
            httpx2.TransportError: there is none; `UnreadableError` if what came cannot be read.
        """
        if self._route is None or self._route.headers_of is not request.headers:
            self._route = _Route.of(request, self._more_headers)
            self._posts = self._posts_to(request.method, self._route)
        route = self._route
        try:
            async with self._asked(request, route) as response:
                encoding = response.headers.get("content-encoding", "").strip().lower()
                if encoding not in _DECODED | _NO_ENCODING:
                    response.close()
                    raise UnreadableError("encoding", encoding[:40] if encoding.isascii() else "unknown")
                body = await read_whole(response)
                if response.status == _FAILED and "json" not in response.headers.get("content-type", ""):
                    response.close()  # uvicorn closes it without a word, and the next call would be lost
        except (aiohttp.ClientError, OSError) as error:
            raise translated(error, request, self._proxy) from error
        if self._short and response.status == _OK:
            return _ShortAnswer(request, response, body)
        return _whole(request, response, body)

    def _asked(self, request: httpx2.Request, route: _Route) -> AbstractAsyncContextManager[_Response]:
        """The context of a request and its response."""
        if self._posts is not None:
            return self._posts.post(request.content)
        return self._open(route.address.scheme).request(
            request.method,
            route.address,
            data=request.content,
            headers=route.headers,
            allow_redirects=False,
            proxy=None if self._proxy is None else self._proxy.url,
        )

    def _posts_to(self, method: str, route: _Route) -> DirectPosts | None:
        """The direct posts to an address; None if they are not used."""
        if not self._direct or method != "POST":
            return None
        connector = self._open(route.address.scheme).connector
        assert connector is not None
        limits = HeaderLimits(MOST_HEADER_BYTES, MOST_HEADERS)
        return DirectPosts(connector, _until_open(self._connect_timeout), route.address, route.headers, limits)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
        await super().aclose()

    def _open(self, scheme: str) -> aiohttp.ClientSession:
        if self._session is None:  # not earlier: it belongs to the running loop
            self._session = open_session(
                connections=self._connections,
                connect_timeout=self._connect_timeout,
                tls=self._tls if scheme == "https" else None,
            )
        return self._session


def open_session(*, connections: int, connect_timeout: float, tls: ssl.SSLContext | None) -> aiohttp.ClientSession:
    """Open the connections to a server, on the running loop.

    Args:
        connections: the most that are open at once.
        connect_timeout: seconds to open one.
        tls: certificates to trust, for https addresses.
    """
    return aiohttp.ClientSession(
        connector=CheckedConnector(
            limit=connections,
            keepalive_timeout=KEEP_ALIVE,
            ssl=True if tls is None else tls,
            resolver=Resolver(),
        ),
        timeout=_until_open(connect_timeout),
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MOST_HEADER_BYTES,
        max_field_size=MOST_HEADER_BYTES,
        max_headers=MOST_HEADERS,
    )


def _until_open(seconds: float) -> aiohttp.ClientTimeout:
    """A limit for opening a connection only."""
    return aiohttp.ClientTimeout(total=None, sock_connect=seconds)


async def read_whole(response: _Response | aiohttp.ClientResponse) -> bytes:
    """The decoded body, in one piece.

    Raises:
        BodyTooLargeError: it is longer than any answer; reading stops there.
    """
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            response.close()
            raise BodyTooLargeError(MOST_BYTES)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
