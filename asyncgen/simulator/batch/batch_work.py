"""The progress of a batch through its states. Between slices of a few requests other tasks run."""

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Callable
from typing import BinaryIO

from asyncgen.simulator.batch.batch_job import BatchJob, InputProblem
from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.batch.file_problem import no_file
from asyncgen.simulator.batch.file_store import FileStore
from asyncgen.simulator.batch.input_lines import LineCheck
from asyncgen.simulator.batch.line_answers import LineAnswers
from asyncgen.simulator.batch.result_files import ResultFiles
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.providers.batch_rules import BatchRules

_SLICE = 8  # requests answered without a pause: a few milliseconds
_LEAST_SLICES = 20  # so that small batches progress in steps too
_LEAST_SLEEP_S = 0.005  # so that other tasks run, whatever the profile's times
_REASONS = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}
FileCheck = Callable[[BatchJob, LineCheck], InputProblem | None]


class BatchWork:
    """Takes batches from `validating` to their end; `check` says what is wrong with a file beside its lines."""

    def __init__(
        self,
        table: Batch,
        provider: OpenAI,
        rules: BatchRules,
        files: FileStore,
        answers: LineAnswers,
        check: FileCheck,
    ) -> None:
        self._table = table
        self._provider = provider
        self._rules = rules
        self._files = files
        self._answers = answers
        self._check = check

    async def run(self, job: BatchJob) -> None:
        """Validate and answer."""
        await self._pause(job, self._table.validating_s)
        try:
            source = job.source.path.open("rb") if job.source else None
        except FileNotFoundError:  # it was deleted meanwhile
            source = None
        if source is None:
            await self._fail(job, [no_file(job)])
            return
        with source:
            if problems := await self._validate(job, source):
                await self._fail(job, problems)
            elif job.cancelled.is_set():
                await self._end(job, "cancelled")
            else:
                job.enter("in_progress", time.time())
                await self._answer(job, source)

    async def _fail(self, job: BatchJob, problems: list[InputProblem]) -> None:
        if job.cancelled.is_set():
            await self._end(job, "cancelled")
            return
        job.problems = problems
        job.enter("failed", time.time())

    async def _validate(self, job: BatchJob, source: BinaryIO) -> list[InputProblem]:
        """Return what is wrong with the file; if nothing is, record its content in the batch."""

        def known(model: str) -> bool:
            return self._provider.missing(model) is None

        check = LineCheck(job.endpoint, self._rules, known, count_tokens=bool(self._table.enqueued_tokens))
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
        problems = check.problems if problem is None else [problem]
        if not problems:
            job.model = check.model
            job.enqueued = check.tokens
            job.tally.total = check.lines
        return problems

    async def _answer(self, job: BatchJob, source: BinaryIO) -> None:
        order = list(range(job.tally.total))
        if self._table.shuffle:
            random.Random(job.tally.total).shuffle(order)  # noqa: S311 - the same order each time
        with contextlib.ExitStack() as stack:
            out = ResultFiles(job, self._files, stack, empty_error_file=self._rules.empty_error_file)
            done = await self._work(job, source, order, out)
            end = self._outcome(job, complete=done == len(order))
            if reason := _REASONS.get(end):
                await self._give_up(job, source, order[done:], out, reason)
        await self._end(job, end)
        out.publish()

    async def _work(self, job: BatchJob, source: BinaryIO, order: list[int], out: ResultFiles) -> int:
        """Answer requests in this order while the batch may go on; returns how many were answered."""
        clock = asyncio.get_running_loop().time
        begun = clock()
        cut_short = job.fate == "cancel" or (job.fate == "expire" and self._rules.expires)
        last = math.floor(len(order) * self._table.done) if cut_short else len(order)
        size = max(1, min(_SLICE, len(order) // _LEAST_SLICES))
        for at in range(0, last, size):
            end = min(at + size, last)
            due = begun + self._table.working_s * end / len(order)
            await self._pause(job, due - clock(), least=_LEAST_SLEEP_S)
            late = self._rules.expires and clock() - job.started > self._table.window_s
            if late or job.cancelled.is_set():
                return at
            for index in order[at:end]:
                source.seek(job.offsets[index])
                out.write(self._answers.answer(source.readline(), job.tally))
        return last

    def _outcome(self, job: BatchJob, *, complete: bool) -> str:
        if job.fate == "cancel" or job.cancelled.is_set():
            return "cancelled"
        return "completed" if complete else "expired"

    async def _give_up(
        self, job: BatchJob, source: BinaryIO, order: list[int], out: ResultFiles, reason: tuple[str, str]
    ) -> None:
        for at, index in enumerate(order):
            source.seek(job.offsets[index])
            out.write(self._answers.unanswered(source.readline(), *reason))
            job.tally.failed += 1
            if at % (4 * _SLICE) == 0:
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
        """Sleep for so long, or until the batch is cancelled."""
        if seconds <= least:
            await asyncio.sleep(0)
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(job.cancelled.wait(), seconds)
