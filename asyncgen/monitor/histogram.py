"""The distribution of numbers, in bounded memory. Pure."""

import math
from collections import Counter
from dataclasses import dataclass, field

GROWTH = 1.1  # from bucket to bucket: a quantile is off by 10 % at most
LEAST = 0.001  # seconds: no call over a network is faster
_LOG_GROWTH = math.log(GROWTH)


@dataclass(slots=True)
class LogHistogram:
    """Counts of numbers from 0 up, in buckets each a tenth wider than the one before.

    Everything below `LEAST` is in bucket 0. A quantile is accurate to a tenth for any numbers; `count`, `total`
    and `largest` are exact.
    """

    counts: Counter[int] = field(default_factory=Counter)
    count: int = 0
    total: float = 0.0
    largest: float = 0.0

    def add(self, value: float) -> None:
        """Count a number."""
        self.counts[0 if value < LEAST else 1 + int(math.log(value / LEAST) / _LOG_GROWTH)] += 1
        self.count += 1
        self.total += value
        self.largest = max(self.largest, value)

    def quantile(self, share: float) -> float:
        """The upper bound of the bucket up to which this share of the numbers lies; 0 if there are none."""
        ahead = share * self.count
        for bucket, number in sorted(self.counts.items()):
            ahead -= number
            if ahead <= 0:
                return min(LEAST * GROWTH**bucket, self.largest)
        return self.largest

    def bars(self, most: int) -> list[tuple[float, float, int]]:
        """At most so many adjacent spans (from, to, count) that cover everything counted."""
        if not self.counts:
            return []
        first, last = min(self.counts), max(self.counts)
        width = -(-(last - first + 1) // most)
        bars = []
        for low in range(first, last + 1, width):
            number = sum(self.counts[bucket] for bucket in range(low, low + width))
            bars.append((LEAST * GROWTH ** (low - 1) if low else 0.0, LEAST * GROWTH ** (low + width - 1), number))
        return bars
