"""The one gate that every attempt passes: the queue before all endpoints.

Rules:

1. A grant gives everything that an attempt needs at once, at one endpoint: a call in flight, a request, its
   tokens. Nothing is granted during a pause, nor beyond the budget, which reserves what calls in flight may cost.
2. The oldest row goes first. What it cannot have yet, no later one gets: nothing is overtaken, and no second queue
   can invert the order. But a call that was just refused lets the next one go first: it may be the only one that
   the server refuses.
3. It goes where there is room: of the endpoints that can take it, to the one with the largest share of its calls
   in flight free. All of them draw for the oldest call, so that none is idle. Where it cannot go, being too large
   or of an unproven shape, later ones may; if it can go nowhere, it waits elsewhere.
4. A call that waits for a backoff is outside the gate and holds nothing.
5. An endpoint that rests gets nothing, then one call at a time as a probe, until one is answered; calls that were
   sent before it may hang, and do not hold a probe up. One that is out gets nothing any more. If all remaining
   ones rest, it is an outage if none can be reached: all are only probed. Otherwise none rests: all are asked as
   if they were healthy.
6. Where nothing has been in flight for a second, a call goes ahead of its turn if the last answer left room for
   it: what a server reports may be no limit at all, and only calls can show it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, Protocol

from asyncgen.chat import NO_USAGE, Usage, fast_dataclass
from asyncgen.errors import AsyncgenError, Message, Stopping
from asyncgen.limits.endpoint import IDLE, Endpoint, Grant
from asyncgen.limits.rate_headers import LIMITS

if TYPE_CHECKING:
    from asyncgen.limits.budget import Budget


SHARE_WEIGHT = 0.02  # of a call in the share of refused calls: about the last fifty count


class Choice(Protocol):
    """Where a call may go, if there are several endpoints; asked in the moment of a grant."""

    def among(self, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
        """Those of the endpoints that may take the call."""

    def goes(self, endpoint: Endpoint) -> None:
        """The call goes to this one."""


class NowhereError(Exception):
    """None of the endpoints that are asked may take a call, by its choice."""


@fast_dataclass(frozen=True, slots=True)
class _Call:
    """A call that waits."""

    tokens: float
    most: Usage
    choice: Choice | None
    granted: asyncio.Future[Grant]


class Gate:
    """Grants attempts, oldest row first; `pump` must run beside it if rates are limited.

    Several runs may stand behind it, so it knows what none of them knows alone: how many calls were answered,
    when the last one was, what share of the last calls was refused, and how many probes failed in an outage.
    Futures in `outside`, of calls that had nowhere to go, are done with None when an endpoint may be asked
    again.

    Args:
        endpoints: one or more; one is the common case.
    """

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self.endpoints = tuple(endpoints)
        self._asked = self.endpoints
        self._resting: dict[Endpoint, asyncio.TimerHandle] = {}
        self._waiting: list[tuple[int, int, _Call]] = []
        self._order = count()
        self._closed = asyncio.Event()
        self._pumped = asyncio.Lock()
        self._look_again: asyncio.TimerHandle | None = None
        self.reason: AsyncgenError | None = None
        self.in_flight = 0
        self.backing_off = 0
        self.waiting_on: str | None = None
        self.outside: set[asyncio.Future[Any]] = set()
        self.grown = asyncio.Event()
        self.budget: Budget | None = None
        self.exhausted = asyncio.Event()
        self.lacking = Message()
        self.outage = False
        self.vain_probes = 0
        self.answers = 0
        self.answered_at = float("-inf")
        self.refused_share = 0.0

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return sum(endpoint.limit for endpoint in self._asked)

    @property
    def waiting(self) -> int:
        """Calls that wait at the gate."""
        return len(self._waiting)

    @property
    def pause_left(self) -> float:
        """Seconds until the first of the endpoints is no longer paused, or does not rest any more."""
        now = asyncio.get_running_loop().time()
        pauses = [endpoint.pause_left for endpoint in self._asked]
        rests = [
            max(timer.when() - now, endpoint.pause_left)
            for endpoint, timer in self._resting.items()
            if endpoint.health.out is None and endpoint not in self._asked
        ]
        return min(pauses + rests, default=0.0)

    @property
    def share(self) -> float:
        """The share of every limit that is ours, above 0 up to 1; a change takes effect at the next draw."""
        return self.endpoints[0].limiter.share

    @share.setter
    def share(self, share: float) -> None:
        for endpoint in self.endpoints:
            endpoint.limiter.share = share

    async def enter(
        self,
        index: int,
        tokens: float,
        most: Usage = NO_USAGE,
        *,
        refused: bool = False,
        choice: Choice | None = None,
    ) -> Grant:
        """Wait for a grant of one call of row `index`; `leave` must follow.

        Args:
            index: the oldest goes first.
            tokens: the call's charge against the limit of tokens.
            most: the most it can cost, for the budget.
            refused: it was just refused, and lets the oldest other call go first: if it alone is what the server
                refuses, the others must not wait for it.
            choice: where it may go; None: anywhere.

        Raises:
            NowhereError: by its choice.
            Stopping: the gate was closed.
        """
        if self._closed.is_set():
            raise Stopping
        granted: asyncio.Future[Grant] = asyncio.get_running_loop().create_future()
        place = index
        if refused and self._waiting:
            # In an outage behind all: those that wait may all be calls at which the server fails.
            place = max(index, (max(self._waiting) if self.outage else self._waiting[0])[0])
        heappush(self._waiting, (place, next(self._order), _Call(tokens, most, choice, granted)))
        self._grant()
        try:
            grant = await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled() and granted.exception() is None:
                self.leave(granted.result(), most)  # granted and cancelled in the same tick
            raise
        if self._closed.is_set():
            self.leave(grant, most)  # granted and closed in the same tick
            raise Stopping
        return grant

    def leave(self, grant: Grant, most: Usage = NO_USAGE) -> None:
        """Return the call in flight, and the budget's reservation for it; its cost is in the spend."""
        self.in_flight -= 1
        if grant.endpoint.leave(grant):
            self.grown.set()
        if self.budget is not None:
            self.budget.release(most)
        self._grant()

    # The outcome of a call; before `leave`

    def answered(self, grant: Grant, headers: Mapping[str, str], tokens: float, used: float) -> None:
        """Record an answered call of so many tokens, charged and in fact."""
        self.answers += 1
        self.answered_at = asyncio.get_running_loop().time()
        endpoint = grant.endpoint
        if endpoint.health.succeeded():
            self._review()
        if endpoint.answered(grant, headers, tokens, used):
            self.grown.set()
            self._grant()

    def heard(self, *, refused: bool) -> None:
        """Count a call of whatever outcome in the share of those that were refused for rate or overload."""
        self.refused_share += SHARE_WEIGHT * (refused - self.refused_share)

    def reached(self, grant: Grant) -> None:
        """Record that the server itself wrote an error: there is no outage at this endpoint."""
        if grant.endpoint.health.reached(others=self.others(grant.endpoint)):
            self._review()

    def failed(
        self, grant: Grant, row: int = 0, *, unreached: bool = False, suspect: bool = False
    ) -> tuple[bool, float | None]:
        """Record a failure for which the endpoint is to blame.

        Args:
            grant: the call's.
            row: the row of the call.
            unreached: the call did not reach the server, as far as one can tell.
            suspect: other calls were answered while this one failed repeatedly.

        Returns:
            Whether the attempt does not count against the call (the endpoint is unhealthy and there are others, or
            it is an outage), and the seconds of the rest that begins, None for none.
        """
        endpoint = grant.endpoint
        others = self.others(endpoint)
        self.vain_probes += self.outage
        loop = asyncio.get_running_loop()
        seconds = endpoint.health.failed(
            loop.time(),
            grant.at,
            row,
            in_flight=endpoint.in_flight,
            others=others,
            unreached=unreached,
            answered=self.answers > 0,
            suspect=suspect,
        )
        if seconds is not None:
            if endpoint in self._resting:
                self._resting[endpoint].cancel()
            self._resting[endpoint] = loop.call_later(seconds, self._end_rest, endpoint)
            self._review()
        return endpoint.probing or (endpoint.health.out is not None and others), seconds

    def others(self, endpoint: Endpoint, beside: Collection[str] = ()) -> bool:
        """Whether calls can go to another endpoint, `beside` some by name, possibly after a rest."""
        return any(
            other.health.out is None
            for other in self.endpoints
            if other is not endpoint and other.name not in beside
        )

    def put_out(self, endpoint: Endpoint, why: str) -> bool:
        """Send nothing more to an endpoint; False if it is the last one, which stays."""
        if not self.others(endpoint):
            return False
        endpoint.health.out = why
        self._review()
        return True

    def fits(self, tokens: float) -> bool:
        """Whether a call of so many tokens can ever pass the limit of a server that is well."""
        well = [one for one in self._asked if not one.probing]
        return not well or any(tokens <= one.limiter.largest_call for one in well)

    def pause(self, seconds: float, endpoint: Endpoint) -> bool:
        """Grant nothing at an endpoint for `seconds` from now; False if that changes nothing."""
        return endpoint.pause(seconds, self._grant)

    def close(self, reason: AsyncgenError | None = None) -> None:
        """Grant nothing any more: calls that wait get `Stopping`. The first reason is kept."""
        self.reason = self.reason or reason
        self._closed.set()
        for _, _, call in self._waiting:
            if not call.granted.done():
                call.granted.set_exception(Stopping())
        self._waiting.clear()
        for endpoint in self.endpoints:
            endpoint.close()
        for timer in (*self._resting.values(), self._look_again):
            if timer is not None:
                timer.cancel()

    async def closing(self) -> None:
        """Wait until the gate is closed."""
        await self._closed.wait()

    async def backoff(self, seconds: float) -> None:
        """Sleep outside the gate.

        Raises:
            Stopping: the gate was closed meanwhile.
        """
        self.backing_off += 1
        self.grown.set()
        try:
            async with asyncio.timeout(seconds):
                await self._closed.wait()
        except TimeoutError:
            return
        finally:
            self.backing_off -= 1
        raise Stopping

    async def pump(self) -> None:
        """Draw at every endpoint what the oldest call that waits for it lacks; runs until cancelled.

        If several runs share the gate, one pumps at a time.
        """
        async with self._pumped, asyncio.TaskGroup() as group:
            for endpoint in self.endpoints:
                group.create_task(endpoint.pump(self._grant))

    def _end_rest(self, endpoint: Endpoint) -> None:
        del self._resting[endpoint]
        self._review()

    def _review(self) -> None:
        """Decide which endpoints are asked, after a change of health or the end of a rest."""
        left = [endpoint for endpoint in self.endpoints if endpoint.health.out is None]
        healthy = any(not endpoint.health.rests for endpoint in left)
        self.outage = not healthy and self.answers > 0 and all(one.health.unreachable for one in left)
        self.vain_probes = self.vain_probes if self.outage else 0
        for endpoint in self.endpoints:
            endpoint.probing = endpoint.health.rests and (healthy or self.outage)
        self._asked = tuple(one for one in left if not (one.probing and one in self._resting))
        for waiting in self.outside:
            if not waiting.done():
                waiting.set_result(None)
        self.grown.set()
        self._grant()

    def _grant(self) -> None:
        waiting_on = None if self._asked or not self._waiting else "pause"  # an outage
        free: Sequence[Endpoint] = self._asked
        passed: list[tuple[int, int, _Call]] = []  # they have no room where they can go: no later call gets it
        while self._waiting and free:
            _, _, call = self._waiting[0]
            if call.granted.done():  # cancelled while it waited
                heappop(self._waiting)
                continue
            able = self._asked if len(self.endpoints) == 1 else self._able(call)
            if not able:
                heappop(self._waiting)
                call.granted.set_exception(NowhereError())
                continue
            if self.budget is not None and not self._covers(self.budget, call.most, alone=not passed):
                waiting_on = "budget"
                break
            endpoint, obstacle = _with_room([one for one in able if one in free] if passed else able, call.tokens)
            if endpoint is None:
                waiting_on = waiting_on or obstacle
                free = [one for one in free if one not in able]
                if free:
                    passed.append(heappop(self._waiting))
                continue
            heappop(self._waiting)
            self._send(call, endpoint)
        for one in passed:
            heappush(self._waiting, one)
        self.waiting_on = waiting_on
        if waiting_on in LIMITS and not self.in_flight and self._look_again is None:
            self._look_again = asyncio.get_running_loop().call_later(IDLE, self._after_idling)

    def _after_idling(self) -> None:
        self._look_again = None
        self._grant()

    def _covers(self, budget: "Budget", most: Usage, *, alone: bool) -> bool:
        """Whether the budget covers a call; if not, and nothing will return that could make room, it is over."""
        if budget.covers(most):
            return True
        if alone and not self.in_flight:
            self.lacking = budget.shortfall(most)
            self.exhausted.set()
        return False

    def _send(self, call: _Call, endpoint: Endpoint) -> None:
        self.in_flight += 1
        if self.budget is not None:
            self.budget.reserve(call.most)
        if call.choice is not None:
            call.choice.goes(endpoint)
        call.granted.set_result(endpoint.take(call.tokens))

    def _able(self, call: _Call) -> Sequence[Endpoint]:
        """Those of the endpoints that are asked to which a call may go."""
        able = [one for one in self._asked if call.tokens <= one.limiter.largest_call] or self._asked
        return able if call.choice is None else call.choice.among(able)


def _with_room(endpoints: Sequence[Endpoint], tokens: float) -> tuple[Endpoint | None, str | None]:
    """The endpoint that takes a call of so many tokens now; if there is none, what the call waits for."""
    found, least, waiting_on = None, 1.0, None
    for endpoint in endpoints:
        obstacle = endpoint.obstacle(tokens)
        if obstacle is not None:
            # A pause holds back only its own endpoint; it counts for all only if nothing else holds them back.
            if obstacle != "pause" or endpoint is endpoints[0]:
                waiting_on = obstacle
        elif (used := endpoint.occupied) < least:
            found, least = endpoint, used
    return found, waiting_on
