"""The way of a batch through its states. Between slices of a few requests others get the event loop."""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable
from typing import BinaryIO

from asyncgen.simulator.batch.batch_job import BatchJob, Problem
from asyncgen.simulator.batch.file_store import FileStore, StoredFile
from asyncgen.simulator.batch.input_lines import LineCheck
from asyncgen.simulator.batch.line_answers import Line, LineAnswers
from asyncgen.simulator.batch.table import Batch
from asyncgen.simulator.providers.batch_rules import BatchRules

_SLICE = 8  # requests answered without a break: about a millisecond
_LEAST_SLICES = 20  # so that small batches progress step by step as well
_LEAST_SLEEP_S = 0.005
_EXPIRED = ("batch_expired", "This request could not be executed before the completion window expired.")
Check = Callable[[BatchJob, LineCheck], Problem | None]


class BatchWork:
    """Brings batches from `validating` to their end; `check` says what is wrong with a file of valid lines."""

    def __init__(
        self, table: Batch, rules: BatchRules, files: FileStore, answers: LineAnswers, check: Check
    ) -> None:
        self._table = table
        self._rules = rules
        self._files = files
        self._answers = answers
        self._check = check

    async def run(self, job: BatchJob) -> None:
        """Validate and answer."""
        with job.source.path.open("rb") as source:
            await self._pause(job, self._table.validating_s)
            if not await self._validate(job, source):
                return
            if job.cancelled.is_set():
                await self._end(job, "cancelled")
                return
            job.enter("in_progress", time.time())
            await self._answer(job, source)

    async def _validate(self, job: BatchJob, source: BinaryIO) -> bool:
        check = LineCheck(job.endpoint, self._rules, count_tokens=bool(self._table.enqueued_tokens))
        offset = 0
        for line in source:
            job.offsets.append(offset)
            offset += len(line)
            check.read(line)
            if check.full or check.lines > self._table.max_requests:
                break
            if check.lines % (4 * _SLICE) == 0:
                await asyncio.sleep(0)
        problem = self._check(job, check)
        job.problems = check.problems if problem is None else [problem]
        if job.problems and not job.cancelled.is_set():
            job.enter("failed", time.time())
            return False
        job.model = check.model
        job.enqueued = check.tokens
        job.tally.total = check.lines
        return True

    async def _answer(self, job: BatchJob, source: BinaryIO) -> None:
        order = list(range(job.tally.total))
        if self._table.shuffle:
            random.Random(job.tally.total).shuffle(order)  # noqa: S311 - the same order every time
        with contextlib.ExitStack() as stack:
            out = _Results(job, self._files, stack)
            done = await self._work(job, source, order, out)
            if done == len(order):
                end = "cancelled" if job.cancelled.is_set() else "completed"
            elif job.fate.cancel or job.cancelled.is_set():
                end = "cancelled"
            else:
                end = "expired"
                await self._expire(job, source, order[done:], out)
        await self._end(job, end)
        out.publish()

    async def _work(self, job: BatchJob, source: BinaryIO, order: list[int], out: "_Results") -> int:
        """Answer requests in this order for as long as the batch may; how many were answered."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        stops = job.fate.expire or job.fate.cancel
        last = math.floor(len(order) * self._table.done) if stops else len(order)
        size = max(1, min(_SLICE, len(order) // _LEAST_SLICES))
        for at in range(0, last, size):
            end = min(at + size, last)
            due = begun + self._table.working_s * end / len(order)
            await self._pause(job, due - clock(), least=_LEAST_SLEEP_S)
            if job.cancelled.is_set() or clock() - job.started > self._table.window_s:
                return at
            for index in order[at:end]:
                source.seek(job.offsets[index])
                out.write(self._answers.answer(source.readline(), job.tally))
        return last

    async def _expire(self, job: BatchJob, source: BinaryIO, order: list[int], out: "_Results") -> None:
        for at, index in enumerate(order):
            source.seek(job.offsets[index])
            out.write(self._answers.unanswered(source.readline(), *_EXPIRED))
            job.tally.failed += 1
            if at % _SLICE == 0:
                await asyncio.sleep(0)

    async def _end(self, job: BatchJob, end: str) -> None:
        if end == "cancelled":
            if job.status != "cancelling":
                job.enter("cancelling", time.time())
            await asyncio.sleep(self._table.cancelling_s)
        else:
            job.enter("finalizing", time.time())
            await asyncio.sleep(self._table.finalizing_s)
        job.enter(end, time.time())

    async def _pause(self, job: BatchJob, seconds: float, least: float = 0.0) -> None:
        """Let others work for so long, or until the batch is cancelled."""
        if seconds <= least:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(job.cancelled.wait(), seconds)


class _Results:
    """The two files of a batch; one without a line is not made."""

    def __init__(self, job: BatchJob, files: FileStore, stack: contextlib.ExitStack) -> None:
        self._job = job
        self._files = files
        self._stack = stack
        self._made: dict[bool, tuple[StoredFile, BinaryIO]] = {}

    def write(self, line: Line) -> None:
        """Write a line into the file where it belongs."""
        if line.copies == 0:
            return
        if line.good not in self._made:
            kind = "output" if line.good else "error"
            file = self._files.new(f"{self._job.id}_{kind}.jsonl", "batch_output")
            self._made[line.good] = file, self._stack.enter_context(file.path.open("wb"))
        self._made[line.good][1].write(line.text * line.copies)

    def publish(self) -> None:
        """Show the files, which are closed."""
        for good, (file, _) in self._made.items():
            self._files.add(file)
            if good:
                file.gone = self._job.fate.output_gone
                self._job.output_file_id = file.id
            else:
                self._job.error_file_id = file.id
