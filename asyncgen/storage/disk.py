"""Every disk call of the program, in one module, so that a simulated disk can replace it.

Rules:

1. Nothing here follows a symbolic link at the last component; directories are made 0700, files 0600.
2. A failed fsync is never retried: the kernel may have dropped the pages and would report success. From then on
   every fsync of this disk fails, so nothing later can be declared durable.
3. Short writes are completed or raised, never returned.
4. Slow calls (fsync, output appends, input reads) run on one helper thread, in order; journal appends run on the
   caller's thread because they must happen in the tick of the answer.

A cache's file belongs to SQLite (see `cache`): it is inspected and created here, and then has its own thread.

Errors of the operating system leave this module as `DiskError`, with the file's name and the reason.
"""

import asyncio
import errno
import fcntl
import os
import shutil
import stat
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import aiofiles
from aiofiles.threadpool.binary import AsyncFileIO

from asyncgen.errors import DiskError, TryLaterError

T = TypeVar("T")

READ_CHUNK = 256 * 1024  # bytes: a thread hop (55 µs) for some 150 lines
_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP}
_CANNOT_LINK = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK}
ONLOOKERS, ONLOOKING = 10, 0.005  # tries, and seconds between them
_HOLDER = 32  # bytes for the id of the process that holds a lock, padded with blanks
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # opening a pipe would wait for a writer


class disk_errors:  # noqa: N801 - used as a function, as `suppress` is; a generator would cost each line 1 µs
    """A context that translates `OSError` into `DiskError("cannot <action> <path>: <reason>")`."""

    __slots__ = ("_action", "_path")

    def __init__(self, action: str, path: Path) -> None:
        self._action = action
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            reason = "it is a symbolic link" if error.errno == errno.ELOOP else error.strerror or error
            raise DiskError(f"cannot {self._action} {self._path}: {reason}", error.errno) from error


class Output:
    """An output file, opened once for appending; `append` completes or raises."""

    def __init__(self, path: Path, file: AsyncFileIO) -> None:
        self.path = path
        self._file = file

    @property
    def fd(self) -> int:
        """The descriptor, for `Disk.fsync`."""
        return self._file.fileno()

    async def append(self, data: bytes) -> None:
        """Write all of `data` at the end of the file (not yet durable)."""
        with disk_errors("write", self.path):
            view = memoryview(data)
            while view:
                view = view[await self._file.write(view) :]

    async def close(self) -> None:
        """Close the file."""
        await self._file.close()


class Disk:
    """The real disk. Paths are absolute; sizes and offsets are bytes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="disk")
        self._fsync_failed = False

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function` on the helper thread, behind earlier calls."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def close(self) -> None:
        """Wait for the helper thread and end it."""
        self._thread.shutdown()

    # Whole files and directories

    def make_directory(self, path: Path) -> None:
        """Create a directory and its parents, their names durable; an existing one is left as it is."""
        with disk_errors("make the directory", path):
            for one in reversed([path, *(parent for parent in path.parents if not parent.exists())]):
                one.mkdir(mode=0o700, exist_ok=True)
                if os.access(one.parent, os.R_OK):  # an unreadable one cannot be opened, and was not created by us
                    self.fsync_directory(one.parent)

    def list_directory(self, path: Path) -> list[str]:
        """Names in a directory, sorted; empty if it does not exist."""
        with disk_errors("list", path):
            try:
                fd = os.open(path, _DIRECTORY)
            except FileNotFoundError:
                return []
            try:
                # By descriptor: os.open retries after a signal, opening by name does not.
                return sorted(os.listdir(fd))  # noqa: PTH208
            finally:
                os.close(fd)

    def size(self, path: Path) -> int | None:
        """Size of a regular file, or None if there is none.

        Raises:
            DiskError: there is something else, or the disk refuses.
        """
        with disk_errors("look at", path):
            try:
                status = path.lstat()
            except FileNotFoundError:
                return None
        if not stat.S_ISREG(status.st_mode):
            raise DiskError(f"{path} is not a regular file", errno.EINVAL)
        return status.st_size

    def is_directory(self, path: Path) -> bool:
        """Whether there is a directory."""
        with disk_errors("look at", path):
            return path.is_dir()

    def inode(self, path: Path) -> int:
        """The inode number of a directory: a copy has another one."""
        with disk_errors("look at", path):
            return path.stat().st_ino

    def read(self, path: Path, offset: int = 0, length: int | None = None) -> bytes | None:
        """Content of a file (from `offset`, at most `length`), or None if there is none."""
        with disk_errors("read", path):
            try:
                fd = os.open(path, _READ)
            except FileNotFoundError:
                return None
            with os.fdopen(fd, "rb") as file:
                file.seek(offset)
                return file.read() if length is None else file.read(length)

    def chunks(self, path: Path) -> Iterator[bytes]:
        """Content of a file, in pieces of at most `READ_CHUNK` bytes."""
        with disk_errors("read", path), os.fdopen(os.open(path, _READ), "rb", buffering=0) as file:
            file.seek(0)  # refuses a pipe, which would read as an empty file
            while chunk := file.read(READ_CHUNK):
                yield chunk

    def truncate(self, path: Path, size: int) -> None:
        """Cut a file to `size` bytes, durably."""
        with disk_errors("truncate", path):
            fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                os.ftruncate(fd, size)
                self.fsync(fd, path)
            finally:
                os.close(fd)

    def allocate(self, path: Path, size: int) -> None:
        """Create a file that takes up `size` bytes of the disk."""
        with disk_errors("write", path):
            # Not for appending: if the file system cannot allocate, the C library writes instead.
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, size)
            finally:
                os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        """Rename within a file system, replacing `target` (durable after `fsync_directory`)."""
        with disk_errors("rename", source):
            source.rename(target)

    def link(self, source: Path, target: Path) -> bool:
        """Give a file a second name; False if the file system has no hard links."""
        with disk_errors("link", target):
            try:
                target.hardlink_to(source)
            except OSError as error:
                if error.errno in _CANNOT_LINK:
                    return False
                raise
        return True

    def copy(self, source: Path, target: Path) -> None:
        """Write the content of a file to a new one, durably."""
        fd = self.open_append(target)
        try:
            for chunk in self.chunks(source):
                self.write(fd, chunk, target)
            self.fsync(fd, target)
        finally:
            self.close_descriptor(fd)

    def unlink(self, path: Path) -> None:
        """Remove a file; it need not exist."""
        with disk_errors("remove", path), suppress(FileNotFoundError):
            path.unlink()

    def remove_tree(self, path: Path) -> None:
        """Remove a directory with all its content; it need not exist."""
        with disk_errors("remove", path), suppress(FileNotFoundError):
            shutil.rmtree(path)

    def fsync_directory(self, path: Path) -> None:
        """Make the names in a directory durable, if the file system supports that."""
        with disk_errors("open", path):
            fd = os.open(path, _DIRECTORY)
        try:
            self.fsync(fd, path)
        finally:
            os.close(fd)

    # Descriptors

    def open_append(self, path: Path) -> int:
        """Open a file for appending, created if missing; returns its descriptor."""
        with disk_errors("open", path):
            return os.open(path, _APPEND, 0o600)

    def open_write(self, path: Path) -> int:
        """Open a file for `write_at`, created if missing; returns its descriptor."""
        with disk_errors("open", path):
            return os.open(path, _WRITE, 0o600)

    def write_at(self, fd: int, data: bytes, offset: int, path: Path) -> None:
        """Write all of `data` at an offset; after an error, `cut` removes the part that was written."""
        with disk_errors("write", path):
            written = os.pwrite(fd, data, offset)
            while written < len(data):
                written += os.pwrite(fd, data[written:], offset + written)

    def write(self, fd: int, data: bytes, path: Path) -> None:
        """Write all of `data`; after an error, `cut` removes the part that was written."""
        with disk_errors("write", path):
            written = os.write(fd, data)
            while written < len(data):
                written += os.write(fd, data[written:])

    def cut(self, fd: int, size: int, path: Path) -> None:
        """Cut an open file to `size` bytes."""
        with disk_errors("truncate", path):
            os.ftruncate(fd, size)

    def fsync(self, fd: int, path: Path) -> None:
        """Make an open file's content durable.

        Raises:
            DiskError: it failed, now or earlier; see rule 2.
        """
        if self._fsync_failed:
            raise DiskError(f"cannot sync {path}: an earlier sync failed", errno.EIO)
        with disk_errors("sync", path):
            try:
                os.fsync(fd)
            except OSError as error:
                if error.errno in _CANNOT_SYNC:
                    return  # nothing failed: some network file systems cannot sync directories
                self._fsync_failed = True
                raise

    def close_descriptor(self, fd: int) -> None:
        """Close a descriptor of `open_append` or `open_write`."""
        os.close(fd)

    def lock(self, path: Path) -> int:
        """Take the lock file for this process until the descriptor is closed.

        Raises:
            TryLaterError: another process holds it.
        """
        with disk_errors("open", path):
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            self._take(fd)
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                os.close(fd)
                raise DiskError(f"cannot lock {path}: {error.strerror}", error.errno) from error
            holder = os.pread(fd, _HOLDER, 0).decode("ascii", "replace").strip()
            os.close(fd)
            raise TryLaterError(
                f"{path.parent.parent} is in use by another run (process {holder or 'unknown'}); "
                "wait for it, or choose another output directory"
            ) from None
        with disk_errors("write", path):
            # Overwritten rather than truncated, which some file systems refuse.
            os.pwrite(fd, f"{os.getpid()}\n".ljust(_HOLDER).encode(), 0)
        return fd

    def _take(self, fd: int) -> None:
        """Lock a file; an onlooker may hold it for a moment (see `locked`)."""
        for left in reversed(range(ONLOOKERS)):
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if not left:
                    raise
                time.sleep(ONLOOKING)
            else:
                return

    def locked(self, path: Path) -> bool:
        """Whether a process holds the lock file. Creates and writes nothing; a free one is locked for a moment."""
        with disk_errors("open", path):
            try:
                fd = os.open(path, _READ)
            except FileNotFoundError:
                return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(fd)
        return False

    # Streams on the helper thread

    async def open_output(self, path: Path) -> Output:
        """Open an output file for appending, created if missing."""
        with disk_errors("open", path):
            file = await aiofiles.open(
                path,
                "ab",
                buffering=0,
                opener=lambda name, _flags: os.open(name, _APPEND, 0o600),
                executor=self._thread,
            )
        return Output(path, file)

    async def pull(self, pieces: Iterator[T]) -> AsyncGenerator[T, None]:
        """Iterate, producing each item on the helper thread."""
        end = object()
        while (piece := await self.call(lambda: next(pieces, end))) is not end:
            yield piece  # type: ignore[misc] # not the end marker

    def read_input(self, path: Path, offset: int) -> AsyncGenerator[bytes, None]:
        """Content of an input file from `offset`, in pieces of at most `READ_CHUNK` bytes; links are followed."""
        # By `pull`, whose iterator closes the file even if the reader is cancelled while it is being opened.
        return self.pull(_input_chunks(path, offset))


def _input_chunks(path: Path, offset: int) -> Iterator[bytes]:
    with disk_errors("read", path), path.open("rb", buffering=0) as file:
        file.seek(offset)
        while chunk := file.read(READ_CHUNK):
            yield chunk
