"""A machine that stands still for a while, with all workers of a run: nothing is refused twice as often."""

import asyncio
from random import Random

import pytest

from asyncgen.chat import ChatRequest, Completion, Sampling
from asyncgen.client.caller import Caller
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import PROBES
from asyncgen.cluster.coordinator import Coordinator
from asyncgen.cluster.messages import Instruction, WorkerReport
from tests.jumping_loop import JumpingLoop

from .test_learning import Server, Worker

CALLS = 40
STEPS = ("paraphrase", "correct_reasoning", "error_reasoning")


class LoadedServer(Server):
    """One whose replies take as long as chance will have it."""

    def __init__(self, chance: Random) -> None:
        super().__init__(chance.choice([0.1, 1.0]))
        self._chance = chance

    async def answer(self, request: Prepared) -> Completion | Failure:
        await asyncio.sleep(self._chance.uniform(0, 0.3))
        return await super().answer(request)


class LoadedWorker(Worker):
    """One whose reports take as long as chance will have it; asks the last two steps of a row at once."""

    def __init__(self, number: int, coordinator: Coordinator, server: Server, chance: Random) -> None:
        super().__init__(number, coordinator, server, [])
        self._chance = chance

    async def _channel(self, report: WorkerReport) -> Instruction:
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        answer = await super()._channel(report)
        await asyncio.sleep(self._chance.uniform(0, 0.05))
        return answer

    async def _ask(self, index: int) -> None:
        caller = Caller(index, "", 1e9)
        paraphrase, *others = (
            self.client.complete(
                caller, self.client.prepare(step, ChatRequest("system", "text", Sampling(0.5, 0.9, 100)))
            )
            for step in STEPS
        )
        await paraphrase
        await asyncio.gather(*others)


@pytest.mark.parametrize("seed", range(60))
def test_a_pause_of_all_lets_nobody_probe_what_another_one_probes(seed: int) -> None:
    """Whenever it begins, and whoever is heard first after it; everything is answered."""
    chance = Random(seed)
    server = LoadedServer(chance)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        coordinator = Coordinator(2, loop.time)
        workers = [LoadedWorker(place, coordinator, server, chance) for place in range(2)]
        loop.call_later(chance.uniform(0, 4), loop.stand_still, 12.0)
        async with asyncio.timeout(100):
            await asyncio.gather(*(worker.run(CALLS) for worker in workers))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.run(run())
    assert server.calls == 2 * CALLS * len(STEPS) + server.refused.total()
    assert max(server.refused.values()) <= PROBES
