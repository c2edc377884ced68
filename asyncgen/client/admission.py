"""Admit calls: past the few that probe whether a server accepts such requests, and past the gate."""

from asyncgen.chat import RequestShape
from asyncgen.client.adaptations import Parameters
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import Probes
from asyncgen.limits.endpoint import Grant
from asyncgen.limits.gate import Gate


class Admission:
    """Admits calls to endpoints.

    Args:
        gate: grants the attempts.
        parameters: knows the shape of a request.
        probes: lets a few calls of an unproven shape go ahead.
    """

    def __init__(self, gate: Gate, parameters: Parameters, probes: Probes) -> None:
        self._gate = gate
        self._parameters = parameters
        self._probes = probes

    async def enter(self, index: int, request: Prepared, *, refused: bool) -> tuple[Grant, RequestShape]:
        """Wait for a grant at an endpoint that accepts such requests, or that a few calls probe for it."""
        held: RequestShape | None = None
        endpoints = self._gate.endpoints
        if len(endpoints) == 1:
            held = self._parameters.shape(endpoints[0].name, request)
            if not self._probes.try_enter(held):
                await self._probes.enter(held, index)
        while True:
            try:
                grant = await self._gate.enter(index, request.tokens, request.most, refused=refused)
            except BaseException:
                if held is not None:
                    self._probes.leave(held)
                raise
            if held is not None and len(endpoints) == 1:
                return grant, held
            # If there are several, the gate chooses; a place among the probes of another one is given back.
            shape = self._parameters.shape(grant.endpoint.name, request)
            if held == shape:
                return grant, shape
            if held is not None:
                self._probes.leave(held)
                held = None
            if self._probes.try_enter(shape):
                return grant, shape
            self._gate.leave(grant, request.most)
            await self._probes.enter(shape, index)
            held = shape

    def leave(self, grant: Grant, shape: RequestShape, request: Prepared, *, answered: bool) -> None:
        """Return what `enter` has granted."""
        self._gate.leave(grant, request.most)
        self._probes.leave(shape, answered=answered)
