"""Download what the server holds of a batch: its results, and its requests if the file with them is damaged."""

from functools import partial
from pathlib import Path

from asyncgen.client.batch_server import BatchServer, BatchServerError, BatchState
from asyncgen.client.classify import Action, Failure
from asyncgen.engine.batch.asker import Finished
from asyncgen.engine.batch.delivery import BatchTiming, unclear
from asyncgen.engine.batch.persistence import Persistence
from asyncgen.errors import BadDataError
from asyncgen.events import Notice, Observer
from asyncgen.humanize import plural
from asyncgen.storage.batch_files import BatchFiles, Members, Results, is_whole
from asyncgen.storage.batch_records import OpenBatch

CUT_SHORT = Failure("cut_body", Action.RETRY)


class BatchDownloads:
    """Downloads the files of batches.

    Args:
        files: the directory's batch files, which are written.
        server: has the files.
        ask: retries transient failures.
        observe: called when results are gone.
        timing: how long to ask for a file that is not there.
    """

    def __init__(
        self, files: BatchFiles, server: BatchServer, ask: Persistence, observe: Observer, timing: BatchTiming
    ) -> None:
        self._files = files
        self._server = server
        self._ask = ask
        self._observe = observe
        self._timing = timing

    async def members(self, batch: OpenBatch) -> Members:
        """The requests of a batch; if the file with them is damaged, by what was uploaded.

        Raises:
            BadDataError: the file is damaged, and the server does not have it.
        """
        path = self._files.requests(batch.number)
        size = self._files.disk.size(path)
        if not batch.file and size != batch.size:
            raise BadDataError(f"{path} is damaged or gone, and its requests are not at the server yet")
        members = Members.load(self._files, batch.number)
        if members is None or len(members) != batch.requests:
            if size != batch.size and not await self._have(batch, batch.file, path):
                ids = self._files.ids(batch.number)
                raise BadDataError(f"{ids} is damaged or gone, and the server has no {batch.file}")
            members = await self._files.disk.call(lambda: Members.read(self._files, batch.number))
        return members

    async def results(self, batch: OpenBatch, state: BatchState, members: Members) -> Finished:
        """Download the results of a batch that has ended."""
        number, gone = batch.number, False
        for what, file in (("output", state.output_file), ("errors", state.error_file)):
            path = self._files.results(number, what)
            self._files.disk.unlink(path)
            if "://" in file:
                continue  # of a place elsewhere, which is never asked
            if file and not await self._have(batch, file, path):
                self._files.disk.unlink(path)
                gone = True
                text = (
                    f"The server no longer hands out the {what} of batch {number}: "
                    f"{plural(batch.requests, 'request')} may be sent again and billed twice"
                )
                self._observe(Notice(text, warning=True))
        results = await self._files.disk.call(lambda: Results(self._files, number, members))
        return Finished(number, state, members, results, gone=gone)

    async def _have(self, batch: OpenBatch, file: str, path: Path) -> bool:
        """Download a file of a batch; False if the server does not have it."""
        try:
            await self._ask.ask(partial(self._download, file, path), may_come=self._timing.search)
        except BatchServerError as error:
            if not error.gone:
                raise unclear(batch, f"does not hand out {file}", error) from error
            return False
        return True

    async def _download(self, file: str, path: Path) -> None:
        disk = self._files.disk
        disk.unlink(path)
        fd = disk.open_append(path)
        try:
            await self._server.download(file, lambda piece: disk.call(lambda: disk.write(fd, piece, path)))
        finally:
            disk.close_descriptor(fd)
        if not await disk.call(lambda: is_whole(self._files, path)):
            raise BatchServerError(CUT_SHORT)
