"""The disk of a program that runs on a model store, and may be full, fail to sync or stop.

The rules go on from those of `model_store`:

7. A full disk takes half of the write and refuses the rest; so it does until space is given back. Where others are
   greedy, they take at once what is given back. What lies within a file needs no space.

Operations are recorded. A run is played once; each of its crash states is then made by playing the record up
to the crash. The helper thread runs its calls one after another, each of them at once after a while.
"""

import asyncio
import errno
import os
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from asyncgen.errors import DiskError, TryLaterError
from asyncgen.storage.disk import READ_CHUNK

from .model_names import DIRECTORY, Operation, parent
from .model_store import Question, Store

T = TypeVar("T")

Sight = tuple[int, Question, Any]
"""What a program has seen: behind how many entries of the record, the question and the answer."""


class Crash(BaseException):
    """The machine stopped here; whatever still runs is not there any more."""


class ModelOutput:
    """An output file, as `asyncgen.storage.disk.Output`."""

    def __init__(self, disk: "ModelDisk", path: Path, fd: int) -> None:
        self.path = path
        self.fd = fd
        self._disk = disk

    async def append(self, data: bytes) -> None:
        """Write all of `data` at the end of the file."""
        await self._disk.call(lambda: self._disk.write(self.fd, data, self.path), share=0.1)

    async def close(self) -> None:
        """Close the file."""
        self._disk.close_descriptor(self.fd)


class ModelDisk:
    """The methods of `asyncgen.storage.disk.Disk` over a `Store`.

    Args:
        store: what is on the disk; it is changed.
        crash_at: the operation (counted from 0) before which the machine stops.
        full_at: the first operation that needs space and is refused (rule 7).
        refusals: after so many refused writes there is room again.
        greedy: what this program gives back of a full disk, others take.
        sync_fails_at: the operation from which on the next fsync fails (rule 6).

    `record` holds every operation, and the notes of the driver among them; `sights` all that the program has seen,
    and `demands` behind how many entries of the record it needed space.
    """

    call_seconds = 0.1

    def __init__(
        self,
        store: Store,
        *,
        crash_at: int | None = None,
        full_at: int | None = None,
        refusals: int | None = None,
        greedy: bool = False,
        sync_fails_at: int | None = None,
    ) -> None:
        self.store = store
        self.record: list[Operation] = []
        self.sights: list[Sight] = []
        self.demands: list[int] = []
        self.syncs_after_failure = 0
        self._crash_at = crash_at
        self._full_at = full_at
        self._refusals = refusals
        self._greedy = greedy
        self._sync_fails_at = sync_fails_at
        self._space: int | None = None
        self._sync_failed = False
        self._thread = asyncio.Lock()
        self._next = max(store.inodes, default=DIRECTORY) + 1
        self._open: dict[int, int] = {}
        self._next_fd = 100

    @property
    def open_descriptors(self) -> int:
        """Descriptors that nobody has closed."""
        return len(self._open)

    def note(self, *note: Any) -> None:
        """Record something that is no operation of the disk."""
        self._live()
        self.record.append(note)

    def _live(self) -> None:
        if self._crash_at is not None and len(self.record) >= self._crash_at:
            raise Crash

    def _do(self, *operation: Any) -> None:
        self._live()
        self.record.append(operation)
        self.store.play(operation)

    def _look(self, *question: Any) -> Any:
        answer = self.store.look(question)
        self.sights.append((len(self.record), question, answer))
        return answer

    def unsynced_names(self) -> tuple[tuple[str, ...], ...]:
        """The changes of names that are not durable yet: verbs and paths."""
        changes: tuple[tuple[str, ...], ...] = self._look("unsynced", self.store.root)
        return changes

    async def call(self, function: Callable[[], T], share: float = 1.0) -> T:
        """Run `function` at once, when the thread has come to it and some time has passed."""
        async with self._thread:
            await asyncio.sleep(share * self.call_seconds)
            return function()

    def close(self) -> None:
        """Nothing to end."""

    # Whole files and directories

    def make_directory(self, path: Path) -> None:
        """Make a directory and its parents, their names durable."""
        chain = [str(path)]
        while self._look("kind", parent(chain[-1])) is None:
            chain.append(parent(chain[-1]))
        for name in reversed(chain):
            if self._look("kind", name) is None:
                self._do("mkdir", name)
            self.fsync_directory(Path(parent(name)))

    def list_directory(self, path: Path) -> list[str]:
        """Names in a directory, sorted; empty when it is not there."""
        return list(self._look("names", str(path)))

    def size(self, path: Path) -> int | None:
        """Size of a file, or None when there is none."""
        size: int | None = self._look("size", str(path))
        return size

    def inode(self, _path: Path) -> int:
        """The number of the output directory, which is never copied."""
        return 7

    def read(self, path: Path, offset: int = 0, length: int | None = None) -> bytes | None:
        """Content of a file, or None when there is none."""
        data: bytes | None = self._look("data", str(path), offset, length)
        return data

    def chunks(self, path: Path) -> Iterator[bytes]:
        """Content of a file, in pieces."""
        data = self.read(path)
        if data is None:
            raise DiskError(f"cannot read {path}: {os.strerror(errno.ENOENT)}", errno.ENOENT)
        for start in range(0, len(data), READ_CHUNK):
            yield data[start : start + READ_CHUNK]

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to `size` bytes, durably."""
        fd = self.open_append(path)
        self._do("truncate", self._open[fd], size)
        try:
            self.fsync(fd, path)
        finally:
            self.close_descriptor(fd)

    def allocate(self, path: Path, size: int) -> None:
        """Make a file that takes up `size` bytes of the disk."""
        fd = self.open_append(path)
        try:
            self._take(size, path)
            lacking = size - self._look("length", self._open[fd])
            if lacking > 0:
                self._do("write", self._open[fd], bytes(lacking))
        finally:
            self.close_descriptor(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Rename, replacing `target`."""
        self._do("rename", str(source), str(target), self.store.names[str(source)])

    def unlink(self, path: Path) -> None:
        """Remove a file; one that is not there is fine."""
        if self._look("kind", str(path)) is not None:
            number = self.store.names[str(path)]
            self._give_back(len(self.store.inodes[number].data))
            self._do("unlink", str(path), number)

    def is_directory(self, path: Path) -> bool:
        """Whether there is a directory."""
        return bool(self._look("kind", str(path)) == "directory")

    def remove_tree(self, path: Path) -> None:
        """Remove a directory with all that is in it; one that is not there is fine."""
        for name in reversed(self._look("below", str(path))):
            if self._look("kind", name) == "directory":
                self._do("rmdir", name)
            else:
                self.unlink(Path(name))
        if self.is_directory(path):
            self._do("rmdir", str(path))

    def fsync_directory(self, path: Path) -> None:
        """Make the names in a directory durable."""
        self._may_sync(path)
        if self._fails():
            self._do("sync_directory_failed", str(path))
            raise DiskError(f"cannot sync {path}: {os.strerror(errno.EIO)}", errno.EIO)
        self._do("sync_directory", str(path))

    # Descriptors

    def open_append(self, path: Path) -> int:
        """Open a file for appending, made when missing."""
        self._live()
        found = self._look("found", str(path))
        if found:
            number = self.store.names[str(path)]
        else:
            if found is None:
                raise DiskError(f"cannot open {path}: {os.strerror(errno.ENOENT)}", errno.ENOENT)
            number = self._next
            self._next += 1
            self._do("create", str(path), number)
        self._next_fd += 1
        self._open[self._next_fd] = number
        return self._next_fd

    def write(self, fd: int, data: bytes, path: Path) -> None:
        """Write all of `data`."""
        room = self._take(len(data), path, partly=True)
        if room:
            self._do("write", self._open[fd], data[:room])
        if room < len(data):
            raise DiskError(f"cannot write {path}: {os.strerror(errno.ENOSPC)}", errno.ENOSPC)

    def open_write(self, path: Path) -> int:
        """Open a file for writing at offsets, made when missing."""
        return self.open_append(path)

    def write_at(self, fd: int, data: bytes, offset: int, path: Path) -> None:
        """Write all of `data` at an offset."""
        within = self._look("length", self._open[fd]) - offset
        if within > 0:
            self._do("write", self._open[fd], data[:within], offset)
        if within < len(data):
            self.write(fd, data[within:], path)

    def cut(self, fd: int, size: int, path: Path) -> None:
        """Cut an open file."""
        self._give_back(len(self.store.inodes[self._open[fd]].data) - size)
        self._do("truncate", self._open[fd], size)

    def fsync(self, fd: int, path: Path) -> None:
        """Make an open file's content durable."""
        self._may_sync(path)
        if self._fails():
            self._do("sync_failed", self._open[fd])
            raise DiskError(f"cannot sync {path}: {os.strerror(errno.EIO)}", errno.EIO)
        self._do("sync", self._open[fd])

    def close_descriptor(self, fd: int) -> None:
        """Close a descriptor; one that is not open is an error, as on a real disk."""
        if fd not in self._open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        del self._open[fd]

    def lock(self, path: Path) -> int:
        """Take the lock, for one process at a time; after a crash nobody holds it."""
        fd = self.open_append(path)
        if any(held != fd and self._open[held] == self._open[fd] for held in self._open):
            self.close_descriptor(fd)
            raise TryLaterError(f"{path.parent.parent} is in use by another run")
        self._do("truncate", self._open[fd], 0)
        self._do("write", self._open[fd], b"1\n")
        return fd

    def locked(self, path: Path) -> bool:
        """Whether a process holds the lock."""
        return self._look("kind", str(path)) is not None and self.store.names[str(path)] in self._open.values()

    # Streams on the helper thread

    async def open_output(self, path: Path) -> ModelOutput:
        """Open an output file for appending, made when missing."""
        await asyncio.sleep(0)
        return ModelOutput(self, path, self.open_append(path))

    async def read_input(self, path: Path, offset: int) -> AsyncGenerator[bytes, None]:
        """Content of an input file, which is on the real disk."""
        data = path.read_bytes()[offset:]  # noqa: ASYNC240 - a few lines
        for start in range(0, len(data), READ_CHUNK):
            await asyncio.sleep(0)
            yield data[start : start + READ_CHUNK]

    # Faults

    def _take(self, size: int, path: Path, *, partly: bool = False) -> int:
        """How many of `size` bytes there is room for."""
        self._live()
        self.demands.append(len(self.record))
        if self._full_at is not None and self._space is None and len(self.record) >= self._full_at:
            self._space = size // 2
        if self._space is None:
            return size
        room = min(size, self._space)
        if room < size and self._refusals is not None:
            if not self._refusals:
                return size
            self._refusals -= 1
        if room < size and not partly:
            raise DiskError(f"cannot write {path}: {os.strerror(errno.ENOSPC)}", errno.ENOSPC)
        self._space -= room
        return room

    def _give_back(self, size: int) -> None:
        if self._space is not None and not self._greedy:
            self._space += size

    def _may_sync(self, path: Path) -> None:
        self._live()
        if self._sync_failed:
            self.syncs_after_failure += 1
            raise DiskError(f"cannot sync {path}: an earlier sync failed", errno.EIO)

    def _fails(self) -> bool:
        if self._sync_fails_at is not None and len(self.record) >= self._sync_fails_at:
            self._sync_failed = True
        return self._sync_failed
