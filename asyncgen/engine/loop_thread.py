"""Run work beside someone else's event loop: on its own thread and loop.

It keeps running while their code blocks their loop. Cancelling all tasks there, as the end of `asyncio.run` does,
does not interrupt it: the work is asked to stop, and waited for.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from asyncgen.engine.event_loop import run_loop

T = TypeVar("T")
R = TypeVar("R")


class LoopThread(Generic[T]):
    """Work on its own thread for the length of a `with` block; leaving early stops it and waits.

    Args:
        work: the coroutine function to run.
        stop: called on its loop, asks the work to end in order.
    """

    def __init__(
        self, work: Callable[[], Coroutine[Any, Any, T]], stop: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        self._work = work
        self._stop = stop
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._result: Future[T] = Future()
        self._ended: Future[None] = Future()
        for future in (self._loop, self._result, self._ended):
            future.set_running_or_notify_cancel()  # from here on no waiter can cancel it

    async def __aenter__(self) -> Self:
        # Not a daemon: if the program ends first, the interpreter waits for what is in flight.
        threading.Thread(target=self._run, name="asyncgen").start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled: asyncio.CancelledError | None = None
        ended = asyncio.wrap_future(self._ended)
        if not self._result.done():
            with suppress(RuntimeError):  # it has just ended by itself
                self._loop.result().call_soon_threadsafe(self._begin_to_stop)
        while not ended.done():
            try:
                await asyncio.wait([ended])
            except asyncio.CancelledError as again:
                cancelled = again
        if cancelled is not None:
            raise cancelled

    async def call(self, function: Callable[[], Coroutine[Any, Any, R]]) -> R:
        """Run a coroutine on the other loop and return its result."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(function(), self._loop.result()))

    async def result(self) -> T:
        """The result of the work, or the error that it raises."""
        return await asyncio.wrap_future(self._result)

    def _begin_to_stop(self) -> None:
        self._stopping = asyncio.ensure_future(self._stop())

    def _run(self) -> None:
        try:
            self._result.set_result(run_loop(self._main()))
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            self._result.set_exception(error)
            if not self._loop.done():
                self._loop.set_exception(error)
        self._ended.set_result(None)

    async def _main(self) -> T:
        self._loop.set_result(asyncio.get_running_loop())
        return await self._work()
