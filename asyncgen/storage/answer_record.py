"""How an answer is kept, in the journal as in a cache: only what is said, so that most lines stay short."""

from collections.abc import Mapping
from typing import Any

from asyncgen.chat import Completion, Usage


def answer_record(completion: Completion) -> dict[str, Any]:
    """What is kept of an answer, for JSON."""
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
    """The answer that was kept."""
    return Completion(
        record["text"],
        Usage(**record["usage"]),
        record["model"],
        record.get("finish_reason"),
        thinking=record.get("thinking", ""),
        choices=tuple(record.get("choices", ())),
    )
