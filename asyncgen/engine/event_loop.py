"""The event loop that the commands run on."""

import asyncio
import gc
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
# Thousands of rows and calls are under way at once, and hardly any of them is in a cycle: at its defaults the
# garbage collector takes an eighth of the processor time to find nothing.
COLLECT_AFTER = (10_000, 10, 10)
# libuv starts four at its first look-up of a name, and aborts the process where one cannot be started; others may
# run before.
THREADS_OF_UVLOOP = 6


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop if it is installed and the machine has threads for it, else on asyncio's own loop."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        from uvloop import new_event_loop  # noqa: PLC0415 - optional

        if can_start(THREADS_OF_UVLOOP):
            loop_factory = new_event_loop
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(main)
    finally:
        gc.set_threshold(*before)  # the program that calls this may have its own


def can_start(threads: int) -> bool:
    """Whether so many threads can be started beside each other."""
    ended = threading.Event()
    started: list[threading.Thread] = []
    try:
        for _ in range(threads):
            thread = threading.Thread(target=ended.wait)
            thread.start()
            started.append(thread)
    except RuntimeError:
        return False
    finally:
        ended.set()
        for thread in started:
            thread.join()
    return True
