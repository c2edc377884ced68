"""Answers with status 200: the API's envelope around a completion, and the faults that alter it."""

from dataclasses import replace
from typing import Any

from asyncgen.simulator.completions import SimulatedCompletion
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest
from asyncgen.simulator.tokens import count_tokens, cut_to_tokens

WITHOUT_USAGE = frozenset({"bad_json", "error_in_200"})
"""Faults after which the client never learns what the answer cost."""

_REFUSAL = "I'm sorry, but I can't assist with that request."


def encode(
    completion: SimulatedCompletion,
    fault: str | None,
    request: SimulatedRequest,
    provider: OpenAI,
    answer_id: str,
    created: int,
) -> bytes:
    """The body of an answer; its id and time (seconds since the epoch) differ at every attempt."""
    if fault == "bad_json":
        return b"upstream connect error or disconnect/reset before headers"
    if fault == "error_in_200":
        return provider.error_in_200(request.model)
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": completion.content, "refusal": None},
        "logprobs": None,
        "finish_reason": completion.finish_reason,
    }
    if fault == "refusal":
        choice["message"] = {"role": "assistant", "content": None, "refusal": _REFUSAL}
    elif completion.thoughts:
        choice["message"]["content"] = completion.content or None
        choice["message"].update(completion.thoughts)
    usage: dict[str, Any] = {
        "prompt_tokens": completion.prompt_tokens,
        "completion_tokens": completion.completion_tokens,
        "total_tokens": completion.prompt_tokens + completion.completion_tokens,
    }
    family = provider.family(request.model)
    if completion.reasoning_tokens or (family and family.reasons):
        usage["completion_tokens_details"] = {"reasoning_tokens": completion.reasoning_tokens}
    answer: dict[str, Any] = {
        "id": answer_id,
        "object": "chat.completion",
        "created": created,
        "model": request.model,
        "choices": [] if fault == "no_choices" else [choice],
        "usage": usage,
        "system_fingerprint": "fp_simulator",
    }
    if tier := request.fields.get("service_tier"):
        answer["service_tier"] = "default" if tier == "auto" else tier
    return provider.dress(answer)


def spoil(completion: SimulatedCompletion, fault: str | None) -> SimulatedCompletion:
    """The completion as altered by a fault of its content."""
    if fault == "empty":
        return _shortened(completion, "", "stop")
    if fault == "length":
        return _shortened(completion, _half(completion), "length")
    if fault == "filter":
        return _shortened(completion, _half(completion), "content_filter")
    if fault == "bad_answer_json":
        return _shortened(completion, _half(completion), "stop")
    return completion


def _half(completion: SimulatedCompletion) -> str:
    return cut_to_tokens(completion.content, count_tokens(completion.content) // 2)


def _shortened(completion: SimulatedCompletion, content: str, finish_reason: str) -> SimulatedCompletion:
    spent = count_tokens(content) + completion.reasoning_tokens
    return replace(completion, content=content, finish_reason=finish_reason, completion_tokens=spent)
