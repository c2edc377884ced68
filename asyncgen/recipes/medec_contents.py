"""What the files of the recipe `medec_safe` hold, with any prompts: verifying them needs no prompt file."""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from asyncgen.medec.pair import CORRECT, INCORRECT, parse_pair
from asyncgen.recipes.answer_checks import NO_CHECK
from asyncgen.recipes.contents import AnswerRule, Contents, Known, LineRule, ParaphraseRule, Place, ReasoningRule

ROWS = "MEDEC pairs"
CORRECT_FILE = "sft_correct.jsonl"
INCORRECT_FILE = "sft_incorrect.jsonl"
COMBINED_FILE = "sft_combined_safe.jsonl"
_ID = ("original_note_id",)
_LABEL = ("label",)
_NOTE = ("note",)
_REASONING = ("reasoning",)


def _any(_record: Mapping[str, Any]) -> bool:
    return True


def _reasoned(record: Mapping[str, Any]) -> bool:
    return record.get("reasoning") is not None


_CORRECT_RULE = LineRule(
    CORRECT,
    _ID,
    marks=((_LABEL, CORRECT),),
    texts=(_NOTE,),
    counts={"correct_generated": _any, "correct_reasoning_added": _reasoned},
)
_INCORRECT_RULE = LineRule(
    INCORRECT,
    _ID,
    marks=((_LABEL, INCORRECT),),
    texts=(_NOTE,),
    known=(
        Known(_NOTE, attrgetter("incorrect_note"), "incorrect_changed"),
        Known(("error_type",), attrgetter("error_type")),
        Known(("error_location",), attrgetter("error_sentence")),
        Known(("correction",), attrgetter("corrected_sentence")),
    ),
    counts={"incorrect_used": _any, "incorrect_reasoning_added": _reasoned},
)
CONTENTS = Contents(
    rows=ROWS,
    files={
        CORRECT_FILE: (_CORRECT_RULE,),
        INCORRECT_FILE: (_INCORRECT_RULE,),
        COMBINED_FILE: (
            LineRule(CORRECT, _ID, marks=_CORRECT_RULE.marks, copy_of=(CORRECT_FILE, 0)),
            LineRule(INCORRECT, _ID, marks=_INCORRECT_RULE.marks, copy_of=(INCORRECT_FILE, 0)),
        ),
    },
    parse=parse_pair,
    reference=INCORRECT_FILE,
    paired=COMBINED_FILE,
    answers=tuple(
        AnswerRule(step, (((), Place(file, 0, way)),), NO_CHECK, label=step)
        for step, file, way in (
            ("paraphrase", CORRECT_FILE, _NOTE),
            ("correct_reasoning", CORRECT_FILE, _REASONING),
            ("error_reasoning", INCORRECT_FILE, _REASONING),
        )
    ),
    paraphrase=ParaphraseRule(
        attrgetter("correct_note"), Place(CORRECT_FILE, 0, _NOTE), attrgetter("incorrect_note")
    ),
    reasonings=(
        ReasoningRule(CORRECT, Place(CORRECT_FILE, 0, _REASONING), "correct_reasoning", "paraphrased_note"),
        ReasoningRule(INCORRECT, Place(INCORRECT_FILE, 0, _REASONING), "reasoning", "incorrect_note"),
    ),
)
