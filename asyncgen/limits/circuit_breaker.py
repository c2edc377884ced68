"""Whether an endpoint is well. Pure: it is told what happens and when (seconds of any clock).

Rules:

1. Failures in a row, without a success between them, and it rests. What was sent before the rest belongs to it.
2. After the rest it is probed. A failed probe begins a rest of twice the length, up to the longest; a success ends
   it all.
3. What waiting does not mend (key, quota, model, certificate, the limit of a day) puts it out for this process; if
   that may be chance, the second time in a row does.
"""

LEAST_FAILURES = 5  # in a row: by chance, where one call in ten fails, once in 100,000 calls
FIRST_REST = 1.0  # seconds: a restart behind a load balancer is over by then
LONGEST_REST = 60.0  # seconds: a minute is the most that a healthy endpoint is left idle


class Health:
    """The health of one endpoint; `out` says why it is not asked any more."""

    def __init__(self) -> None:
        self.out: str | None = None
        self._failures = 0
        self._rejections = 0
        self._rest = 0.0
        self._rest_until = float("-inf")

    @property
    def rests(self) -> bool:
        """Whether it has failed, and not succeeded since."""
        return self._rest > 0

    def succeeded(self) -> bool:
        """A call was answered; whether that ends a rest."""
        self._failures = self._rejections = 0
        rested, self._rest = self.rests, 0.0
        return rested

    def failed(self, now: float, sent_at: float) -> float | None:
        """A call got no answer, or a server's error; the seconds of the rest that this begins, None for none."""
        self._failures += 1
        if self._failures < LEAST_FAILURES or (self.rests and sent_at < self._rest_until):
            return None
        self._rest = min(2 * self._rest or FIRST_REST, LONGEST_REST)
        self._rest_until = now + self._rest
        return self._rest

    def rejected(self) -> bool:
        """Key, permission or model were refused; whether that was no chance."""
        self._rejections += 1
        return self._rejections > 1
