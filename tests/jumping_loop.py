"""An event loop whose clock jumps: minutes of a limiter, or thousands of runs on a model disk, in a test.

asyncio's own would do, but most of what its passes and handles are made for (sockets, signals, threads, its debug
mode) is not there, and they would take up to half of all time.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from contextvars import Context, copy_context
from typing import Any

TICK = 1e-9
"""Seconds: what is due sooner than that is due now."""
DAY = 24 * 3600.0
"""Seconds: the longest that asyncio's loop waits in a pass."""


class _Call:
    """A callback that is due, or will be."""

    __slots__ = ("args", "callback", "context", "is_cancelled", "time")

    def __init__(
        self, callback: Callable[..., Any], args: tuple[Any, ...], context: Context | None, time: float = 0.0
    ) -> None:
        self.callback = callback
        self.args = args
        self.context = copy_context() if context is None else context
        self.time = time
        self.is_cancelled = False

    def cancel(self) -> None:
        """Leave it out."""
        self.is_cancelled = True
        self.args = ()

    def cancelled(self) -> bool:
        """Whether it is left out."""
        return self.is_cancelled

    def when(self) -> float:
        """When it is due."""
        return self.time


class JumpingLoop(asyncio.BaseEventLoop):
    """An event loop without input and output, on a clock that jumps to the next timer.

    Args:
        tick: seconds by which the clock moves when it is read. If time stood still, as it does on no real clock,
            the dust of floats would make aiolimiter wait for nothing, forever.
        work: seconds that whatever is given to a thread takes.
    """

    def __init__(self, tick: float = TICK, work: float = 0.02) -> None:
        super().__init__()
        self.tick = tick
        self._work = work
        self._now = 0.0
        self._due: list[_Call] = []
        self._timers: list[tuple[float, int, _Call]] = []
        self._timed = 0

    def time(self) -> float:
        """The virtual clock."""
        self._now += self.tick
        return self._now

    def stand_still(self, seconds: float) -> None:
        """Let so much time pass in which nothing is done, as on a machine that is suspended."""
        self._now += seconds

    def call_soon(self, callback: Callable[..., Any], *args: Any, context: Context | None = None) -> Any:
        """Call it in the next pass."""
        call = _Call(callback, args, context)
        self._due.append(call)
        return call

    call_soon_threadsafe = call_soon

    def call_at(
        self, when: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Any:
        """Call it at a time."""
        call = _Call(callback, args, context, when)
        self._timed += 1
        heapq.heappush(self._timers, (when, self._timed, call))
        return call

    def call_later(
        self, delay: float, callback: Callable[..., Any], *args: Any, context: Context | None = None
    ) -> Any:
        """Call it after a while."""
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def create_task(
        self, coro: Coroutine[Any, Any, Any], *, name: str | None = None, context: Context | None = None
    ) -> asyncio.Task[Any]:
        """Begin a task."""
        return asyncio.Task(coro, loop=self, name=name, context=context)

    def run_in_executor(
        self, _executor: Executor | None, function: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Call a function here, where its work would be done: no thread waits on a virtual clock."""
        ended: asyncio.Future[Any] = self.create_future()

        def work() -> None:
            try:
                result = function(*args)
            except Exception as error:  # noqa: BLE001 - whoever waits for it has it
                if not ended.cancelled():
                    ended.set_exception(error)
            else:
                if not ended.cancelled():
                    ended.set_result(result)

        self.call_later(self._work, work)
        return ended

    def _run_once(self) -> None:
        """One pass, as asyncio's: what is due now, and not what that makes due."""
        timers = self._timers
        while timers and timers[0][2].is_cancelled:
            heapq.heappop(timers)
        if not self._due and not self._stopping:
            if not timers:
                raise RuntimeError("everybody waits for everybody")
            wait = min(max(0.0, timers[0][0] - self.time()), DAY)
            self._now += wait
        now = self.time() + TICK
        while timers and timers[0][0] < now:
            self._due.append(heapq.heappop(timers)[2])
        due, self._due = self._due, []
        for call in due:
            if not call.is_cancelled:
                try:
                    call.context.run(call.callback, *call.args)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:  # noqa: BLE001 - as asyncio's
                    self.call_exception_handler({"message": f"in {call.callback}", "exception": error})
