"""Answers about files and batches, in the words of the provider."""

from collections.abc import Callable
from typing import Any

import orjson
from aiohttp import web

from asyncgen.simulator.counts import Counts
from asyncgen.simulator.providers import ErrorAnswer, OpenAI


class Reply:
    """Makes answers and counts their status; `headers` returns the headers of every answer."""

    def __init__(self, provider: OpenAI, counts: Counts, headers: Callable[[], dict[str, str]]) -> None:
        self._provider = provider
        self._counts = counts
        self.headers = headers

    def json(self, value: dict[str, Any]) -> web.Response:
        """Status 200."""
        return self._send(ErrorAnswer(200, orjson.dumps(value)))

    def error(self, status: int, message: str, param: str | None = None, code: str | None = None) -> web.Response:
        """A refused request."""
        return self._send(self._provider.error(status, message, "invalid_request_error", code, param))

    def server_error(self) -> web.Response:
        """A failure of the server."""
        return self._send(self._provider.server_error())

    def too_many(self, wait_s: float) -> web.Response:
        """A refusal for rate that asks to wait so long (seconds; 0: unsaid)."""
        message = "Rate limit reached for requests about batches."
        error = self._provider.error(429, message, "requests", "rate_limit_exceeded")
        return self._send(error._replace(headers=self._provider.wait_headers(wait_s) if wait_s else {}))

    def no_route(self, http: web.BaseRequest) -> web.Response:
        """A path that does not exist."""
        return self._send(self._provider.no_route(http.method, http.path))

    def account(self, what: str) -> web.Response:
        """A refused key or a spent quota."""
        return self._send(self._provider.account(what))

    def _send(self, answer: ErrorAnswer) -> web.Response:
        self._counts.batch_status[answer.status] += 1
        headers = {**self.headers(), **answer.headers, "Content-Type": answer.content_type}
        return web.Response(status=answer.status, body=answer.body, headers=headers)
