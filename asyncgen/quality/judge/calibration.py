"""The accuracy of rules and judge on known cases, and the conclusion for the set. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.intervals import Estimate, Outcomes, Share, estimate, wilson
from asyncgen.quality.judge.known_cases import KnownCase
from asyncgen.quality.judge.verdict import Meaning, Verdict


@dataclass(slots=True)
class KindTally:
    """Known cases of a kind: how many the rules put into each state, and the judge into each meaning."""

    kind: str
    same: bool
    states: Counter[State] = field(default_factory=Counter)
    meanings: Counter[Meaning] = field(default_factory=Counter)

    @property
    def flagged(self) -> Share:
        """The share flagged by the rules: recall for bad cases, false alarms for good ones."""
        return wilson(self.states[State.FLAGGED], self.states.total())

    @property
    def proven(self) -> Share:
        """The share proven by the rules, which is wrong for bad cases."""
        return wilson(self.states[State.PROVEN], self.states.total())

    @property
    def rejected(self) -> Share:
        """The share judged to differ: recall for bad cases, false alarms for good ones."""
        return wilson(self.meanings[Meaning.DIFFERENT], self.meanings.total())

    @property
    def accepted(self) -> Share:
        """The share judged to have the same meaning, which is wrong for bad cases."""
        return wilson(self.meanings[Meaning.SAME], self.meanings.total())

    @property
    def outcomes(self) -> Outcomes:
        """The counts by the judge's answer."""
        return Outcomes(self.meanings[Meaning.SAME], self.meanings[Meaning.OPEN], self.meanings[Meaning.DIFFERENT])


@dataclass(frozen=True, slots=True)
class Calibration:
    """The tallies by kind and of all bad and all good cases; what was judged of the set, and the conclusion."""

    kinds: tuple[KindTally, ...]
    bad: KindTally
    good: KindTally
    judged: Outcomes
    estimate: Estimate | None

    @property
    def all(self) -> tuple[KindTally, ...]:
        """The bad kinds and all of them together, then the good ones."""
        bad, good = ([one for one in self.kinds if one.same is same] for same in (False, True))
        return (*bad, self.bad, *good, self.good) if self.kinds else ()


def calibrate(
    known: Iterable[KnownCase],
    states: Mapping[str, State],
    verdicts: Mapping[str, Verdict],
    judged: Outcomes,
) -> Calibration:
    """Count, and draw the conclusion.

    Args:
        known: the known cases.
        states: the rules' states, by key.
        verdicts: the judge's verdicts, by key; a missing one was not answered.
        judged: the judge's counts for the set.
    """
    kinds: dict[str, KindTally] = {}
    bad, good = KindTally("all bad ones", same=False), KindTally("all good ones", same=True)
    for one in known:
        tallies = (kinds.setdefault(one.kind, KindTally(one.kind, one.same)), good if one.same else bad)
        for tally in tallies:
            tally.states[states[one.case.key]] += 1
            if one.case.key in verdicts:
                tally.meanings[verdicts[one.case.key].meaning] += 1
    ordered = tuple(sorted(kinds.values(), key=lambda tally: (tally.same, tally.kind)))
    return Calibration(ordered, bad, good, judged, estimate(judged, bad.outcomes, good.outcomes))
