"""`asyncgen run` from Python: `run`, `run_async` for use inside an event loop, and `stream`."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from asyncgen.api.call_text import call_text
from asyncgen.api.progress import Progress, ProgressReporter
from asyncgen.api.settings import Settings, StreamSettings, takes
from asyncgen.config import RunConfig
from asyncgen.cost import Price
from asyncgen.engine.event_loop import run_loop
from asyncgen.engine.loop_thread import LoopThread, waited_for
from asyncgen.engine.session import Summary
from asyncgen.engine.single_run import Run
from asyncgen.engine.stream import Tap
from asyncgen.errors import AsyncgenError, DirectoryError, Interrupted, Setting, UsageError
from asyncgen.planning.prices import load_price
from asyncgen.recipe import Recipe
from asyncgen.recipes import build
from asyncgen.storage.disk import Disk


@takes(Settings)
def run(settings: Settings) -> Summary:
    """Run to the end, or resume a run: the same call always finishes what is missing.

    On Ctrl-C the calls in flight are finished and saved before the KeyboardInterrupt is raised; a second one
    leaves at once.

    Raises:
        AsyncgenError: the reason it ended early; everything paid is saved.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UsageError("asyncgen.run was called in a running event loop: await asyncgen.run_async there")
    with waited_for():
        job = _prepare("run", settings)
        with job.raising():
            return run_loop(_interruptible(job))


async def _interruptible(job: "_Job") -> Summary:
    work = asyncio.ensure_future(job.work())
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:  # Ctrl-C: the second one is raised where the loop is
        await job.stop()
        with suppress(AsyncgenError):
            await work
        raise


@takes(Settings)
async def run_async(settings: Settings) -> Summary:
    """Do what `run` does, awaited inside an event loop.

    The work has its own thread and event loop. When this coroutine is cancelled, the calls in flight are finished
    and saved before the cancellation is raised.

    Raises:
        AsyncgenError: the reason it ended early; everything paid is saved.
    """
    job = _prepare("run_async", settings, asyncio.get_running_loop())
    with job.raising():
        async with LoopThread(job.work, job.stop) as aside:
            return await aside.result()


@takes(StreamSettings)
def stream(settings: StreamSettings) -> AsyncGenerator[dict[str, Any], None]:
    """Do what `run` does, and yield the examples as they are written, for `async for`.

    They come in input order, those of earlier starts first: the whole file, however often the run was interrupted.
    A row that failed in an earlier start and is repaired comes in its place, or last if that start had not reached
    its end. Rows that fail are left out, as in the file.

    A slow consumer holds the run back, which reads ahead by its window at most: 1,024 rows, or 8 for each call
    that may be in flight. Leaving the iteration early stops the run in order: the calls in flight are finished and
    saved, and the same call resumes it. Wrap it in `contextlib.aclosing` to wait for that.

    Raises:
        AsyncgenError: at once, for settings that cannot be carried out; from the iteration, after all that was
            written, for the reason the run ended early.
    """
    job = _prepare("stream", settings)
    names = [file.name for file in job.recipe.outputs]
    output = settings.output
    if output is not None and output not in names:
        raise UsageError(f"the recipe does not write {output}, but {', '.join(names)}")
    tap = job.tap = Tap(names.index(names[-1] if output is None else output))
    return _examples(job, tap)


async def _examples(job: "_Job", tap: Tap) -> AsyncGenerator[dict[str, Any], None]:
    job.loop = asyncio.get_running_loop()
    with job.raising():
        async with LoopThread(job.work, job.stop) as aside:
            while lines := await aside.call(tap.take):
                for line in lines:
                    yield orjson.loads(line)
            await aside.result()


@dataclass(slots=True)
class _Job:
    """A run, prepared; `call` is what resumes it, `tell` the caller's function and `loop` where that is called."""

    config: RunConfig
    recipe: Recipe[Any]
    price: Price | None
    call: str
    tell: Callable[[Progress], None] | None
    loop: asyncio.AbstractEventLoop | None
    tap: Tap | None = None
    _run: Run | None = field(default=None, init=False)
    _reporter: ProgressReporter | None = field(default=None, init=False)

    async def work(self) -> Summary:
        """Run it to the end."""
        disk = Disk()
        if self.tell is not None:
            self._reporter = ProgressReporter(self.tell, self._stop, self.loop)
        try:
            self._run = Run(
                self.config,
                self.recipe,
                [] if self._reporter is None else [self._reporter.observe],
                disk,
                price=self.price,
                tap=self.tap,
                command=self.call,
            )
            with _way_out():
                return await self._run.execute()
        finally:
            if self.tap is not None:
                await self.tap.end()
            disk.close()

    async def stop(self) -> None:
        """Ask it to stop."""
        self._stop()
        if self.tap is not None:
            await self.tap.leave()

    @contextmanager
    def raising(self) -> Iterator[None]:
        """Raise what the caller's function has raised, instead of how the run ended because of it."""
        try:
            yield
        except AsyncgenError:
            if self._reporter is not None and self._reporter.error is not None:
                raise self._reporter.error from None
            raise
        if self._reporter is not None and self._reporter.error is not None:
            raise self._reporter.error

    def _stop(self) -> None:
        if self._run is not None:
            self._run.stop(Interrupted("stopped by the program; everything paid is saved"))


@contextmanager
def _way_out() -> Iterator[None]:
    """Add to the error how to start over, for the reader of a traceback."""
    try:
        yield
    except DirectoryError as error:
        error.add_note("choose another output_dir, or restart=True to move everything aside and start over")
        raise


def _prepare(name: str, settings: Settings, loop: asyncio.AbstractEventLoop | None = None) -> _Job:
    config = settings.config()
    recipe = build(config, make=settings.recipe if callable(settings.recipe) else None)
    prices = None if settings.prices is None else Path(settings.prices)
    price = load_price(config.model, prices, config.params.get("service_tier"), batch=config.batch)
    if price is None and config.max_cost is not None:
        raise UsageError(Setting("max_cost"), f" needs a price of {config.model}: give ", Setting("prices"))
    return _Job(config, recipe, price, call_text(name, settings), settings.progress, loop)
