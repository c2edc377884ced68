"""What the runs of one process share: limits, with all that was learned, and connections."""

from collections.abc import Callable

from asyncgen.client.wire import SdkWire, Wire
from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError
from asyncgen.limits.gate import Gate
from asyncgen.limits.opening import open_gate


class KeptWire(SdkWire):
    """Connections that outlive the runs that use them: the end of the process closes them."""

    async def close(self) -> None:
        """Do nothing: the next run needs them."""


class KeptService:
    """One gate and one transport for all runs, which have the same limits and endpoints.

    Args:
        open_wire: opens the transport, whose `close` must keep it open for the next run.
        one_gate: False: each run has its own budget, and so its own gate.
    """

    def __init__(self, open_wire: Callable[[RunConfig], Wire] = KeptWire, *, one_gate: bool = True) -> None:
        self._one_gate = one_gate
        self._open_wire = open_wire
        self._gate: Gate | None = None
        self._wire: Wire | None = None
        self._reason: AsyncgenError | None = None

    def gate(self, config: RunConfig) -> Gate:
        """The gate of all runs, or of the next one."""
        if self._gate is None or not self._one_gate:
            self._gate = open_gate(config)
        if self._reason is not None:
            self._gate.close(self._reason)
        return self._gate

    def wire(self, config: RunConfig) -> Wire:
        """The transport of all runs."""
        if self._wire is None:
            self._wire = self._open_wire(config)
        return self._wire

    def stop(self, reason: AsyncgenError) -> None:
        """Stop all runs, also those that begin later: no more calls are sent, those in flight are finished."""
        self._reason = self._reason or reason
        if self._gate is not None:
            self._gate.close(reason)
