"""Prove that a paraphrase means what its note means: every changed word is accounted for.

A place is proven if its passage is aligned with the original's word by word (`alignment`), is the same in another
order or voice (`word_order`), denies the same in another form (`denials`), or adds what occurs elsewhere in the
note (`additions`). Anything else is left: it may be right, but no rule covers it.
"""

import re
from collections.abc import Collection

from asyncgen.quality.checks.additions import is_reason, stands_in
from asyncgen.quality.checks.alignment import aligned
from asyncgen.quality.checks.change import Change, ChangedPassage
from asyncgen.quality.checks.denials import same_denial
from asyncgen.quality.checks.obstetrics import written_out
from asyncgen.quality.checks.passage import Passage
from asyncgen.quality.checks.permissions import EVERYTHING, Permission
from asyncgen.quality.checks.word_order import same_in_another_order

_AGED = re.compile(
    r"\b(\w+)(?:,| who is)? (?:aged (\d{1,3})(?: years)?|(?<!-)\b(\d{1,3}) years (?:old|of age))\b,?(?! month)"
)
_LONGEST = 160  # words of a passage: a longer one is not one local change


def unproven(change: Change, permitted: Collection[Permission] = EVERYTHING) -> tuple[ChangedPassage, ...]:
    """The changed passages that are not proven to have the same meaning; none for a proven note."""
    return tuple(place for place in change.passages if not _is_proven(change, place, permitted))


def _is_proven(change: Change, place: ChangedPassage, permitted: Collection[Permission]) -> bool:
    correctable = Permission.TYPING_ERROR in permitted
    was = Passage(_in_one_way(place.was), correctable)
    became = Passage(_in_one_way(place.became))
    if max(len(was.words), len(became.words)) > _LONGEST:
        return False
    if aligned(was, became) or same_denial(was.words, became.words):
        return True
    if Permission.ORDER in permitted and same_in_another_order(was.words, became.words):
        return True
    return Permission.INDICATION in permitted and _adds_reason(change, place)


def _in_one_way(text: str) -> str:
    """The passage with ages and pregnancies in their most common notation."""
    return _AGED.sub(_age_first, written_out(text))


def _age_first(match: re.Match[str]) -> str:
    """Rewrite "A woman aged 45 years" as "45-year-old woman"."""
    return f"{match[2] or match[3]}-year-old {match[1]}"


def _adds_reason(change: Change, place: ChangedPassage) -> bool:
    """Whether a reason that occurs elsewhere in the note was added, and the rest is proven."""
    for hunk in place.hunks:
        if any(word[0].isalnum() for word in hunk.was):
            continue
        words = tuple(word for word in hunk.became if word[0].isalnum())
        if words and is_reason(words) and stands_in(words, change.original):
            begin = change.revised.spans[hunk.j1][0]
            end = change.revised.spans[hunk.j2 - 1][1]
            rest = place.became[: begin - place.offset] + " " + place.became[end - place.offset :]
            return aligned(Passage(place.was), Passage(rest))
    return False
