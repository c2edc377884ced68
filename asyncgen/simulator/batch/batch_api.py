"""The Batch API of a simulated server, as a whole."""

from collections.abc import Callable, Iterator

from aiohttp import web

from asyncgen.simulator.batch.batch_job import BatchJob, InputProblem
from asyncgen.simulator.batch.batch_routes import BatchRoutes
from asyncgen.simulator.batch.batch_work import BatchWork
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.batch.file_problem import file_problem
from asyncgen.simulator.batch.file_routes import FileRoutes
from asyncgen.simulator.batch.file_store import FileStore
from asyncgen.simulator.batch.input_lines import LineCheck
from asyncgen.simulator.batch.jobs import Jobs
from asyncgen.simulator.batch.line_answers import LineAnswers
from asyncgen.simulator.batch.paging import PageError
from asyncgen.simulator.batch.reply import Reply
from asyncgen.simulator.counts import Counts
from asyncgen.simulator.faults import FaultPlan
from asyncgen.simulator.profile import Profile
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.providers.batch_rules import BatchRules


class BatchApi:
    """Answers requests for files and batches; its content is gone after `close`."""

    def __init__(
        self,
        profile: Profile,
        provider: OpenAI,
        rules: BatchRules,
        counts: Counts,
        ids: Iterator[str],
        headers: Callable[[], dict[str, str]],
    ) -> None:
        table = profile.batch
        self._profile = profile
        self._rules = rules
        self._counts = counts
        self._faults = FaultPlan(profile.faults)
        self._chance = Chance(table, profile.seed, counts.faults)
        self._reply = Reply(provider, counts, headers)
        self._files = FileStore(ids)

        def check(job: BatchJob, lines: LineCheck) -> InputProblem | None:
            return file_problem(job, lines, table, self._jobs.enqueued(lines.model))

        answers = LineAnswers(profile, provider, counts, self._chance, ids)
        work = BatchWork(table, provider, rules, self._files, answers, check)
        self._jobs = Jobs(work.run, self._chance, counts, ids)
        self._file_routes = FileRoutes(table, rules, self._files, self._chance, counts, self._reply)
        self._batch_routes = BatchRoutes(table, rules, self._files, self._jobs, self._chance, self._reply)

    async def handle(self, http: web.BaseRequest, address: str) -> web.StreamResponse:
        """Answer a request for `/files…` or `/batches…`, without the provider's own path prefix."""
        if self._chance.hits("rate_limit"):
            return self._reply.too_many(self._profile.faults.retry_after_s)
        if account := self._faults.account(self._counts.requests):
            return self._reply.account(account)
        _, what, *parts = address.split("/")
        try:
            if what == "files":
                return await self._file_routes.handle(http, tuple(parts))
            if what == "batches" and self._rules.batches:
                return await self._batch_routes.handle(http, tuple(parts))
        except PageError as error:
            return self._reply.error(400, error.message, error.param)
        return self._reply.no_route(http)

    async def close(self) -> None:
        """End all work and remove the files."""
        await self._jobs.close()
        self._files.close()
