"""The batches of a server, each with its task."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from asyncgen.simulator.batch.batch_job import OPEN_STATES, BatchJob
from asyncgen.simulator.batch.batch_profile import ENDS
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.batch.create_request import CreateRequest
from asyncgen.simulator.batch.file_store import StoredFile
from asyncgen.simulator.counts import Counts

Work = Callable[[BatchJob], Coroutine[Any, Any, None]]


class Jobs:
    """The batches by their ids; `work` processes each of them."""

    def __init__(self, work: Work, chance: Chance, counts: Counts, ids: Iterator[str]) -> None:
        self._work = work
        self._chance = chance
        self._counts = counts
        self._ids = ids
        self._jobs: dict[str, BatchJob] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, asked: CreateRequest, source: StoredFile | None) -> BatchJob:
        """Create a batch for this file (None: there is none) and start its task."""
        job = BatchJob(
            id=f"batch_{next(self._ids)}",
            input_file_id=asked.input_file_id,
            source=source,
            endpoint=asked.endpoint,
            window=asked.window,
            metadata=asked.metadata,
            created=time.time(),
            started=asyncio.get_running_loop().time(),
            fate=next((end for end in ENDS if self._chance.hits(end)), ""),
            output_gone=self._chance.hits("output_gone"),
        )
        self._jobs[job.id] = job
        self._counts.batches += 1
        task = asyncio.create_task(self._work(job))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def get(self, name: str) -> BatchJob | None:
        """The batch with this id."""
        return self._jobs.get(name)

    def newest_first(self, created_by: float) -> list[BatchJob]:
        """The batches created by then (seconds since the epoch)."""
        return [job for job in reversed(self._jobs.values()) if job.created <= created_by]

    def enqueued(self, model: str) -> int:
        """The prompt tokens of unfinished batches of this model."""
        return sum(job.enqueued for job in self._jobs.values() if job.model == model and job.status in OPEN_STATES)

    async def close(self) -> None:
        """End all work."""
        for task in list(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
