"""A transport without a network, which answers by a function: for tests, and to try a recipe without a server."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from asyncgen.chat import Completion
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.wire import LookedUp

Script = Callable[[Prepared], Awaitable[Completion | Failure]]
"""Returns the answer to a request, or the failure in its place; it may sleep."""


class ScriptedWire:
    """Answers every request as the script says; a script that takes too long times out, as a server would."""

    def __init__(self, script: Script) -> None:
        self._script = script

    async def send(
        self, _endpoint: str, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Call the script; there are no headers."""
        try:
            async with asyncio.timeout(seconds):
                return await self._script(request), {}
        except TimeoutError:
            return Failure("timeout", Action.RETRY, unsaid=True), {}

    async def look_up(self, _endpoint: str, _model: str, _seconds: float) -> LookedUp | None:
        """Return None: no server knows models here."""
        return None

    async def close(self) -> None:
        """Do nothing: there is no connection."""
