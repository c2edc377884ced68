"""Whether an endpoint is healthy. Pure: events and times (seconds of any clock) are arguments.

Rules:

1. If other endpoints can be asked, `LEAST_FAILURES` failures without a success between them begin a rest.
2. Once there were answers, an outage begins a rest, whether there are other endpoints or not: calls of at least
   `LEAST_ROWS` rows, and of half as many as calls are in flight, did not reach the server, with no success between
   them; or all calls did not, if fewer than three are in flight. A call that failed while others were answered
   does not count: it may itself be the cause.
3. Calls sent before a rest belong to it. After the rest the endpoint is probed. A failed probe begins a rest of
   twice the length, up to the longest; a success ends all rests. An error that the server itself has written ends
   an outage too.
4. A failure that waiting does not repair (key, quota, model, certificate, daily limit) puts the endpoint out for
   this process. A rejection may be chance, or due to one row. Before the first answer, two in a row are
   conclusive; afterwards those of as many rows as make an outage are, with no success between them.
"""

LEAST_FAILURES = 5  # in a row: by chance, if one call in ten fails, once in 100,000 calls
LEAST_ROWS = 3  # fewer may be chance
FIRST_REST = 1.0  # seconds: a restart behind a load balancer is over by then
LONGEST_REST = 60.0  # seconds: the longest that a recovered endpoint is left idle
FIRST_WAIT = 0.25  # seconds, without other endpoints: a single cut connection delays nobody
LONGEST_WAIT = 10.0  # seconds between probes without other endpoints: how late the end of an outage is seen


class CircuitBreaker:
    """The health of one endpoint; `out` says why it is no longer asked, `answered` whether it ever answered."""

    def __init__(self) -> None:
        self.out: str | None = None
        self.answered = False
        self._failures = 0
        self._unreached: set[int] = set()
        self._said = False
        self._rejected: list[int] = []
        self._rest = 0.0
        self._rest_until = float("-inf")

    @property
    def rests(self) -> bool:
        """Whether it has failed, and not succeeded since."""
        return self._rest > 0

    @property
    def unreachable(self) -> bool:
        """Whether it rests, and has not responded since its last success."""
        return self.rests and not self._said

    def succeeded(self) -> bool:
        """Record an answered call; returns whether that ends a rest."""
        self.answered = True
        self._failures, self._said = 0, False
        self._unreached.clear()
        self._rejected.clear()
        rested, self._rest = self.rests, 0.0
        return rested

    def reached(self, *, others: bool) -> bool:
        """Record a server's error; returns whether that ends an outage. With `others` the rest goes on."""
        self._said = True
        self._unreached.clear()
        ends = self.rests and not others
        if ends:
            self._rest = 0.0
        return ends

    def failed(
        self,
        now: float,
        sent_at: float,
        row: int = 0,
        *,
        in_flight: int = 0,
        others: bool = True,
        unreached: bool = False,
        answered: bool = False,
        suspect: bool = False,
    ) -> float | None:
        """Record a call without an answer, or with a server's error; returns the seconds of rest it begins.

        None: it begins none.

        Args:
            now: the time.
            sent_at: when the call was sent.
            row: the row of the call.
            in_flight: calls in flight, this one included.
            others: whether other endpoints can be asked.
            unreached: the call did not reach the server, as far as one can tell.
            answered: any call of the run was answered before.
            suspect: other calls were answered while this one failed repeatedly.
        """
        self._failures += 1
        if unreached:
            self._unreached.add(row)
        outage = answered and unreached and _are_most(len(self._unreached), in_flight, suspect=suspect)
        ill = others and self._failures >= LEAST_FAILURES
        if not (outage or ill or self.rests) or (self.rests and sent_at < self._rest_until):
            return None
        first, longest = (FIRST_REST, LONGEST_REST) if others else (FIRST_WAIT, LONGEST_WAIT)
        self._rest = min(2 * self._rest or first, longest)
        self._rest_until = now + self._rest
        return self._rest

    def rejected(self, row: int = 0, in_flight: int = 0, *, others: bool = True) -> bool:
        """Record a refusal of key, permission or model; returns whether it is more than chance or one row.

        Args:
            row: the row of the call.
            in_flight: calls in flight, this one included.
            others: whether other endpoints can be asked.
        """
        self._rejected.append(row)
        if not self.answered:
            return len(self._rejected) > 1
        if not others and self._rejected.count(row) == 1:
            return False  # it is retried once, and others meanwhile
        return len(set(self._rejected)) >= max(LEAST_FAILURES if others else LEAST_ROWS, in_flight / 2)


def _are_most(rows: int, in_flight: int, *, suspect: bool) -> bool:
    """Whether a failure of so many rows concerns all of them."""
    if in_flight < LEAST_ROWS:
        return rows >= max(1, in_flight) and not suspect
    return rows >= max(LEAST_ROWS, in_flight / 2)
