"""The verdict of the checks on a pair: proven, flagged or open."""

from dataclasses import dataclass
from enum import StrEnum

from asyncgen.quality.checks.change import ChangedPassage
from asyncgen.quality.checks.finding import Finding


class State(StrEnum):
    """Whether a pair's examples can be trusted.

    PROVEN: every changed word is accounted for. FLAGGED: a rule found something wrong. OPEN: neither; such a pair
    may be good or bad.
    """

    PROVEN = "proven"
    FLAGGED = "flagged"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Judgement:
    """The state of a pair, its findings, and the changed passages that no rule accounts for."""

    findings: tuple[Finding, ...] = ()
    unproven: tuple[ChangedPassage, ...] = ()

    @property
    def state(self) -> State:
        """Flagged if anything was found, else proven if no passage is left."""
        if self.findings:
            return State.FLAGGED
        return State.OPEN if self.unproven else State.PROVEN
