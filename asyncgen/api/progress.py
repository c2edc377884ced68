"""Report the progress of a run to a function of the caller.

Rules:

1. The function is called in the caller's thread: by `run` where it was called, by `run_async` and `stream` in the
   caller's event loop.
2. What it raises stops the run in order, with everything paid saved, and is then raised by the call that began the
   run.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from asyncgen.events import Event, Sample
from asyncgen.monitor.throughput import Meter


@dataclass(frozen=True, slots=True)
class Progress:
    """The progress of a run.

    `done` rows of `total` are over, those of earlier starts included, and `failed` of them have failed; while
    failed rows are asked again, the three count only these. `calls`, `refused` and `tokens` are of this start,
    `cached` answers came from the cache. `cost_usd` is what this start has cost, `total_cost_usd` what all starts
    of the directory have; both are None if the model's price is unknown. `rows_per_second` and `seconds_left` are
    based on the last minute, and None while it is too early to tell.
    """

    done: int
    failed: int
    total: int
    in_flight: int
    calls: int
    refused: int
    tokens: int
    cached: int
    cost_usd: float | None
    total_cost_usd: float | None
    rows_per_second: float | None
    seconds_left: float | None


class ProgressReporter:
    """An observer that passes each sample to the caller's function.

    Args:
        tell: the function.
        stop: called once it has raised, in the thread of the run.
        loop: in which it is called; None: where the run works.

    `error` is what it has raised.
    """

    def __init__(
        self,
        tell: Callable[[Progress], None],
        stop: Callable[[], None],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self._tell = tell
        self._stop = stop
        self._loop = loop
        self._meter = Meter()
        self.error: BaseException | None = None

    def observe(self, event: Event) -> None:
        """Pass a sample on; nothing more once the function has raised."""
        if not isinstance(event, Sample):
            return
        loop = asyncio.get_running_loop()
        self._meter.add(loop.time(), event)
        if self.error is None:
            progress = self._progress(event)
            if self._loop is None:
                self._call(progress)
            else:
                with suppress(RuntimeError):  # the caller's loop was closed
                    self._loop.call_soon_threadsafe(self._call, progress)
        if self.error is not None:
            self._stop()

    def _call(self, progress: Progress) -> None:
        if self.error is None:
            try:
                self._tell(progress)
            except BaseException as error:  # noqa: BLE001 - also sys.exit(): it is raised where the caller waits
                self.error = error

    def _progress(self, sample: Sample) -> Progress:
        rates = self._meter.rates()
        return Progress(
            done=sample.done,
            failed=sample.failed,
            total=sample.total,
            in_flight=sample.in_flight,
            calls=sample.calls,
            refused=sample.refused,
            tokens=sample.tokens,
            cached=sample.cached,
            cost_usd=sample.cost,
            total_cost_usd=sample.total_cost,
            rows_per_second=rates.pairs,
            seconds_left=rates.eta,
        )
