"""The samples of all sessions over time, on an axis without the time between sessions."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from asyncgen.events import Sample
from asyncgen.monitor.history import Session
from asyncgen.monitor.timeline import Timeline

BINS = 120  # of a curve: each is some 8 of 1,000 pixels wide
NOTHING = "nothing"


@dataclass(slots=True)
class Span:
    """The time of a session: from `began` to `last` (seconds since the epoch), `offset` on the axis."""

    session: Session
    began: float
    last: float
    offset: float


class RunRecord:
    """An observer of `History`: sums by time.

    The names in `timeline` are `seconds`, `pairs`, `calls`, `refused`, `retried`, `prompt`, `completion`, `cost`;
    levels over time `in_flight`, `concurrency`; `wait:NAME` the seconds of waiting for that; `spent:NAME` and
    `limit:NAME` what was used of a limit and what it allowed, in the `known:NAME` seconds when it was known.
    """

    def __init__(self) -> None:
        self.timeline = Timeline(most=BINS)
        self.spans: list[Span] = []
        self._before: Sample | None = None
        self._base = 0

    @property
    def length(self) -> float:
        """Seconds on the axis."""
        return self.spans[-1].offset + self.spans[-1].last - self.spans[-1].began if self.spans else 0.0

    def observe(self, session: Session, at: float, sample: Sample, base: int) -> None:
        """Add a sample."""
        if not self.spans or self.spans[-1].session is not session:
            self.spans.append(Span(session, session.began, session.began, self.length))
            self._before = None
        span, before = self.spans[-1], self._before
        at = max(at, span.last)  # a clock may be set back
        rows = before.done if before is not None and self._goes_on(before, sample, base) else base
        amounts = dict(_amounts(before, sample, sample.done - rows, at - span.last))
        self.timeline.add(span.offset + span.last - span.began, span.offset + at - span.began, amounts)
        span.last, self._before, self._base = at, sample, base

    def _goes_on(self, before: Sample, sample: Sample, base: int) -> bool:
        """Whether two samples count the same rows: a repair and the run behind it each count their own."""
        return base == self._base and before.done <= sample.done and before.total == sample.total

    def moment(self, place: float) -> float:
        """The time at a place of the axis."""
        span = next((one for one in reversed(self.spans) if one.offset <= place), self.spans[0])
        return span.began + place - span.offset

    def level(self, name: str, within: str = "seconds") -> list[float | None]:
        """The mean of a level, or of a count per second, in each bin; None where there was no time `within`."""
        return [one.get(name, 0.0) / one[within] if one.get(within) else None for one in self.timeline.bins]

    def a_minute(self, name: str, within: str = "seconds") -> list[float | None]:
        """A count per minute in each bin."""
        return [None if value is None else 60 * value for value in self.level(name, within)]

    def mean(self, name: str) -> float:
        """The mean of a level, or of a count per second, over the whole time."""
        seconds = self.timeline.total("seconds")
        return self.timeline.total(name) / seconds if seconds else 0.0

    def sums(self, name: str) -> list[float]:
        """A count up to the end of each bin."""
        return list(accumulate(one.get(name, 0.0) for one in self.timeline.bins))

    def wait_shares(self) -> dict[str, float]:
        """The share of the time in which each thing was waited for, the largest first."""
        seconds = self.timeline.total("seconds")
        shares = {
            name: self.timeline.total(f"wait:{name}") / seconds for name in self.timeline.names("wait:") if seconds
        }
        return dict(sorted(shares.items(), key=lambda item: -item[1]))


def _amounts(before: Sample | None, sample: Sample, rows: int, seconds: float) -> Iterator[tuple[str, float]]:
    yield "seconds", seconds
    yield "pairs", rows
    for name in ("calls", "refused", "retried"):
        yield name, getattr(sample, name) - (getattr(before, name) if before is not None else 0)
    yield "prompt", sample.prompt_tokens - (before.prompt_tokens if before is not None else 0)
    yield "completion", sample.completion_tokens - (before.completion_tokens if before is not None else 0)
    if sample.cost is not None:
        yield "cost", sample.cost - (before.cost if before is not None and before.cost is not None else 0.0)
    yield "in_flight", sample.in_flight * seconds
    yield "concurrency", sample.concurrency * seconds
    yield f"wait:{sample.waiting_on or NOTHING}", seconds
    spent = {} if before is None else {(use.endpoint, use.name): use.spent for use in before.limits}
    for name in dict.fromkeys(use.name for use in sample.limits):
        uses = [use for use in sample.limits if use.name == name]
        yield f"spent:{name}", sum(use.spent - spent.get((use.endpoint, name), 0.0) for use in uses)
        yield f"limit:{name}", sum(use.per_minute for use in uses) * seconds / 60
        yield f"known:{name}", seconds
