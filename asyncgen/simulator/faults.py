"""Which fault, if any, hits an attempt. Pure: the draws and the time are arguments."""

from itertools import accumulate
from typing import NamedTuple

from asyncgen.simulator.draws import Draws
from asyncgen.simulator.profile import FAULT_KINDS, Faults, Storm
from asyncgen.simulator.simulated_requests import SimulatedRequest


class Fault(NamedTuple):
    """A fault and, for the kinds that tell the client to wait, how long (seconds; 0: unsaid)."""

    kind: str
    retry_after_s: float = 0.0


class FaultPlan:
    """The faults of a profile, for each attempt."""

    def __init__(self, faults: Faults) -> None:
        """Lay the shares end to end, so that one draw decides among all kinds."""
        self._faults = faults
        shares = accumulate(getattr(faults, kind) for kind in FAULT_KINDS)
        self._bounds = tuple(zip(shares, FAULT_KINDS, strict=True))
        self._total = self._bounds[-1][0]
        self._needle = faults.fail_matching.encode()

    def account(self, request: int) -> str | None:
        """The state of the account at the N-th request: `auth`, `quota` or None."""
        if 0 < self._faults.auth_after <= request:
            return "auth"
        if 0 < self._faults.quota_after <= request:
            return "quota"
        return None

    def hit(self, body: bytes, attempt: int, draws: Draws) -> Fault | None:
        """The fault of this attempt (1 is the first) of this request: a pure function of the three."""
        if self._needle and self._needle in body:
            return self._fault(self._faults.fail_kind)
        if draws.fault >= self._total or (self._faults.once and attempt > 1):
            return None
        return self._fault(next(kind for bound, kind in self._bounds if draws.fault < bound))

    def _fault(self, kind: str) -> Fault:
        return Fault(kind, self._faults.retry_after_s if kind == "rate_limit" else 0.0)


def storm_hit(storm: Storm, elapsed_s: float, draws: Draws) -> Fault | None:
    """The fault of a request that arrives this long after the first one."""
    if 0 <= elapsed_s - storm.start_s < storm.duration_s and draws.storm < storm.share:
        return Fault(storm.kind, storm.retry_after_s)
    return None


def concerns(fault: Fault, request: SimulatedRequest) -> bool:
    """Whether a fault that hits only one kind of request hits this one."""
    if fault.kind == "bad_answer_json":
        return request.wants_json
    return fault.kind != "flex_unavailable" or request.fields.get("service_tier") == "flex"
