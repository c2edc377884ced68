"""The concurrency that a tier needs: Little's law, and which limit binds. Pure arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from asyncgen.planning.tiers import Tier

HEADROOM = 1.25  # on the mean of the calls in flight, as latencies scatter

CPU = 0.001  # seconds of a processor for a call: what `scripts/bench` measures, doubled for slower machines

_MINUTE, _DAY = 60.0, 86_400.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """The load of a row.

    `calls` per row, `charged` tokens per call as the limit counts them, `latency` of a call in seconds (the mean).
    """

    calls: float
    charged: float
    latency: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The result: what binds ("requests", "tokens", "concurrency" or "CPU"), and what follows from it.

    `rates` are the calls a second that each limit allows, `in_flight` the mean of calls in flight at the rate of
    the binding one, `pairs_a_day` what daily limits allow (infinite without).
    """

    binds: str
    rates: dict[str, float]
    in_flight: float
    concurrency: int
    pairs_a_second: float
    pairs_a_day: float

    def seconds(self, pairs: int) -> float:
        """How long so many rows take; if a daily limit is reached, with waiting for the next day."""
        if self.pairs_a_second * _DAY <= self.pairs_a_day:
            return pairs / self.pairs_a_second  # too slow to reach the daily limit
        whole_days = max(0, math.ceil(pairs / self.pairs_a_day) - 1)
        rest = pairs - whole_days * self.pairs_a_day if whole_days else pairs
        return whole_days * _DAY + rest / self.pairs_a_second


def plan(load: Load, tier: Tier, ceiling: int) -> Plan:
    """Find what binds, and the concurrency to set.

    Args:
        load: the load of a row.
        tier: the limits.
        ceiling: the most calls in flight.
    """
    rates = {"concurrency": ceiling / load.latency, "CPU": 1 / CPU}
    if tier.rpm is not None:
        rates["requests"] = tier.rpm / _MINUTE
    if tier.tpm is not None:
        rates["tokens"] = tier.tpm / _MINUTE / load.charged
    binds = min(rates, key=lambda name: rates[name])
    in_flight = rates[binds] * load.latency
    days = [
        amount / taken
        for amount, taken in ((tier.rpd, load.calls), (tier.tpd, load.calls * load.charged))
        if amount is not None
    ]
    return Plan(
        binds=binds,
        rates=rates,
        in_flight=in_flight,
        concurrency=min(ceiling, math.ceil(in_flight * HEADROOM) + 1),
        pairs_a_second=rates[binds] / load.calls,
        pairs_a_day=min(days, default=math.inf),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed; needs at least one value."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
