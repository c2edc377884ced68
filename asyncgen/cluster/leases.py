"""The division of an account's limits among many workers. Pure: the time is an argument.

Rules:

1. A worker reports about once a second what share of the limits it could use, and is leased a share. Shares are
   max-min fair over what is wanted: who wants less than an equal part gets that, and the rest is divided among the
   others. What nobody wants is divided too, so that a worker that suddenly needs more has some at once.
2. What workers may use never adds up to more than 1: a share grows only by what others no longer hold by their own
   reports, or have lost by silence. As a reply may be lost, the larger of what a worker held and what it was
   leased counts until its next report.
3. A share ends with the connection: after `SILENCE` seconds without a word it dwindles over `DECAY` seconds, not
   at once, as a worker may only be busy. Both sides count, the worker from when it sent the last report that was
   answered: so it never uses what the coordinator has leased to others.
4. At first a worker holds nothing. A new coordinator does not know what the former one has leased: until it has
   heard all workers, or every former lease has ended, no share grows.
5. One of several workers never has the whole, but `MOST`: the one that has it all uses what the server grants in
   bursts, and would leave nothing of that when the others come back.
6. A pause that a server imposed on one of them holds for all, at that endpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SILENCE = 3.0  # seconds: three reports in a row are missing, which is hardly chance
DECAY = 3.0  # seconds: as long again, for a worker that is only busy
MOST = 0.999  # of the whole; with less than all of it, no burst is used (see `pacer`)
LEAST = 0.05  # of an equal part: reserved for a worker that wants nothing, so that it can begin
HUNGRY = 0.8  # of its share in use: the worker may want any amount more
HEADROOM = 1.5  # on what a worker used when its share was not what held it back
ECHO = 0.25  # seconds by which a pause must exceed the one in force: else it is that one, reported back


@dataclass(frozen=True, slots=True)
class Lease:
    """The share of the limits (0 to 1) that a worker may use; `pauses`: seconds to send nothing, by endpoint."""

    share: float
    pauses: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Worker:
    """What a worker wanted in its last report, the most that it may use until the next one, and when that was."""

    wanted: float
    share: float
    heard: float


class Leases:
    """The leases of numbered workers.

    Args:
        workers: how many there are, numbered from 0.
        now: the time, in seconds of any monotonic clock.
    """

    def __init__(self, workers: int, now: float) -> None:
        self._least, self._most = LEAST / workers, MOST if workers > 1 else 1.0
        self._known_at = now + SILENCE + DECAY
        self._unheard = set(range(workers))
        self._workers: dict[int, _Worker] = {}
        self._paused_until: dict[str, float] = {}

    def report(
        self, now: float, worker: int, wanted: float, held: float, pauses: Mapping[str, float] | None = None
    ) -> Lease:
        """Record what a worker could use and which pauses it was asked for; returns its lease from now on.

        Args:
            now: the time.
            worker: its number.
            wanted: a share of the limits.
            held: the share that it may use until it receives the lease.
            pauses: seconds that are left, by endpoint ("": of the run).
        """
        for endpoint, seconds in (pauses or {}).items():
            if now + seconds > self._paused_until.get(endpoint, now) + ECHO:
                self._paused_until[endpoint] = now + seconds
        share = self._lease(now, worker, min(1.0, max(self._least, wanted)), held)
        left = {endpoint: until - now for endpoint, until in self._paused_until.items() if until > now}
        return Lease(share, left)

    def leave(self, worker: int) -> None:
        """Free the share of a worker that has nothing more to do."""
        self._workers.pop(worker, None)
        self._unheard.discard(worker)

    def in_force(self, now: float) -> dict[int, float]:
        """The most that each worker may use."""
        return {number: left_of(one.share, now - one.heard) for number, one in self._workers.items()}

    def _lease(self, now: float, worker: int, wanted: float, held: float) -> float:
        self._unheard.discard(worker)
        self._workers[worker] = _Worker(wanted, held, now)
        shares = self.in_force(now)
        heard = {number: one.wanted for number, one in self._workers.items() if now - one.heard < SILENCE}
        kept = sum(share for number, share in shares.items() if number not in heard)
        fair = allocate(heard, max(0.0, 1.0 - kept))[worker]
        share = max(0.0, min(fair, 1.0 - sum(shares.values()) + held, self._most))
        if self._unheard and now < self._known_at:
            share = min(share, held)
        self._workers[worker] = _Worker(wanted, max(held, share), now)
        return share


def left_of(share: float, silence: float) -> float:
    """What is left of a share after so many seconds without a word."""
    return share * min(1.0, max(0.0, 1 - (silence - SILENCE) / DECAY))


def allocate(wanted: Mapping[int, float], whole: float = 1.0) -> dict[int, float]:
    """Shares that add up to the whole, max-min fair over what is wanted; the unwanted rest is divided equally."""
    shares: dict[int, float] = {}
    left = whole
    for place, (number, amount) in enumerate(sorted(wanted.items(), key=lambda item: item[1])):
        shares[number] = min(amount, left / (len(wanted) - place))
        left -= shares[number]
    spare = max(0.0, left) / max(1, len(wanted))
    return {number: share + spare for number, share in shares.items()}


def demand(share: float, used: Sequence[float], *, held_back: bool) -> float:
    """The share of the limits that a worker could use.

    Args:
        share: its share so far.
        used: what it took of each limit lately, as a share of the whole limit; empty if no limit is known.
        held_back: a limit made its calls wait.
    """
    most = max(used, default=share)
    return 1.0 if held_back or most >= HUNGRY * share else HEADROOM * most
