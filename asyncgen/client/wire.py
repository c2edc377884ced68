"""The wire of a run: sends a request once and says what came of it. `SdkWire` goes through `openai`.

The SDK's own retries are off: what follows from a failure is decided elsewhere. Bytes go in and bytes come out:
a raw post skips the SDK's models, which cost more than everything else on the way.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Protocol

from asyncgen.chat import Completion
from asyncgen.client.classify import Action, Failure, judge_answer, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.client.lazy_import import defer
from asyncgen.config import RunConfig
from asyncgen.text import loads

CONNECT_TIMEOUT = 30.0


class Wire(Protocol):
    """Carries requests; everything above it knows neither sockets nor the SDK."""

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Send a request to an endpoint (by name), once, for so many seconds at most.

        Returns:
            The verdict, and the headers of the answer (none when there was no answer).
        """

    async def close(self) -> None:
        """Close the connections."""


class SdkWire:
    """The connections of a run to its endpoints, through the SDK."""

    def __init__(self, config: RunConfig) -> None:
        # `asyncgen --help` must not pay for openai; and nobody for the models of all its endpoints, of which none
        # is used here and which take more than half of the time.
        defer("openai.types")
        import openai  # noqa: PLC0415

        from asyncgen.client.transport import BodyTooLargeError, ChatCompletions  # noqa: PLC0415

        self._too_large = BodyTooLargeError
        self._openai = openai
        self._clients = {
            served.name: ChatCompletions(
                # The SDK wants some key; local servers want none.
                api_key=served.api_key or "none",
                base_url=served.base_url,
                connections=config.ceiling_of(served),
                connect_timeout=min(config.timeout, CONNECT_TIMEOUT),
            )
            for served in config.endpoints
        }

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Post a request; see `Wire.send`."""
        try:
            async with asyncio.timeout(seconds):
                response = await self._clients[endpoint].create(request.body)
        except TimeoutError:
            return Failure("timeout", Action.RETRY), {}
        except self._openai.APIStatusError as error:
            text = error.response.text
            try:
                body = loads(text)
            except ValueError:
                body = text
            headers = error.response.headers
            return judge_error(error.status_code, headers, body, time.time()), headers
        except self._openai.APIConnectionError as error:
            if isinstance(error.__cause__, self._too_large):
                return Failure("too_large_answer", Action.ASK_AGAIN), {}
            return _connection_failure(error), {}
        verdict = judge_answer(
            response.content,
            response.headers,
            json_object=request.json_object,
            required_keys=request.required_keys,
            now=time.time(),
        )
        return verdict, response.headers


def _connection_failure(error: BaseException) -> Failure:
    """No answer at all: a certificate that is not trusted stops the run, everything else may get better."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure("certificate", Action.STOP)
        if isinstance(cause, (socket.gaierror, ConnectionRefusedError)):
            found = "the connection was refused"
            if isinstance(cause, socket.gaierror):
                found = "the name was not found"
            return Failure("connection", Action.RETRY, code=found)
        cause = cause.__cause__ or cause.__context__
    return Failure("connection", Action.RETRY)
