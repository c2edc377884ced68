"""Watch the batches at the server until one has ended."""

from functools import partial

from asyncgen.client.batch_server import BatchServer, BatchServerError, BatchState
from asyncgen.engine.batch.delivery import BatchTiming, Delivery, unclear
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.events import Notice, Observer
from asyncgen.limits.gate import Gate
from asyncgen.storage.batch_records import OpenBatch
from asyncgen.storage.journal import Journal


class BatchWatch:
    """The states of batches; `states` are the last ones known, by number.

    Args:
        journal: knows the open batches.
        server: says how they stand.
        ask: retries transient failures.
        delivery: finds batches, and tells of their changes.
        gate: ends waits when the run stops.
        observe: called with every event.
        timing: how often to look.
    """

    def __init__(
        self,
        journal: Journal,
        server: BatchServer,
        ask: Persistence,
        delivery: Delivery,
        gate: Gate,
        observe: Observer,
        timing: BatchTiming,
    ) -> None:
        self._journal = journal
        self._server = server
        self._ask = ask
        self._delivery = delivery
        self._gate = gate
        self._observe = observe
        self._timing = timing
        self.states: dict[int, BatchState] = {}

    @property
    def ended(self) -> list[int]:
        """The numbers of the batches that have ended."""
        return [number for number, state in self.states.items() if state.ended]

    async def wait(self) -> None:
        """Wait until a batch has ended.

        Raises:
            Stopping: the run is stopping.
            TryLaterError: the server refuses to say how a batch stands.
        """
        wait = self._timing.first_look
        while self.states and not self.ended:
            await self._gate.backoff(wait)
            wait = self._timing.first_look if await self.look() else min(1.5 * wait, self._timing.longest)

    async def look(self) -> bool:
        """Get the state of all batches; returns whether one has changed.

        Raises:
            TryLaterError: as above.
        """
        changed = False
        for batch in list(self._journal.batches.open.values()):
            before = self.states.get(batch.number)
            if not batch.id or (before is not None and before.ended):
                continue
            state = await self._state(batch)
            self.states[batch.number] = state
            if before is None or _told(before) != _told(state):
                changed = True
                self._delivery.tell(batch, state)
        return changed

    async def _state(self, batch: OpenBatch) -> BatchState:
        """The state of a batch; one that is neither found nor listed counts as expired."""
        try:
            return await self._ask.ask(partial(self._server.look, batch.id))
        except BatchServerError as error:
            if not error.gone:
                raise unclear(batch, "refuses to say how it stands", error) from error
        state = await self._delivery.find(batch)
        if state is None:
            state = BatchState(batch.id, "expired")
            text = f"The server no longer knows batch {batch.number} ({batch.id}); it may be billed"
            self._observe(Notice(text, warning=True))
        return state


def _told(state: BatchState) -> tuple[object, ...]:
    return state.status, state.completed, state.failed
