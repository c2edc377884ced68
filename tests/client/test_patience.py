"""A server that refuses: how long it may, and what is said of it. On a virtual clock, without a wire."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling
from asyncgen.client.asked_wait import MAX_RETRY_AFTER
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import AsyncgenError, CallFailed, Stopping, TryLaterError
from asyncgen.events import Event, Paused
from asyncgen.limits.endpoint import LONGEST_PAUSE
from asyncgen.limits.opening import open_gate

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

PATIENCE = 600.0
SAMPLES = shipped("samples", "pairs.jsonl")
REFUSED = Failure("rate_limit", Action.WAIT, status=429, retry_after=1.0)
ANSWER = Completion("yes", NO_USAGE, "m")


class Client(ChatClient):
    """Its server answers, but for some spans of time (seconds from its beginning)."""

    def __init__(
        self, *refusing: tuple[float, float], endpoints: tuple[str, ...] = (), refused: Failure = REFUSED
    ) -> None:
        names = endpoints or ("",)
        config = RunConfig(
            input_jsonl=SAMPLES,
            output_dir=SAMPLES,
            prompt_file=SAMPLES,
            patience=PATIENCE,
            endpoints=tuple(EndpointConfig(name=name, base_url="http://127.0.0.1:1/v1") for name in names),
        )
        self.gate = open_gate(config.with_endpoints(concurrency=4))
        self.events: list[Event] = []
        self.reasons: list[AsyncgenError] = []
        self._refusing = refusing
        self._refused = refused
        self._began = asyncio.get_running_loop().time()
        super().__init__(config, self.gate, NoLog(), self.events.append, self._end, ScriptedWire(self._answer))

    @property
    def age(self) -> float:
        """Seconds since its beginning."""
        return asyncio.get_running_loop().time() - self._began

    async def ask(self, index: int) -> Completion:
        """One call, of a pair that has all the time there is."""
        request = self.prepare("step", ChatRequest("system", f"pair {index}", Sampling(0.0, 1.0, 10)))
        return await self.complete(Caller(index, "", 1e9), request)

    def _end(self, reason: AsyncgenError) -> None:
        self.reasons.append(reason)
        self.gate.close()

    async def _answer(self, _request: Prepared) -> Completion | Failure:
        await asyncio.sleep(0.1)
        return self._refused if any(start <= self.age < end for start, end in self._refusing) else ANSWER


async def test_a_run_that_was_idle_for_longer_does_not_end_at_the_first_refusal() -> None:
    """Neither before its first call nor after an answer: who asks nothing is not refused."""
    client = Client((2 * PATIENCE, 2 * PATIENCE + 5), (4 * PATIENCE, 4 * PATIENCE + 5))

    await asyncio.sleep(2 * PATIENCE)
    await client.ask(0)
    await asyncio.sleep(4 * PATIENCE - client.age)
    await client.ask(1)

    assert client.reasons == []


async def test_it_ends_when_all_was_refused_for_longer_since_the_first_refusal() -> None:
    """Whatever was before: not a moment earlier."""
    client = Client((2 * PATIENCE, 4 * PATIENCE))

    await client.ask(0)
    await asyncio.sleep(2 * PATIENCE - client.age)
    with pytest.raises(Stopping):
        await client.ask(1)

    [reason] = client.reasons
    assert isinstance(reason, TryLaterError)
    assert "the server has refused every call for 60" in str(reason)
    assert 3 * PATIENCE < client.age < 3 * PATIENCE + LONGEST_PAUSE + 5


LONG = replace(REFUSED, retry_after=MAX_RETRY_AFTER, asked=10_800.0)


async def test_it_ends_at_the_end_of_the_patience_though_the_server_asks_for_a_longer_pause() -> None:
    """Nothing could be sent before that; what it asked for is told."""
    client = Client((0, 9 * PATIENCE), refused=replace(LONG, retry_after=0.9 * PATIENCE))
    with pytest.raises(Stopping):
        await client.ask(0)

    [reason] = client.reasons
    assert isinstance(reason, TryLaterError)
    assert "refused every call for 600 s (rate_limit), and asks to wait 10,800 s" in str(reason)
    assert client.age == pytest.approx(PATIENCE, abs=1)


async def test_it_ends_then_though_a_timer_fires_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the resolution of the clock, as the loop's timers do."""
    client = Client((0, 9 * PATIENCE), refused=replace(LONG, retry_after=0.9 * PATIENCE))
    backoff = client.gate.backoff
    monkeypatch.setattr(
        client.gate, "backoff", lambda seconds: backoff(seconds - 1e-6 if seconds > 1 else seconds)
    )
    with pytest.raises(Stopping):
        await client.ask(0)
    assert client.age == pytest.approx(PATIENCE, abs=1)


@pytest.mark.parametrize(("pause", "ends"), [(1.4 * PATIENCE, None), (1.6 * PATIENCE, 1.5 * PATIENCE)])
async def test_an_answer_to_a_call_in_flight_begins_the_patience_anew(pause: float, ends: float | None) -> None:
    """It comes half-way; the pause goes on, and the run with it, unless that is too long from then on."""
    client = Client((0, 1), refused=replace(LONG, retry_after=pause))
    loop = asyncio.get_running_loop()
    loop.call_later(PATIENCE / 2, lambda: setattr(client.gate, "answered_at", loop.time()))
    if ends is None:
        assert await client.ask(0) == ANSWER
        assert client.reasons == []
    else:
        with pytest.raises(Stopping):
            await client.ask(0)
    assert client.age == pytest.approx(ends or pause, abs=1)


async def test_a_pause_shorter_than_what_is_asked_for_says_so() -> None:
    """The user sees why nothing happens for so long."""
    client = Client((0, 1), refused=LONG)
    await client.ask(0)
    [pause] = [event for event in client.events if isinstance(event, Paused)]
    assert (pause.seconds, pause.asked) == (MAX_RETRY_AFTER, 10_800)


@pytest.mark.parametrize("asked", [0.0, 0.001, 0.1])
async def test_a_server_that_asks_for_no_pause_is_not_asked_in_a_loop(asked: float) -> None:
    """The first time it may mean it; then each pause is longer, as if it had asked for none."""
    client = Client((0, 60), refused=replace(REFUSED, retry_after=asked))
    await client.ask(0)
    pauses = [event.seconds for event in client.events if isinstance(event, Paused)]
    assert pauses[:5] == [asked, 0.5, 1, 2, 4]
    assert max(pauses) <= LONGEST_PAUSE


@pytest.mark.parametrize("asked", [0.25, 1.0])
async def test_a_pause_that_a_server_asks_for_is_kept_each_time(asked: float) -> None:
    """It knows its limits."""
    client = Client((0, 10), refused=replace(REFUSED, retry_after=asked))
    await client.ask(0)
    assert {event.seconds for event in client.events if isinstance(event, Paused)} == {asked}


@pytest.mark.parametrize(("endpoints", "named"), [((), ""), (("a",), ""), (("a", "b"), "a")])
async def test_a_pause_names_its_endpoint_where_others_go_on(endpoints: tuple[str, ...], named: str) -> None:
    """At the only one it is a pause of the run, whether that has a name or not."""
    client = Client((0, 0.5), endpoints=endpoints)
    await client.ask(0)
    assert next(event for event in client.events if isinstance(event, Paused)).endpoint == named


async def test_a_row_that_is_answered_slowly_is_not_given_up() -> None:
    """Its time is that of what fails: it has made progress, and paid for it."""
    client, caller = Client(), Caller(0, "", 0.25)
    request = client.prepare("step", ChatRequest("system", "pair", Sampling(0.0, 1.0, 10)))
    for _ in range(10):
        await client.complete(caller, request)
    assert client.age > 9.9 * 0.1


async def test_a_machine_on_which_every_deadline_is_late_does_not_send_a_call_for_ever() -> None:
    """Each attempt is paid."""
    client, sent = Client(), 0
    seconds, most = client._config.timeout, client._config.max_attempts

    class LateWire(ScriptedWire):
        async def send(self, *arguments: Any) -> tuple[Failure, dict[str, str]]:
            nonlocal sent
            sent += 1
            await asyncio.sleep(seconds + 3)
            return Failure("timeout", Action.RETRY, unsaid=True), {}

    client._wire = LateWire(client._answer)
    async with asyncio.timeout(24 * 3600):
        with pytest.raises(CallFailed):
            await client.ask(0)
    assert sent <= 2 * most
