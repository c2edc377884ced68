"""The event loop that the commands run on."""

import asyncio
import gc
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")
# Thousands of rows and calls are under way at once, and hardly any of them is in a cycle: at its defaults the
# garbage collector takes an eighth of the processor time to find nothing.
COLLECT_AFTER = (10_000, 10, 10)


def run_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run on uvloop if it is installed, else on asyncio's own loop."""
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    with suppress(ImportError):
        from uvloop import new_event_loop  # noqa: PLC0415 - optional

        loop_factory = new_event_loop
    before = gc.get_threshold()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            return runner.run(main)
    finally:
        gc.set_threshold(*before)  # the program that calls this may have its own
