"""The event loop that the commands run on."""

import asyncio
import gc
import math
import resource
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
# Thousands of rows and calls are under way at once, and hardly any of them is in a cycle: at its defaults the
# garbage collector takes an eighth of the processor time to find nothing.
COLLECT_AFTER = (10_000, 10, 10)
# libuv starts four at its first look-up of a name, and aborts the process where one cannot be started; others may
# run before.
THREADS_OF_UVLOOP = 6
ENOUGH = 10_000  # processes and threads: where so many are allowed, nobody has all but a few of them
_LIMITS = (
    Path("/sys/fs/cgroup/pids.max"),
    Path("/sys/fs/cgroup/pids/pids.max"),
)  # of a container, by cgroup version


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop if it is installed and the machine has threads for it, else on asyncio's own loop."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        from uvloop import new_event_loop  # noqa: PLC0415 - optional

        if may_start() >= ENOUGH or can_start(THREADS_OF_UVLOOP):
            loop_factory = new_event_loop
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(main)
    finally:
        gc.set_threshold(*before)  # the program that calls this may have its own


def may_start() -> float:
    """How many processes and threads this user, or this container, may have."""
    limit = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    found = [math.inf if limit == resource.RLIM_INFINITY else limit]
    for path in _LIMITS:
        with suppress(OSError, ValueError):  # none is there, or it is "max"
            found.append(int(path.read_text("ascii")))
    return min(found)


def can_start(threads: int) -> bool:
    """Whether so many threads can be started beside each other, which takes some milliseconds to find out."""
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
