"""Reasoning: how many tokens it takes, and where an answer shows the thoughts."""

from dataclasses import replace

from asyncgen.simulator.answer_shapes import sentence
from asyncgen.simulator.completions import SimulatedCompletion
from asyncgen.simulator.draws import pick
from asyncgen.simulator.model_families import Family
from asyncgen.simulator.profile import Thinking
from asyncgen.simulator.refused_parameters import effort_of
from asyncgen.simulator.simulated_requests import SimulatedRequest
from asyncgen.simulator.tokens import count_tokens, cut_to_tokens

# From and up to, in steps of 64 as the API counts: realistic orders of magnitude, so that limits bind as they do
# there.
_STEP = 64
_STEPS = {
    "none": (0, 0),
    "minimal": (0, 1),
    "low": (1, 4),
    "medium": (4, 16),
    "high": (16, 48),
    "xhigh": (32, 96),
    "max": (64, 192),
}


def reasoning_tokens(key: int, effort: str) -> int:
    """The reasoning tokens of the request with this key before its answer."""
    low, high = _STEPS[effort]
    return _STEP * (low + pick(key, f"reasoning/{effort}", high - low + 1))


def after_reasoning(
    completion: SimulatedCompletion, request: SimulatedRequest, family: Family | None, thinking: Thinking, key: int
) -> SimulatedCompletion:
    """The completion after reasoning, if the family or the profile asks for it; else unchanged."""
    if family and family.reasons:
        tokens = reasoning_tokens(key, effort_of(request.fields, family))
        return _reason(completion, tokens, request.max_tokens)
    if thinking.style:
        return _think(completion, thinking, request.user, key, request.max_tokens)
    return completion


def _reason(completion: SimulatedCompletion, tokens: int, limit: int | None) -> SimulatedCompletion:
    """The completion after so many tokens of hidden reasoning, which count towards the limit (or None)."""
    if limit is None or tokens + completion.completion_tokens <= limit:
        spent = tokens + completion.completion_tokens
        return replace(completion, completion_tokens=spent, reasoning_tokens=tokens)
    tokens = min(tokens, limit)
    content = cut_to_tokens(completion.content, limit - tokens)
    return replace(
        completion, content=content, finish_reason="length", completion_tokens=limit, reasoning_tokens=tokens
    )


def _think(
    completion: SimulatedCompletion, thinking: Thinking, text: str, key: int, limit: int | None
) -> SimulatedCompletion:
    """The completion with thoughts about the text, in the place that the profile says."""
    thoughts = " ".join(sentence(text, key, f"thought {index}") for index in range(thinking.sentences))
    if thinking.style.startswith("reasoning"):
        tokens = min(count_tokens(thoughts), limit or count_tokens(thoughts))
        return replace(
            _reason(completion, tokens, limit), thoughts={thinking.style: cut_to_tokens(thoughts, tokens)}
        )
    content = {
        "tags": f"<think>\n{thoughts}\n</think>\n\n{completion.content}",
        "unclosed": f"<think>\n{thoughts}\n\n{completion.content}",
        "tail": f"{thoughts}\n</think>\n\n{completion.content}",
    }[thinking.style]
    tokens = count_tokens(content)
    if limit is not None and tokens > limit:
        content = cut_to_tokens(content, limit)
        return replace(completion, content=content, finish_reason="length", completion_tokens=limit)
    return replace(completion, content=content, completion_tokens=tokens)
