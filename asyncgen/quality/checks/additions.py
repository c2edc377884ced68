"""Added words that occur elsewhere in the note, such as the indication of a treatment."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from asyncgen.quality.checks.meanings import meanings, normal_word
from asyncgen.quality.checks.note_words import Words, is_content
from asyncgen.quality.checks.vocabulary import DENIES, word_set

_REASONS = tuple(
    tuple(reason.split())
    for reason in [
        "because of",
        "due to",
        "owing to",
        "in view of",
        "in light of",
        "on account of",
        "for",
        "because",
        "given",
        "to treat",
        "to relieve",
        "to control",
        "to manage",
        "to lower",
        "to reduce",
        "to prevent",
        "to address",
        "to ease",
        "to evaluate",
        "to assess",
        "as treatment for",
    ]
)
"""The beginnings of a phrase that gives a reason."""
_GRAMMAR = word_set("""
    treat relieve control manage lower reduce prevent address ease treatment management relief known evaluate
    assess view light account
""")
_STEM = 5  # letters: enough to tell words apart, few enough to match their forms
_SHORT = 4  # letters: such words have no forms but the plural


def is_reason(words: tuple[str, ...]) -> bool:
    """Whether words begin as a reason does."""
    return any(words[: len(reason)] == reason for reason in _REASONS)


def stands_in(words: tuple[str, ...], note: Words) -> bool:
    """Whether each content word of an addition occurs in the note too, and is not only denied there."""
    if any(word in DENIES or word.endswith("n't") for word in words):
        return False
    known = affirmed_stems(note)
    for word in words:
        normal = normal_word(word)
        if word[0].isdigit() and word not in note.words:
            return False
        if (
            is_content(word)
            and normal not in _GRAMMAR
            and stem(normal) not in known
            and not another_name(normal, known)
        ):
            return False
    return True


def shares_words(words: tuple[str, ...], note: Words) -> bool:
    """Whether at least a third of the content words of an addition occur in the note too."""
    known = {stem(normal_word(word)) for word in note.words}
    told = [word for word in words if is_content(word)]
    return bool(told) and 3 * sum(stem(normal_word(word)) in known for word in told) >= len(told)


def affirmed_stems(note: Words) -> set[str]:
    """The stems of all words of a note without a denial before them in the same clause."""
    stems: set[str] = set()
    denied = False
    for word in note.words:
        if word in {".", ";", ":", "but"}:
            denied = False
        elif word in DENIES or word.endswith("n't"):
            denied = True
        elif not denied:
            stems.add(stem(normal_word(word)))
    return stems


def stem(word: str) -> str:
    """The beginning of a word, which identifies its forms."""
    if len(word) <= _SHORT:
        return word.removesuffix("s") if len(word) == _SHORT else word
    return word[:_STEM]


def another_name(word: str, known: AbstractSet[str]) -> bool:
    """Whether a synonym of a normalized word consists of known stems."""
    concepts = meanings().sources.get((word,), frozenset())
    return bool(concepts) and any(
        all(stem(part) in known for part in phrase) for phrase in _named(concepts) if phrase != (word,)
    )


def _named(concepts: frozenset[int]) -> Iterator[tuple[str, ...]]:
    index = meanings()
    for concept in concepts:
        yield from index.members[concept]
