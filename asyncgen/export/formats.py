"""The formats of an exported example: one object for each, by the rules of its reader.

- `openai`: fine-tuning files have `messages` and no other key.
- `trl-messages`, `trl-prompt-completion`: TRL's conversational types "language modeling" and "prompt-completion".
- `alpaca`: `instruction`, `input`, `output`, and `system` if the template has one.
- `sharegpt`: `conversations` of `from` (system, human, gpt) and `value`.
- `parquet`, `hf`: `messages`, and beside them what an evaluation needs.

No column is named `label`: TRL reads that beside messages as a boolean preference.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from asyncgen.export.examples import Example
from asyncgen.export.template import Turn

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Format:
    """A format: its file name, its records, and how a trainer loads it.

    `suffix` empty: a folder. `loader` is `load_dataset`'s name for the files.
    """

    suffix: str
    record: Callable[[Turn, Example], Record]
    loader: str = "json"


def messages(turn: Turn) -> list[dict[str, str]]:
    """The chat: system if there is one, user, assistant."""
    said = (("system", turn.system), ("user", turn.user), ("assistant", turn.answer))
    return [{"role": role, "content": content} for role, content in said if content is not None]


def _messages(turn: Turn, _: Example) -> Record:
    return {"messages": messages(turn)}


def _prompt_completion(turn: Turn, _: Example) -> Record:
    *prompt, completion = messages(turn)
    return {"prompt": prompt, "completion": [completion]}


def _alpaca(turn: Turn, _: Example) -> Record:
    record = {"instruction": turn.instruction, "input": turn.input, "output": turn.answer}
    return record if turn.system is None else record | {"system": turn.system}


def _sharegpt(turn: Turn, _: Example) -> Record:
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    return {
        "conversations": [{"from": names[one["role"]], "value": one["content"]} for one in messages(turn)],
    }


def _annotated(turn: Turn, example: Example) -> Record:
    return {
        "messages": messages(turn),
        "original_note_id": example.note_id,
        "verdict": example.label,
        "error_type": example.error_type,
    }


FORMATS = {
    "openai": Format(".jsonl", _messages),
    "trl-messages": Format(".jsonl", _messages),
    "trl-prompt-completion": Format(".jsonl", _prompt_completion),
    "alpaca": Format(".jsonl", _alpaca),
    "sharegpt": Format(".jsonl", _sharegpt),
    "parquet": Format(".parquet", _annotated, "parquet"),
    "hf": Format("", _annotated),
}
