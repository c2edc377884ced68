"""The extent and place of a change: one place, little lost, little added."""

from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.additions import is_reason, shares_words, stem
from asyncgen.quality.checks.change import Change, Hunk, balance, clip
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.note_words import content
from asyncgen.quality.checks.typing_errors import corrects
from asyncgen.quality.checks.vocabulary import word_set

LEAST_KEPT = 0.5  # of the words: with less in common it is another text
MOST_LONGER = 60  # characters that any change may add or remove, beside a tenth of the note
FREE = 2  # content words that may be added or dropped without a replacement
FREE_OF_ANY_KIND = 4  # words of any kind: shorter phrases without content are style
_LONGEST_SHORT = 3  # words of an abbreviation: "CN VII"
_AGENTS = word_set("""
    team surgeon surgeons surgical medical staff nurse nurses clinician clinicians attending treating provider
    doctors physicians therapist paramedics we
""")
"""People who act in a clinic: the active voice names them, the passive voice does not."""
_REPORTING = word_set("""
    laboratory lab labs study studies examination exam evaluation assessment workup testing test tests result
    results imaging history family show shows showed shown showing reveal reveals revealed demonstrate
    demonstrates demonstrated note notes noted report reports reported find found notable remarkable significant
    pertinent
""")
"""Words that only report where a finding comes from: alone they are not a finding."""
BALANCE = 4  # … nor so many more than replace them


def check_locality(change: Change) -> Iterator[Finding]:
    """Unchanged, another text, more than one place, too long or short, words lost or added."""
    if not change.places:
        yield Finding("unchanged")
        return
    if change.kept < LEAST_KEPT:
        yield Finding("rewritten", clip(change.original.text), clip(change.revised.text))
        return
    edited = [place for place in change.places if not all(map(_is_correction, place))]
    if len(edited) > 1:
        shown = [change.shown(*place) for place in edited]
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


def _is_correction(hunk: Hunk) -> bool:
    """Whether a hunk corrects typing errors, which do not count as a second place."""
    return len(hunk.was) == len(hunk.became) and all(map(corrects, hunk.was, hunk.became))


def _balance(change: Change, place: tuple[Hunk, ...]) -> Iterator[Finding]:
    """Content words that were lost or added in a place; moved words do not count."""
    lost, gained = balance(place)
    if _outweighs(lost, gained) or any(_bare(hunk.was, hunk.became, lost, gained) for hunk in place):
        yield Finding("omission", *change.shown(*place))
    known = any(_is_known_reason(change, hunk) or _writes_out(change, hunk) for hunk in place)
    if not known and (_outweighs(gained, lost) or any(_bare(h.became, h.was, gained, lost) for h in place)):
        yield Finding("addition", *change.shown(*place))


def _is_known_reason(change: Change, hunk: Hunk) -> bool:
    """Whether a hunk adds a reason in words of the note: right or wrong, it is not foreign."""
    words = tuple(word for word in hunk.became if word[0].isalnum())
    return is_reason(words) and shares_words(words, change.original)


def _writes_out(change: Change, hunk: Hunk) -> bool:
    """Whether a hunk adds the words of an abbreviation beside it: "computed tomography (CT)"."""
    words, spans = change.revised.words, change.revised.spans
    for place in range(hunk.j1, min(hunk.j2 + 1, len(words))):
        end = next((k for k in range(place + 2, place + _LONGEST_SHORT + 2) if words[k : k + 1] == (")",)), 0)
        if words[place] == "(" and end:
            short = change.revised.text[spans[place + 1][0] : spans[end - 1][1]]
            return short[0].isalpha() and short.isupper()
    return False


def _outweighs(many: Counter[str], few: Counter[str]) -> bool:
    more, less = content(many.elements()), content(few.elements())
    if _REPORTING.issuperset(more):
        return False
    return len(more) - len(less) >= BALANCE and not any(_abbreviates(word, more) for word in less)


def _bare(side: tuple[str, ...], other: tuple[str, ...], changed: Counter[str], for_it: Counter[str]) -> bool:
    """Whether a passage of words was lost, or added, without a replacement."""
    if any(word[0].isalnum() for word in other):
        return False
    others = set(map(stem, for_it))  # "is removed", "surgeons remove"
    words = [word for word in side if word[0].isalpha() and word in changed and stem(word) not in others]
    words = [word for word in words if word not in _AGENTS]
    if content(words) and _REPORTING.issuperset(content(words)):
        return False
    return len(content(words)) >= FREE or (len(words) >= FREE_OF_ANY_KIND and not content(for_it))


def _abbreviates(word: str, words: list[str]) -> bool:
    """Whether a word consists of the first letters of words: MRI, COPD."""
    initials = iter("".join(other[0] for other in words))
    return len(word) >= min(len(words), 3) - 1 > 0 and all(letter in initials for letter in word)
