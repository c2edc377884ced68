"""The SDK's client with its requests by a short way: on aiohttp's session, and what never changes built once.

`openai` builds each request anew, by models, header mappings and address parsing that cost more than everything
else on the way of a call. But for the body, all requests of a run are the same: the SDK builds the first one, and
the others share its parts. `httpx2` then reads answers as streams; here they are read in one piece. An answer of
200 is its bytes and its headers; every other one becomes a whole `httpx2.Response`, which is what the SDK makes
its errors of.

Timeouts of a whole attempt are the caller's: here only connecting is bounded. Redirects are never followed.
Proxies and certificates come from the environment, as the SDK's own client takes them.
"""

from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import quote
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from multidict import CIMultiDict
from openai import AsyncOpenAI
from openai._models import FinalRequestOptions
from yarl import URL

KEEP_ALIVE = 4.0  # seconds; many servers close idle connections after 5, and what is just being sent is lost then
MOST_BYTES = 8 * 1024 * 1024
_OK = 200


NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.ProxyError)
"""Errors before anything of the request was sent."""


class BodyTooLargeError(httpx2.ReadError):
    """The decoded body of an answer has more than `MOST_BYTES`."""


class SharedRequest(httpx2.Request):
    """A request that shares all but its body with the one that the SDK has built."""

    def __init__(self, built: httpx2.Request, content: bytes) -> None:
        self.method, self.url, self.headers = built.method, built.url, built.headers
        self.extensions = built.extensions
        self.stream = httpx2.ByteStream(content)
        self._content = content


class Answer:
    """An answer of 200: as much of `httpx2.Response` as the SDK hands on."""

    status_code = _OK

    def __init__(self, request: httpx2.Request, headers: Any, content: bytes) -> None:
        self.request = request
        self.headers = headers
        self.content = content

    def raise_for_status(self) -> None:
        """It is none."""


@dataclass(frozen=True, slots=True)
class _Route:
    """Where requests with these headers go, in the types of aiohttp: translated once for all that share them."""

    headers_of: httpx2.Headers
    address: URL
    headers: CIMultiDict[str]
    proxy: str | None

    @classmethod
    def of(cls, request: httpx2.Request) -> "_Route":
        url, proxies = request.url, getproxies()
        proxy = None if proxy_bypass(url.host) else proxies.get(url.scheme) or proxies.get("all")
        headers = CIMultiDict(request.headers.multi_items())
        return cls(request.headers, URL(str(url), encoded=True), headers, proxy)


class HttpClient(httpx2.AsyncClient):
    """What the SDK sends with.

    Args:
        connections: at most so many are open.
        connect_timeout: seconds to open one.
    """

    def __init__(self, connections: int, connect_timeout: float) -> None:
        # The base would load all certificates for a transport of its own.
        super().__init__(trust_env=False, transport=httpx2.AsyncBaseTransport())
        self._connections = connections
        self._connect_timeout = connect_timeout
        self._session: aiohttp.ClientSession | None = None
        self._route: _Route | None = None

    async def send(self, request: httpx2.Request, **_options: Any) -> Any:
        """Send a request; its answer, read to the end.

        Raises:
            httpx2.TransportError: there is none; `BodyTooLargeError` when it is too large.
        """
        if self._route is None or self._route.headers_of is not request.headers:
            self._route = _Route.of(request)
        route = self._route
        try:
            async with self._open(route.address.scheme).request(
                request.method,
                route.address,
                data=request.content,
                headers=route.headers,
                allow_redirects=False,
                proxy=route.proxy,
            ) as response:
                body = await _read(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise httpx2.ConnectError(type(error).__name__, request=request) from error
        except (aiohttp.ClientError, OSError) as error:
            # The request went out: an answer may have been made, and be billed.
            raise httpx2.ReadError(type(error).__name__, request=request) from error
        if response.status == _OK:
            return Answer(request, response.headers, body)
        # The body is decoded already, whatever the server says of it. As bytes: a header may be no ASCII.
        headers = [(name, value) for name, value in response.raw_headers if name.lower() != b"content-encoding"]
        return httpx2.Response(response.status, headers=headers, content=body, request=request)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()
        await super().aclose()

    def _open(self, scheme: str) -> aiohttp.ClientSession:
        if self._session is None:  # not before: it belongs to the running loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._connections,
                    keepalive_timeout=KEEP_ALIVE,
                    ssl=httpx2.create_ssl_context() if scheme == "https" else True,
                ),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._connect_timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


class ChatCompletions(AsyncOpenAI):
    """The SDK's client for one kind of request: `create` posts a body of JSON as bytes.

    Args:
        api_key: never empty.
        base_url: of the API.
        connections: at most so many are open.
        connect_timeout: seconds to open one.
    """

    def __init__(self, *, api_key: str, base_url: str, connections: int, connect_timeout: float) -> None:
        http_client = HttpClient(connections, connect_timeout)
        super().__init__(api_key=api_key, base_url=base_url, max_retries=0, http_client=http_client)
        self._options = FinalRequestOptions.construct(
            method="post",
            url="/chat/completions",
            headers={"Content-Type": "application/json"},
            # The API takes none, and the SDK would draw one for each request.
            idempotency_key="",
        )
        self._built: httpx2.Request | None = None

    @property
    def user_agent(self) -> str:
        """That of the SDK, which would say the name of this class."""
        return f"{AsyncOpenAI.__name__}/Python {self._version}"

    async def create(self, body: bytes) -> Answer:
        """Send a request; its answer of 200.

        Raises:
            openai.APIStatusError: another status.
            openai.APIConnectionError: there is no answer; caused by a `BodyTooLargeError` when it is too large.
        """
        options = self._options.model_copy(update={"content": body})
        # The type is what keeps the SDK from reading it; what it hands on is what `send` gave it.
        return cast("Answer", await self.request(httpx2.Response, options))

    async def model(self, name: str) -> bytes:
        """What the server says of a model, as it is.

        Raises:
            openai.APIStatusError, openai.APIConnectionError: as for `create`.
        """
        answer = await self.get(f"/models/{quote(name, safe='/:')}", cast_to=httpx2.Response)
        return bytes(answer.content)

    def _build_request(self, options: FinalRequestOptions, *, retries_taken: int = 0) -> httpx2.Request:
        if not isinstance(options.content, bytes):
            return super()._build_request(options, retries_taken=retries_taken)
        if self._built is None:
            built = self._built = super()._build_request(options, retries_taken=retries_taken)
            del built.headers["content-length"]
        return SharedRequest(self._built, options.content)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The decoded body, in one piece; without reading on when there is too much of it."""
    chunks: list[bytes] = []
    size = 0
    while chunk := await response.content.readany():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            response.close()
            raise BodyTooLargeError(f"more than {MOST_BYTES} bytes")
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)
