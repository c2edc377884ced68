"""Defects that the reasonings of a pair have, planted into a clean example by a seed."""

# ruff: noqa: E501 - tables are read across

import re
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

from asyncgen.quality.checks.reasoning_error import TYPES, plain_type
from tests.quality.defects import Example, Planter, defect
from tests.quality.edits import SENTENCE
from tests.quality.reasonings import GENERAL, correct_reasoning, error_reasoning


def _reasoning(change: Callable[[dict[str, Any], Random], Any]) -> Planter:
    def plant(example: Example, draw: Random) -> Example:
        if draw.random() < 0.5:
            return replace(example, correct=change(dict(example.correct), draw))
        return replace(example, incorrect=change(dict(example.incorrect), draw))

    return plant


def _without_key(value: dict[str, Any], draw: Random) -> dict[str, Any]:
    del value[draw.choice(list(value))]
    return value


def _renamed_key(value: dict[str, Any], draw: Random) -> dict[str, Any]:
    key = draw.choice(list(value))
    return {(f"{name}s" if name == key else name): inner for name, inner in value.items()}


def _empty_value(value: dict[str, Any], draw: Random) -> dict[str, Any]:
    return value | {draw.choice(list(value)): draw.choice(("", "  ", [], None, "N/A", "...", [""]))}


def _foreign_correct(example: Example, draw: Random) -> Example:
    other = draw.choice(example.others)
    return replace(example, correct=correct_reasoning(other, other.correct_note, draw))


def _foreign_error(example: Example, draw: Random) -> Example:
    return replace(example, incorrect=error_reasoning(draw.choice(example.others), draw))


def _wrong_verdict(example: Example, draw: Random) -> Example:
    if draw.random() < 0.5:
        text = draw.choice(
            ("The note is incorrect.", "Therefore the diagnosis is wrong.", "The note contains an error.")
        )
        return replace(example, correct=example.correct | {"conclusion": text})
    text = draw.choice(("The note is correct.", "The note is medically correct.", "The note contains no error."))
    return replace(example, incorrect=example.incorrect | {"conclusion": text})


def _other_verdict(example: Example, draw: Random) -> Example:
    if draw.random() < 0.5:
        text = draw.choice(
            (
                "The stated plan is inappropriate for this patient.",
                "Taken together, the treatment is not correct.",
                "It was the wrong choice, and another drug should have been given.",
                "There is an error in the management.",
                "It remains unclear whether the note is correct.",
            )
        )
        return replace(example, correct=example.correct | {"conclusion": text})
    text = draw.choice(
        (
            "No error is present in this note.",
            "The plan is appropriate and consistent with the findings.",
            "This was the right choice for the patient.",
            "The note is free of any error.",
            "The diagnosis was made correctly.",
        )
    )
    return replace(example, incorrect=example.incorrect | {"conclusion": text})


def _text(*texts: str) -> Planter:
    """One of these in place of an argument."""

    def change(value: dict[str, Any], draw: Random) -> dict[str, Any]:
        return value | {"why_correct" if "why_correct" in value else "why_wrong": draw.choice(texts)}

    return _reasoning(change)


def _cut_argument(value: dict[str, Any], draw: Random) -> dict[str, Any]:
    key = "why_correct" if "why_correct" in value else "why_wrong"
    words = f"{value[key]} This is what the findings and the course point to in this case.".split()
    return value | {key: " ".join(words[: -draw.randint(1, 6)]).rstrip(".,")}


def _same_text(value: dict[str, Any], draw: Random) -> dict[str, Any]:
    text = draw.choice(GENERAL)
    quoted = {"error_sentence", "error_type"}
    return {key: text if isinstance(old, str) and key not in quoted else old for key, old in value.items()}


def _about_error(key: str, *texts: str) -> Planter:
    return lambda example, draw: replace(example, incorrect=example.incorrect | {key: draw.choice(texts)})


def _other_type(example: Example, draw: Random) -> Example | None:
    given = example.pair.error_type
    if plain_type(given) not in TYPES:
        return None
    other = draw.choice([name for name in sorted(TYPES) if name != plain_type(given)])
    return replace(example, incorrect=example.incorrect | {"error_type": other})


def _other_sentence(example: Example, draw: Random) -> Example | None:
    """Another sentence of the note, or the corrected one."""
    error = example.pair.error_sentence or ""
    others = [one for one in re.split(r"(?<=[.?!])\s+", example.pair.incorrect_note) if len(one.split()) > 6]
    shared = set(error.lower().split())
    others = [one for one in others if len(shared & set(one.lower().split())) < 0.4 * len(set(one.split()))]
    if not error or not others:
        return None
    return replace(example, incorrect=example.incorrect | {"error_sentence": draw.choice(others)})


def _finding(make: Callable[[Example, Random], str | None]) -> Planter:
    """A finding made from the note in place of one."""

    def plant(example: Example, draw: Random) -> Example | None:
        made = make(example, draw)
        if made is None:
            return None
        return replace(
            example, correct=example.correct | {"key_findings": [made, *example.correct["key_findings"][1:]]}
        )

    return plant


def _denied_finding(example: Example, draw: Random) -> str | None:
    note = example.note
    denial = re.compile(r"\b(?:no|not|den\w+|without|negative|absent|neither)\b")
    plain = " ".join(sentence for sentence in SENTENCE.split(note) if denial.search(sentence) is None)
    findings = (
        "tenderness|swelling|edema|erythema|distention|effusion|murmur|rash|cough|vomiting|diarrhea|weakness"
    )
    found = re.findall(rf"\b(?:shows?|reveals?|has|had) (?:an? |mild |severe )?({findings})\b", plain)
    there = [word for word in found if note.lower().count(word[:6]) == 1]
    return f"No {draw.choice(there)}" if there else None


def _other_sided_finding(example: Example, draw: Random) -> str | None:
    note = f"{example.note}\n{example.pair.correct_note}\n{example.pair.incorrect_note}"
    sides = {"left": "right", "right": "left"}
    places = "knee|hip|ankle|foot|shoulder|elbow|wrist|arm|leg|eye|ear|lung|breast|kidney|(?:lower|upper) quadrant"
    found = re.findall(rf"\b(left|right) ({places})\b", note)
    there = [
        (side, place) for side, place in found if re.search(rf"\b(?:{sides[side]}|both|bilateral)\b", note) is None
    ]
    if not there:
        return None
    side, place = draw.choice(there)
    return f"Change of the {sides[side]} {place}"


def _other_sex(example: Example, _draw: Random) -> Example | None:
    turned = {"man": "woman", "woman": "man", "boy": "girl", "girl": "boy"}
    found = re.search(r"\b(\d+-year-old) (man|woman|boy|girl)\b", example.note)
    if found is None:
        return None
    text = f"A {found[1]} {turned[found[2]]} has the findings that are listed below."
    return replace(example, correct=example.correct | {"clinical_summary": text})


REASONING_DEFECTS = (
    defect("no reasoning", _reasoning(lambda value, d: d.choice((None, {}, "text", []))), "reasoning_missing"),
    defect("a key missing", _reasoning(_without_key), "reasoning_keys"),
    defect("a key misnamed", _reasoning(_renamed_key), "reasoning_keys"),
    defect("an empty value", _reasoning(_empty_value), "reasoning_empty"),
    defect("another note's reasoning, CORRECT", _foreign_correct, "reasoning_other"),
    defect("another note's reasoning, INCORRECT", _foreign_error, "reasoning_other"),
    defect("reasonings exchanged", lambda e, _: replace(e, correct=e.incorrect, incorrect=e.correct), "reasoning_keys"),
    defect("reasoning against the label", _wrong_verdict, "reasoning_verdict"),
    defect("a conclusion against the label", _other_verdict, "reasoning_verdict"),
    defect("a refusal in a reasoning", _text("I'm sorry, but I cannot give medical advice.", "As an AI language model, I can't judge this.", "I am unable to assess this note."), "reasoning_form"),
    defect("a reasoning in another language", _text("La presentaci\u00f3n cl\u00ednica es compatible con el diagn\u00f3stico, y los hallazgos lo apoyan claramente en este caso.", "Der Befund passt zu dieser Diagnose, weil die Laborwerte und der Verlauf eindeutig daf\u00fcr sprechen."), "reasoning_form"),
    defect("a placeholder in a reasoning", _text("<explanation>", "one or two sentences", "[insert the reason here]", "TBD"), "reasoning_form reasoning_empty"),
    defect("a reasoning cut off", _reasoning(_cut_argument), "reasoning_form"),
    defect("a reasoning that says the same twice", _reasoning(_same_text), "reasoning_form"),
    defect("a reasoning that knows the answer", _text("According to the reference answer, this follows from the findings.", "It was given as correct and verified by physicians.", "The planted error shows that the prompt is about something else."), "reasoning_source"),
    defect("another sentence named as the error", _other_sentence, "reasoning_error"),
    defect("another type of error", _other_type, "reasoning_error"),
    defect("a correction that says nothing", _about_error("correction", "The sentence should be changed accordingly.", "Something else fits better here.", "See above."), "reasoning_error reasoning_form"),
    defect("a finding denied that is there", _finding(_denied_finding), "reasoning_finding"),
    defect("a finding on the other side", _finding(_other_sided_finding), "reasoning_finding"),
    defect("a reasoning about the other sex", _other_sex, "reasoning_finding"),
)  # fmt: skip
