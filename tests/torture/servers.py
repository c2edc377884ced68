"""Simulators on one thread, each run with one of its own: their ports are no part of a run's identity."""

import asyncio
import threading
from collections import Counter
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from asyncgen.simulator import Faults, Latency, Profile, Simulator

NEEDLE = "torture-needle"
"""What is in the notes of the pairs that a failing server refuses."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server and what it has seen."""

    base_url: str
    simulator: Simulator

    @property
    def requests(self) -> int:
        """Requests that arrived."""
        return self.simulator.counts.requests

    @property
    def answers(self) -> Counter[int]:
        """How often each request was answered, by the key of its body."""
        return Counter({key: seen.answered for key, seen in list(self.simulator.counts.seen.items())})


class Servers:
    """The thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="servers")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @contextmanager
    def serve(self, *, failing: bool = False, latency: float = 0.003) -> Iterator[Served]:
        """Serve; `failing` refuses every request that holds the needle, `latency` is the median in seconds."""
        simulator = Simulator(
            Profile(latency=Latency(median_s=latency), faults=Faults(fail_matching=NEEDLE if failing else ""))
        )
        self._do(simulator.__aenter__())
        try:
            yield Served(simulator.base_url, simulator)
        finally:
            self._do(simulator.__aexit__(None, None, None))

    def _do(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(60)
