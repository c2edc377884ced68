"""Read the token counts in an answer, under the names of many servers. Pure."""

import math
from typing import Any

from asyncgen.chat import NO_USAGE, Usage

_MOST_TOKENS = 1e12  # more is not a count


def read_usage(value: Any) -> Usage:
    """The tokens that a server counted; zeros for counts that are missing or not numbers.

    Besides OpenAI's names, others are recognised (`input_tokens`, `output_tokens`; on top `reasoning_tokens`, and
    the cached tokens of Moonshot and DeepSeek).
    Reasoning that a server counts beside the answer instead of in it (xAI, Gemini) is added to the answer, as it
    costs the same.
    """
    if not isinstance(value, dict):
        return NO_USAGE
    prompt = _count(value, "prompt_tokens", "input_tokens", "promptTokenCount")
    completion = _count(value, "completion_tokens", "output_tokens", "generated_tokens", "candidatesTokenCount")
    total = _count(value, "total_tokens", "totalTokenCount")
    before = value.get("prompt_tokens_details") or value.get("input_tokens_details")
    after = value.get("completion_tokens_details") or value.get("output_tokens_details")
    reasoning = _count(after, "reasoning_tokens") or _count(value, "reasoning_tokens")
    if completion and reasoning > completion:
        completion += reasoning
    if prompt and total - prompt > completion:
        if not completion and "completion_tokens" in value:
            reasoning = reasoning or total - prompt  # it has reasoned, and come to no text (Gemini)
        completion = total - prompt
    cached = _count(before, "cached_tokens") or _count(value, "prompt_cache_hit_tokens", "cached_tokens")
    cached = cached if prompt else 0  # an unknown prompt counts at the full price
    return Usage(prompt, completion, max(total, prompt + completion), cached, reasoning)


def _count(value: Any, *names: str) -> int:
    """The first of these that is a token count; 0 if none is."""
    if not isinstance(value, dict):
        return 0
    for name in names:
        number = value.get(name)
        if type(number) is int and 0 < number < _MOST_TOKENS:
            return number  # as most servers say it
        if isinstance(number, str):
            try:
                number = float(number)
            except ValueError:
                continue
        if isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < _MOST_TOKENS:
            return math.ceil(number)
    return 0
