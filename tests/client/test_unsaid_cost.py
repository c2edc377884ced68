"""What a server does not say of its cost counts as the most that the call may have cost."""

import asyncio

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling, Usage
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig, shipped
from asyncgen.cost import total_usage
from asyncgen.errors import AsyncgenError
from asyncgen.limits.opening import open_gate

from .test_patience import NoLog

pytestmark = [pytest.mark.asyncio, pytest.mark.looptime]

SAMPLES = shipped("samples", "pairs.jsonl")
SAID = Completion("yes", total_usage(7, 3, 0), "m")


class LostLog(NoLog):
    """Keeps what calls may have cost beside what was said."""

    def __init__(self) -> None:
        self.lost: list[Usage] = []

    def answered(self, index, step, request_hash, completion, lost=NO_USAGE) -> None:
        self.lost.append(lost)

    def failed(self, index, step, kind, usage, lost) -> None:
        self.lost.append(lost)


@pytest.mark.parametrize(
    ("first", "counts"),
    [
        (Completion("yes", NO_USAGE, "m"), True),
        (Failure("server_error", Action.RETRY, status=504, unsaid=True), True),
        (Failure("connection", Action.RETRY, unsaid=True), True),
        (Failure("connection", Action.RETRY, code="refused"), False),
        (Failure("rate_limit", Action.WAIT, status=429), False),
        (SAID, False),
    ],
    ids=["no usage", "504", "cut off", "not connected", "refused", "said"],
)
async def test_a_call_of_unknown_cost_counts_with_the_most(first: Completion | Failure, counts: bool) -> None:
    """And one whose cost is known, or that cannot have cost anything, with nothing beside."""
    results = [first, SAID]

    async def answer(_request: Prepared) -> Completion | Failure:
        await asyncio.sleep(0.1)
        return results.pop(0)

    def stop(reason: AsyncgenError) -> None:
        raise reason

    endpoints = (EndpointConfig(base_url="http://127.0.0.1:1/v1"),)
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=endpoints)
    log, gate = LostLog(), open_gate(config)
    client = ChatClient(config, gate, log, lambda _event: None, stop, ScriptedWire(answer))
    request = client.prepare("step", ChatRequest("system", "user", Sampling(0.0, 1.0, 10)))

    await client.complete(Caller(0, "", 1e9), request)

    assert request.most.completion_tokens == 10
    assert log.lost[0] == (request.most if counts else NO_USAGE)
