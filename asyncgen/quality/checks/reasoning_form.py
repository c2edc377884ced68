"""The form of a reasoning: present, with the requested keys, about its note and its label."""

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from asyncgen.quality.checks.change import clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.reasoning_error import TYPE_KEYS, TYPES, plain_type
from asyncgen.quality.checks.reasoning_text import check_texts, is_foreign
from asyncgen.quality.checks.reasoning_verdict import wrong_verdict
from asyncgen.text import strings

_WORD = re.compile(r"[a-z]{5,}|\d+(?:\.\d+)?")
_STEM = 6  # letters: longer than in notes, as reasonings have more abstract words
_AGE = re.compile(r"\b(\d{1,3})[\s-](?:year|yr|month|week|day)s?[\s-]old\b", re.IGNORECASE)
_BLANKS = {"", "n/a", "na", "none", "null", "...", "\u2026", "string", "text", "tbd", "todo", "-"}
_LEAST_FACTS = 4  # words: a share of fewer says little
_LEAST_SHARE = 0.3  # of a reasoning's words: the rest may be its own conclusions
_COMMON = 0.08  # of the reasonings: a word in so many is about no single note


@dataclass(frozen=True, slots=True)
class Expected:
    """The typical reasoning of a label: its keys (None: no reasoning), and words that say little.

    `common` are the stems that many of them use, whatever their note is about; `shapes` says what their values
    are, `typed` that they name the types that pairs have, if any, and `english` whether they are in English.
    `comparison_forbidden`: whether the prompt forbids mentioning another version of the note.
    """

    keys: frozenset[str] | None
    common: frozenset[str] = frozenset()
    shapes: Mapping[str, type] = field(default_factory=dict)
    typed: bool = False
    english: bool = True
    comparison_forbidden: bool = True


def expect(sample: Iterable[Any], keys: Collection[str] = ()) -> Expected:
    """Learn from some reasonings of one label (decoded JSON); `keys` from the prompt take precedence.

    The keys that more than half of them have are expected; none if most are not objects.
    """
    count = 0
    key_sets: Counter[str] = Counter()
    stems: Counter[str] = Counter()
    shapes: dict[str, Counter[type]] = defaultdict(Counter)
    types: Counter[bool] = Counter()
    foreign = 0
    objects = 0
    for reasoning in sample:
        count += 1
        if isinstance(reasoning, dict):
            objects += 1
            key_sets.update(reasoning.keys())
            stems.update(_stems(_text(reasoning)))
            foreign += is_foreign(_text(reasoning))
            for key, value in reasoning.items():
                shapes[key][type(value)] += 1
            types.update(
                plain_type(value) in TYPES for key, value in reasoning.items() if TYPE_KEYS.search(str(key))
            )
    if objects * 2 <= count:
        return Expected(None)
    wanted = keys or {key for key, number in key_sets.items() if number * 2 > objects}
    least = max(3.0, _COMMON * objects)
    return Expected(
        frozenset(wanted),
        frozenset(stem for stem, number in stems.items() if number >= least),
        {key: shape for key in wanted if (shape := _usual(shapes[key])) is not None},
        types[True] >= types[False],
        foreign * 2 <= objects,
    )


def keys_of_prompt(system: str) -> frozenset[str]:
    """The keys of the first JSON object in a system prompt, by its outermost quotes and colons."""
    keys: set[str] = set()
    depth = 0
    for match in re.finditer(r"[{}\[\]]|\"([^\"\n]{1,80})\"\s*:", system):
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
            if depth == 0 and keys:
                break
        elif depth == 1:
            keys.add(match[1])
    return frozenset(keys)


def check_reasoning(reasoning: Any, expected: Expected, notes: str, label: str) -> Iterator[Finding]:
    """Compare a reasoning with the expected form and with the notes of its pair, in one text."""
    if expected.keys is None:
        return
    if not isinstance(reasoning, Mapping) or not reasoning:
        yield Finding("reasoning_missing", "", label)
        return
    missing = sorted(expected.keys - reasoning.keys())
    if missing:
        yield Finding("reasoning_keys", clip(", ".join(missing)), label)
    empty = sorted(str(key) for key, value in reasoning.items() if _is_empty(value))
    if empty:
        yield Finding("reasoning_empty", clip(", ".join(empty)), label)
    text = _text(reasoning)
    fields = {str(key): _text(value) for key, value in reasoning.items()}
    if (said := wrong_verdict(fields, label)) is not None:
        yield Finding("reasoning_verdict", "", f"{label}: {clip(said)}")
    other = [
        key for key, shape in expected.shapes.items() if not isinstance(reasoning.get(key, None), shape | None)
    ]
    if other:
        yield Finding("reasoning_form", "", f"{label}: {clip(', '.join(sorted(other)))}")
    else:
        yield from check_texts(reasoning, notes.lower(), label, english=expected.english)
    ages, own = set(_AGE.findall(text)), set(_AGE.findall(notes))
    if ages and own and not ages & own:
        yield Finding("reasoning_other", f"{', '.join(sorted(own))} years", f"{label}: {', '.join(sorted(ages))}")
    elif not _is_about(text, notes, expected.common):
        yield Finding("reasoning_other", "", f"{label}: {clip(text)}")


def _is_about(text: str, notes: str, common: frozenset[str]) -> bool:
    """Whether enough of the words in a reasoning occur in the notes."""
    known = _stems(notes)
    facts = _stems(text) - common
    if len(facts) < _LEAST_FACTS:
        return True
    return len(facts & known) >= _LEAST_SHARE * len(facts)


@lru_cache(maxsize=2)  # each reasoning of a pair needs its notes
def _stems(text: str) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in _WORD.findall(text.lower()))


def _usual(types: Counter[type]) -> type | None:
    """The most frequent type, if it is one of texts; numbers have several."""
    most = types.most_common(1)[0][0] if types else None
    return most if most in {str, list, dict} else None


def _text(value: Any) -> str:
    """All strings in a JSON value."""
    return "\n".join(strings(value))


def _is_empty(value: Any) -> bool:
    if isinstance(value, str):
        return value.strip().lower() in _BLANKS
    if isinstance(value, Mapping | list):
        return not value or all(map(_is_empty, value if isinstance(value, list) else value.values()))
    return value is None
