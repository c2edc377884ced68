"""How an answer is stored, in the journal as in a cache: only the fields that are set, so most lines are short."""

from collections.abc import Mapping
from typing import Any

from asyncgen.chat import Completion, Usage


def answer_record(completion: Completion) -> dict[str, Any]:
    """The stored form of an answer, for JSON."""
    record: dict[str, Any] = {
        "model": completion.model,
        "usage": completion.usage,
        "finish_reason": completion.finish_reason,
        "text": completion.text,
    }
    if completion.thinking:
        record["thinking"] = completion.thinking
    if completion.choices:
        record["choices"] = completion.choices
    return record


def answer_of(record: Mapping[str, Any]) -> Completion:
    """The answer in a stored record."""
    return Completion(
        record["text"],
        Usage(**record["usage"]),
        record["model"],
        record.get("finish_reason"),
        thinking=record.get("thinking", ""),
        choices=tuple(record.get("choices", ())),
    )
