"""Judgements of rows, made by hand."""

from asyncgen.quality.checks.change import ChangedPassage
from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.judgement import Judgement

PROVEN = Judgement()
OPEN = Judgement((), (ChangedPassage("a", "b", (), 0),))


def flagged(*kinds: str) -> Judgement:
    """One with findings of these kinds."""
    return Judgement(tuple(Finding(kind) for kind in kinds))
