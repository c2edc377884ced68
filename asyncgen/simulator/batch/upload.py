"""A multipart upload, written to disk as it comes."""

from typing import BinaryIO

import orjson
from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from asyncgen.simulator.batch.file_store import FileStore, StoredFile

_CHUNK = 1 << 16  # bytes: small enough to cut an upload in the middle
_PURPOSES = frozenset({"assistants", "batch", "evals", "fine-tune", "user_data", "vision"})


class UploadError(Exception):
    """The upload is refused; carries the message and the parameter at fault (or None)."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param


class UploadCutError(Exception):
    """The connection should be lost during the upload."""


async def receive(http: web.BaseRequest, store: FileStore, most: int, *, cut: bool) -> StoredFile:
    """Write the uploaded file, not yet visible; a batch file may have `most` bytes.

    Raises:
        UploadError: it is not an upload that the API accepts.
        UploadCutError: `cut`, and the file has begun.
    """
    if not http.content_type.startswith("multipart/"):
        raise UploadError("The request must be 'multipart/form-data' with 'file' and 'purpose'.")
    file = store.new("", "")
    try:
        with file.path.open("wb") as out:
            await _read(http, file, out, cut=cut)
        _check(file, most)
    except BaseException:
        file.path.unlink()
        raise
    return file


async def _read(http: web.BaseRequest, file: StoredFile, out: BinaryIO, *, cut: bool) -> None:
    try:
        async for part in await http.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "purpose":
                file.purpose = (await part.read()).decode(errors="replace")
            elif part.name == "file":
                file.filename = part.filename or "upload"
                while chunk := await part.read_chunk(_CHUNK):
                    if cut:
                        raise UploadCutError
                    out.write(chunk)
    except (ValueError, HttpProcessingError):
        raise UploadError("The multipart body could not be parsed.") from None


def _check(file: StoredFile, most: int) -> None:
    if not file.purpose:
        raise UploadError("'purpose' is a required property", "purpose")
    if file.purpose not in _PURPOSES:
        raise UploadError(f"'{file.purpose}' is not one of {sorted(_PURPOSES)} - 'purpose'", "purpose")
    if not file.filename:
        raise UploadError("'file' is a required property", "file")
    if file.purpose == "batch" and not (file.filename.endswith(".jsonl") and _begins_with_json(file)):
        raise UploadError("Invalid file format for Batch API. Must be .jsonl")
    if file.purpose == "batch" and file.size > most:
        raise UploadError(f"File is too large: {file.size} bytes. A batch file may have {most} bytes.", "file")


def _begins_with_json(file: StoredFile) -> bool:
    # The upload is checked no further than this: problems below fail the batch.
    with file.path.open("rb") as lines:
        try:
            orjson.loads(lines.readline())
        except orjson.JSONDecodeError:
            return False
    return True
