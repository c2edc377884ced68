"""One question per line of any JSONL: the answer becomes a trainable conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.chat import ChatRequest, Sampling
from asyncgen.recipe import Examples, Generate, OutputFile
from asyncgen.recipes.prompts import PromptFile
from asyncgen.recipes.provenance import Origin
from asyncgen.rows import BadFieldError

VERSION = 1
STEP = "single_turn"
SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_tokens=1024)


@dataclass(frozen=True, slots=True)
class TurnRow:
    """A line of the input: its `id` (none: empty), and the fields that the template names, as text."""

    note_id: str
    values: Mapping[str, str]


class SingleTurn:
    """Makes one call per row with the prompt file's `single_turn_user`, in which `{name}` is a field.

    Raises:
        BadDataError: the prompt file lacks a prompt, or the user prompt names no field.
    """

    outputs = (OutputFile("conversations.jsonl", 1),)
    counters = ("answered", "unanswered")
    failure_counters: Mapping[str, str] = {STEP: "unanswered"}

    def __init__(self, prompts: PromptFile) -> None:
        self._prompt = prompts.open_prompt(STEP)
        self._sampling = prompts.sampling(STEP, SAMPLING)
        self._origin = Origin.of(STEP, self._prompt, self._sampling)
        self.fingerprint: Mapping[str, Any] = {"recipe": f"single_turn/{VERSION}", **prompts.used}

    def parse(self, fields: Mapping[str, Any]) -> TurnRow:
        """Take the fields that the template names: text, or numbers.

        Raises:
            BadFieldError: a field is missing, or neither.
        """
        values = {}
        for name in sorted(self._prompt.user.names):
            value = fields.get(name)
            if value is None:
                raise BadFieldError(f"no {name}")
            if isinstance(value, bool) or not isinstance(value, str | int | float):
                raise BadFieldError(f"{name} is neither text nor a number")
            values[name] = str(value)
        id_ = fields.get("id")
        return TurnRow("" if id_ is None else str(id_), values)

    async def run(self, pair: TurnRow, generate: Generate) -> Examples:
        """Make the one call of a row."""
        user = self._prompt.user.render(pair.values)
        answer = await generate(STEP, ChatRequest(self._prompt.system, user, self._sampling))
        record = {
            "id": pair.note_id,
            "messages": [
                {"role": "system", "content": self._prompt.system},
                {"role": "user", "content": user},
                {"role": "assistant", "content": answer.text.strip()},
            ],
            "metadata": {"calls": [self._origin.trace(answer)]},
        }
        return Examples((orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE),), {"answered": 1})

    def recognise(self, pair: TurnRow, blobs: tuple[bytes, ...]) -> None:  # noqa: ARG002 - the protocol's
        """Recognise nothing: no other tool writes these files."""
        return
