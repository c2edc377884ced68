"""How much changed, and where: one place, little lost, little added."""

from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.change import Change, Hunk, balance, clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.words import content

LEAST_KEPT = 0.5
MOST_LONGER = 60  # characters that any change may add or take, beside a tenth of the note
FREE = 2  # words with content that do not come or go with nothing in their place
FREE_OF_ANY_KIND = 4
BALANCE = 4  # … nor so many more than stand in their place


def check_locality(change: Change) -> Iterator[Finding]:
    """Unchanged, another text, more than one place, too long or short, words lost or added."""
    if not change.places:
        yield Finding("unchanged")
        return
    if change.kept < LEAST_KEPT:
        yield Finding("rewritten", clip(change.original.text), clip(change.revised.text))
        return
    if len(change.places) > 1:
        shown = [change.shown(*place) for place in change.places]
        yield Finding(
            "many_places",
            clip(" | ".join(was or "∅" for was, _ in shown)),
            clip(" | ".join(became or "∅" for _, became in shown)),
        )
    longer = len(change.revised.text.strip()) - len(change.original.text.strip())
    if abs(longer) > MOST_LONGER + len(change.original.text) / 10:
        yield Finding("length", f"{len(change.original.text)} characters", f"{len(change.revised.text)}")
    for place in change.places:
        yield from _balance(change, place)


def _balance(change: Change, place: tuple[Hunk, ...]) -> Iterator[Finding]:
    """Words with content that went or came in a place; those that only moved do not count."""
    lost, gained = balance(place)
    if _outweighs(lost, gained) or any(_bare(hunk.was, hunk.became, lost, gained) for hunk in place):
        yield Finding("omission", *change.shown(*place))
    if _outweighs(gained, lost) or any(_bare(hunk.became, hunk.was, gained, lost) for hunk in place):
        yield Finding("addition", *change.shown(*place))


def _outweighs(many: Counter[str], few: Counter[str]) -> bool:
    more, less = content(many.elements()), content(few.elements())
    return len(more) - len(less) >= BALANCE and not any(_abbreviates(word, more) for word in less)


def _bare(side: tuple[str, ...], other: tuple[str, ...], changed: Counter[str], for_it: Counter[str]) -> bool:
    """Whether a passage of words went, or came, with nothing in its place."""
    if any(word[0].isalnum() for word in other):
        return False
    words = [word for word in side if word[0].isalpha() and word in changed]
    return len(content(words)) >= FREE or (len(words) >= FREE_OF_ANY_KIND and not content(for_it))


def _abbreviates(word: str, words: list[str]) -> bool:
    """Whether a word is made of the first letters of words: MRI, COPD."""
    initials = iter("".join(other[0] for other in words))
    return len(word) >= min(len(words), 3) - 1 > 0 and all(letter in initials for letter in word)
