"""Which rows to show: the worst first, or drawn by a seed. Pure; 12 bytes per row."""

from array import array
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b

from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.verification import Judged

_STATES = (State.FLAGGED, State.OPEN, State.PROVEN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The user's choice: a state (None: any), worst first or drawn by a seed (None: not drawn)."""

    state: State | None = None
    seed: int | None = None

    @property
    def order(self) -> str:
        """The choice in words."""
        return "the worst first" if self.seed is None else f"drawn at random (seed {self.seed})"


@dataclass(slots=True)
class Ranking:
    """Collects the judgements of rows; then gives their indexes in the order to show."""

    wanted: Wanted
    states: Counter[State] = field(default_factory=Counter)
    twins: dict[int, list[Finding]] = field(default_factory=dict)
    _indexes: "array[int]" = field(default_factory=lambda: array("q"))
    _ranks: "array[int]" = field(default_factory=lambda: array("i"))

    def add(self, judged: Judged) -> None:
        """Add a row, or the finding of a near duplicate: that row was added before, and is flagged now."""
        if self._indexes and judged.index <= self._indexes[-1]:
            self.twins.setdefault(judged.index, []).extend(judged.judgement.findings)
            return
        self.states[judged.state] += 1
        self._add(judged.index, judged.weight, _STATES.index(judged.state))

    def add_unjudged(self, index: int) -> None:
        """Add a row that cannot be judged."""
        self._add(index, 0, len(_STATES))

    def _add(self, index: int, weight: int, state: int) -> None:
        self._indexes.append(index)
        self._ranks.append(weight * 4 + 3 - state)

    def __len__(self) -> int:
        return len(self._indexes)

    @property
    def order(self) -> list[int]:
        """The indexes of the chosen rows, in the order to show."""
        state = None if self.wanted.state is None else 3 - _STATES.index(self.wanted.state)
        rows = [
            (index, rank)
            for index, rank in zip(self._indexes, self._ranks, strict=True)
            if state is None or rank % 4 == state
        ]
        if self.wanted.seed is None:
            rows.sort(key=lambda row: (-row[1], row[0]))
        else:
            rows.sort(key=lambda row: _drawn(self.wanted.seed, row[0]))
        return [index for index, _ in rows]


def _drawn(seed: int | None, index: int) -> bytes:
    return blake2b(f"{seed} {index}".encode(), digest_size=8).digest()
