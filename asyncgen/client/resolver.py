"""Look up the names of servers, without being held up by a name server that does not answer."""

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar, cast

import aiohttp
from aiohttp.abc import ResolveResult

from asyncgen.address import is_local_name

T = TypeVar("T")


class Resolver(aiohttp.ThreadedResolver):
    """Asks the system for names, except for those that are reserved for this machine."""

    def __init__(self) -> None:
        super().__init__(loop=cast("asyncio.AbstractEventLoop", _Lookups()))

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host.

        Raises:
            OSError: it is not found.
        """
        return await super().resolve("localhost" if is_local_name(host) else host, port, family)


class _Lookups:
    """The two methods of an event loop that aiohttp's resolver calls.

    The system waits for a silent name server for half a minute or more, and nothing can end its call before. All
    that time the end of a loop, and of the process, waits for threads of the loop's own, and so does Ctrl-C.
    """

    async def getaddrinfo(self, host: str, port: int, **options: Any) -> list[Any]:
        return await _in_daemon(partial(socket.getaddrinfo, host, port, **options))

    async def getnameinfo(self, address: tuple[Any, ...], flags: int) -> tuple[str, str]:
        return await _in_daemon(partial(socket.getnameinfo, address, flags))


async def _in_daemon(function: Callable[[], T]) -> T:
    """Call a function in a thread that nothing waits for."""
    call: Future[T] = Future()
    call.set_running_or_notify_cancel()  # from here on it cannot be cancelled, only left alone

    def run() -> None:
        try:
            call.set_result(function())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            call.set_exception(error)

    threading.Thread(target=run, name="asyncgen-names", daemon=True).start()
    return await asyncio.wrap_future(call)
