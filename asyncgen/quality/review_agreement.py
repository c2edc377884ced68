"""How the states of rows agree with a person's decisions about them: shares with 95 % intervals."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.intervals import Share, wilson
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.verification import Judged
from asyncgen.quality.view.judge_words import JudgeWords
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.resume import state_to_read
from asyncgen.storage.review_file import Mark, Review, load_review


@dataclass(frozen=True, slots=True)
class Proportion:
    """So many of so many."""

    hits: int
    of: int

    @property
    def share(self) -> Share:
        """The share, with its interval."""
        return wilson(self.hits, self.of)


@dataclass(slots=True)
class ReviewAgreement:
    """Counts the judged rows that a person marked.

    `review` has the marks; directory and state are those of the run.
    """

    review: Review
    directory: RunDirectory
    state: RunState
    _states: dict[int, State] = field(default_factory=dict)

    def add(self, judged: Judged) -> None:
        """Add a row; one that comes once more is flagged."""
        if judged.index in self.review.marks:
            self._states[judged.index] = judged.state

    @property
    def by_state(self) -> Mapping[str, Counter[Mark]]:
        """Marks by the rules' state."""
        return self._counted({index: str(state) for index, state in self._states.items()}, State)

    @property
    def by_trust(self) -> Mapping[str, Counter[Mark]]:
        """Marks by the stored trust of rules and judge together; empty if there was no judge."""
        judge = JudgeWords(self.directory, self.state)
        trusts = {index: judge.trust(index) for index in self._states}
        return self._counted({index: trust for index, trust in trusts.items() if trust}, Trust)

    def _counted(self, groups: Mapping[int, str], names: Iterable[str]) -> dict[str, Counter[Mark]]:
        found: dict[str, Counter[Mark]] = {str(name): Counter() for name in names}
        for index, group in groups.items():
            found.setdefault(group, Counter())[self.review.marks[index]] += 1
        return {name: counts for name, counts in found.items() if counts}

    def caught(self, groups: Mapping[str, Counter[Mark]], *bad: str) -> tuple[Proportion, Proportion]:
        """The share of rejected rows in a bad group; and that of accepted rows."""
        found = []
        for mark in (Mark.REJECTED, Mark.ACCEPTED):
            of = sum(counts[mark] for counts in groups.values())
            found.append(Proportion(sum(groups[name][mark] for name in bad if name in groups), of))
        return found[0], found[1]

    def as_json(self) -> dict[str, Any]:
        """The counts for programs."""
        return {
            "accepted": self.review.count(Mark.ACCEPTED),
            "rejected": self.review.count(Mark.REJECTED),
            "stale": self.review.stale,
            "by_state": _shares(self.by_state),
            "by_trust": _shares(self.by_trust),
        }


def review_of(directory: RunDirectory, path: Path | None) -> ReviewAgreement | None:
    """The marks in a file (None: there is none), to compare with the rows of a run.

    Raises:
        UsageError, BadDataError, DirectoryError: as `load_review`; or there is no run.
    """
    if path is None:
        return None
    state = state_to_read(directory)
    return ReviewAgreement(load_review(directory, state, path), directory, state)


def rejected_of(counts: Counter[Mark]) -> Proportion:
    """The share of rejected rows among the marked ones."""
    return Proportion(counts[Mark.REJECTED], counts.total())


def _shares(groups: Mapping[str, Counter[Mark]]) -> dict[str, dict[str, Any]]:
    return {
        name: {
            "accepted": counts[Mark.ACCEPTED],
            "rejected": counts[Mark.REJECTED],
            "share_rejected": asdict(rejected_of(counts).share),
        }
        for name, counts in groups.items()
    }
