"""The transport of a run: sends a request once and classifies the result. `SdkWire` uses `openai`.

The SDK's own retries are off: what follows from a failure is decided elsewhere. Bytes go in and bytes come out: a
raw post skips the SDK's models, which cost more than everything else on the way.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from asyncgen.address import is_azure
from asyncgen.chat import Completion
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.client.late_certificates import late_certificates
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.text import loads

CONNECT_TIMEOUT = 30.0  # seconds: TCP tries five times in them; a server that has not answered by then is down


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What a server says of a model: status, and the body, decoded if it is JSON."""

    status: int
    body: Any


class Wire(Protocol):
    """Sends requests; everything above it knows neither sockets nor the SDK."""

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Send a request to an endpoint (by name), once, for so many seconds at most.

        Returns:
            The verdict, and the headers of the answer (none if there was no answer).
        """

    async def look_up(self, endpoint: str, model: str, seconds: float) -> LookedUp | None:
        """Ask an endpoint for a model, for so many seconds at most; None: there was no answer."""

    async def close(self) -> None:
        """Close the connections."""


class SdkWire:
    """The connections of a run to its endpoints, through the SDK."""

    def __init__(self, config: RunConfig) -> None:
        with late_certificates():
            # `asyncgen --help` must not pay for openai.
            from asyncgen.client import sdk  # noqa: PLC0415

        self._sdk = sdk
        open_client = sdk.completions_class()
        self._clients = {
            served.name: open_client(
                # The SDK requires a key; local servers need none.
                api_key=served.api_key or "none",
                base_url=served.base_url,
                connections=config.ceiling_of(served),
                connect_timeout=min(config.timeout, CONNECT_TIMEOUT),
                headers=headers_of(served),
            )
            for served in config.endpoints
        }

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    async def look_up(self, endpoint: str, model: str, seconds: float) -> LookedUp | None:
        """Ask for a model; see `Wire.look_up`."""
        if {".", ".."} & set(model.split("/")):
            return None  # a path on the server's disk, which would be another one in the address
        try:
            async with asyncio.timeout(seconds):
                body = await self._clients[endpoint].model(model)
        except self._sdk.APIStatusError as error:
            return LookedUp(error.status_code, _decoded(error.response.text))
        except (TimeoutError, self._sdk.APIError, ValueError):
            return None
        return LookedUp(HTTPStatus.OK, _decoded(body.decode(errors="replace")))

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Post a request; see `Wire.send`."""
        try:
            async with asyncio.timeout(seconds):
                response = await self._clients[endpoint].create(request.body)
        except TimeoutError:
            return Failure("timeout", Action.RETRY, unsaid=True), {}
        except self._sdk.APIStatusError as error:
            headers = error.response.headers
            return judge_error(error.status_code, headers, _decoded(error.response.text), time.time()), headers
        except self._sdk.APIConnectionError as error:
            return self._sdk.unanswered(error.__cause__), {}
        verdict = judge_answer(
            response.content,
            response.headers,
            json_object=request.json_object,
            required_keys=request.required_keys,
            check=request.check,
            whole=request.whole,
            request=request.hash,
            now=time.time(),
        )
        return verdict, response.headers


def headers_of(served: EndpointConfig) -> dict[str, str]:
    """The headers sent besides the SDK's: Azure has its own for the key."""
    key = {"api-key": served.api_key} if is_azure(served.base_url) and served.api_key else {}
    return {**key, **served.headers}


def _decoded(text: str) -> Any:
    try:
        return loads(text)
    except ValueError:
        return text
