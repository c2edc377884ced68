"""The "safe" strategy for MEDEC pairs: never invent an error, never touch the incorrect note.

One pair gives a CORRECT example (a paraphrase of the correct note) and an INCORRECT one (the incorrect note, byte
for byte), with the reasoning for both if requested.
"""

from collections.abc import Awaitable, Mapping
from typing import Any

import orjson

from asyncgen.chat import ChatRequest, Completion, Sampling
from asyncgen.medec.pair import CORRECT, INCORRECT, Pair, parse_pair
from asyncgen.recipe import Examples, Generate, OutputFile, together
from asyncgen.recipes.medec_contents import COMBINED_FILE, CONTENTS, CORRECT_FILE, INCORRECT_FILE, ROWS
from asyncgen.recipes.prompts import Prompt, PromptFile
from asyncgen.recipes.provenance import Origin, thoughts
from asyncgen.text import json_in

VERSION = 2
MISSING = "N/A"
PARAPHRASE_SAMPLING = Sampling(temperature=0.7, top_p=0.9, max_tokens=2048)
REASONING_SAMPLING = Sampling(temperature=0.3, top_p=0.9, max_tokens=1024)

_PROMPTS = ("correct_paraphrase", "correct_reasoning", "reasoning")
_KEYS_OF_STEPS = {
    "generation_params": ("correct_paraphrase", "reasoning"),
    "response_schemas": ("correct_reasoning", "error_reasoning"),
    "required_keys": ("correct_reasoning", "error_reasoning"),
}
_KEYS = (*(f"{prompt}_{part}" for prompt in _PROMPTS for part in ("system", "user")), *_KEYS_OF_STEPS)
_RETRY = "retry_with_reason"


class MedecSafe:
    """The recipe, with the prompts of one run.

    A prompt file of the older kind lacks `correct_reasoning_*` (or `reasoning_*`): that step is then skipped, and
    its examples carry `reasoning: null`.

    Raises:
        BadDataError: the prompt file lacks what a step needs.
    """

    rows = ROWS
    contents = CONTENTS
    outputs = (
        OutputFile(CORRECT_FILE, 1),
        OutputFile(INCORRECT_FILE, 1),
        OutputFile(COMBINED_FILE, 2),
    )
    counters = (
        "correct_generated",
        "incorrect_used",
        "correct_failed",
        "correct_reasoning_added",
        "correct_reasoning_failed",
        "incorrect_reasoning_added",
        "incorrect_reasoning_failed",
    )
    failure_counters: Mapping[str, str] = {
        "paraphrase": "correct_failed",
        "correct_reasoning": "correct_reasoning_failed",
        "error_reasoning": "incorrect_reasoning_failed",
    }

    def __init__(self, prompts: PromptFile, *, add_reasoning: bool) -> None:
        prompts.check_keys(_KEYS, _KEYS_OF_STEPS, optional=(_RETRY,))
        paraphrase = prompts.prompt("correct_paraphrase", allowed=("note",), needed="note")
        assert paraphrase is not None
        self._paraphrase: Prompt = paraphrase
        self._retry = prompts.addition(_RETRY, "reason")
        self._paraphrase_sampling = prompts.sampling("correct_paraphrase", PARAPHRASE_SAMPLING)
        self._correct_reasoning: Prompt | None = None
        self._error_reasoning: Prompt | None = None
        if add_reasoning:
            self._correct_reasoning = prompts.prompt(
                "correct_reasoning",
                allowed=("original_note", "paraphrased_note"),
                needed="paraphrased_note",
                optional=True,
            )
            self._error_reasoning = prompts.prompt(
                "reasoning",
                allowed=(
                    "incorrect_note",
                    "correct_note",
                    "error_sentence",
                    "corrected_sentence",
                    "error_type",
                ),
                needed="incorrect_note",
                optional=True,
            )
            self._reasoning_sampling = prompts.sampling("reasoning", REASONING_SAMPLING)
        reasoning = {"correct_reasoning": self._correct_reasoning, "error_reasoning": self._error_reasoning}
        steps = [step for step, prompt in reasoning.items() if prompt is not None]
        if add_reasoning and not steps:
            prompts.doubts.append("no key of a reasoning prompt (reasoning_user, …), so no reasoning is asked for")
        self._origins = {
            step: Origin.of(step, prompt, self._reasoning_sampling)
            for step, prompt in reasoning.items()
            if prompt is not None
        } | {"paraphrase": Origin.of("paraphrase", paraphrase, self._paraphrase_sampling)}
        self._schemas = {step: prompts.response_schema(step) for step in steps}
        self._required_keys = {step: prompts.required_keys(step) for step in steps}
        self.fingerprint: Mapping[str, Any] = {
            "recipe": f"medec_safe/{VERSION}",
            "add_reasoning": add_reasoning,
            **prompts.used,
        }

    def parse(self, fields: Mapping[str, Any]) -> Pair:
        """The pair of notes in a line."""
        return parse_pair(fields)

    async def run(self, pair: Pair, generate: Generate) -> Examples:
        """Paraphrase and explain the error concurrently, then explain the paraphrase."""
        if self._error_reasoning is None:
            paraphrase, error_reasoning = await self._ask_paraphrase(pair, generate), None
        else:
            paraphrase, error_reasoning = await together(
                self._ask_paraphrase(pair, generate),
                self._ask_error_reasoning(self._error_reasoning, pair, generate),
            )
        note = paraphrase.text.strip()
        correct_reasoning = None
        if self._correct_reasoning is not None:
            correct_reasoning = await self._ask_correct_reasoning(self._correct_reasoning, pair, note, generate)
        correct = orjson.dumps(
            {
                "note": note,
                "label": CORRECT,
                "original_note_id": pair.note_id,
                "source": "medec_correct_paraphrased",
                "metadata": {
                    "generation_type": "correct_paraphrase",
                    "gpt4o_tokens": paraphrase.usage.total_tokens,
                    "calls": self._calls(paraphrase=paraphrase, correct_reasoning=correct_reasoning),
                    **thoughts(paraphrase=paraphrase, correct_reasoning=correct_reasoning),
                },
                "reasoning": _decoded(correct_reasoning),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        incorrect = orjson.dumps(
            {
                "note": pair.incorrect_note,
                "label": INCORRECT,
                "original_note_id": pair.note_id,
                "error_type": pair.error_type,
                "error_location": pair.error_sentence,
                "correction": pair.corrected_sentence,
                "source": "medec_incorrect_verified",
                "metadata": {
                    "generation_type": "medec_verified_error",
                    "calls": self._calls(error_reasoning=error_reasoning),
                    **thoughts(error_reasoning=error_reasoning),
                },
                "reasoning": _decoded(error_reasoning),
            },
            option=orjson.OPT_APPEND_NEWLINE,
        )
        return Examples(
            blobs=(correct, incorrect, correct + incorrect),
            counts=self._counts(),
        )

    def recognise(self, pair: Pair, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """Recognise examples of this pair, with reasoning if this run asks for it."""
        try:
            correct, incorrect = orjson.loads(blobs[0]), orjson.loads(blobs[1])
            agrees = (
                blobs[2] == blobs[0] + blobs[1]
                and (correct["label"], incorrect["label"]) == (CORRECT, INCORRECT)
                and correct["original_note_id"] == incorrect["original_note_id"] == pair.note_id
                and incorrect["note"] == pair.incorrect_note
                and bool(correct["note"].strip())
                and (correct.get("reasoning") is None) == (self._correct_reasoning is None)
                and (incorrect.get("reasoning") is None) == (self._error_reasoning is None)
            )
        except (ValueError, TypeError, KeyError, AttributeError):
            return None
        return self._counts() if agrees else None

    def _counts(self) -> Mapping[str, int]:
        return {
            "correct_generated": 1,
            "incorrect_used": 1,
            "correct_reasoning_added": int(self._correct_reasoning is not None),
            "incorrect_reasoning_added": int(self._error_reasoning is not None),
        }

    def _calls(self, **answers: Completion | None) -> list[dict[str, Any]]:
        return [self._origins[step].trace(answer) for step, answer in answers.items() if answer is not None]

    # Plain functions: a coroutine would keep the texts of a request until it is answered.

    def _ask_paraphrase(self, pair: Pair, generate: Generate) -> Awaitable[Completion]:
        user = self._paraphrase.user.render({"note": pair.correct_note})
        if pair.reason and self._retry is not None:
            user = f"{user}\n\n{self._retry.render({'reason': pair.reason})}"
        return generate("paraphrase", ChatRequest(self._paraphrase.system, user, self._paraphrase_sampling))

    def _ask_error_reasoning(self, prompt: Prompt, pair: Pair, generate: Generate) -> Awaitable[Completion]:
        user = prompt.user.render(
            {
                "incorrect_note": pair.incorrect_note,
                "correct_note": pair.correct_note,
                "error_sentence": pair.error_sentence or MISSING,
                "corrected_sentence": pair.corrected_sentence or MISSING,
                "error_type": pair.error_type,
            }
        )
        return self._ask_json("error_reasoning", prompt, user, generate)

    def _ask_correct_reasoning(
        self, prompt: Prompt, pair: Pair, paraphrase: str, generate: Generate
    ) -> Awaitable[Completion]:
        user = prompt.user.render({"original_note": pair.correct_note, "paraphrased_note": paraphrase})
        return self._ask_json("correct_reasoning", prompt, user, generate)

    def _ask_json(self, step: str, prompt: Prompt, user: str, generate: Generate) -> Awaitable[Completion]:
        request = ChatRequest(
            prompt.system,
            user,
            self._reasoning_sampling,
            json_object=True,
            required_keys=self._required_keys[step],
            response_schema=self._schemas[step],
        )
        return generate(step, request)


def _decoded(answer: Completion | None) -> Any:
    """The decoded reasoning; None if it was not asked for."""
    return None if answer is None else json_in(answer.text)
