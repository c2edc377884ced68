"""The files of a batch beside the journal: its requests, their ids, and its results.

They hold copies of what the server has, or what can be made again; so only `requests` and `ids` are synced, before
the journal mentions them. Results are indexed by row in eight bytes each, and read on demand.
"""

import zlib
from array import array
from bisect import bisect_left
from codecs import BOM_UTF8
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

from asyncgen.chat import NO_USAGE, Usage
from asyncgen.cost import together
from asyncgen.errors import DiskError
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads

PREFIX = "batch-"
_BUFFER = 1024 * 1024  # bytes of requests between two writes
_LINE = 16 * 1024  # bytes: how much of a result is read at once; nearly all are shorter
_REFUSED = (429, 498, 503, 529)  # the same request may pass later
_ROW = 32  # bits below the row index in a packed entry
_MOST_OFFSET = 2**_ROW - 1


def custom_id(index: int, step: str, request_hash: str) -> str:
    """The custom id of a request in a batch: it begins with the index of its row."""
    return f"{index}-{zlib.crc32(step.encode()):08x}-{request_hash}"


def index_of(name: str) -> int | None:
    """The row index in a custom id; None if the id is not one of ours."""
    head, _, rest = name.partition("-")
    return int(head) if rest and head.isdecimal() and len(head) < 10 else None  # noqa: PLR2004


class BatchFiles:
    """The files of all batches of a directory."""

    def __init__(self, directory: RunDirectory) -> None:
        self.disk = directory.disk
        self._place = directory.state_directory

    def requests(self, number: int) -> Path:
        """The file that is uploaded."""
        return self._place / f"{PREFIX}{number:08d}.jsonl"

    def ids(self, number: int) -> Path:
        """The file of the batch's request ids."""
        return self._place / f"{PREFIX}{number:08d}.ids"

    def results(self, number: int, what: str) -> Path:
        """The file of results: "output" or "errors"."""
        return self._place / f"{PREFIX}{number:08d}.{what}.jsonl"

    def remove(self, number: int) -> None:
        """Remove the files of a batch."""
        for path in self._all():
            if path.name.startswith(f"{PREFIX}{number:08d}."):
                self.disk.unlink(path)

    def keep_only(self, numbers: set[int]) -> None:
        """Durably remove the files of all batches but these."""
        others = [path for path in self._all() if int(path.name.removeprefix(PREFIX).split(".")[0]) not in numbers]
        for path in others:
            self.disk.unlink(path)
        if others:
            self.sync_names()

    def sync_names(self) -> None:
        """Make the names of the files durable."""
        self.disk.fsync_directory(self._place)

    def _all(self) -> list[Path]:
        names = self.disk.list_directory(self._place)
        return [
            self._place / name
            for name in names
            if name.startswith(PREFIX) and name.removeprefix(PREFIX).split(".")[0].isdecimal()
        ]


class Members:
    """The requests in a batch: by row and by a checksum of their custom ids."""

    def __init__(self, keys: "array[int] | None" = None) -> None:
        self._keys = array("Q") if keys is None else keys

    @classmethod
    def load(cls, files: BatchFiles, number: int) -> "Members | None":
        """The requests of a batch; None if the file is missing."""
        data = files.disk.read(files.ids(number))
        if data is None or len(data) % 8:
            return None
        keys = array("Q")
        keys.frombytes(data)
        return cls(keys)

    @classmethod
    def read(cls, files: BatchFiles, number: int) -> "Members":
        """The requests of a batch, from its file of requests."""
        members = cls()
        for line in lines_of(files.disk, files.requests(number)):
            record = _decoded(line)
            index = None if record is None else index_of(record["custom_id"])
            if record is not None and index is not None:
                members.add(index, record["custom_id"])
        members.sort()
        return members

    def add(self, index: int, name: str) -> None:
        """Add a request; `sort` must follow."""
        self._keys.append(index << _ROW | zlib.crc32(name.encode()))

    def sort(self) -> bytes:
        """Sort the requests; returns the bytes that `load` reads."""
        self._keys = array("Q", sorted(self._keys))
        return self._keys.tobytes()

    def __len__(self) -> int:
        return len(self._keys)

    def holds(self, index: int, name: str) -> bool:
        """Whether the batch holds a request."""
        key = index << _ROW | zlib.crc32(name.encode())
        place = bisect_left(self._keys, key)
        return place < len(self._keys) and self._keys[place] == key

    @property
    def last_row(self) -> int:
        """The last row of which it holds a request; -1 if it holds none."""
        return self._keys[-1] >> _ROW if self._keys else -1

    def holds_row(self, index: int) -> bool:
        """Whether the batch holds a request of this row."""
        place = bisect_left(self._keys, index << _ROW)
        return place < len(self._keys) and self._keys[place] >> _ROW == index


class BatchSpool:
    """The requests of a batch that is being filled.

    Args:
        files: the directory's batch files.
        number: of the batch.
    """

    def __init__(self, files: BatchFiles, number: int) -> None:
        self.number = number
        self.requests = self.size = self.tokens = 0
        self.most: Usage = NO_USAGE
        self.members = Members()
        self._files = files
        self._path = files.requests(number)
        self._buffer = bytearray()
        files.disk.unlink(self._path)
        self._fd: int | None = files.disk.open_append(self._path)

    def add(self, index: int, name: str, line: bytes, tokens: int, most: Usage) -> None:
        """Add a request.

        Args:
            index: of its row.
            name: its custom id.
            line: the line with its line break.
            tokens: its part of what is enqueued.
            most: the most that it can cost.
        """
        self.members.add(index, name)
        self.requests += 1
        self.size += len(line)
        self.tokens += tokens
        self.most = together(self.most, most)
        self._buffer += line
        if len(self._buffer) >= _BUFFER:
            self._write()

    def seal(self) -> None:
        """Make the batch durable; nothing may be added afterwards."""
        self._write()
        disk, ids = self._files.disk, self._files.ids(self.number)
        assert self._fd is not None
        disk.fsync(self._fd, self._path)
        self.close()
        disk.unlink(ids)
        fd = disk.open_append(ids)
        try:
            disk.write(fd, self.members.sort(), ids)
            disk.fsync(fd, ids)
        finally:
            disk.close_descriptor(fd)
        disk.fsync_directory(ids.parent)

    def discard(self) -> None:
        """Discard the batch."""
        self.close()
        self._files.disk.unlink(self._path)

    def close(self) -> None:
        """Close the file."""
        if self._fd is not None:
            self._files.disk.close_descriptor(self._fd)
            self._fd = None

    def _write(self) -> None:
        assert self._fd is not None
        self._files.disk.write(self._fd, bytes(self._buffer), self._path)
        self._buffer.clear()


class Results:
    """The results of a batch: the lines of its output and error files, which come in any order.

    Of several lines with one custom id the first counts. `lines` is the number of requests that the server has
    processed, `answered` the number of those with an answer; `refused` ones were refused for rate or overload, and
    are not among them.
    """

    def __init__(self, files: BatchFiles, number: int, expected: Members) -> None:
        self.lines = self.answered = self.refused = 0
        self._files = files
        self._tables: list[tuple[Path, array[int]]] = []
        for what in ("output", "errors"):
            path = files.results(number, what)
            self._tables.append((path, self._index(path, expected)))

    @property
    def found(self) -> bool:
        """Whether any line is one of a request of the batch."""
        return any(table for _, table in self._tables)

    def find(self, index: int, name: str) -> dict[str, Any] | None:
        """The line of a request, or None."""
        for path, table in self._tables:
            place = bisect_left(table, index << _ROW)
            while place < len(table) and table[place] >> _ROW == index:
                record = self._read(path, table[place] & _MOST_OFFSET)
                if record is not None and record["custom_id"] == name:
                    return record
                place += 1
        return None

    def _index(self, path: Path, expected: Members) -> "array[int]":
        keys = array("Q")
        seen: set[int] = set()
        offset = 0
        for line in lines_of(self._files.disk, path):
            record = _decoded(line)
            index = None if record is None else index_of(record["custom_id"])
            if record is not None and index is not None and expected.holds(index, record["custom_id"]):
                if offset > _MOST_OFFSET:
                    raise DiskError(f"{path} is larger than 4 GB")
                keys.append(index << _ROW | offset)
                key = index << _ROW | zlib.crc32(record["custom_id"].encode())
                response = record.get("response")
                if key not in seen and isinstance(response, dict):
                    status = response.get("status_code", HTTPStatus.OK)
                    refused = status in _REFUSED
                    self.refused += refused
                    self.lines += not refused
                    self.answered += status == HTTPStatus.OK
                seen.add(key)
            offset += len(line)
        return array("Q", sorted(keys))

    def _read(self, path: Path, offset: int) -> dict[str, Any] | None:
        data, length = b"", _LINE
        while b"\n" not in data:
            data = self._files.disk.read(path, offset, length) or b""
            if len(data) < length:
                break
            length *= 8
        return _decoded(data.partition(b"\n")[0])


def is_whole(files: BatchFiles, path: Path) -> bool:
    """Whether a file of results ends with a complete line, or is empty; the last line may be none of a request."""
    size = files.disk.size(path)
    if not size or (files.disk.read(path, size - 1, 1) or b"") == b"\n":
        return True
    try:
        _json(_last(lines_of(files.disk, path)))
    except ValueError:
        return False
    return True


def _last(lines: Iterator[bytes]) -> bytes:
    last = b""
    for line in lines:
        last = line
    return last


def _decoded(line: bytes) -> dict[str, Any] | None:
    try:
        record = _json(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("custom_id"), str) else None


def _json(line: bytes) -> Any:
    """What a line holds; in front of the first one a server may have put a byte order mark."""
    return loads(line.removeprefix(BOM_UTF8))
