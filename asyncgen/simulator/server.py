"""The server itself: aiohttp around the pure parts, and the faults of the connection.

A chat request passes: account, limits, storm, fault of this attempt, latency, answer. Only attempts that pass
limits and storm are numbered for the draws, so timing never changes which of them is hit.
"""

import asyncio
import math
import os
from itertools import count
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web

from asyncgen.simulator import broken_wire as wire
from asyncgen.simulator import simulated_answers as answers
from asyncgen.simulator.batch.batch_api import BatchApi
from asyncgen.simulator.buckets import RateLimits
from asyncgen.simulator.counts import Counts, Seen
from asyncgen.simulator.draws import body_key, draw, lognormal
from asyncgen.simulator.faults import Fault, FaultPlan, concerns, storm_hit
from asyncgen.simulator.profile import Profile
from asyncgen.simulator.providers import PROVIDERS, ErrorAnswer, Route
from asyncgen.simulator.respond import respond
from asyncgen.simulator.simulated_requests import InvalidRequestError, SimulatedRequest, parse_request
from asyncgen.simulator.slots import Slots

_BACKLOG = 1024  # connections that wait to be accepted: clients open hundreds at once
_SHUTDOWN_S = 0.01  # seconds; what is still in flight at the end hangs or sleeps, so waiting is pointless
_AT_ONCE = frozenset({"rate_limit", "overloaded", "bad_request", "context_length", "flex_unavailable"})


class Simulator:
    """A server on the loopback interface for the length of its `async with`.

    `port` 0 takes a free one. `counts` stays readable after the end.
    """

    def __init__(self, profile: Profile, host: str = "127.0.0.1", port: int = 0) -> None:
        """Prepare a server; it listens from `__aenter__` on."""
        self.profile = profile
        self.counts = Counts()
        self._host = host
        self._port = port
        self._limits = RateLimits(profile.limits)
        self._faults = FaultPlan(profile.faults)
        self._provider = PROVIDERS[profile.provider](profile.models)
        self._slots = Slots(profile.limits)
        self._ids = (f"{os.urandom(6).hex()}{number:08x}" for number in count(1))
        rules = self._provider.batch_rules if profile.batch.served else None
        self._batches = (
            BatchApi(profile, self._provider, rules, self.counts, self._ids, self._headers) if rules else None
        )
        self._first_at = math.inf
        self._runner: web.ServerRunner | None = None

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            OSError: the port is taken or not allowed.
        """
        server = web.Server(self._handle, handler_cancellation=True, access_log=None)
        self._runner = web.ServerRunner(server, shutdown_timeout=_SHUTDOWN_S)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, self._host, self._port, backlog=_BACKLOG).start()
        except OSError:
            await self._runner.cleanup()
            raise
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop listening and end what is in flight at once."""
        assert self._runner is not None
        await self._runner.cleanup()
        if self._batches:
            await self._batches.close()

    @property
    def base_url(self) -> str:
        """The base URL for clients: `http://127.0.0.1:PORT/v1`, or with another provider's path."""
        return f"http://{self._host}:{self._port}{self._provider.base}"

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        if http.path.startswith("/sim/") and (told := self._tell(http)):
            return told
        provider = self._provider
        match provider.route(http.method, http.path, http.query, http.headers):
            case ErrorAnswer() as error:
                return _response(*error)
            case Route("chat", model):
                return await self._chat(http, model)
            case Route("model", model):
                found = provider.model(model)
                return _response(*found) if isinstance(found, ErrorAnswer) else _json(found)
            case Route("batch", address):
                batches = self._batches
                if batches is None:
                    return _response(*provider.no_route(http.method, http.path))
                return await batches.handle(http, address)
        return _json({"object": "list", "data": [provider.describe(model) for model in provider.listed]})

    def _tell(self, http: web.BaseRequest) -> web.Response | None:
        match http.method, http.path:
            case "GET", "/sim/counts":
                return _json(self.counts.as_dict())
            case "GET", "/sim/ledger":
                return _json(self.counts.ledger())
        return None

    async def _chat(self, http: web.BaseRequest, model: str) -> web.StreamResponse:
        body = await http.content.read()
        key = body_key(body)
        seen = self.counts.arrive(key)
        try:
            return await self._answer(http, body, model, key, seen)
        except asyncio.CancelledError:
            self.counts.abandoned += 1
            raise
        finally:
            self.counts.leave()

    async def _answer(
        self, http: web.BaseRequest, body: bytes, model: str, key: int, seen: Seen
    ) -> web.StreamResponse:
        now = asyncio.get_running_loop().time()
        self._first_at = min(self._first_at, now)
        try:
            chat = parse_request(body, model)
        except InvalidRequestError as invalid:
            return self._error(self._provider.invalid(invalid.message, invalid.param))
        if account := self._faults.account(self.counts.requests):
            self.counts.refused[account] += 1
            return self._error(self._provider.account(account))
        if error := self._provider.check(chat):
            return self._error(error)
        if refusal := self._limits.admit(chat.charge, now):
            self.counts.refused[refusal.kind] += 1
            return self._error(self._provider.over_limit(refusal, chat.model))
        fault = self._storm(now, chat, key, seen) or self._fault(body, chat, key, seen)
        error = self._provider.faulty(fault, chat) if fault else None
        if error and fault and fault.kind in _AT_ONCE:
            return self._error(error)
        if fault and fault.kind == "hang":
            await wire.hang()
        await self._work(key, seen)
        if error:
            return self._error(error)
        return await self._complete(http, chat, key, seen, fault.kind if fault else None)

    def _storm(self, now: float, chat: SimulatedRequest, key: int, seen: Seen) -> Fault | None:
        storm = self.profile.storm
        if not storm.duration_s:
            return None  # saves the draw
        fault = storm_hit(storm, now - self._first_at, draw(self.profile.seed, key, seen.arrivals))
        if fault is None or not concerns(fault, chat):
            return None
        self.counts.refused["storm"] += 1
        return fault

    def _fault(self, body: bytes, chat: SimulatedRequest, key: int, seen: Seen) -> Fault | None:
        seen.admitted += 1
        fault = self._faults.hit(body, seen.admitted, draw(self.profile.seed, key, seen.admitted))
        if fault is None or not concerns(fault, chat):
            return self._full()
        self.counts.faults[fault.kind] += 1
        return fault

    def _full(self) -> Fault | None:
        if not self._slots.full:
            return None
        self.counts.refused["queue"] += 1
        return Fault("overloaded")

    async def _work(self, key: int, seen: Seen) -> None:
        """Take as long as the model would; with slots, first wait for a free one, in order of arrival."""
        latency = self.profile.latency
        unit = draw(self.profile.seed, key, seen.admitted).latency
        async with self._slots.take():
            if latency.median_s:
                await asyncio.sleep(lognormal(latency.median_s, latency.sigma, unit))

    async def _complete(
        self, http: web.BaseRequest, chat: SimulatedRequest, key: int, seen: Seen, fault: str | None
    ) -> web.StreamResponse:
        if fault == "drop":
            return wire.drop(http)
        answer_id = f"chatcmpl-{next(self._ids)}"
        completion, body = respond(chat, key, fault, self._provider, self.profile, answer_id)
        self.counts.status[200] += 1
        if fault not in answers.WITHOUT_USAGE:
            self.counts.spend(completion.prompt_tokens, completion.completion_tokens)
        if fault == "reset_body":
            return await wire.reset_body(http, body, self._headers())
        if fault == "drip":
            return await wire.drip(http, body, self._headers())
        if fault is None:
            self.counts.answer(seen)
            if self.profile.limits.refund:
                spent = completion.prompt_tokens + completion.completion_tokens
                self._limits.refund(max(0, chat.charge - spent), asyncio.get_running_loop().time())
        return _response(200, body, self._headers())

    def _error(self, error: ErrorAnswer) -> web.Response:
        self.counts.status[error.status] += 1
        return _response(error.status, error.body, {**self._headers(), **error.headers}, error.content_type)

    def _headers(self) -> dict[str, str]:
        headers = self._provider.rate_headers(self._limits, asyncio.get_running_loop().time())
        headers["x-request-id"] = f"req_{next(self._ids)}"
        return headers


def _response(
    status: int, body: bytes, headers: dict[str, str], content_type: str = "application/json"
) -> web.Response:
    return web.Response(status=status, body=body, headers={**headers, "Content-Type": content_type})


def _json(value: dict[str, Any]) -> web.Response:
    return _response(200, orjson.dumps(value), {})
