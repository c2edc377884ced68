"""A record's metadata about the calls that it was made from: only what is the same for every run.

Times, attempts and request ids differ from run to run; they are in `.asyncgen/calls.jsonl`, whose lines name the
request by the same hash. Cached tokens are left out of the usage for the same reason.
"""

from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.chat import Completion, Sampling
from asyncgen.recipes.prompts import Prompt
from asyncgen.storage.fingerprint import digest


def thoughts(**answers: Completion | None) -> dict[str, Any]:
    """`thinking` of a record's metadata, by step: what the model thought, if that is kept (`keep_thinking`)."""
    kept = {step: answer.thinking for step, answer in answers.items() if answer is not None and answer.thinking}
    return {"thinking": kept} if kept else {}


@dataclass(frozen=True, slots=True)
class Origin:
    """What all calls of a step share: hashes (hex) of its prompt and of its sampling parameters."""

    step: str
    prompt: str
    sampling: str

    @classmethod
    def of(cls, step: str, prompt: Prompt, sampling: Sampling) -> "Origin":
        """The origin of a step's answers.

        The prompt's hash is that of the system text, a NUL and the user template; the sampling's that of
        `[temperature,top_p,max_tokens]`, followed by an object of the other fields, if any.
        """
        parameters: list[Any] = [sampling.temperature, sampling.top_p, sampling.max_tokens]
        if sampling.more:
            parameters.append({name: orjson.loads(text) for name, text in sampling.more})
        return cls(step, digest(f"{prompt.system}\0{prompt.user}".encode()), digest(orjson.dumps(parameters)))

    def trace(self, answer: Completion) -> dict[str, Any]:
        """The entry of a call in the `calls` of a record's metadata."""
        return {
            "step": self.step,
            "request": answer.request,
            "model": answer.model,
            "finish_reason": answer.finish_reason,
            "usage": {
                "prompt_tokens": answer.usage.prompt_tokens,
                "completion_tokens": answer.usage.completion_tokens,
                "total_tokens": answer.usage.total_tokens,
            },
            "prompt": self.prompt,
            "sampling": self.sampling,
        }
