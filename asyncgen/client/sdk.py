"""The SDK's client for chat completions, and everything that bypasses the SDK for speed.

CPU of this process for a call of 5.5 kB, as `scripts/bench_sdk` measures it (medians; the SDK's
`chat.completions.create` takes 1.39 ms), with each optimisation added to those above it:

1. Bytes are posted and bytes come back, without models: 0.68 ms. The SDK offers this publicly.
2. The request is built once, and the others share all but its body: 0.35 ms. `_build_request` is private to the
   SDK.
3. aiohttp is used without httpx2's streams (`http_client`): 0.24 ms. It also bounds bodies, closes idle
   connections before the server does, and reads headers of any bytes.
4. The answer of a 200 is its bytes and its headers, not a whole response: 0.2 ms.
5. aiohttp's connections and parser are used without its requests and responses (`direct_posts`): 0.15 ms.
6. The first request goes through the SDK, the others straight to the transport: 0.05 ms. Errors become the SDK's
   by its own `_make_status_error_from_response`.
7. The models of the API's other endpoints are not loaded (`defer`): a fifth to a third less for all imports.

If another version of the SDK lacks a part that 2 and 6 need, these two are left out, and 4 and 5 with them: calls
use only the SDK's public way, and `completions_class` warns once.
"""

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from inspect import signature
from threading import RLock
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import httpx2

from asyncgen.address import canonical
from asyncgen.client.http_client import HttpClient, RawResponse, SharedRequest
from asyncgen.client.proxies import proxy_of
from asyncgen.client.tls import trusted
from asyncgen.client.transport_errors import unanswered
from asyncgen.config import check_header

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "ChatCompletions",
    "completions_class",
    "unanswered",
]

_PATH = "/chat/completions"
_HEADERS = {"Content-Type": "application/json"}
_METHODS = {
    "_build_request": ("self", "options", "retries_taken"),
    "_make_status_error_from_response": ("self", "response"),
}  # the SDK's own, which `ChatCompletions` calls and replaces
_NO_KEY = ""  # of idempotency: the API has none, and the SDK would draw one for each request


@dataclass(frozen=True)
class DeferringFinder(MetaPathFinder):
    """Finds a package and its subpackages, and defers what their `__init__` does; their modules load as usual.

    `package` is its dotted name.
    """

    package: str

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the package or a subpackage; None for everything else, which is left to the other finders."""
        if fullname != self.package and not fullname.startswith(f"{self.package}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.submodule_search_locations is None or spec.loader is None:
            return None
        spec.loader = _DeferringLoader(spec.loader)
        return spec


class _DeferringLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._lock = RLock()

    def exec_module(self, module: ModuleType) -> None:
        def fill(name: str) -> Any:
            with self._lock:
                if module.__dict__.get("__getattr__") is fill:
                    del module.__dict__["__getattr__"]
                    self._loader.exec_module(module)
            # A name that does not exist now raises as in any other module.
            return getattr(module, name)

        module.__dict__["__getattr__"] = fill


def defer(package: str) -> None:
    """Defer what a package and its subpackages do when imported; those that are loaded stay so."""
    finder = DeferringFinder(package)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)


defer("openai.types")
# Imported here, after `defer`.
from openai import APIConnectionError, APIError, APIStatusError, AsyncOpenAI  # noqa: E402
from openai import __version__ as openai_version  # noqa: E402


def _of_environment(variable: str, header: str) -> str | None:
    """What a variable has for a header that the SDK sends unchecked; None: nothing.

    A line break at its end is left of the file that it was read from.
    """
    value = os.environ.get(variable, "").strip()
    check_header(header, value, variable)
    return value or None


class PlainChatCompletions(AsyncOpenAI):
    """Posts JSON bodies as bytes, through the SDK's public interface.

    Args:
        api_key: never empty.
        base_url: of the API; its query is sent with each request.
        connections: the most that are open at once.
        connect_timeout: seconds to open one.
        headers: sent in addition, or instead of the SDK's.

    Raises:
        UsageError: the proxy, organization or project of the environment cannot be used.
        KeyOrQuotaError: the certificates of the environment cannot be used.
    """

    short = False

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        connections: int,
        connect_timeout: float,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts = urlsplit(canonical(base_url))
        http_client = HttpClient(
            connections,
            connect_timeout,
            short=self.short,
            direct=self.short,
            proxy=proxy_of(base_url),
            headers=headers,
            tls=trusted() if parts.scheme == "https" else None,
        )
        super().__init__(
            api_key=api_key,
            base_url=urlunsplit((parts.scheme, parts.netloc, parts.path, "", "")),
            default_query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            max_retries=0,
            http_client=http_client,
        )
        self.organization = _of_environment("OPENAI_ORG_ID", "OpenAI-Organization")
        self.project = _of_environment("OPENAI_PROJECT_ID", "OpenAI-Project")

    @property
    def user_agent(self) -> str:
        """The SDK's own, instead of one with the name of this class."""
        return super().user_agent.replace(type(self).__name__, AsyncOpenAI.__name__)

    async def create(self, body: bytes) -> RawResponse:
        """Send a request; returns the answer of a 200.

        Raises:
            openai.APIStatusError: another status.
            openai.APIConnectionError: there is no answer; caused by an `UnreadableError` if it cannot be read.
        """
        # This type keeps the SDK from parsing the body; it returns what `send` gave it.
        options: Any = {"headers": _HEADERS, "idempotency_key": _NO_KEY}
        return await self.post(_PATH, cast_to=httpx2.Response, content=body, options=options)

    async def model(self, name: str) -> bytes:
        """What the server says of a model, as bytes.

        Raises:
            openai.APIStatusError, openai.APIConnectionError: as for `create`.
        """
        answer = await self.get(f"/models/{quote(name, safe='/:')}", cast_to=httpx2.Response)
        return bytes(answer.content)


class ChatCompletions(PlainChatCompletions):
    """The same, with everything that never changes built once."""

    short = True
    _built: httpx2.Request | None = None

    async def create(self, body: bytes) -> RawResponse:
        """Send a request, as `PlainChatCompletions.create` does."""
        if self._built is None:
            return await super().create(body)
        request = SharedRequest(self._built, body)
        try:
            response = await self._client.send(request)
            if response.status_code != HTTPStatus.OK:
                response.raise_for_status()
        except httpx2.TransportError as error:
            raise APIConnectionError(request=request) from error
        except httpx2.HTTPStatusError as error:
            raise self._make_status_error_from_response(error.response) from None
        return response

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> httpx2.Request:
        if not isinstance(options.content, bytes):
            return super()._build_request(options, retries_taken=retries_taken)
        if self._built is None:
            built = self._built = super()._build_request(options, retries_taken=retries_taken)
            del built.headers["content-length"]
        return SharedRequest(self._built, options.content)


def completions_class() -> type[PlainChatCompletions]:
    """The fastest class that this version of the SDK allows; warns if that is the plain one."""
    lacking = _lacking()
    if lacking is None:
        return ChatCompletions
    warnings.warn(
        f"openai {openai_version} lacks {lacking} as 3.54 has it: a call takes about 0.6 ms more CPU, "
        "and nothing else changes",
        RuntimeWarning,
        stacklevel=2,
    )
    return PlainChatCompletions


def _lacking() -> str | None:
    """The first part that `ChatCompletions` needs and the SDK lacks, or has in another form; None: nothing."""
    for name, parameters in _METHODS.items():
        method = getattr(AsyncOpenAI, name, None)
        if method is None or tuple(signature(method).parameters) != parameters:
            return name
    return None
