"""Rates over the last minute, from samples: what the bar, the plain lines and `status` say alike.

Pairs that an earlier process did are in none of them: only what grows between two samples counts.
"""

from collections import Counter, deque
from dataclasses import dataclass

from asyncgen.progress import Sample

SPAN = 60.0
LEAST_SPAN = 1.0
CONCURRENCY = "concurrency"


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast it goes: `pairs` and `calls` a second, `eta` in seconds; None while that cannot be told.

    `binding` names what holds the calls back most of the time, or is nearest to that: a limit of the server
    ("requests", "tokens") or "concurrency". `share` says how much of it is in use (1 is all of it; more while a
    burst is used that the server grants), `limit` what it is: a minute, or calls in flight.
    """

    pairs: float | None = None
    calls: float | None = None
    eta: float | None = None
    binding: str | None = None
    share: float | None = None
    limit: float | None = None


class Meter:
    """Keeps the samples of the last minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, Sample]] = deque()

    def add(self, now: float, sample: Sample) -> None:
        """Take in a sample of the time `now` (seconds of any clock)."""
        if self._samples:
            before = self._samples[-1][1]
            if sample.done < before.done or sample.calls < before.calls or sample.total != before.total:
                self._samples.clear()  # other work has begun
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
        binding, share, limit = self._binding(first, last, span)
        return Rates(
            pairs=pairs,
            calls=(last.calls - first.calls) / span,
            eta=(last.total - last.done) / pairs if pairs else None,
            binding=binding,
            share=share,
            limit=limit,
        )

    def _binding(self, first: Sample, last: Sample, span: float) -> tuple[str, float, float]:
        before = {use.name: use.spent for use in first.limits}
        shares = {
            use.name: (60 * (use.spent - before.get(use.name, 0.0)) / span / use.per_minute, use.per_minute)
            for use in last.limits
        }
        samples = [sample for _, sample in self._samples]
        # After a cut there may be more in flight than the limit: it is in use, no more.
        in_use = sum(min(sample.in_flight, sample.concurrency) for sample in samples)
        granted = max(1, sum(sample.concurrency for sample in samples))
        shares[CONCURRENCY] = (in_use / granted, float(last.concurrency))
        waits = Counter(sample.waiting_on for sample in samples if sample.waiting_on in shares)
        nearest = max(last.limits, key=lambda use: shares[use.name][0], default=None)
        name = waits.most_common(1)[0][0] if waits else nearest.name if nearest else CONCURRENCY
        assert name is not None
        return (name, *shares[name])
