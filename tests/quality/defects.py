"""Defects that a model's answers have, planted into a clean example by a seed.

A planter returns None where it has nothing to work on; the caller then takes another pair.
"""

# ruff: noqa: E501 - tables are read across

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from asyncgen.medec.pair import Pair
from asyncgen.quality.checks.reasoning_error import TYPES, plain_type
from tests.quality.edits import SENTENCE, clean_paraphrase
from tests.quality.reasonings import GENERAL, correct_reasoning, error_reasoning


@dataclass(frozen=True)
class Example:
    """A pair and what was made of it; `others` are more pairs of the file."""

    pair: Pair
    note: str
    correct: Any
    incorrect: Any
    others: tuple[Pair, ...]


Planter = Callable[[Example, Random], Example | None]


@dataclass(frozen=True)
class Defect:
    """What it is, how it is planted, and the kinds by which it counts as found."""

    name: str
    plant: Planter
    kinds: frozenset[str]


def clean_example(pair: Pair, others: tuple[Pair, ...], draw: Random) -> Example:
    """What a good model makes of a pair."""
    note, _ = clean_paraphrase(pair.correct_note, draw)
    return Example(pair, note, correct_reasoning(pair, note, draw), error_reasoning(pair, draw), others)


# Tools


def _note(change: Callable[[str, Random], str | None]) -> Planter:
    """Plant into the note: half of the time as the only change, else on top of a legal one."""

    def plant(example: Example, draw: Random) -> Example | None:
        base = example.pair.correct_note.strip() if draw.random() < 0.5 else example.note
        changed = change(base, draw)
        return None if changed is None or changed == base else replace(example, note=changed)

    return plant


def _sub(pattern: str, new: str | Callable[[re.Match[str], Random], str | None], flags: int = 0) -> Planter:
    """Replace one match, drawn."""
    compiled = re.compile(pattern, flags)

    def change(note: str, draw: Random) -> str | None:
        found = list(compiled.finditer(note))
        if not found:
            return None
        match = draw.choice(found)
        became = match.expand(new) if isinstance(new, str) else new(match, draw)
        if became is None:
            return None
        if match[0][:1].isupper():
            became = became[:1].upper() + became[1:]
        return note[: match.start()] + became + note[match.end() :]

    return _note(change)


def _flip(*pairs: str) -> Planter:
    """A word becomes its opposite: "left right" both ways."""
    opposite: dict[str, str] = {}
    for words in pairs:
        one, other = words.split("/")
        opposite.setdefault(one, other)
        opposite.setdefault(other, one)
    pattern = r"\b(?:" + "|".join(sorted(map(re.escape, opposite), key=len, reverse=True)) + r")\b"
    return _sub(pattern, lambda match, _: opposite[match[0].lower()], re.IGNORECASE)


def _sentences(note: str) -> list[str]:
    return SENTENCE.split(note.strip())


# Numbers


def _other_number(match: re.Match[str], draw: Random) -> str:
    text = match[0]
    if "." in text:
        whole, _, digits = text.partition(".")
        return f"{int(whole) + draw.choice((-2, -1, 1, 2, 3)) or 7}.{digits}"
    number = int(text)
    step = max(1, number // draw.choice((3, 5, 10)))
    return str(number + step if draw.random() < 0.5 or number <= step else number - step)


def _digit_typo(match: re.Match[str], draw: Random) -> str:
    place = draw.randrange(len(match[0]))
    digit = draw.choice([d for d in "123456789" if d != match[0][place]])
    return match[0][:place] + digit + match[0][place + 1 :]


def _swap_numbers(note: str, draw: Random) -> str | None:
    found = list(re.finditer(r"(?<![\d.,])\d+(?:\.\d+)?(?![\d.,]*\d)", note))
    if len(found) < 2:
        return None
    first, second = sorted(draw.sample(found, 2), key=lambda match: match.start())
    if first[0] == second[0]:
        return None
    return note[: first.start()] + second[0] + note[first.end() : second.start()] + first[0] + note[second.end() :]


_FIGURE = r"(?<![\d.,\w])\d+(?:\.\d+)?(?![\d,]*\d)"

# The change


def _two_places(example: Example, draw: Random) -> Example | None:
    sentences = _sentences(example.pair.correct_note)
    if len(sentences) < 4:
        return None
    first, second = sorted(draw.sample(range(len(sentences)), 2))
    changed = []
    for place, sentence in enumerate(sentences):
        edited = sentence
        if place in (first, second):
            for _ in range(10):
                edited, name = clean_paraphrase(sentence, draw)
                if name not in ("last resort", "join sentences", "split sentence", "the patient is"):
                    break
            else:
                return None
        changed.append(edited)
    return replace(example, note=" ".join(changed))


def _summarised(example: Example, draw: Random) -> Example | None:
    sentences = _sentences(example.pair.correct_note)
    if len(sentences) < 5:
        return None
    kept = sorted(draw.sample(range(len(sentences)), max(1, len(sentences) * 2 // 5)))
    return replace(example, note="In summary: " + " ".join(sentences[place] for place in kept))


def _drop_sentence(note: str, draw: Random) -> str | None:
    sentences = _sentences(note)
    places = [place for place in range(1, len(sentences) - 1) if len(sentences[place].split()) > 4]
    if not places:
        return None
    del sentences[draw.choice(places)]
    return " ".join(sentences)


def _drop_finding(note: str, draw: Random) -> str | None:
    found = [
        m
        for m in re.finditer(r", [a-z]+(?:[ -][a-z]+){1,4}(?=,)", note)
        if len(re.findall(r"[a-z]{5,}", m[0])) > 1
    ]
    if not found:
        return None
    match = draw.choice(found)
    return note[: match.start()] + note[match.end() :]


def _add_sentence(example: Example, draw: Random) -> Example | None:
    foreign = [s for s in _sentences(draw.choice(example.others).correct_note) if 5 < len(s.split()) < 25]
    sentences = _sentences(example.pair.correct_note)
    if not foreign:
        return None
    sentences.insert(draw.randint(1, len(sentences)), draw.choice(foreign))
    return replace(example, note=" ".join(sentences))


def _pad(example: Example, draw: Random) -> Example | None:
    foreign = _sentences(draw.choice(example.others).correct_note)
    more = " ".join(foreign[:5])
    if len(foreign) < 5 or len(more) < len(example.note) / 4:
        return None
    return replace(example, note=f"{example.note} {more}")


def _invented_number(note: str, draw: Random) -> str | None:
    sentences = _sentences(note)
    sentences.insert(
        draw.randint(1, len(sentences)),
        draw.choice(
            ("Oxygen saturation is 97%.", "She weighs 61 kg.", "Serum sodium is 139 mEq/L.", "Pulse is 71/min.")
        ),
    )
    return " ".join(sentences)


# Form

PREAMBLES = (
    "Here is the paraphrased note:\n\n", "Here's the revised note: ", "Sure! Here is the note with one change:\n",
    "Certainly. ", "Paraphrased note:\n", "Revised clinical note: ", "Below is the modified note.\n\n", "**Note:** ",
    "Of course, here is the note:\n", "The following is the paraphrased version:\n", "Modified Note:\n\n",
)  # fmt: skip
AFTERWORDS = (
    '\n\nI changed "comes to" to "presents to".', "\n\nNote: Only one word was changed.", "\n\nChanges made: one synonym.",
    "\n\n(The only change is the time unit.)", " Let me know if you need anything else.", "\n\nI hope this helps!",
    "\n\n**Change:** synonym in the first sentence.", "\n\nThis version keeps all numbers as they were.",
)  # fmt: skip
REFUSALS = (
    "I'm sorry, but I can't assist with that request.", "I cannot help with that.",
    "As an AI language model, I am not able to give medical advice.", "I apologize, but I can't paraphrase this note.",
    "I\u2019m sorry, I can\u2019t help with that.", "I'm unable to assist with medical records.",
)  # fmt: skip


def _refused(example: Example, draw: Random) -> Example:
    text = draw.choice(REFUSALS)
    return replace(example, note=text if draw.random() < 0.7 else f"{text} {example.note}")


def _cut_mid_sentence(note: str, draw: Random) -> str | None:
    words = note.split()
    return " ".join(words[: draw.randint(len(words) * 6 // 10, len(words) - 3)]).rstrip(".,;")


def _cut_mid_word(note: str, draw: Random) -> str | None:
    text = note.strip()
    last = text.rstrip(".").split()[-1]
    return text.rstrip(".")[: -draw.randint(1, len(last) - 2)] if len(last) > 4 and last.isalpha() else None


def _cut_last_sentence(note: str, draw: Random) -> str | None:
    sentences = _sentences(note)
    return " ".join(sentences[:-1]) if len(sentences) > 3 and len(sentences[-1].split()) > 3 else None


def _placeholder(note: str, draw: Random) -> str | None:
    sentences = _sentences(note)
    mark = draw.choice(
        (
            "[rest of note unchanged]",
            "...",
            "[unchanged]",
            "(rest of the note remains the same)",
            "{note}",
            "\u2026",
            "[...]",
        )
    )
    return " ".join([*sentences[: max(1, len(sentences) // 2)], mark])


def _repeat(note: str, draw: Random) -> str | None:
    sentences = _sentences(note)
    long = [place for place, sentence in enumerate(sentences) if len(sentence.split()) > 6]
    if not long:
        return None
    place = draw.choice(long)
    return " ".join(sentences[: place + 1] + [sentences[place]] * draw.randint(1, 3) + sentences[place + 1 :])


def _loop(note: str, draw: Random) -> str | None:
    words = note.split()
    at = draw.randint(10, max(11, len(words) - 6))
    return " ".join(words[: at + 5] + words[at : at + 5] * draw.randint(3, 12))


def _garble(note: str, draw: Random) -> str | None:
    if "\u00b0" in note and "\u00c2" not in note and draw.random() < 0.5:
        return note.replace("\u00b0", draw.choice(("\u00c2\u00b0", "\ufffd")))
    at = draw.randrange(len(note))
    return note[:at] + draw.choice(("\ufffd", "\x00", "\x1b[31m", "\u00e2\u20ac\u2122")) + note[at:]


def _foreign(note: str, draw: Random) -> str | None:
    words = note.split()
    words.insert(
        draw.randrange(1, len(words)),
        draw.choice(
            (
                "\u60a3\u8005",
                "\u043f\u0430\u0446\u0438\u0435\u043d\u0442",
                "\u0645\u0631\u064a\u0636",
                "\ud658\uc790",
            )
        ),
    )
    return " ".join(words)


# The pair


def _error_hunk(example: Example, draw: Random) -> Example | None:
    """The error's own words, in the sentence where the error is."""
    pair = example.pair
    if not (pair.error_sentence and pair.corrected_sentence) or pair.corrected_sentence not in example.note:
        return None
    return replace(example, note=example.note.replace(pair.corrected_sentence, pair.error_sentence, 1))


def _error_note(example: Example, draw: Random) -> Example:
    return replace(example, note=example.pair.incorrect_note.strip())


def _error_paraphrased(example: Example, draw: Random) -> Example:
    return replace(example, note=clean_paraphrase(example.pair.incorrect_note, draw)[0])


def _other_pair(example: Example, draw: Random) -> Example:
    return replace(example, note=clean_paraphrase(draw.choice(example.others).correct_note, draw)[0])


# Reasoning


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


def _defect(name: str, plant: Planter, kinds: str) -> Defect:
    return Defect(name, plant, frozenset(kinds.split()))


_wrap = _note
NUMERIC = "number dose unit"

DEFECTS = (
    _defect("not changed at all", lambda e, _: replace(e, note=e.pair.correct_note.strip()), "unchanged"),
    _defect("only blanks changed", lambda e, _: replace(e, note=e.pair.correct_note.strip().replace(". ", ".  ")), "unchanged"),
    _defect("only case changed", lambda e, _: replace(e, note=e.pair.correct_note.strip().capitalize()), "unchanged"),
    _defect("a number changed", _sub(_FIGURE, _other_number), NUMERIC),
    _defect("a digit changed", _sub(_FIGURE, _digit_typo), NUMERIC),
    _defect("a decimal point moved", _sub(r"(?<![\d.,])(\d+)\.(\d)\b", r"\1\2"), NUMERIC),
    _defect("a number dropped", _sub(r"(?<![\d.,\w])\d+(?:\.\d+)?(?: ?(?:mg/dL|g/dL|mm Hg|mEq/L))", "raised"), NUMERIC),
    _defect("a number invented", _wrap(_invented_number), NUMERIC),
    _defect("two numbers swapped", _wrap(_swap_numbers), NUMERIC),
    _defect("the age changed", _sub(r"\b(\d+)(?=-year-old)", lambda m, d: str(int(m[0]) + d.randint(1, 9))), NUMERIC),
    _defect("blood pressure turned round", _sub(r"(\d+)/(\d+)(?= mm ?Hg)", r"\2/\1"), NUMERIC),
    _defect("a dose changed", _sub(r"(?<![\d.,])(\d+)(?=[ -]?(?:mg|g|mcg|mL|units|kg)\b(?!/))", lambda m, d: str(int(m[0]) * d.choice((2, 5, 10)))), NUMERIC),
    _defect("a unit changed", _sub(r"(?<=\d)([ -]?)(mg|g|mm|cm|kg|mL|mEq|dL|weeks?|days?|months?|hours?)\b", lambda m, d: m[1] + d.choice([u for u in ("mcg", "kg", "dm", "L", "mmol", "years") if u != m[2]])), "unit number dose"),
    _defect("days became weeks", _sub(r"(?<=\d)([ -])(day|week|month)(?=s?\b)", lambda m, _: m[1] + {"day": "week", "week": "month", "month": "year"}[m[2]]), "unit number dose"),
    _defect("a conversion of time went wrong", _sub(r"(?<![\d-])\b([2-7]) days\b", lambda m, d: f"{int(m[1]) * 24 + d.choice((-24, -12, 12, 24))} hours"), NUMERIC),
    _defect("a conversion of weeks went wrong", _sub(r"(?<![\d-])\b([2-9])([ -])weeks?\b", lambda m, d: f"{int(m[1]) * 7 + d.choice((-4, -2, 2, 3))}{m[2]}days"), NUMERIC),
    _defect("a conversion of temperature went wrong", _sub(r"(3\d\.\d)\s?\u00b0?C \([^)]*\)", lambda m, d: f"{float(m[1]) * 1.8 + 32 + d.choice((-3, -2, 2, 3)):.1f} \u00b0F"), NUMERIC),
    _defect("how often changed", _sub(r"\b(?:twice|once) (?:daily|a day|weekly|a week)\b|\b(?:daily|every day)\b", lambda m, d: d.choice([f for f in ("three times a day", "every 4 hours", "once a month") if f != m[0]])), NUMERIC),
    _defect("left became right", _flip("left/right", "left-sided/right-sided", "bilateral/left", "bilaterally/unilaterally"), "laterality"),
    _defect("the side dropped", _sub(r"\b(?:left|right) (?=(?:lower|upper|arm|leg|eye|ear|hand|foot|knee|hip|shoulder|flank|lung|breast|thigh|ankle|calf|wrist|elbow|side|kidney|testis)\b)", ""), "laterality"),
    _defect("upper became lower", _flip("upper/lower", "proximal/distal", "anterior/posterior", "medial/lateral"), "site"),
    _defect("a denial taken out", _sub(r"\b(?:has|had|is|was|shows|are|were|with) no (?=[a-z])", lambda m, _: m[0][:-3]), "negation"),
    _defect("a denial put in", _sub(r"\b(has|had|is|was|are) (?=(?:a|an|been|swollen|severe|mild|tender|noted|worsening|taking|able|started|given|oriented|alert|[a-z]+ful)\b)", r"\1 not "), "negation"),
    _defect("denies became reports", _sub(r"\b(?:denies|denied) ", "reports "), "negation"),
    _defect("not taken out", _sub(r"\b(?:does|do|did|has|is|was|are|were|have|had) not ", lambda m, _: m[0][:-4]), "negation"),
    _defect("without became with", _flip("without/with"), "negation"),
    _defect("increased became decreased", _flip("increased/decreased", "elevated/reduced", "high/low", "raised/low"), "opposite"),
    _defect("positive became negative", _flip("positive/negative", "normal/abnormal", "unremarkable/abnormal", "absent/present"), "opposite negation"),
    _defect("a prefix turned", _sub(r"\b(hyper|hypo|tachy|brady)(?=[a-z]{4,})", lambda m, _: {"hyper": "hypo", "hypo": "hyper", "tachy": "brady", "brady": "tachy"}[m[1].lower()], re.IGNORECASE), "opposite"),
    _defect("a denying prefix came", _sub(r"\b(?:responsive|tender|remarkable|stable|known|regular|symmetric|controlled|able|conscious|febrile)\b", lambda m, _: {"tender": "nontender", "regular": "irregular", "symmetric": "asymmetric", "febrile": "afebrile"}.get(m[0], f"un{m[0]}")), "negation severity opposite"),
    _defect("before became after", _flip("before/after", "improved/worsened", "relieved/aggravated", "sudden/gradual"), "opposite"),
    _defect("mild became severe", _flip("mild/severe", "moderate/severe", "acute/chronic", "slightly/severely"), "severity"),
    _defect("the severity dropped", _sub(r"\b(?:mild|severe|moderate|acute|chronic) (?=[a-z])", ""), "severity"),
    _defect("the sex changed", _flip("man/woman", "boy/girl", "he/she", "male/female"), "person"),
    _defect("a relative changed", _flip("mother/father", "brother/sister", "son/daughter", "husband/wife"), "person"),
    _defect("suspected became confirmed", _sub(r"\b(?:suspected|possible|probable|likely|suspicion)\b", "confirmed"), "certainty"),
    _defect("the route changed", _flip("oral/intravenous", "topical/oral", "intramuscular/oral", "intravenous/topical"), "route leak"),
    _defect("a drug changed", _sub(r"\b\w{3,}(?:olol|pril|sartan|statin|prazole|mycin|cillin|floxacin|cycline|azepam|semide|thiazide)\b", lambda m, d: d.choice([g for g in ("propranolol", "enalapril", "simvastatin", "omeprazole", "azithromycin", "doxycycline", "furosemide") if g != m[0].lower()])), "drug leak"),
    _defect("two places changed", _two_places, "many_places"),
    _defect("only a summary", _summarised, "rewritten omission"),
    _defect("a sentence dropped", _wrap(_drop_sentence), "omission number dose"),
    _defect("a finding dropped", _wrap(_drop_finding), "omission negation"),
    _defect("a sentence of another note added", _add_sentence, "addition"),
    _defect("much longer", _pad, "length rewritten"),
    _defect("a preamble", _wrap(lambda note, d: d.choice(PREAMBLES) + note), "preamble"),
    _defect("an afterword", _wrap(lambda note, d: note + d.choice(AFTERWORDS)), "afterword"),
    _defect("a fence", _wrap(lambda note, d: d.choice(("```\n{}\n```", "```text\n{}\n```", "```markdown\n{}\n```", '"""{}"""')).format(note) if "{" not in note else None), "fence"),
    _defect("quotation marks around it", _wrap(lambda note, d: d.choice(('"%s"', "\u201c%s\u201d")) % note.strip()), "fence"),
    _defect("tags around it", _wrap(lambda note, d: f"<note>\n{note}\n</note>" if d.random() < 0.5 else f"{note}</note>"), "markup"),
    _defect("wrapped in JSON", _wrap(lambda note, _: '{"note": "' + note.replace('"', '\\"') + '"}'), "markup"),
    _defect("bold type", _sub(r"\b(?:comes to|presents|history of|diagnosed|shows|physical examination|temperature)\b", lambda m, _: f"**{m[0]}**"), "markup"),
    _defect("a refusal", _refused, "refusal"),
    _defect("cut off in a sentence", _wrap(_cut_mid_sentence), "cut_off"),
    _defect("cut off in a word", _wrap(_cut_mid_word), "cut_off"),
    _defect("the last sentence missing", _wrap(_cut_last_sentence), "cut_off"),
    _defect("a placeholder for the rest", _wrap(_placeholder), "placeholder"),
    _defect("a sentence repeated", _wrap(_repeat), "repeated"),
    _defect("an endless loop", _wrap(_loop), "repeated"),
    _defect("damaged characters", _wrap(_garble), "garbled"),
    _defect("words in another script", _wrap(_foreign), "garbled"),
    _defect("the error's sentence", _error_hunk, "leak"),
    _defect("the incorrect note itself", _error_note, "leak"),
    _defect("a paraphrase of the incorrect note", _error_paraphrased, "leak answer_lost"),
    _defect("another pair's note", _other_pair, "rewritten"),
    _defect("empty", lambda e, d: replace(e, note=d.choice(("", " ", "\n"))), "empty"),
    _defect("no reasoning", _reasoning(lambda value, d: d.choice((None, {}, "text", []))), "reasoning_missing"),
    _defect("a key missing", _reasoning(_without_key), "reasoning_keys"),
    _defect("a key misnamed", _reasoning(_renamed_key), "reasoning_keys"),
    _defect("an empty value", _reasoning(_empty_value), "reasoning_empty"),
    _defect("another note's reasoning, CORRECT", _foreign_correct, "reasoning_other"),
    _defect("another note's reasoning, INCORRECT", _foreign_error, "reasoning_other"),
    _defect("reasonings exchanged", lambda e, _: replace(e, correct=e.incorrect, incorrect=e.correct), "reasoning_keys"),
    _defect("reasoning against the label", _wrong_verdict, "reasoning_verdict"),
    _defect("a conclusion against the label", _other_verdict, "reasoning_verdict"),
    _defect("a refusal in a reasoning", _text("I'm sorry, but I cannot give medical advice.", "As an AI language model, I can't judge this.", "I am unable to assess this note."), "reasoning_form"),
    _defect("a reasoning in another language", _text("La presentaci\u00f3n cl\u00ednica es compatible con el diagn\u00f3stico, y los hallazgos lo apoyan claramente en este caso.", "Der Befund passt zu dieser Diagnose, weil die Laborwerte und der Verlauf eindeutig daf\u00fcr sprechen."), "reasoning_form"),
    _defect("a placeholder in a reasoning", _text("<explanation>", "one or two sentences", "[insert the reason here]", "TBD"), "reasoning_form reasoning_empty"),
    _defect("a reasoning cut off", _reasoning(_cut_argument), "reasoning_form"),
    _defect("a reasoning that says the same twice", _reasoning(_same_text), "reasoning_form"),
    _defect("a reasoning that knows the answer", _text("According to the reference answer, this follows from the findings.", "It was given as correct and verified by physicians.", "The planted error shows that the prompt is about something else."), "reasoning_source"),
    _defect("another sentence named as the error", _other_sentence, "reasoning_error"),
    _defect("another type of error", _other_type, "reasoning_error"),
    _defect("a correction that says nothing", _about_error("correction", "The sentence should be changed accordingly.", "Something else fits better here.", "See above."), "reasoning_error reasoning_form"),
    _defect("a finding denied that is there", _finding(_denied_finding), "reasoning_finding"),
    _defect("a finding on the other side", _finding(_other_sided_finding), "reasoning_finding"),
    _defect("a reasoning about the other sex", _other_sex, "reasoning_finding"),
)  # fmt: skip
