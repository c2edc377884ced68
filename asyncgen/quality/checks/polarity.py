"""What is denied and what is affirmed, word by word: "denies A or B" that became "reports A but denies B"."""

from collections.abc import Iterator

from asyncgen.quality.checks.additions import stem
from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.meanings import normal_word
from asyncgen.quality.checks.note_words import is_content, split_words
from asyncgen.quality.checks.vocabulary import DENIES

_ENDS = {
    ".",
    ";",
    ":",
    "but",
    "except",
    "although",
    "however",
    "though",
    "while",
    "whereas",
    "because",
    "who",
    "which",
    "despite",
}
_VERBS = {
    "is",
    "are",
    "was",
    "were",
    "has",
    "had",
    "have",
    "reports",
    "reported",
    "shows",
    "showed",
    "takes",
    "does",
    "did",
}
_PLACES = {"in", "on", "at", "over", "of", "from", "with", "to", "for", "during", "since"}
_BE = {"is", "are", "was", "were"}
_DENIED_BEHIND = {"absent", "negative", "denied"}
_AHEAD = 7  # words in which the verb of a clause is expected
_SEEN = {"seen", "present", "noted", "found", "observed", "evident", "detected", "visible", "affected", "involved"}
_SETTLED = {
    *_SEEN,
    "evidence",
    "sign",
    "signs",
    "symptom",
    "symptoms",
    "report",
    "reported",
    "associated",
    "further",
}


def check_polarity(change: Change) -> Iterator[Finding]:
    """A word that is only denied in one version of a passage, and only affirmed in the other."""
    for place in change.passages:
        was, became = denied_stems(place.was), denied_stems(place.became)
        if not (_any(was) and _any(became)):
            continue  # added and lost denials are another check's business
        moved = {stem(normal_word(word)) for hunk in place.hunks for word in (*hunk.was, *hunk.became)}
        denial = any(word in DENIES for hunk in place.hunks for word in (*hunk.was, *hunk.became))
        turned = [
            word
            for word in was.keys() & became.keys()
            if (denial or word in moved) and len(was[word]) == len(became[word]) == 1 and was[word] != became[word]
        ]
        if turned:
            yield Finding("negation", *change.shown(*place.hunks))
            return


def _any(said: dict[str, set[bool]]) -> bool:
    return any(True in ways for ways in said.values())


def denied_stems(text: str) -> dict[str, set[bool]]:
    """By stem, whether a content word is denied; both values if it occurs both ways."""
    words = [normal_word(word) for word in split_words(text).words]
    said: dict[str, set[bool]] = {}
    for begin, end in _clauses(words):
        for place, denied in _scopes(words, begin, end):
            if (
                denied is not None
                and is_content(words[place])
                and words[place] not in _SETTLED
                and words[place] not in DENIES
            ):
                said.setdefault(stem(words[place]), set()).add(denied)
    return said


def _clauses(words: list[str]) -> Iterator[tuple[int, int]]:
    begin = 0
    for place, word in enumerate(words):
        # "Hearing and taste are normal" is one clause: both parts need a verb.
        joint = word in {"and", ","} and any(other in _VERBS for other in words[place + 1 : place + _AHEAD])
        if word in _ENDS or (joint and not _VERBS.isdisjoint(words[begin:place])):
            yield begin, place
            begin = place + 1
    yield begin, len(words)


def _scopes(words: list[str], begin: int, end: int) -> Iterator[tuple[int, bool | None]]:
    """Each word of a clause, and whether it is denied; None if that is unclear."""
    clause = range(begin, end)
    behind = any(
        words[place] in _DENIED_BEHIND
        or (
            words[place] == "not"
            and words[place - 1] in _BE
            and words[place + 1 : place + 2]
            and words[place + 1] in _SEEN
        )
        for place in clause
        if place > 0
    )
    denied: bool | None = False
    last = max((place for place in clause if words[place] == ","), default=begin)
    for place in clause:
        if words[place] in DENIES or words[place].endswith("n't"):
            denied = True
        elif denied and words[place] in _PLACES:
            denied = None  # "no rash on the trunk" says nothing about the trunk
        # "smokes no cigarettes" is "does not smoke".
        before_no = place + 1 < end and words[place + 1] == "no"
        yield place, None if before_no and not denied else (True if behind and place >= last else denied)
