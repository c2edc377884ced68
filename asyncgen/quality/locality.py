"""How much changed, and where: one place, little lost, little added."""

from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.change import Change, Hunk, clip
from asyncgen.quality.finding import Finding
from asyncgen.quality.words import content

LEAST_KEPT = 0.5
MOST_LONGER = 60  # characters that any change may add or take, beside a tenth of the note
FREE = 2  # words with content that may come or go with nothing in their place
BALANCE = 4  # … where other words stand for them


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
    was = Counter(word for hunk in place for word in hunk.was)
    became = Counter(word for hunk in place for word in hunk.became)
    lost, gained = (content(words.elements()) for words in (was - became, became - was))
    if _outweighs(lost, gained):
        yield Finding("omission", *change.shown(*place))
    if _outweighs(gained, lost):
        yield Finding("addition", *change.shown(*place))


def _outweighs(many: list[str], few: list[str]) -> bool:
    if any(_abbreviates(word, many) for word in few):
        return False
    return len(many) >= FREE if not few else len(many) - len(few) >= BALANCE


def _abbreviates(word: str, words: list[str]) -> bool:
    """Whether a word is made of the first letters of words: MRI, COPD."""
    initials = iter("".join(other[0] for other in words))
    return len(word) >= min(len(words), 3) - 1 > 0 and all(letter in initials for letter in word)
