"""Two clients behind one gate, as the shards of a worker of Ray are: what one hears counts for the other."""

import asyncio

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling
from asyncgen.client.call_log import NoLog
from asyncgen.client.chat_client import Caller, ChatClient
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import AsyncgenError, CallFailed
from asyncgen.limits.gate import Gate
from asyncgen.limits.opening import open_gate

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
SAMPLES = shipped("samples", "pairs.jsonl")
ANSWER = Completion("yes", NO_USAGE, "m")
CONFIG = RunConfig(
    input_jsonl=SAMPLES,
    output_dir=SAMPLES,
    prompt_file=SAMPLES,
    patience=600.0,
    endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1", concurrency=16),),
)


class Clients:
    """Clients behind one gate, each with its own server, and the reasons for which they ended their run."""

    def __init__(self) -> None:
        self.gate: Gate = open_gate(CONFIG)
        self.reasons: list[AsyncgenError] = []

    def new(self, wire: ScriptedWire) -> ChatClient:
        """One more."""
        return ChatClient(CONFIG, self.gate, NoLog(), lambda _: None, self._end, wire)

    def _end(self, reason: AsyncgenError) -> None:
        self.reasons.append(reason)
        self.gate.close(reason)


async def ask(client: ChatClient, index: int) -> Completion:
    """Ask for a row that has all the time there is."""
    request = client.prepare("step", ChatRequest("system", f"pair {index}", Sampling(0.0, 1.0, 10)))
    return await client.complete(Caller(index, "", 1e9), request)


async def answers(_request: Prepared) -> Completion:
    """A good server."""
    await asyncio.sleep(0.1)
    return ANSWER


async def test_a_row_that_alone_is_refused_fails_and_does_not_end_both_runs() -> None:
    """The last row of a shard, while all of the next one are answered."""
    clients = Clients()

    async def refuses(_request: Prepared) -> Failure:
        await asyncio.sleep(0.1)
        return Failure("rate_limit", Action.WAIT, status=429, retry_after=1.0)

    former, newer = clients.new(ScriptedWire(refuses)), clients.new(ScriptedWire(answers))

    async def go_on() -> None:
        for index in range(1, 2000):
            await ask(newer, index)
            await asyncio.sleep(1)

    going = asyncio.create_task(go_on())
    with pytest.raises(CallFailed):
        await ask(former, 0)
    assert clients.reasons == []
    going.cancel()


async def test_a_page_when_a_run_begins_is_not_taken_for_a_login_if_another_one_has_had_answers() -> None:
    """As a maintenance of a second shows it: two may outlast six attempts, whose waits are drawn."""
    clients, loop = Clients(), asyncio.get_running_loop()
    over = loop.time() + 1

    async def page(_request: Prepared) -> Completion | Failure:
        await asyncio.sleep(0.1)
        return Failure("html", Action.RETRY, status=200) if loop.time() < over else ANSWER

    former, newer = clients.new(ScriptedWire(answers)), clients.new(ScriptedWire(page))
    await ask(former, 0)
    assert await asyncio.gather(*(ask(newer, index) for index in range(1, 17))) == [ANSWER] * 16
    assert clients.reasons == []
