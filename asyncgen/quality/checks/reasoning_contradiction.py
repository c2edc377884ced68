"""Facts of a reasoning that the notes contradict: denied though present, another side, sex or value."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

from asyncgen.quality.checks.additions import stem
from asyncgen.quality.checks.meanings import normal_word
from asyncgen.quality.checks.note_words import is_content
from asyncgen.quality.checks.vocabulary import CLASSES, word_set

_WORD = re.compile(r"\d+(?:[.,/]\d+)*|[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_DENIED_FINDING = re.compile(
    r"\A\W*(?:(?:there )?(?:is|was|are|were|has|had) )?"
    r"(?:no|without|denies|absence of|absent|lack of|negative for) ([\w'-]+(?: [\w'-]+){0,3}?)"
    r"(?:\W*\Z|[,;.(]| (?:or|and|but|on|in|at|with|was|were|is|are|noted|present|reported)\b)",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:no|not|denies|denied|denying|without|never|absent|absence|negative|neither|nor|free|lack|resolved)\b"
    r"|n't",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.;!?](?:\s+|\Z)|\n")
_NO_THING = word_set("""
    sided side sides limit limits test tests testing result results level levels range finding findings examination
    exam study studies patient
""")
"""What follows a side or a quality and does not tell of what it is one."""
_PLACES = word_set("upper medial anterior proximal")
"""Of each class of sites that is one of adjectives."""
_IS = word_set("is was are were")
_NOTHING: frozenset[str] = frozenset()


def _by_word() -> dict[str, tuple[tuple[int, str], ...]]:
    """Sides and qualities with the numbers of their classes and their values there."""
    found: dict[str, tuple[tuple[int, str], ...]] = {}
    for number, (kind, values) in enumerate(CLASSES):
        if kind in {"laterality", "opposite"} or (kind == "site" and not _PLACES.isdisjoint(values)):
            for word, value in values.items():
                found[word] = (*found.get(word, ()), (number, value))
    return found


_QUALITIES = _by_word()
_REACH = 3  # words between a quality and its thing
_SEXES = {
    **dict.fromkeys(("man", "male", "boy", "gentleman"), "male"),
    **dict.fromkeys(("woman", "female", "girl", "lady"), "female"),
}
_OF_AGE = re.compile(
    r"\b(?:year|yr|month|week|day)s?[\s-]old,? (?:[\w-]+ ){0,3}?"
    r"(man|male|boy|gentleman|woman|female|girl|lady)\b",
    re.IGNORECASE,
)
_TESTS = word_set("""
    alt ast alp ggt ldh bun tsh wbc hdl ldl sodium potassium chloride bicarbonate calcium magnesium phosphate
    phosphorus glucose creatinine hemoglobin hematocrit lipase amylase albumin bilirubin lactate ferritin iron
    troponin cholesterol triglycerides urea platelets platelet leukocyte leukocytes
""")
"""Tests whose results are numbers."""
_JOINS = word_set("and or")
_AFTER = 4  # words behind the name of a test in which its result stands


def contradiction(text: str, notes: str) -> str | None:
    """The words of a fact that the notes contradict; None: they do not.

    Args:
        text: of a summary or a finding.
        notes: all notes of the pair, in lower case.
    """
    return _denied(text, notes) or _opposite(text, notes) or _other_sex(text, notes) or _other_value(text, notes)


def _denied(text: str, notes: str) -> str | None:
    """A finding that is denied, and stands in the notes only where nothing denies it."""
    found = _DENIED_FINDING.match(text)
    wanted = _stems(found[1]) if found else ()
    if found is None or not wanted or not any(is_content(word) for word in _WORD.findall(found[1].lower())):
        return None
    if len(wanted) == 1 and len(found[1].strip()) <= _REACH:
        return None
    affirmed = False
    for sentence in _sentences(notes):
        if _contains(_stems(sentence), wanted):
            if _DENIAL.search(sentence):
                return None
            affirmed = True
    return found[0].strip() if affirmed else None


def _contains(stems: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return any(stems[place : place + len(wanted)] == wanted for place in range(len(stems) - len(wanted) + 1))


def _opposite(text: str, notes: str) -> str | None:
    """A side or a quality of something that the notes know only with another one of the same class."""
    known = _known_qualities(notes)
    for number, value, things in _qualities(text.lower()):
        there = known.get((number, things[0]), _NOTHING) if things else _NOTHING
        if there and value not in there and not _sides_fit(value, there):
            return f"{value} {things[0]}"
    return None


def _sides_fit(value: str, there: AbstractSet[str]) -> bool:
    """Whether a side says less than those that the notes name, or sums them up."""
    sides = there & {"left", "right"}
    return "bilateral" in there or (value, len(sides)) in {("unilateral", 1), ("bilateral", 2)}


@lru_cache(maxsize=2)  # for the two reasonings of a pair
def _known_qualities(notes: str) -> Mapping[tuple[int, str], AbstractSet[str]]:
    known: dict[tuple[int, str], set[str]] = {}
    for number, value, things in _qualities(notes):
        for thing in things:
            known.setdefault((number, thing), set()).add(value)
    return known


def _qualities(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Class and value of each quality, with the stems of what it may be a quality of, the nearest one first."""
    for sentence in _sentences(text):
        words = _WORD.findall(sentence.replace("-", " "))
        for at, word in enumerate(words):
            for number, value in _QUALITIES.get(word, ()):
                following = words[at + 1 : at + 1 + _REACH]
                before = words[max(at - 1 - _REACH, 0) : at - 1][::-1] if words[max(at - 1, 0)] in _IS else []
                yield number, value, [_stem(thing) for thing in (*before, *following) if _is_thing(thing)]


def _is_thing(word: str) -> bool:
    return is_content(word) and word not in _NO_THING and word not in _QUALITIES and not word[0].isdigit()


def _other_sex(text: str, notes: str) -> str | None:
    """A patient of the other sex."""
    told = _OF_AGE.search(text)
    if told is None:
        return None
    known = {_SEXES[word] for word in map(str.lower, _OF_AGE.findall(notes))}
    return told[0] if known and _SEXES[told[1].lower()] not in known else None


def _other_value(text: str, notes: str) -> str | None:
    """The result of a test that in the notes is that of another one: ALT for AST."""
    known = _known_values(notes)
    for name, (value, *_) in _values(text):
        if name in known and value not in known[name] and any(value in values for values in known.values()):
            return f"{name} {value}"
    return None


@lru_cache(maxsize=2)
def _known_values(notes: str) -> Mapping[str, AbstractSet[str]]:
    known: dict[str, set[str]] = {}
    for name, values in _values(notes):
        known.setdefault(name, set()).update(values)
    return known


def _values(text: str) -> Iterator[tuple[str, list[str]]]:
    """Names of tests in lower case, with the numbers that follow within reach, one at least.

    Names that follow each other are left out: nothing tells which of the numbers behind them is whose.
    """
    for sentence in _sentences(text.lower()):
        words = _WORD.findall(sentence)
        for at, word in enumerate(words):
            if word in _TESTS and not _named_together(words, at):
                numbers = [number for number in words[at + 1 : at + 1 + _AFTER] if number[0].isdigit()]
                if numbers:
                    yield word, numbers


def _named_together(words: list[str], at: int) -> bool:
    """Whether the name of a test stands beside that of another one: ALT and AST."""
    near = [word for word in words[max(at - 2, 0) : at] if word not in _JOINS][-1:]
    near += [word for word in words[at + 1 : at + 3] if word not in _JOINS][:1]
    return not _TESTS.isdisjoint(near)


@lru_cache(maxsize=4)
def _sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, each once: the notes of a pair are nearly the same."""
    return tuple(dict.fromkeys(_SENTENCE_END.split(text)))


@lru_cache(maxsize=256)  # the sentences of a pair's notes, for all its findings
def _stems(text: str) -> tuple[str, ...]:
    return tuple(map(_stem, _WORD.findall(text.lower())))


def _stem(word: str) -> str:
    return stem(normal_word(word))
