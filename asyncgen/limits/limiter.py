"""The paced limits of one endpoint.

Pacing is `aiolimiter` with a short period. Its waiters are a heap by amount, so large requests would starve: only
the endpoint's pump waits there. An amount above its capacity raises: amounts are taken in slices and gathered in a
purse until the oldest call can pay. Its rate cannot change and its level cannot be set: so the rate stays, and a
changed pace changes the cost of a unit.
"""

from collections.abc import Mapping

from aiolimiter import AsyncLimiter

from asyncgen.limits.pacer import MINUTE, Pace, SpendMark
from asyncgen.limits.rate_headers import DAY, LimitReport
from asyncgen.limits.spacing import SearchedPace, SpacedLane

# Seconds: a tenth of a second's worth is the largest burst, as servers that count by the second want.
PERIOD = 0.1
UNCONFIRMED = 3  # answers that do not mention a limit known from refusals alone, before it is dropped
HARDLY = 0.5  # of the rate of a limit: fewer calls are not refused for it
NONSENSE = 2  # times a limit that one answered call has used: some servers do not count cached tokens
UNSEEN = 3  # answers in a row, to calls ahead of their turn, that do not show these calls: the limit is none
SHOWN = 0.5  # of what they used, less what came back meanwhile: some servers count the prompt or the answer alone
UNSAID = 20  # answers that do not mention a limit that earlier answers mentioned, before it is dropped
ROUNDING = 1e-6  # slices of floats do not add up exactly


class Lane:
    """One paced limit: its rate, and a purse of what has been drawn and not spent.

    `confirmed`: an answer has reported it, not only a refusal. `unsaid`: answers since that did not. Calls that go
    ahead of their turn, one at a time, must show in what the answers to the next ones report.
    """

    def __init__(
        self, per_minute: float, ceiling: float | None, share: float, spent: float = 0.0, *, exact: bool = False
    ) -> None:
        self.pace = Pace(per_minute, ceiling, share, exact=exact)
        self.confirmed = False
        self.unsaid = 0
        # At least one whole unit must fit: below 600 a minute the period is longer instead.
        self._nominal = self.pace.whole  # as a share may grow
        period = max(PERIOD, 1 / self._nominal)
        self._bucket = AsyncLimiter(self._nominal * period, period)
        self._purse = 0.0
        self._spent = spent
        self._ahead_since: float | None = None
        self._ahead_used = self._ahead_charged = 0.0
        self._unseen = 0

    @property
    def spent(self) -> float:
        """What calls were charged since the start."""
        return self._spent

    def lack(self, amount: float) -> float:
        """What is missing in the purse; 0 if the amount is there."""
        missing = amount - self._purse
        return missing if missing > ROUNDING else 0.0

    async def draw(self, amount: float, now: float) -> None:
        """Put a slice of at most `amount` into the purse, at the current pace."""
        cost = self._nominal / self.pace.rate(now)
        slice_ = min(amount * cost, self._bucket.max_rate)
        await self._bucket.acquire(slice_)
        self._purse += slice_ / cost

    def spend(self, amount: float, now: float) -> SpendMark:
        """Take a call's amount out of the purse, as far as it is there: a call may go ahead of its turn."""
        self._purse = max(0.0, self._purse - amount)
        self._spent += amount
        self.pace.sent(amount, self._spent)
        return SpendMark(now, amount, self._spent)

    def in_turn(self) -> None:
        """Note that a call went in its turn."""
        self._ahead_since, self._unseen = None, 0
        self._ahead_used = self._ahead_charged = 0.0

    def shows(self, report: LimitReport | None, mark: SpendMark, used: float) -> bool:
        """Whether this is a limit of what we use, as far as answers to calls ahead of their turn show.

        Args:
            report: of the answer; None if it does not mention the limit.
            mark: the call's.
            used: what it has used in fact.
        """
        if self._ahead_since is None:
            self._ahead_since = mark.at
        if report is None:
            self._unseen += 1
        else:
            shown = report.limit - report.remaining + report.limit / report.period * (mark.at - self._ahead_since)
            self._unseen = 0 if shown >= SHOWN * self._ahead_used else self._unseen + 1
            if self._ahead_charged:
                self.pace.charged(shown / self._ahead_charged)
        self._ahead_used += used
        self._ahead_charged += mark.amount
        return self._unseen < UNSEEN


class RateLimiter:
    """The paced limits of one endpoint; those that only its headers report are paced from then on.

    Args:
        rpm: requests a minute as preset, None if unknown.
        tpm: tokens a minute as preset, None if unknown.
        ceilings: the user's, by name ("requests", "tokens"), per minute.
    """

    def __init__(self, rpm: float | None, tpm: float | None, ceilings: Mapping[str, float] | None = None) -> None:
        self._ceilings = ceilings or {}
        self._share = 1.0
        presets = {"requests": rpm, "tokens": tpm}
        self._presets = {name: preset for name, preset in presets.items() if preset is not None}
        self._sent = {"requests": 0.0, "tokens": 0.0}
        self.lanes: dict[str, Lane | SpacedLane] = {
            name: self._lane(name, preset) for name, preset in self._presets.items()
        }
        self.largest_call = float("inf")
        self.day_over: float | None = None
        self._disproved: set[str] = set()
        self._unheeded: set[str] = set()

    @property
    def spaced(self) -> SpacedLane | None:
        """The lane of requests, if they are spaced."""
        lane = self.lanes.get("requests")
        return lane if isinstance(lane, SpacedLane) else None

    @property
    def sent(self) -> Mapping[str, float]:
        """What all calls have taken of each limit, known or not, since the start."""
        return self._sent

    @property
    def share(self) -> float:
        """The share of every limit that is ours, above 0 up to 1."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        self._share = share
        for lane in self.lanes.values():
            lane.pace.share = share

    def lack(self, tokens: float) -> tuple[str, float] | None:
        """What a call of so many tokens lacks first, and how much of it; None if it can go."""
        for name, lane in self.lanes.items():
            missing = lane.lack(1.0 if name == "requests" else tokens)
            if missing:
                return name, missing
        return None

    def has_room(self, tokens: float) -> bool:
        """Whether a call of so many tokens that lacks something fits into what the last answers left."""
        return all(
            isinstance(lane, Lane) and lane.pace.has_room(amount)
            for name, lane in self.lanes.items()
            if lane.lack(amount := 1.0 if name == "requests" else tokens)
        )

    def stay_in_turn(self) -> None:
        """Let no call go ahead any more: one was refused."""
        for lane in self.lanes.values():
            if isinstance(lane, Lane):
                lane.pace.stay_in_turn()

    def spend(self, tokens: float, now: float) -> dict[str, SpendMark]:
        """Take a call of so many tokens out of the purses."""
        self._sent["requests"] += 1.0
        self._sent["tokens"] += tokens
        return {name: lane.spend(1.0 if name == "requests" else tokens, now) for name, lane in self.lanes.items()}

    def hear(
        self,
        reports: Mapping[str, LimitReport],
        marks: Mapping[str, SpendMark],
        now: float,
        *,
        refused: bool = False,
        used: float = 0.0,
        ahead: bool = False,
    ) -> bool:
        """Update the limits from the headers of an answer to a call with these marks; returns whether one is new.

        Args:
            reports: the limits in the headers.
            marks: those of the call.
            now: the time.
            refused: it was a refusal, not an answer.
            used: the tokens that the answered call has used in fact.
            ahead: the call went ahead of its turn.
        """
        learned = False
        if refused:
            self._disproved.clear()
        else:
            self._doubt(reports, marks, used, ahead=ahead)
            self._age(reports, marks)
        daily = [report for report in reports.values() if report.daily]
        if daily:
            self.day_over = max((report.reset or DAY for report in daily if report.remaining < 1), default=None)
        for name, report in reports.items():
            if report.daily or name in self._disproved | self._unheeded:
                continue
            if name == "tokens":
                self.largest_call = report.limit
            lane = self.lanes.get(name)
            if not isinstance(lane, Lane):
                lane = self.lanes[name] = self._lane(name, report.limit * MINUTE / report.period)
                learned = True
                if not refused:
                    lane.pace.reported(report.remaining)
            mark = marks.get(name)
            if mark is not None:
                lane.pace.answered(now, mark, report.limit, report.remaining, report.period, refused=refused)
                if name == "tokens" and used and _shows_less(report, mark.amount):
                    lane.pace.charged(used / mark.amount)
        return learned

    def space(self, rate: float, now: float, sent: float, granted: float = 0.0) -> bool:
        """Space requests out; False if their limit is known already.

        The search begins at this many per second, or at what was `granted` so far if that is more.

        If so many as were `sent` per second are hardly any of those that a server reports to grant, another limit
        than the reported one refuses them, such as that of a gateway before it. The user's ceiling always holds.
        """
        known = self.lanes.get("requests")
        if isinstance(known, SpacedLane) or "requests" in self._ceilings:
            return False
        if known is not None:
            if sent > HARDLY * known.pace.rate(now):
                return False
            self._unheeded.add("requests")
        self.lanes["requests"] = SpacedLane(SearchedPace(rate, self._share, granted), self._sent["requests"], now)
        return True

    def _age(self, reports: Mapping[str, LimitReport], marks: Mapping[str, SpendMark]) -> None:
        """Drop limits that answers no longer confirm: some gateways report limits only with refusals.

        A preset is paced again as if nothing had been reported; every other lane is dropped.
        """
        for name, lane in list(self.lanes.items()):
            if isinstance(lane, SpacedLane):
                continue
            if name in reports:
                lane.confirmed, lane.unsaid = True, 0
            elif name in marks and (lane.pace.informed or name not in self._presets):
                lane.unsaid += 1
                if lane.unsaid >= (UNSAID if lane.confirmed else UNCONFIRMED):
                    self._drop(name)

    def _doubt(
        self, reports: Mapping[str, LimitReport], marks: Mapping[str, SpendMark], used: float, *, ahead: bool
    ) -> None:
        """Drop limits, until a refusal, that count nothing of calls which go ahead of their turn, or of any."""
        found = {"tokens"} if "tokens" in reports and used > NONSENSE * reports["tokens"].limit else set()
        for name, lane in self.lanes.items():
            if not isinstance(lane, Lane) or name not in marks:
                continue
            if not ahead:
                lane.in_turn()
            elif not lane.shows(reports.get(name), marks[name], 1.0 if name == "requests" else used):
                found.add(name)
        for name in found - self._disproved:
            self._disproved.add(name)
            if name in self.lanes:
                self._drop(name)

    def _drop(self, name: str) -> None:
        del self.lanes[name]
        if name == "tokens":
            self.largest_call = float("inf")
        if name in self._presets:
            self.lanes[name] = self._lane(name, self._presets[name])

    def _lane(self, name: str, per_minute: float) -> Lane:
        exact = name == "requests"
        return Lane(per_minute, self._ceilings.get(name), self._share, self._sent[name], exact=exact)

    def calls_a_second(self, tokens: float, now: float) -> float:
        """How many calls of so many tokens per second the limits allow."""
        rates = (
            lane.pace.rate(now) / (1.0 if name == "requests" else tokens) for name, lane in self.lanes.items()
        )
        return min(rates, default=float("inf"))


def _shows_less(report: LimitReport, charged: float) -> bool:
    """Whether a call of which an answer reports took less than we charged, so much that it matters."""
    return charged > report.limit / 2 and report.limit - report.remaining < charged / 2
