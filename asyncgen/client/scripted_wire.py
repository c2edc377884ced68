"""A wire without a network, which answers by a function: for tests, and to try a recipe without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from asyncgen.chat import Completion
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.wire import LookedUp

Script = Callable[[Prepared], Awaitable[Completion | Failure]]
"""Gives the answer to a request, or what goes wrong in its place; it may sleep."""


class ScriptedWire:
    """Answers every request as the script says; a script that takes too long times out, as a server does."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def send(
        self, _endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Ask the script; there are no headers."""
        try:
            async with asyncio.timeout(seconds):
                return await self._script(request), {}
        except TimeoutError:
            return Failure("timeout", Action.RETRY, unsaid=True), {}

    async def look_up(self, _endpoint: str, _model: str, _seconds: float) -> LookedUp | None:
        """There is no server that knows models."""
        return None

    async def close(self) -> None:
        """There is no connection."""
