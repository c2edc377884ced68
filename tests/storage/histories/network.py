"""The network between the processes of a start and its server, and the wire that a process has to it.

What goes over it is noted in the record of the disk, so that everything is known again at any crash:
`asked call` and `at_risk call most` when a request goes out; `answered call` or `refused call`, and before it
`billed call said true`: the tokens that the server says, and those that it bills.
"""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.client.wire import LookedUp
from asyncgen.config import RunConfig
from tests.storage.world import TOKENS, Call, Network

from .server import Reply, Server
from .weather import Weather


@dataclass(slots=True)
class Attempt:
    """A call that a process has sent, or tried to: when, where to, for how long; and what came of it."""

    call: Call
    endpoint: str
    began: float
    seconds: float
    verdict: Completion | Failure | None = None


@dataclass(slots=True)
class Process:
    """What one process has sent and told, in order; an attempt stands there twice, when it begins and ends."""

    number: int
    log: list[Any] = field(default_factory=list)
    began: float = 0.0
    ended: float = float("inf")
    error: BaseException | None = None
    addresses: set[str] = field(default_factory=set)
    """Where it was about to send requests to."""


class _LostError(Exception):
    """No answer came."""

    def __init__(self, kind: str, *, sent: bool) -> None:
        super().__init__(kind)
        self.failure = Failure("connection", Action.RETRY, code=kind, unsaid=sent)


class StormyNetwork(Network):
    """Carries requests to the server and answers back, as the weather allows.

    Args:
        weather: of the start.
        server: of the start.
        silent: pairs of which the server does not say what their answers cost.
        seed: of what it draws.
    """

    def __init__(self, weather: Weather, server: Server, silent: frozenset[int], seed: int) -> None:
        super().__init__(silent=silent)
        self.weather = weather
        self._server = server
        self._rng = random.Random(seed)

    def connect(self, config: RunConfig, process: Process) -> "NetworkWire":
        """The wire of a process."""
        return NetworkWire(self, config, process)

    async def carry(self, call: Call, request: Prepared) -> Reply:
        """Bring a request to the server, and its answer back.

        Raises:
            _LostError: there is none.
        """
        now, becomes = asyncio.get_running_loop().time(), self.weather.becomes(self._rng.random())
        if becomes == "refused":
            raise _LostError("refused", sent=False)
        self.sent(call)
        self.note("at_risk", call, request.most.total_tokens)
        if self.weather.is_stormy(now) or not self._server.admits(now):
            await asyncio.sleep(0.05)
            return self._server.refusal()
        if self._server.rules.unknown and f'"{self._server.rules.unknown}":'.encode() in request.body:
            await asyncio.sleep(0.05)
            return self._server.unknown_field()
        self._server.at_work += 1
        try:
            await asyncio.sleep(self._rng.uniform(0.01, self.weather.longest))
            if becomes == "dropped":
                await asyncio.sleep(1e6)
        finally:
            self._server.at_work -= 1
        return self._reply(becomes, call, request)

    def _reply(self, becomes: str, call: Call, request: Prepared) -> Reply:
        if becomes == "reset":
            raise _LostError("reset", sent=True)
        if becomes == "failed":
            return self._server.error(500, request.body)
        if becomes == "gateway":
            return self._server.error(504, request.body)
        if becomes == "rejected":
            return self._server.error(400, request.body)
        if becomes == "empty":
            return self._server.empty(self._rng.choice((NO_USAGE, Usage(3, 4, TOKENS))))
        seed = orjson.loads(request.body).get("seed", 0)
        whole = self._server.answer(self.completion(call, json_object=request.json_object, seed=seed))
        return self._server.garbled(whole) if becomes == "garbled" else whole

    def note(self, *note: Any) -> None:
        """Put something into the record of the disk."""
        assert self.disk is not None
        self.disk.note(*note)


class NetworkWire:
    """The wire of one process: sends a request once, and judges what comes as the real one does."""

    def __init__(self, network: StormyNetwork, config: RunConfig, process: Process) -> None:
        self._network = network
        self._process = process
        process.addresses |= {endpoint.base_url for endpoint in config.endpoints}

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Send a request; see `Wire.send`."""
        call = self._network.call_of(request)
        attempt = Attempt(call, endpoint, asyncio.get_running_loop().time(), seconds)
        self._process.log.append(attempt)
        reply: Reply | None = None
        try:
            async with asyncio.timeout(seconds):
                reply = await self._network.carry(call, request)
            verdict = _judged(reply, request)
        except TimeoutError:
            verdict = Failure("timeout", Action.RETRY, unsaid=True)
        except _LostError as lost:
            verdict = lost.failure
        said = 0 if reply is None else reply.said.total_tokens
        # Where nothing is said, the worst has happened.
        answered = isinstance(verdict, Completion) or verdict.unsaid
        self._network.note("billed", call, said, said or request.most.total_tokens * answered)
        self._network.note("answered" if isinstance(verdict, Completion) else "refused", call)
        attempt.verdict = verdict
        self._process.log.append(attempt)
        return verdict, {} if reply is None else reply.headers

    async def look_up(self, _endpoint: str, _model: str, _seconds: float) -> LookedUp | None:
        """The server knows no such request."""
        return None

    async def close(self) -> None:
        """There is nothing to close."""


def _judged(reply: Reply, request: Prepared) -> Completion | Failure:
    if reply.status != 200:
        return judge_error(reply.status, reply.headers, orjson.loads(reply.body), 0.0)
    return judge_answer(
        reply.body,
        reply.headers,
        json_object=request.json_object,
        required_keys=request.required_keys,
        check=request.check,
        whole=request.whole,
        now=0.0,
    )
