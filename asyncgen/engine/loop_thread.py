"""Run work beside someone else's event loop: on its own thread and loop.

It keeps running while their code blocks their loop. Cancelling all tasks there, as the end of `asyncio.run` does,
does not interrupt it: the work is asked to stop, and waited for. So it is at the end of a program that leaves it.
The end of a program also waits for work on a thread of its own, which is not asked to stop.
"""

import asyncio
import concurrent.futures.thread  # noqa: F401 - before `_end_all` is registered, which then runs first
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
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
        # Not a daemon, which would end with the program.
        self._thread = threading.Thread(target=self._run, name="asyncgen")
        self._loop: Future[asyncio.AbstractEventLoop] = Future()
        self._result: Future[T] = Future()
        self._ended: Future[None] = Future()
        for future in (self._loop, self._result, self._ended):
            future.set_running_or_notify_cancel()  # from here on no waiter can cancel it

    async def __aenter__(self) -> Self:
        _AT_WORK.add(self.end)
        try:
            self._thread.start()
        except RuntimeError:  # too many threads; the end of the program must not wait for this one
            _AT_WORK.discard(self.end)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled: asyncio.CancelledError | None = None
        self._ask_to_stop()
        ended = asyncio.wrap_future(self._ended)
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

    def end(self) -> None:
        """Stop it and wait, without an event loop."""
        self._ask_to_stop()
        self._thread.join()

    def _ask_to_stop(self) -> None:
        if not self._result.done():
            with suppress(RuntimeError):  # it has just ended by itself
                self._loop.result().call_soon_threadsafe(self._begin_to_stop)

    def _begin_to_stop(self) -> None:
        self._stopping = asyncio.ensure_future(self._stop())

    def _run(self) -> None:
        try:
            self._result.set_result(run_loop(self._main()))
        except BaseException as error:  # noqa: BLE001 - raised where the result is awaited
            self._result.set_exception(error)
            if not self._loop.done():
                self._loop.set_exception(error)
        _AT_WORK.discard(self.end)
        self._ended.set_result(None)

    async def _main(self) -> T:
        self._loop.set_result(asyncio.get_running_loop())
        return await self._work()


_AT_WORK: set[Callable[[], object]] = set()


@contextmanager
def waited_for() -> Iterator[None]:
    """Let the end of the program wait for this block, as it does for its thread: before executors are ended."""
    ended = threading.Event()
    if not threading.current_thread().daemon:
        _AT_WORK.add(ended.wait)
    try:
        yield
    finally:
        _AT_WORK.discard(ended.wait)
        ended.set()


def _end_all() -> None:
    for end in [*_AT_WORK]:
        end()


# Functions of `atexit` run too late: the interpreter has ended the threads of executors by then.
threading._register_atexit(_end_all)  # type: ignore[attr-defined]  # noqa: SLF001
# The child has none of these threads, and would wait for ever.
os.register_at_fork(after_in_child=_AT_WORK.clear)
