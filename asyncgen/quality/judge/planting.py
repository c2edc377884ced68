"""Plant one error of a kind into a note, drawn by a seed: cases that a judge has to reject.

Each planter changes the meaning of any note: a number, a denial, a side, a drug's name … It returns None if the
note has nothing of that kind.
"""

import re
from collections.abc import Callable, Mapping
from random import Random

Planter = Callable[[str, Random], str | None]
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_LEAST_WORDS = 5  # of a sentence with a statement of its own


def _replace(pattern: str, new: Callable[[re.Match[str], Random], str]) -> Planter:
    compiled = re.compile(pattern, re.IGNORECASE)

    def plant(note: str, draw: Random) -> str | None:
        found = list(compiled.finditer(note))
        if not found:
            return None
        match = draw.choice(found)
        became = new(match, draw)
        if match[0][:1].isupper():
            became = became[:1].upper() + became[1:]
        return note[: match.start()] + became + note[match.end() :]

    return plant


def _swap(*pairs: str) -> Planter:
    opposite: dict[str, str] = {}
    for words in pairs:
        one, other = words.split("/")
        opposite |= {one: other, other: one}
    pattern = "|".join(sorted(map(re.escape, opposite), key=len, reverse=True))
    # In upper case first: a dotless i and a long s, which match i and s, become those.
    return _replace(rf"\b(?:{pattern})\b", lambda match, _: opposite[match[0].upper().lower()])


def _number(match: re.Match[str], draw: Random) -> str:
    whole, point, digits = match[0].partition(".")
    return f"{int(whole) + draw.randint(1, max(2, int(whole) // 3))}{point}{digits}"


def _lost(note: str, draw: Random) -> str | None:
    sentences = _SENTENCE.split(note)
    places = [n for n in range(1, len(sentences)) if len(sentences[n].split()) >= _LEAST_WORDS]
    if not places:
        return None
    del sentences[draw.choice(places)]
    return " ".join(sentences)


def _added(note: str, draw: Random) -> str:
    sentences = _SENTENCE.split(note.rstrip())
    more = [one for one in _FINDINGS if one.split()[-1].rstrip(".") not in note]
    sentences.insert(draw.randint(1, len(sentences)), draw.choice(more or _FINDINGS))
    return " ".join(sentences)


_FINDINGS = (
    "There is marked splenomegaly.",
    "Family history includes Marfan syndrome.",
    "She also takes lithium.",
    "The patient is allergic to latex.",
    "A systolic murmur radiates to the axilla.",
)
_DRUGS = ("propranolol", "lithium", "warfarin", "digoxin", "isoniazid", "methotrexate", "amiodarone")
PLANTERS: Mapping[str, Planter] = {
    "number": _replace(r"(?<![\d.,\w])\d{1,4}(?:\.\d+)?(?![\d,]*\d)", _number),
    "unit": _replace(
        r"(?<=\d)([ -])(day|week|month|hour|year)(?=s?\b)",
        lambda m, _: (
            m[1]
            + {"hour": "day", "day": "week", "week": "month", "month": "year", "year": "month"}[m[2].lower()]
        ),
    ),
    "negation": _replace(
        r"\b(?:denies|(?:has|had|is|was|are|were|shows|with) no|does not have|without)\b",
        lambda m, _: {"denies": "reports", "does not have": "has", "without": "with"}.get(
            m[0].lower(), m[0].partition(" ")[0]
        ),
    ),
    "opposite": _swap(
        "increased/decreased", "elevated/reduced", "positive/negative", "normal/abnormal", "present/absent",
        "before/after", "improved/worsened", "intact/absent", "dilated/constricted", "high/low",
    ),
    "side_or_site": _swap("left/right", "upper/lower", "proximal/distal", "anterior/posterior", "medial/lateral"),
    "severity": _swap("mild/severe", "acute/chronic", "slightly/severely"),
    "person": _swap("mother/father", "brother/sister", "son/daughter", "husband/wife", "aunt/uncle"),
    "certainty": _replace(
        r"\b(?:suspected|possible|probable|likely|suggestive of|consistent with|suspicious for)\b",
        lambda m, _: "diagnostic of" if " " in m[0] else "confirmed",
    ),
    "drug": _replace(
        r"\b\w{3,}(?:olol|pril|sartan|statin|prazole|mycin|cillin|floxacin|cycline|azepam|semide|thiazide|profen)\b",
        lambda m, draw: draw.choice([one for one in _DRUGS if one != m[0].lower()]),
    ),
    "lost": _lost,
    "added": _added,
}  # fmt: skip
"""By kind; every note has something that one of them can change."""


def plant(note: str, first: str, draw: Random) -> tuple[str, str] | None:
    """The kind and the note with an error of it.

    Args:
        note: the note to change.
        first: the kind to plant if the note allows it; else the next one is tried.
        draw: the source of chance.

    Returns:
        None if the note is empty.
    """
    kinds = [*PLANTERS]
    begin = kinds.index(first)
    for kind in (*kinds[begin:], *kinds[:begin]):
        changed = PLANTERS[kind](note, draw) if note.strip() else None
        if changed is not None and changed.split() != note.split():
            return kind, changed
    return None


_PAIR = re.compile(r"\b([a-z]{4,}) (and|or) ([a-z]{4,})(?=[.,])")


def reorder(note: str, draw: Random) -> str | None:
    """The note with two adjacent items of a list exchanged; None if there are none."""
    found = list(_PAIR.finditer(note))
    if not found:
        return None
    match = draw.choice(found)
    return f"{note[: match.start()]}{match[3]} {match[2]} {match[1]}{note[match.end() :]}"
