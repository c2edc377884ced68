"""A few calls go ahead of the others while it is unknown whether a server accepts requests of their shape.

Rules:

1. A shape is unproven until one of its calls was answered; until then at most `PROBES` of them are in flight.
2. If many processes share a run, one of them probes a shape at a time: the others wait until they are permitted
   to, or until another process has proven the shape.
3. Who waits goes before those that come later, and older rows go first: where every call of a shape is refused,
   the first rows are to tell so.
4. If there are several endpoints, a call waits for a place at any of them, as one may not answer for long.
5. What is learned is kept here beyond one client, so that each new client starts with all of it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from itertools import count

from asyncgen.chat import Adaptation, Findings, RequestShape
from asyncgen.errors import Stopping

PROBES = 8  # as many as go ahead while no limit is known: each refused one costs a request of the limit
Admitted = asyncio.Future[RequestShape | None]


class Probes:
    """Lets at most `PROBES` calls of a shape be in flight until one was answered.

    Args:
        known: what endpoints have refused in earlier starts.
        shared: other processes share the run, and this one waits until it is permitted to probe.
    """

    def __init__(self, known: Iterable[Adaptation] = (), *, shared: bool = False) -> None:
        self._adaptations = list(dict.fromkeys(known))
        self._shared = shared
        self._permitted: frozenset[RequestShape] = frozenset()
        self._proven: set[RequestShape] = set()
        self._wished: set[RequestShape] = set()
        self._waiting: Counter[RequestShape] = Counter()
        self._in_flight: Counter[RequestShape] = Counter()
        self._queues: dict[RequestShape, list[tuple[int, int, Admitted]]] = {}
        self._order = count()
        self._closed = False
        self.on_change: Callable[[], None] | None = None

    @property
    def adaptations(self) -> list[Adaptation]:
        """What endpoints have refused, in order of discovery; only grows."""
        return self._adaptations

    @property
    def findings(self) -> Findings:
        """Everything learned."""
        return Findings(tuple(self._adaptations), frozenset(self._proven))

    @property
    def unproven(self) -> frozenset[RequestShape]:
        """The unproven shapes with calls in flight or waiting, or that have lately gone elsewhere."""
        return frozenset(((+self._waiting | +self._in_flight).keys() | self._wished) - self._proven)

    def found(self, adaptation: Adaptation) -> None:
        """Record what an endpoint has refused."""
        if adaptation not in self._adaptations:
            self._adaptations.append(adaptation)
            self._tell()

    def take(self, findings: Findings, permitted: frozenset[RequestShape]) -> None:
        """Add what other processes have learned, and the shapes that this process may probe."""
        for adaptation in findings.adaptations:
            if adaptation not in self._adaptations:
                self._adaptations.append(adaptation)
        admitted = (findings.proven - self._proven) | (permitted - self._permitted)
        self._shared, self._permitted = True, permitted
        self._wished.clear()
        self._proven |= findings.proven
        for shape in [waiting for waiting in self._queues if waiting in admitted]:  # in the order of their coming
            self._admit(shape)

    def probe_alone(self) -> None:
        """Stop waiting for permission: no process is left to give it."""
        if self._shared:
            self._shared = False
            for shape in self._queues:
                self._admit(shape)

    def close(self) -> None:
        """Let no call wait any more: the run is stopping, and what others probe may take as long as they like."""
        self._closed = True
        for queue in self._queues.values():
            for _, _, admitted in queue:
                if not admitted.done():
                    admitted.set_exception(Stopping())
            queue.clear()

    def proven(self, shape: RequestShape) -> bool:
        """Whether a call of this shape was answered."""
        return shape in self._proven

    def may_enter(self, shape: RequestShape) -> bool:
        """Whether one more call of this shape may go, which else goes elsewhere.

        Then this process asks for its turn to probe all the same: if no call ever waited for it, nobody would.
        """
        if shape in self._proven or self._may_probe(shape):
            return True
        if self._shared and shape not in self._permitted:
            self._wished.add(shape)
        return False

    def try_enter(self, shape: RequestShape) -> bool:
        """Admit one more call of this shape if it may go; then `leave` must follow."""
        if shape in self._proven:
            return True  # calls no longer need counting
        if not self._may_probe(shape):
            return False
        self._count(self._in_flight, shape, 1)
        return True

    async def enter(
        self, shapes: Sequence[RequestShape], index: int, admitted: Admitted | None = None
    ) -> RequestShape | None:
        """Wait until one more call of one of these shapes, for this row, may go; `leave` must follow.

        Args:
            shapes: of the call, at each endpoint where it may go.
            index: of the row.
            admitted: the future that is awaited; others may end the wait with it.

        Returns:
            The shape; None if another has ended the wait.

        Raises:
            Stopping: the run is stopping.
        """
        for shape in shapes:
            if self.try_enter(shape):
                return shape
        if self._closed:
            raise Stopping
        admitted = admitted or asyncio.get_running_loop().create_future()
        for shape in shapes:
            heappush(self._queues.setdefault(shape, []), (index, next(self._order), admitted))
            self._count(self._waiting, shape, 1)
        try:
            return await admitted
        except asyncio.CancelledError:
            if not admitted.cancelled() and not admitted.exception() and (place := admitted.result()) is not None:
                self.leave(place)  # it came in the same moment
            raise
        finally:
            for shape in shapes:
                self._count(self._waiting, shape, -1)

    def leave(self, shape: RequestShape, *, answered: bool = False) -> None:
        """Count a call as back; the first answer admits all others."""
        if shape in self._proven:
            return
        if answered:
            self._proven.add(shape)
            self._tell()
        else:
            self._count(self._in_flight, shape, -1)
        self._admit(shape)

    def _may_probe(self, shape: RequestShape) -> bool:
        return (not self._shared or shape in self._permitted) and self._in_flight[shape] < PROBES

    def _count(self, calls: Counter[RequestShape], shape: RequestShape, more: int) -> None:
        before = self._waiting[shape] + self._in_flight[shape]
        calls[shape] += more
        if shape not in self._proven and 0 in {before, before + more}:
            self._tell()

    def _admit(self, shape: RequestShape) -> None:
        """Let those go that may; here, not when they wake, or whoever comes in between would be before them."""
        queue = self._queues.get(shape, [])
        while queue:
            if queue[0][2].done():  # cancelled, or admitted elsewhere
                heappop(queue)
            elif self.try_enter(shape):
                heappop(queue)[2].set_result(shape)
            else:
                break

    def _tell(self) -> None:
        if self.on_change is not None:
            self.on_change()
