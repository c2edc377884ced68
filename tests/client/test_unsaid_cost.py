"""What a server does not say of its cost counts as the most that the call may have cost."""

import asyncio
import json
from typing import Any

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling, Usage
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.cost import total_usage
from asyncgen.errors import AsyncgenError
from asyncgen.limits.opening import open_gate

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

SAMPLES = shipped("samples", "pairs.jsonl")
SAID = Completion("yes", total_usage(7, 3, 0), "m")
BOTH, PROMPT, ANSWER, NEITHER = (True, True), (True, False), (False, True), (False, False)


class LostLog(NoLog):
    """Keeps what calls may have cost beside what was said."""

    def __init__(self) -> None:
        self.lost: list[Usage] = []

    def answered(self, index, step, request_hash, completion, lost=NO_USAGE, came=None) -> None:
        self.lost.append(lost)

    def failed(self, index, step, kind, usage, lost=NO_USAGE, came=None, *, unusable="") -> None:
        self.lost.append(lost)


def unusable(content: str, usage: dict[str, int] | None, error: dict[str, Any] | None = None) -> Failure:
    """What comes of a 200 that is cut off, or whose choice holds an error."""
    choice = {"message": {"content": content}, "finish_reason": "error" if error else "length", "error": error}
    body = json.dumps({"choices": [choice], "usage": usage}).encode()
    found = judge_answer(body, {}, json_object=False, now=0.0)
    assert isinstance(found, Failure)
    return found


HALF, WHOLE = {"prompt_tokens": 7, "total_tokens": 7}, {"prompt_tokens": 7, "completion_tokens": 3}
FAILED = {"code": 500, "message": "Provider disconnected"}


@pytest.mark.parametrize(
    ("first", "parts"),
    [
        (Completion("yes", NO_USAGE, "m"), BOTH),
        (Failure("server_error", Action.RETRY, status=504, unsaid=True), BOTH),
        (Failure("connection", Action.RETRY, unsaid=True), BOTH),
        (Failure("connection", Action.RETRY, code="refused"), NEITHER),
        (Failure("rate_limit", Action.WAIT, status=429), NEITHER),
        (SAID, NEITHER),
        (Completion("yes", total_usage(7, 0, 0), "m"), ANSWER),
        (unusable("The first half", None), BOTH),
        (unusable("The first half", HALF), ANSWER),
        (unusable("The first half", {"completion_tokens": 3}), PROMPT),
        (unusable("The first half", WHOLE), NEITHER),
        (unusable("", None), BOTH),
        (unusable("", HALF), NEITHER),
        (unusable("The first half", None, FAILED), BOTH),
        (unusable("The first half", HALF, FAILED), ANSWER),
        (unusable("The first half", WHOLE, FAILED), NEITHER),
        (unusable("", None, FAILED), NEITHER),
    ],
    ids=str,
)
async def test_what_is_unknown_of_the_cost_of_a_call_counts_with_the_most(
    first: Completion | Failure, parts: tuple[bool, bool]
) -> None:
    """Each part by itself; what is known, or cannot have cost anything, counts with nothing beside."""
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
    most = request.most
    prompt, answered = parts
    assert log.lost[0] == total_usage(most.prompt_tokens * prompt, most.completion_tokens * answered, 0)
