"""Speed over the project's own history: a line in docs/bench-history.csv for each state that was measured.

Each line holds our program and the bare loop of the same run: machines differ, and the ratios can be compared.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from io import StringIO

from benchmark.figures import Speed

START, END = "<!-- scripts/bench history: begin -->", "<!-- scripts/bench history: end -->"


@dataclass(frozen=True, slots=True)
class State:
    """A commit with its date, and what was found of it and of the bare loop: calls a second, ms of CPU a call."""

    date: str
    commit: str
    machine: str
    calls_s: int
    bare_calls_s: int
    cpu_ms: float
    bare_cpu_ms: float

    @classmethod
    def of(cls, date: str, commit: str, machine: str, ours: Speed, bare: Speed) -> "State":
        """The state with these figures, rounded as they are worth."""
        rates = round(ours.rate), round(bare.rate)
        return cls(date, commit, machine, *rates, round(1000 * ours.cpu, 3), round(1000 * bare.cpu, 3))

    @property
    def rate_ratio(self) -> float:
        """Calls a second, times those of the bare loop."""
        return self.calls_s / self.bare_calls_s

    @property
    def cpu_ratio(self) -> float:
        """CPU a call, times that of the bare loop."""
        return self.cpu_ms / self.bare_cpu_ms


def parsed(text: str) -> list[State]:
    """The states of a file's text."""
    return [
        State(**{each.name: each.type(row[each.name]) for each in fields(State)})  # type: ignore[operator]
        for row in csv.DictReader(StringIO(text))
    ]


def written(states: Iterable[State]) -> str:
    """The text of a file, with both ratios of each state for whoever draws them."""
    ratios = ("rate_ratio", "cpu_ratio")
    target = StringIO()
    writer = csv.DictWriter(target, [*(each.name for each in fields(State)), *ratios], lineterminator="\n")
    writer.writeheader()
    for state in states:
        writer.writerow(asdict(state) | {name: f"{getattr(state, name):.3f}" for name in ratios})
    return target.getvalue()


def with_new(states: Iterable[State], new: Iterable[State]) -> list[State]:
    """The states with new ones at the end; a commit that was measured again has its new figures there."""
    latest = {state.commit: state for state in new}
    return [*(state for state in states if state.commit not in latest), *latest.values()]


def markdown(states: Iterable[State]) -> str:
    """The table of the page, the latest state last."""
    return "\n".join(_lines(states))


def _lines(states: Iterable[State]) -> Iterator[str]:
    yield "| | commit | calls/s | of the bare loop | CPU a call | of the bare loop |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for state in states:
        yield (
            f"| {state.date} | `{state.commit}` | {state.calls_s:,.0f} | {state.rate_ratio:.2f} "
            f"{'█' * round(20 * state.rate_ratio)} | {state.cpu_ms:.2f} ms | {state.cpu_ratio:.1f} |"
        )
