"""The error of the pair in the CORRECT note, or its correction missing there."""

from collections.abc import Iterator

from asyncgen.quality.checks.change import Change, Hunk
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.note_words import content
from asyncgen.quality.checks.vocabulary import PLAIN

_RARE = 8  # letters: shorter words may come by chance
_SHARE = 0.4  # of the error's words: fewer common ones may come by chance


def check_leak(change: Change, error: Change) -> Iterator[Finding]:
    """Compare the change with the one from the correct note to the incorrect one."""
    if not change.hunks:
        return
    wrong, right = set(content(error.gained)), set(content(error.lost))
    brought = {word for word in change.gained if word in wrong}
    telling = {word for word in wrong if not PLAIN.fullmatch(word)}
    shared = _shared(change, error)
    if shared or _tells(brought & telling, telling):
        yield Finding("leak", *change.shown(*(shared or [h for h in change.hunks if brought & set(h.became)])))
    told = {word for word in right if not PLAIN.fullmatch(word)}
    if told and told <= change.lost.keys() and not _abbreviated(change):
        yield Finding("answer_lost", *change.shown(*(hunk for hunk in change.hunks if told & set(hunk.was))))


def telling_words(error: Change) -> tuple[frozenset[str], frozenset[str]]:
    """The words that distinguish an incorrect note from the correct one: those of the error, of its correction."""
    sides = (set(content(error.gained)), set(content(error.lost)))
    wrong, right = (frozenset(word for word in side if not PLAIN.fullmatch(word)) for side in sides)
    return wrong, right


def _shared(change: Change, error: Change) -> list[Hunk]:
    """Hunks that are part of the error: all of them, or some with more than ordinary words."""
    places = {(hunk.i1, hunk.i2, hunk.became) for hunk in error.hunks}
    shared = [hunk for hunk in change.hunks if (hunk.i1, hunk.i2, hunk.became) in places]
    telling = any(not PLAIN.fullmatch(word) for hunk in shared for word in content((*hunk.was, *hunk.became)))
    return shared if telling or len(shared) == len(places) else []


def _tells(brought: set[str], telling: set[str]) -> bool:
    """Whether the added words are more than a coincidence: many of the error's, or a rare one."""
    return any(len(word) >= _RARE for word in brought) or len(brought) > _SHARE * len(telling)


def _abbreviated(change: Change) -> bool:
    """Whether an abbreviation replaced its words, or the reverse: "polymyalgia rheumatica", "PMR"."""
    return any(
        word in {"".join(other[0] for other in content(words)) for words in sides}
        for hunk in change.hunks
        for new, sides in ((hunk.became, [hunk.was]), (hunk.was, [hunk.became]))
        for word in new
        if len(word) > 1
    )
