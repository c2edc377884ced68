"""The routes of `/batches`."""

import asyncio
import time

from aiohttp import web

from asyncgen.simulator import broken_wire as wire
from asyncgen.simulator.batch.batch_job import OPEN_STATES, BatchJob
from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.batch.create_request import CreateError, parse_create
from asyncgen.simulator.batch.file_store import FileStore
from asyncgen.simulator.batch.jobs import Jobs
from asyncgen.simulator.batch.paging import page
from asyncgen.simulator.batch.reply import Reply
from asyncgen.simulator.providers.batch_rules import BatchRules

_USUAL_LISTED = 20  # by OpenAI's API reference, as the next one
_MOST_LISTED = 100  # a page at most


class BatchRoutes:
    """Create, list, look up and cancel."""

    def __init__(
        self, table: Batch, rules: BatchRules, files: FileStore, jobs: Jobs, chance: Chance, reply: Reply
    ) -> None:
        self._table = table
        self._rules = rules
        self._jobs = jobs
        self._files = files
        self._chance = chance
        self._reply = reply

    async def handle(self, http: web.BaseRequest, parts: tuple[str, ...]) -> web.StreamResponse:
        """Answer a request for the route with these parts after `/batches`."""
        match http.method, *parts:
            case ("POST",):
                return self._create(http, await http.content.read())
            case ("GET",):
                jobs = self._jobs.newest_first(time.time() - self._table.list_delay_s)
                return self._reply.json(page(jobs, BatchJob.describe, http.query, _USUAL_LISTED, _MOST_LISTED))
            case ("GET", name) if job := self._jobs.get(name):
                await asyncio.sleep(self._table.poll_s)
                return self._reply.json(job.describe())
            case ("POST", name, "cancel") if job := self._jobs.get(name):
                return self._cancel(job)
            case (_, name, *rest) if rest in ([], ["cancel"]):
                return self._reply.error(404, f"No batch found with id '{name}'.")
        return self._reply.no_route(http)

    def _create(self, http: web.BaseRequest, body: bytes) -> web.StreamResponse:
        try:
            asked = parse_create(body, self._rules.endpoints, self._rules.windows)
        except CreateError as error:
            return self._reply.error(400, error.message, error.param, error.code)
        source = self._files.get(asked.input_file_id)
        if source and source.purpose != "batch":
            message = f"Invalid purpose of the input file: '{source.purpose}'. It must be 'batch'."
            return self._reply.error(400, message, "input_file_id", "invalid_purpose")
        job = self._jobs.start(asked, source)
        if self._chance.hits("create_lost"):
            return wire.drop(http)
        if self._chance.hits("create_error"):
            return self._reply.server_error()
        return self._reply.json(job.describe())

    def _cancel(self, job: BatchJob) -> web.StreamResponse:
        if job.status in OPEN_STATES:
            job.enter("cancelling", time.time())
            job.cancelled.set()
        elif job.status not in ("cancelling", "cancelled"):
            return self._reply.error(409, f"Cannot cancel a batch with status '{job.status}'.")
        return self._reply.json(job.describe())
