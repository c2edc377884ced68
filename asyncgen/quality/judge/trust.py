"""How far a row can be trusted, from rules and judge together."""

from collections.abc import Collection
from enum import StrEnum

from asyncgen.quality.checks.finding import MEANING
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.verdict import Meaning


class Trust(StrEnum):
    """PROVEN by the rules; JUDGED to have the same meaning; OPEN; FLAGGED by the rules; REJECTED by the judge."""

    PROVEN = "proven"
    JUDGED = "judged"
    OPEN = "open"
    FLAGGED = "flagged"
    REJECTED = "rejected"


def trust_of(state: State, kinds: Collection[str], meaning: Meaning | None) -> Trust:
    """The trust in a row.

    The judge sees only the two texts: it can overrule the rules about their meaning, and nothing else.

    Args:
        state: by the rules.
        kinds: of the findings.
        meaning: by the judge; None: not judged.
    """
    if state is State.PROVEN:
        return Trust.PROVEN
    if meaning is Meaning.DIFFERENT:
        return Trust.REJECTED
    if meaning is Meaning.SAME and MEANING.issuperset(kinds):
        return Trust.JUDGED
    return Trust.FLAGGED if state is State.FLAGGED else Trust.OPEN


ACCEPTED = {
    "proven": frozenset({Trust.PROVEN}),
    "judged": frozenset({Trust.PROVEN, Trust.JUDGED}),
    "not-flagged": frozenset({Trust.PROVEN, Trust.JUDGED, Trust.OPEN}),
    "all": frozenset(Trust),
}
"""The trust that an export accepts, by the name of the choice."""
