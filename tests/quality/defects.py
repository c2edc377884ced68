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
from tests.quality.edits import SENTENCE, clean_paraphrase
from tests.quality.reasonings import correct_reasoning, error_reasoning


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


def defect(name: str, plant: Planter, kinds: str) -> Defect:
    """A defect, with the kinds in one text."""
    return Defect(name, plant, frozenset(kinds.split()))


_wrap = _note
NUMERIC = "number dose unit"

DEFECTS = (
    defect("not changed at all", lambda e, _: replace(e, note=e.pair.correct_note.strip()), "unchanged"),
    defect("only blanks changed", lambda e, _: replace(e, note=e.pair.correct_note.strip().replace(". ", ".  ")), "unchanged"),
    defect("only case changed", lambda e, _: replace(e, note=e.pair.correct_note.strip().capitalize()), "unchanged"),
    defect("a number changed", _sub(_FIGURE, _other_number), NUMERIC),
    defect("a digit changed", _sub(_FIGURE, _digit_typo), NUMERIC),
    defect("a decimal point moved", _sub(r"(?<![\d.,])(\d+)\.(\d)\b", r"\1\2"), NUMERIC),
    defect("a number dropped", _sub(r"(?<![\d.,\w])\d+(?:\.\d+)?(?: ?(?:mg/dL|g/dL|mm Hg|mEq/L))", "raised"), NUMERIC),
    defect("a number invented", _wrap(_invented_number), NUMERIC),
    defect("two numbers swapped", _wrap(_swap_numbers), NUMERIC),
    defect("the age changed", _sub(r"\b(\d+)(?=-year-old)", lambda m, d: str(int(m[0]) + d.randint(1, 9))), NUMERIC),
    defect("blood pressure turned round", _sub(r"(\d+)/(\d+)(?= mm ?Hg)", r"\2/\1"), NUMERIC),
    defect("a dose changed", _sub(r"(?<![\d.,])(\d+)(?=[ -]?(?:mg|g|mcg|mL|units|kg)\b(?!/))", lambda m, d: str(int(m[0]) * d.choice((2, 5, 10)))), NUMERIC),
    defect("a unit changed", _sub(r"(?<=\d)([ -]?)(mg|g|mm|cm|kg|mL|mEq|dL|weeks?|days?|months?|hours?)\b", lambda m, d: m[1] + d.choice([u for u in ("mcg", "kg", "dm", "L", "mmol", "years") if u != m[2]])), "unit number dose"),
    defect("days became weeks", _sub(r"(?<=\d)([ -])(day|week|month)(?=s?\b)", lambda m, _: m[1] + {"day": "week", "week": "month", "month": "year"}[m[2]]), "unit number dose"),
    defect("a conversion of time went wrong", _sub(r"(?<![\d-])\b([2-7]) days\b", lambda m, d: f"{int(m[1]) * 24 + d.choice((-24, -12, 12, 24))} hours"), NUMERIC),
    defect("a conversion of weeks went wrong", _sub(r"(?<![\d-])\b([2-9])([ -])weeks?\b", lambda m, d: f"{int(m[1]) * 7 + d.choice((-4, -2, 2, 3))}{m[2]}days"), NUMERIC),
    defect("a conversion of temperature went wrong", _sub(r"(3\d\.\d)\s?\u00b0?C \([^)]*\)", lambda m, d: f"{float(m[1]) * 1.8 + 32 + d.choice((-3, -2, 2, 3)):.1f} \u00b0F"), NUMERIC),
    defect("how often changed", _sub(r"\b(?:twice|once) (?:daily|a day|weekly|a week)\b|\b(?:daily|every day)\b", lambda m, d: d.choice([f for f in ("three times a day", "every 4 hours", "once a month") if f != m[0]])), NUMERIC),
    defect("left became right", _flip("left/right", "left-sided/right-sided", "bilateral/left", "bilaterally/unilaterally"), "laterality"),
    defect("the side dropped", _sub(r"\b(?:left|right) (?=(?:lower|upper|arm|leg|eye|ear|hand|foot|knee|hip|shoulder|flank|lung|breast|thigh|ankle|calf|wrist|elbow|side|kidney|testis)\b)", ""), "laterality"),
    defect("upper became lower", _flip("upper/lower", "proximal/distal", "anterior/posterior", "medial/lateral"), "site"),
    defect("a denial taken out", _sub(r"\b(?:has|had|is|was|shows|are|were|with) no (?=[a-z])", lambda m, _: m[0][:-3]), "negation"),
    defect("a denial put in", _sub(r"\b(has|had|is|was|are) (?=(?:a|an|been|swollen|severe|mild|tender|noted|worsening|taking|able|started|given|oriented|alert|[a-z]+ful)\b)", r"\1 not "), "negation"),
    defect("denies became reports", _sub(r"\b(?:denies|denied) ", "reports "), "negation"),
    defect("not taken out", _sub(r"\b(?:does|do|did|has|is|was|are|were|have|had) not ", lambda m, _: m[0][:-4]), "negation"),
    defect("without became with", _flip("without/with"), "negation"),
    defect("increased became decreased", _flip("increased/decreased", "elevated/reduced", "high/low", "raised/low"), "opposite"),
    defect("positive became negative", _flip("positive/negative", "normal/abnormal", "unremarkable/abnormal", "absent/present"), "opposite negation"),
    defect("a prefix turned", _sub(r"\b(hyper|hypo|tachy|brady)(?=[a-z]{4,})", lambda m, _: {"hyper": "hypo", "hypo": "hyper", "tachy": "brady", "brady": "tachy"}[m[1].lower()], re.IGNORECASE), "opposite"),
    defect("a denying prefix came", _sub(r"\b(?:responsive|tender|remarkable|stable|known|regular|symmetric|controlled|able|conscious|febrile)\b", lambda m, _: {"tender": "nontender", "regular": "irregular", "symmetric": "asymmetric", "febrile": "afebrile"}.get(m[0], f"un{m[0]}")), "negation severity opposite"),
    defect("before became after", _flip("before/after", "improved/worsened", "relieved/aggravated", "sudden/gradual"), "opposite"),
    defect("mild became severe", _flip("mild/severe", "moderate/severe", "acute/chronic", "slightly/severely"), "severity"),
    defect("the severity dropped", _sub(r"\b(?:mild|severe|moderate|acute|chronic) (?=[a-z])", ""), "severity"),
    defect("the sex changed", _flip("man/woman", "boy/girl", "he/she", "male/female"), "person"),
    defect("a relative changed", _flip("mother/father", "brother/sister", "son/daughter", "husband/wife"), "person"),
    defect("suspected became confirmed", _sub(r"\b(?:suspected|possible|probable|likely|suspicion)\b", "confirmed"), "certainty"),
    defect("the route changed", _flip("oral/intravenous", "topical/oral", "intramuscular/oral", "intravenous/topical"), "route leak"),
    defect("a drug changed", _sub(r"\b\w{3,}(?:olol|pril|sartan|statin|prazole|mycin|cillin|floxacin|cycline|azepam|semide|thiazide)\b", lambda m, d: d.choice([g for g in ("propranolol", "enalapril", "simvastatin", "omeprazole", "azithromycin", "doxycycline", "furosemide") if g != m[0].lower()])), "drug leak"),
    defect("two places changed", _two_places, "many_places"),
    defect("only a summary", _summarised, "rewritten omission"),
    defect("a sentence dropped", _wrap(_drop_sentence), "omission number dose"),
    defect("a finding dropped", _wrap(_drop_finding), "omission negation"),
    defect("a sentence of another note added", _add_sentence, "addition"),
    defect("much longer", _pad, "length rewritten"),
    defect("a preamble", _wrap(lambda note, d: d.choice(PREAMBLES) + note), "preamble"),
    defect("an afterword", _wrap(lambda note, d: note + d.choice(AFTERWORDS)), "afterword"),
    defect("a fence", _wrap(lambda note, d: d.choice(("```\n{}\n```", "```text\n{}\n```", "```markdown\n{}\n```", '"""{}"""')).format(note) if "{" not in note else None), "fence"),
    defect("quotation marks around it", _wrap(lambda note, d: d.choice(('"%s"', "\u201c%s\u201d")) % note.strip()), "fence"),
    defect("tags around it", _wrap(lambda note, d: f"<note>\n{note}\n</note>" if d.random() < 0.5 else f"{note}</note>"), "markup"),
    defect("wrapped in JSON", _wrap(lambda note, _: '{"note": "' + note.replace('"', '\\"') + '"}'), "markup"),
    defect("bold type", _sub(r"\b(?:comes to|presents|history of|diagnosed|shows|physical examination|temperature)\b", lambda m, _: f"**{m[0]}**"), "markup"),
    defect("a refusal", _refused, "refusal"),
    defect("cut off in a sentence", _wrap(_cut_mid_sentence), "cut_off"),
    defect("cut off in a word", _wrap(_cut_mid_word), "cut_off"),
    defect("the last sentence missing", _wrap(_cut_last_sentence), "cut_off"),
    defect("a placeholder for the rest", _wrap(_placeholder), "placeholder"),
    defect("a sentence repeated", _wrap(_repeat), "repeated"),
    defect("an endless loop", _wrap(_loop), "repeated"),
    defect("damaged characters", _wrap(_garble), "garbled"),
    defect("words in another script", _wrap(_foreign), "garbled"),
    defect("the error's sentence", _error_hunk, "leak"),
    defect("the incorrect note itself", _error_note, "leak"),
    defect("a paraphrase of the incorrect note", _error_paraphrased, "leak answer_lost"),
    defect("another pair's note", _other_pair, "rewritten"),
    defect("empty", lambda e, d: replace(e, note=d.choice(("", " ", "\n"))), "empty"),
)  # fmt: skip
