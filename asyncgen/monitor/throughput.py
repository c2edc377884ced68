"""Rates over the last minute, from samples, for the bar, the plain lines and `status`.

Rows that an earlier process did count in none of them: only what grows between two samples does.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from asyncgen.events import Sample

SPAN = 60.0  # seconds: limits are by the minute
LEAST_SPAN = 1.0  # seconds: samples come once a second, and a rate over less would jump
CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True)
class Rates:
    """The current pace: `pairs` and `calls` a second, `eta` in seconds; None while unknown.

    `binding` names what holds the calls back most of the time, or is nearest to that: a limit of the server
    ("requests", "tokens") or "concurrency". `share` is the part of it in use (1: all of it; more during a burst
    that the server grants), `limit` its value: per minute, or calls in flight. `limits` has the same by endpoint
    and name.
    """

    pairs: float | None = None
    calls: float | None = None
    eta: float | None = None
    binding: str | None = None
    share: float | None = None
    limit: float | None = None
    limits: Mapping[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    @property
    def in_use(self) -> float | None:
        """The share for places without room to explain a burst: at most all of it."""
        return None if self.share is None else min(1.0, self.share)


class Meter:
    """Keeps the samples of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Sample]] = deque()

    def add(self, now: float, sample: Sample) -> None:
        """Add a sample of the time `now` (seconds of any clock)."""
        if self._samples:
            at, before = self._samples[-1]
            other_work = sample.done < before.done or sample.calls < before.calls or sample.total != before.total
            if other_work or now < at:  # a clock was set back: the seconds before would count twice
                self._samples.clear()
        self._samples.append((now, sample))
        while len(self._samples) > 1 and self._samples[1][0] <= now - SPAN:
            self._samples.popleft()

    def rates(self) -> Rates:
        """The rates up to the last sample."""
        if not self._samples:
            return Rates()
        (began, first), (ended, last) = self._samples[0], self._samples[-1]
        span = ended - began
        if span < LEAST_SPAN:
            return Rates()
        pairs = (last.done - first.done) / span
        limits = _in_use(self._samples, span)
        binding, share, limit = self._binding(limits)
        return Rates(
            pairs=pairs,
            calls=(last.calls - first.calls) / span,
            eta=(last.total - last.done) / pairs if pairs else None,
            binding=binding,
            share=share,
            limit=limit,
            limits=limits,
        )

    def _binding(self, limits: Mapping[tuple[str, str], tuple[float, float]]) -> tuple[str, float, float]:
        shares = {}
        for name in dict.fromkeys(name for _, name in limits):
            of_name = [use for (_, other), use in limits.items() if other == name]
            together = sum(limit for _, limit in of_name)
            shares[name] = (sum(share * limit for share, limit in of_name) / together, together)
        nearest = max(shares, key=lambda name: shares[name][0], default=CONCURRENCY)
        samples = [sample for _, sample in self._samples]
        # After a cut there may be more in flight than the limit: that counts as all of it.
        in_use = sum(min(sample.in_flight, sample.concurrency) for sample in samples)
        granted = max(1, sum(sample.concurrency for sample in samples))
        shares[CONCURRENCY] = (in_use / granted, float(samples[-1].concurrency))
        waits = Counter(sample.waiting_on for sample in samples if sample.waiting_on in shares)
        name = waits.most_common(1)[0][0] if waits else nearest
        assert name is not None
        return (name, *shares[name])


def _in_use(samples: Sequence[tuple[float, Sample]], span: float) -> dict[tuple[str, str], tuple[float, float]]:
    """By endpoint and name of a limit: the share of it in use, and its value per minute."""
    (_, first), (_, last) = samples[0], samples[-1]
    before: dict[tuple[str, str], float] = {}
    if first.calls:  # else nothing was spent before it, even of a limit that became known later
        for _, sample in samples:
            for use in sample.limits:
                before.setdefault((use.endpoint, use.name), use.spent)
    else:
        before = {(use.endpoint, use.name): use.spent for use in first.limits}
    return {
        (use.endpoint, use.name): (
            60 * (use.spent - before.get((use.endpoint, use.name), 0.0)) / span / use.per_minute,
            use.per_minute,
        )
        for use in last.limits
    }
