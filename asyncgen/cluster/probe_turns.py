"""Which worker probes what servers accept, if many share a run. Pure: the time is an argument.

Rules:

1. A shape of requests is probed by one worker at a time, with as many calls as a run by itself would use; the
   others wait. Once one of its calls was answered, all may send it.
2. A worker keeps its turn as long as it reports calls of the shape, and loses it after `SILENCE` seconds of
   silence: longer than with a lease, as a turn held by two costs refused calls, and a lease only a moment's pace.
   Time in which nobody is heard counts little: all stand still, or the coordinator does.
3. Every report holds all that a worker has learned. So the coordinator may be lost.
"""

from asyncgen.chat import Adaptation, Findings, RequestShape

SILENCE = 10.0  # seconds; a process that is only busy has reported by then
MOST_GAP = 2.0  # seconds between two reports, of any workers, that count at most: each makes one a second


class ProbeTurns:
    """The turns of numbered workers, and what all of them have learned."""

    def __init__(self) -> None:
        self._adaptations: dict[Adaptation, None] = {}
        self._proven: set[RequestShape] = set()
        self._holders: dict[RequestShape, int] = {}
        self._heard: dict[int, float] = {}
        self._now = 0.0
        self._last = float("inf")

    def report(
        self, now: float, worker: int, findings: Findings, unproven: frozenset[RequestShape]
    ) -> tuple[Findings, frozenset[RequestShape]]:
        """What all have learned, and the shapes that this worker may probe now.

        Args:
            now: in seconds of any monotonic clock.
            worker: its number.
            findings: all that it knows.
            unproven: the shapes of its calls of which it knows no answered one.
        """
        self._adaptations |= dict.fromkeys(findings.adaptations)
        self._proven |= findings.proven
        self._now += max(0.0, min(now - self._last, MOST_GAP))
        self._last = now
        self._heard[worker] = self._now
        self._holders = {
            shape: holder
            for shape, holder in self._holders.items()
            if shape not in self._proven
            and (holder != worker or shape in unproven)
            and self._now - self._heard.get(holder, float("-inf")) < SILENCE
        }
        for shape in unproven - self._proven:
            self._holders.setdefault(shape, worker)
        permitted = frozenset(shape for shape, holder in self._holders.items() if holder == worker)
        return Findings(tuple(self._adaptations), frozenset(self._proven)), permitted

    def leave(self, worker: int) -> None:
        """Free the turns of a worker that has nothing more to do."""
        self._heard.pop(worker, None)
