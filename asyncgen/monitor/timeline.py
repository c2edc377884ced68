"""Amounts over time, in a bounded number of bins: merged, never lost. Pure.

Everything in a bin is a sum over its time, so that bins can be added up: counts, seconds, and integrals of levels
over time (a level's mean is its integral divided by the seconds). If there are too many bins, neighbours are
merged.
"""

from collections.abc import Mapping

MOST = 480  # bins before they are merged in pairs: so at least 240, twice those of a chart


class Timeline:
    """Sums by time.

    Args:
        width: seconds of a bin, to begin with.
        most: bins at most; at least two.
    """

    def __init__(self, width: float = 1.0, most: int = MOST) -> None:
        self.width = width
        self.bins: list[dict[str, float]] = []
        self._most = most

    def add(self, start: float, end: float, amounts: Mapping[str, float]) -> None:
        """Spread amounts evenly over the time from `start` to `end` (seconds from 0 on, calls in any order)."""
        while end > self.width * self._most:
            self._merge()
        first, last = int(start / self.width), int(end / self.width)
        if last > first and end == last * self.width:
            last -= 1  # a bin does not hold its own end
        last = min(last, self._most - 1)
        first = min(first, last)
        while len(self.bins) <= last:
            self.bins.append({})
        for place in range(first, last + 1):
            inside = min(end, (place + 1) * self.width) - max(start, place * self.width)
            share = inside / (end - start) if first < last else 1.0
            _add(self.bins[place], amounts, share)

    def names(self, prefix: str) -> list[str]:
        """The names in any bin with this prefix, without it, sorted."""
        found = {name for one in self.bins for name in one if name.startswith(prefix)}
        return sorted(name.removeprefix(prefix) for name in found)

    def total(self, name: str) -> float:
        """The sum over all bins."""
        return sum(one.get(name, 0.0) for one in self.bins)

    def _merge(self) -> None:
        self.width *= 2
        pairs = [self.bins[place : place + 2] for place in range(0, len(self.bins), 2)]
        for pair in pairs:
            for second in pair[1:]:
                _add(pair[0], second)
        self.bins = [pair[0] for pair in pairs]


def _add(one: dict[str, float], amounts: Mapping[str, float], share: float = 1.0) -> None:
    for name, amount in amounts.items():
        one[name] = one.get(name, 0.0) + amount * share
