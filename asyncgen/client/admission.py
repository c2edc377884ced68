"""Admit calls: past the few that probe whether a server accepts such requests, and past the gate."""

import asyncio
from collections.abc import Sequence
from dataclasses import field

from asyncgen.chat import RequestShape, fast_dataclass
from asyncgen.client.adaptations import Adaptations
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import Admitted, Probes
from asyncgen.limits.endpoint import Endpoint, Grant
from asyncgen.limits.gate import Gate, NowhereError


@fast_dataclass(frozen=True, slots=True)
class Tried:
    """The endpoints that a call has tried in vain, by name; others are asked, if there are any.

    Those that it was `refused_by` will not take it. Those that it has `probed` after a rest did not answer: while
    they are probed, others are to find out, or one call would wait for the deadline at a hung server many times.
    """

    refused_by: set[str] = field(default_factory=set)
    probed: set[str] = field(default_factory=set)

    def avoids(self, endpoint: Endpoint) -> bool:
        """Whether the call goes elsewhere if it can."""
        name = endpoint.name
        return name in self.refused_by or (endpoint.probing and name in self.probed)


class Admission:
    """Admits calls to endpoints.

    Args:
        gate: grants the attempts.
        adaptations: knows the shape of a request.
        probes: lets a few calls of an unproven shape go ahead.
    """

    def __init__(self, gate: Gate, adaptations: Adaptations, probes: Probes) -> None:
        self._gate = gate
        self._adaptations = adaptations
        self._probes = probes

    async def enter(
        self, index: int, request: Prepared, tried: Tried, *, refused: bool
    ) -> tuple[Grant, RequestShape]:
        """Wait for a grant at an endpoint that accepts such requests, or that a few calls probe for it.

        Args:
            index: of the row.
            request: the call's.
            tried: what the call has tried in vain.
            refused: it was just refused for rate or overload.
        """
        if len(self._gate.endpoints) > 1:
            return await self._choose(index, request, tried, refused=refused)
        shape = self._adaptations.shape(self._gate.endpoints[0].name, request)
        if not self._probes.try_enter(shape):
            await self._probes.enter([shape], index)
        try:
            return await self._gate.enter(index, request.tokens, request.most, refused=refused), shape
        except BaseException:
            self._probes.leave(shape)
            raise

    async def _choose(
        self, index: int, request: Prepared, tried: Tried, *, refused: bool
    ) -> tuple[Grant, RequestShape]:
        """Wait for a grant at any of several endpoints: which one is chosen in the moment of the grant."""
        place = _Place(self._probes, self._adaptations, request, tried)
        try:
            while True:
                try:
                    grant = await self._gate.enter(
                        index, request.tokens, request.most, refused=refused, choice=place
                    )
                except NowhereError:
                    await self._wait_outside(place, index)
                else:
                    return grant, place.shape(grant.endpoint)
        except BaseException:
            place.leave()
            raise

    def leave(self, grant: Grant, shape: RequestShape, request: Prepared, *, answered: bool) -> None:
        """Return what `enter` has granted."""
        self._probes.leave(shape, answered=answered)  # first: the gate asks who may go now
        self._gate.leave(grant, request.most)

    async def _wait_outside(self, place: "_Place", index: int) -> None:
        """Wait for a place at any of the endpoints that have none, or until others are asked."""
        place.leave()
        admitted: Admitted = asyncio.get_running_loop().create_future()
        self._gate.outside.add(admitted)
        try:
            place.held = await self._probes.enter([place.shape(one) for one in place.full], index, admitted)
        finally:
            self._gate.outside.discard(admitted)


class _Place:
    """The place of a call among those that probe a shape, and so where it may go if there are several endpoints.

    `held` is the shape, None for no place; `full` are the endpoints where there was none.
    """

    def __init__(self, probes: Probes, adaptations: Adaptations, request: Prepared, tried: Tried) -> None:
        self._probes = probes
        self._adaptations = adaptations
        self._request = request
        self._tried = tried
        self.held: RequestShape | None = None
        self.full: Sequence[Endpoint] = ()

    def shape(self, endpoint: Endpoint) -> RequestShape:
        """The request's at an endpoint."""
        return self._adaptations.shape(endpoint.name, self._request)

    def among(self, endpoints: Sequence[Endpoint]) -> Sequence[Endpoint]:
        """Those that may take the call: not those that it has tried in vain, unless no other is asked."""
        able = [one for one in endpoints if not self._tried.avoids(one)] or endpoints
        self.full = able
        return [one for one in able if self.shape(one) == self.held or self._probes.may_enter(self.shape(one))]

    def goes(self, endpoint: Endpoint) -> None:
        """Take a place there, and give one elsewhere back."""
        shape = self.shape(endpoint)
        if shape != self.held:
            self.leave()
            self._probes.try_enter(shape)
            self.held = shape

    def leave(self) -> None:
        """Give the place back."""
        if self.held is not None:
            self._probes.leave(self.held)
            self.held = None
