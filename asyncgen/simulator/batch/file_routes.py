"""The routes of `/files`."""

from collections.abc import Callable, Iterator

from aiohttp import web

from asyncgen.simulator import broken_wire as wire
from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.batch.chance import Chance
from asyncgen.simulator.batch.file_store import FileStore, StoredFile
from asyncgen.simulator.batch.paging import page
from asyncgen.simulator.batch.reply import Reply
from asyncgen.simulator.batch.upload import UploadCutError, UploadError, receive
from asyncgen.simulator.counts import Counts
from asyncgen.simulator.providers.batch_rules import BatchRules

_CHUNK = 1 << 16  # bytes: a write of the socket's usual buffer
_MOST_LISTED = 10_000  # also the default, by OpenAI's API reference


class FileRoutes:
    """Upload, list, look up, download and delete."""

    def __init__(
        self, table: Batch, rules: BatchRules, store: FileStore, chance: Chance, counts: Counts, reply: Reply
    ) -> None:
        self._table = table
        self._rules = rules
        self._store = store
        self._chance = chance
        self._counts = counts
        self._reply = reply

    async def handle(self, http: web.BaseRequest, parts: tuple[str, ...]) -> web.StreamResponse:
        """Answer a request for the route with these parts after `/files`."""
        match http.method, *parts:
            case ("POST",):
                return await self._upload(http)
            case ("GET",):
                purpose, order = http.query.get("purpose"), http.query.get("order")
                files = [file for file in self._store.newest_first() if purpose in (None, file.purpose)]
                files = files[::-1] if order == "asc" else files
                return self._reply.json(page(files, StoredFile.describe, http.query, _MOST_LISTED, _MOST_LISTED))
            case ("GET" | "DELETE" as method, name) if file := self._store.get(name):
                if method == "GET":
                    return self._reply.json(file.describe())
                self._store.delete(file)
                return self._reply.json({"id": file.id, "object": "file", "deleted": True})
            case ("GET", name, "content") if (file := self._store.get(name)) and not file.gone:
                return await self._download(http, file)
            case (_, name, *rest) if rest in ([], ["content"]):
                return self._reply.error(404, f"No such File object: {name}", "id")
        return self._reply.no_route(http)

    async def _upload(self, http: web.BaseRequest) -> web.StreamResponse:
        try:
            file = await receive(http, self._store, self._table.max_bytes, cut=self._chance.hits("upload_cut"))
        except UploadError as error:
            return self._reply.error(400, error.message, error.param)
        except UploadCutError:
            return wire.drop(http)
        self._store.add(file)
        self._counts.files += 1
        if self._chance.hits("upload_lost"):
            return wire.drop(http)
        if self._chance.hits("upload_error"):
            return self._reply.server_error()
        return self._reply.json({**file.describe(), "status": self._rules.upload_status})

    async def _download(self, http: web.BaseRequest, file: StoredFile) -> web.StreamResponse:
        size = file.size
        end = size // 2 if self._chance.hits("download_cut") else size
        response = web.StreamResponse(headers=self._reply.headers())
        response.content_type = "application/octet-stream"
        response.headers["Content-Disposition"] = f'attachment; filename="{file.filename}"'
        response.content_length = size
        with file.path.open("rb") as content:
            await response.prepare(http)
            for chunk in _chunks(content.read, end):
                await response.write(chunk)
        if end < size:
            http.protocol.force_close()
        return response


def _chunks(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size > 0 and (chunk := read(min(_CHUNK, size))):
        size -= len(chunk)
        yield chunk
