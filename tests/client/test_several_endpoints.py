"""Calls to several endpoints, of which one is worse than the other. On a virtual clock, without a wire."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import OF_NO_API, Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.errors import AsyncgenError, CallFailed
from asyncgen.limits.opening import open_gate

from .test_patience import SAMPLES

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

ANSWER = Completion("yes", NO_USAGE, "m")
HUNG = 120.0  # seconds, until the deadline
Server = Callable[[], Awaitable[Completion | Failure]]


async def good() -> Completion:
    """It takes a moment."""
    await asyncio.sleep(0.1)
    return ANSWER


async def hung() -> Completion:
    """Accepts connections."""
    await asyncio.sleep(1e6)
    return ANSWER


def refusal(status: int, code: str = "") -> Failure:
    """By the server itself."""
    return judge_error(status, {}, {"error": {"message": "no", "code": code}}, 0.0)


class Fleet(ChatClient):
    """A client with servers `a`, of 64 calls in flight, and `b`, of 8; rows are asked for by as many callers."""

    def __init__(self, a: Server, b: Server, **settings: Any) -> None:
        self.servers = {"a": a, "b": b}
        self.asked, self.probes = Counter[str](), Counter[bytes]()
        self.reasons: list[AsyncgenError] = []
        served = {"a": {"concurrency": 64, **settings}, "b": {"concurrency": 8}}
        config = RunConfig(
            input_jsonl=SAMPLES,
            output_dir=SAMPLES,
            prompt_file=SAMPLES,
            timeout=HUNG,
            endpoints=tuple(
                EndpointConfig(name=name, base_url="http://127.0.0.1:1/v1", **own) for name, own in served.items()
            ),
        )
        self.gate = open_gate(config)
        super().__init__(config, self.gate, NoLog(), lambda _: None, self._end, self)  # type: ignore[arg-type]

    async def send(
        self, endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Ask one of the servers."""
        self.asked[endpoint] += 1
        self.probes[request.body] += self.gate.endpoints[endpoint != "a"].probing
        try:
            async with asyncio.timeout(seconds):
                return await self.servers[endpoint](), {}
        except TimeoutError:
            return Failure("timeout", Action.RETRY, unsaid=True), {}

    async def ask(self, index: int, step: str = "step") -> Completion:
        """One call."""
        request = self.prepare(step, ChatRequest("system", f"pair {index}", Sampling(0.0, 1.0, 10)))
        return await self.complete(Caller(index, "", 600.0), request)

    async def answered(self, rows: int, seconds: float) -> int:
        """How many of so many rows are answered after so many seconds, if 72 at a time are asked for."""
        left, done = iter(range(rows)), 0

        async def call_them() -> None:
            nonlocal done
            for index in left:
                await self.ask(index)
                done += 1

        tasks = [asyncio.create_task(self.gate.pump()), *(asyncio.create_task(call_them()) for _ in range(72))]
        await asyncio.sleep(seconds)
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(end) for end in ends} <= {type(None), asyncio.CancelledError}
        return done

    def _end(self, reason: AsyncgenError) -> None:
        self.reasons.append(reason)
        self.gate.close()


async def test_calls_do_not_wait_for_the_first_ones_at_one_endpoint_while_another_has_room(start_ticking) -> None:
    """Its first calls hang until their deadline: they alone wait for it."""
    start_ticking()
    fleet = Fleet(hung, good, rpm=6000)
    assert await fleet.answered(400, 400 * 0.1 / 8 + 5) == 400 - 8
    assert fleet.asked == {"a": 8, "b": 400 - 8}


async def test_calls_that_had_nowhere_to_go_go_to_an_endpoint_that_is_back(start_ticking) -> None:
    """The one that is left hangs: they wait for what becomes of its first calls."""
    start_ticking()
    loop, began = asyncio.get_running_loop(), asyncio.get_running_loop().time()

    async def restarts() -> Completion | Failure:
        down = 3 <= loop.time() - began < 8
        return Failure("connection", Action.RETRY) if down else await good()

    fleet = Fleet(hung, restarts, rpm=6000)
    assert await fleet.answered(1200, 1200 * 0.1 / 8 + 15) == 1200 - 8


async def test_a_row_probes_an_endpoint_that_hangs_at_most_once() -> None:
    """Each time costs it the deadline; others do that, too."""
    alone = asyncio.Lock()

    async def slow() -> Completion:
        async with alone:
            await asyncio.sleep(5)
        return ANSWER

    fleet = Fleet(hung, slow)
    assert await fleet.answered(400, 1500) > 200
    assert max(fleet.probes.values()) == 1
    assert fleet.probes.total() > 5


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_an_endpoint_that_takes_no_call_costs_no_row_while_another_answers(status: int) -> None:
    """Nobody knows whether it ever takes one; soon it is hardly asked."""

    async def refuses() -> Failure:
        await asyncio.sleep(0.01)
        return refusal(status)

    fleet = Fleet(refuses, good)
    assert await fleet.answered(400, 400 * 0.1 / 8 + 5) == 400
    assert fleet.asked["b"] == 400
    assert fleet.asked["a"] < 20 or status == 413


@pytest.mark.parametrize("kind", sorted(OF_NO_API))
async def test_an_endpoint_where_no_api_answers_costs_no_row_while_another_answers(kind: str) -> None:
    """A login page, another service, a gateway that breaks answers: not a row is to blame."""

    async def breaks() -> Failure:
        await asyncio.sleep(0.01)
        return Failure(kind, Action.ASK_AGAIN, 200)

    fleet = Fleet(breaks, good)
    assert await fleet.answered(400, 400 * 0.1 / 8 + 5) == 400
    assert fleet.asked["b"] == 400
    assert fleet.asked["a"] < 20


@pytest.mark.parametrize("code", ["context_length_exceeded", "request_too_large"])
async def test_a_call_too_large_for_one_endpoint_is_answered_by_the_other(code: str) -> None:
    """It has answered calls like it, which were smaller."""
    fleet = Fleet(good, good)
    await asyncio.gather(*(fleet.ask(index) for index in range(16)))

    async def refuses() -> Failure:
        return refusal(413 if code == "request_too_large" else 400, code)

    fleet.servers["a"] = refuses
    assert await asyncio.gather(*(fleet.ask(index) for index in range(50))) == [ANSWER] * 50
    assert not fleet.gate.endpoints[0].health.rests


async def test_a_call_that_all_endpoints_refuse_fails_after_each_was_asked() -> None:
    """Once."""

    async def refuses() -> Failure:
        return refusal(400)

    fleet = Fleet(refuses, refuses)
    with pytest.raises(CallFailed) as failed:
        await fleet.ask(0)
    assert (failed.value.kind, fleet.asked) == ("bad_request", {"a": 1, "b": 1})


async def test_a_call_that_alone_is_refused_is_not_asked_for_elsewhere() -> None:
    """Others like it are answered there: it is to blame."""
    fleet = Fleet(good, good)
    await asyncio.gather(*(fleet.ask(index) for index in range(16)))
    fleet.asked.clear()

    async def refuses() -> Failure:
        return refusal(400)

    fleet.servers = dict.fromkeys("ab", refuses)
    with pytest.raises(CallFailed):
        await fleet.ask(16)
    assert fleet.asked.total() == 1


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_no_row_is_lost_to_a_key_that_one_endpoint_no_longer_takes(status: int) -> None:
    """One refusal may be the row's: it is asked for again, elsewhere."""
    fleet = Fleet(good, good)
    await asyncio.gather(*(fleet.ask(index) for index in range(16)))

    async def refuses() -> Failure:
        return refusal(status)

    fleet.servers["a"] = refuses
    for index in range(16, 40):
        assert await fleet.ask(index) == ANSWER
    assert fleet.gate.endpoints[0].health.out is not None


async def test_calls_do_not_wait_for_a_pause_while_another_endpoint_is_back_before() -> None:
    """One asks to wait for longer than the patience lasts, while the other one rests for a moment."""
    loop = asyncio.get_running_loop()
    begun = loop.time()

    async def refusing() -> Failure:
        await asyncio.sleep(0.5)
        return Failure("rate_limit", Action.WAIT, status=429, retry_after=1000.0, asked=1000.0)

    async def away_for_a_moment() -> Completion | Failure:
        await asyncio.sleep(0.1)
        return ANSWER if loop.time() - begun > 3 else Failure("connection", Action.RETRY)

    fleet = Fleet(refusing, away_for_a_moment)
    assert await fleet.answered(8, 60.0) == 8
    assert fleet.reasons == []
