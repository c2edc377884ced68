"""Which worker finds out what servers take, where many share a run. Pure: it is told the time.

Rules:

1. A shape of requests is probed by one worker at a time, with as many calls as a run by itself would; the others
   wait. Once one of its calls was answered, all may send it.
2. A worker keeps its turn as long as it reports calls of the shape, and loses it when it is silent for `SILENCE`:
   longer than with a lease, for a turn that two have costs refused calls, and a lease only a moment's pace.
3. Every report says all that a worker has found out. So whoever keeps the turns may be lost.
"""

from asyncgen.chat import Adaptation, Findings, RequestShape

SILENCE = 10.0  # seconds: a process that is only busy has reported by then


class ProbeTurns:
    """The turns of workers that are known by number, and what all of them have found out."""

    def __init__(self) -> None:
        self._adaptations: dict[Adaptation, None] = {}
        self._proven: set[RequestShape] = set()
        self._holders: dict[RequestShape, int] = {}
        self._heard: dict[int, float] = {}

    def report(
        self, now: float, worker: int, findings: Findings, unproven: frozenset[RequestShape]
    ) -> tuple[Findings, frozenset[RequestShape]]:
        """What all have found out, and the shapes that it is this worker's turn to probe.

        Args:
            now: in seconds of any clock that goes on evenly.
            worker: its number.
            findings: all that it knows.
            unproven: the shapes of which it has calls and does not know that one was answered.
        """
        self._adaptations |= dict.fromkeys(findings.adaptations)
        self._proven |= findings.proven
        self._heard[worker] = now
        self._holders = {
            shape: holder
            for shape, holder in self._holders.items()
            if shape not in self._proven
            and (holder != worker or shape in unproven)
            and now - self._heard.get(holder, now - SILENCE) < SILENCE
        }
        for shape in unproven - self._proven:
            self._holders.setdefault(shape, worker)
        permitted = frozenset(shape for shape, holder in self._holders.items() if holder == worker)
        return Findings(tuple(self._adaptations), frozenset(self._proven)), permitted

    def leave(self, worker: int) -> None:
        """A worker has nothing more to do."""
        self._heard.pop(worker, None)
