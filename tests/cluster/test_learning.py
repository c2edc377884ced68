"""Several workers of a run and a model that refuses fields: each is refused a few times in all. Virtual clock."""

import asyncio
from collections import Counter

import orjson
import pytest

from asyncgen.chat import NO_USAGE, Adaptation, ChatRequest, Completion, Sampling
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import PROBES, Probes
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.lease_holder import LeaseHolder
from asyncgen.cluster.messages import Instruction, WorkerReport
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import AsyncgenError
from asyncgen.limits.opening import open_gate

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]
SAMPLES = shipped("samples", "pairs.jsonl")
REFUSES = ["max_tokens", "temperature", "top_p"]


class Server:
    """Refuses one field after the other, as an API does; answers what has none of them, after `seconds`."""

    def __init__(self, seconds: float = 1.0) -> None:
        self.refused: Counter[tuple[str, str]] = Counter()
        self.calls = 0
        self._seconds = seconds

    async def answer(self, request: Prepared) -> Completion | Failure:
        self.calls += 1
        await asyncio.sleep(0.05)
        name = next((name for name in REFUSES if name in orjson.loads(request.body)), None)
        if name is None:
            await asyncio.sleep(self._seconds)
            return Completion("yes", NO_USAGE, "m")
        self.refused[request.step, name] += 1
        code = "unsupported_parameter"
        return Failure("bad_request", Action.GIVE_UP, 400, code, param=name, sentence=f"no {name}")


class Log(NoLog):
    """Keeps what was recorded of the fields that are refused."""

    def __init__(self) -> None:
        self.adaptations: list[Adaptation] = []

    def adapted(self, adaptation: Adaptation) -> None:
        self.adaptations.append(adaptation)


class Worker:
    """One of a run: a client, its journal, and its lease."""

    def __init__(self, number: int, coordinator: Coordinator, server: Server, known: list[Adaptation]) -> None:
        config = RunConfig(
            input_jsonl=SAMPLES,
            output_dir=SAMPLES,
            prompt_file=SAMPLES,
            endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1"),),
        )
        self.gate = open_gate(config.with_endpoints(concurrency=64))
        self.log = Log()
        self.heard = True
        self.reports = 0
        self._coordinator = coordinator
        probes = Probes(known, shared=True)
        self.client = ChatClient(
            config, self.gate, self.log, lambda _: None, self.stop, ScriptedWire(server.answer), probes=probes
        )
        self.holder = LeaseHolder(number, self._channel, probes)
        self.holder.begin(number + 1)

    async def run(self, pairs: int) -> None:
        """Ask two steps of each pair."""
        holding, pumping = asyncio.create_task(self.holder.hold(self)), asyncio.create_task(self.gate.pump())
        try:
            await asyncio.gather(*(self._ask(index) for index in range(pairs)))
        finally:
            holding.cancel()
            pumping.cancel()

    async def _ask(self, index: int) -> None:
        caller = Caller(index, "", 1e9)
        for step in ("paraphrase", "reasoning"):
            request = self.client.prepare(step, ChatRequest("system", "text", Sampling(0.5, 0.9, 100)))
            await self.client.complete(caller, request)

    async def _channel(self, report: WorkerReport) -> Instruction:
        self.reports += 1
        await asyncio.sleep(0.002)
        if not self.heard:
            raise ConnectionError
        return self._coordinator.report(report)

    def take_share(self, share: float) -> None:
        """There are no limits."""

    def pause(self, seconds: float, endpoint: str) -> None:
        """Nobody asks for one."""

    def stop(self, reason: AsyncgenError) -> None:
        raise reason


def workers_of(number: int, server: Server, known: list[Adaptation]) -> list[Worker]:
    """As many, at one coordinator."""
    coordinator = Coordinator(number, asyncio.get_running_loop().time)
    return [Worker(place, coordinator, server, known) for place in range(number)]


@pytest.mark.parametrize("number", [1, 2, 5, 20])
async def test_each_field_is_refused_a_few_times_in_the_whole_run(number: int) -> None:
    """And every worker has recorded what it does not send, so that its next start knows it by itself."""
    server = Server()
    workers = workers_of(number, server, [])
    began = asyncio.get_running_loop().time()

    await asyncio.gather(*(worker.run(30) for worker in workers))

    assert {key[1] for key in server.refused} == {"max_tokens", "temperature", "top_p"}
    assert max(server.refused.values()) <= PROBES
    for worker in workers:
        assert {(one.step, one.name) for one in worker.log.adaptations} == server.refused.keys()
    # Two answers one after the other, and each step's first one before the others of the step.
    assert asyncio.get_running_loop().time() - began < 4 + 2 * 1.5


@pytest.mark.parametrize(("seconds", "pairs", "most"), [(0.05, 300, 1.5), (8.0, 60, 45.0)])
async def test_while_one_worker_probes_the_others_soon_hear_of_its_first_answer(
    seconds: float, pairs: int, most: float
) -> None:
    """Where answers come at once, all are soon at work; where one takes long, there are few reports more."""
    known = workers_of(1, Server(), [])[0]
    await known.run(3)
    loop = asyncio.get_running_loop()
    began = loop.time()
    workers = workers_of(2, Server(seconds), known.log.adaptations)

    await asyncio.gather(*(worker.run(pairs) for worker in workers))

    assert loop.time() - began < most
    assert all(worker.reports < 15 + loop.time() - began for worker in workers)


async def test_what_an_earlier_start_has_found_out_is_refused_to_nobody() -> None:
    """It goes to every worker, and into its journal before the first call."""
    first = workers_of(1, Server(), [])[0]
    await first.run(3)
    server = Server()
    workers = workers_of(3, server, first.log.adaptations)

    await asyncio.gather(*(worker.run(30) for worker in workers))

    assert (server.refused, server.calls) == (Counter(), 180)
    assert all(worker.log.adaptations == first.log.adaptations for worker in workers)


async def test_without_a_desk_a_worker_finds_it_out_by_itself() -> None:
    """After a while in which it may come back."""
    server = Server()
    worker = workers_of(2, server, [])[0]
    worker.heard = False

    await worker.run(30)

    assert max(server.refused.values()) <= PROBES
    assert server.calls == 60 + server.refused.total()
