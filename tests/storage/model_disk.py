"""A disk in memory that can be crashed anywhere, with everything that POSIX allows to be lost.

Rules:

1. A name and a content are two things. A directory maps names to inodes; an inode has a content. Each of
   them has a volatile state, which programs see, and a durable one, which a power loss leaves.
2. A killed process (SIGKILL) loses nothing that it wrote: the volatile state goes on. It stays volatile.
3. `fsync` of a file makes its content durable, and says nothing about its name. `fsync_directory` makes every
   change to the names in that directory durable, and says nothing about contents or about the directory's
   own name: without that, all that is below it may be gone.
4. Power loss, names: each change that was not synced (made, renamed, removed) is there or not, independent of
   all the others. A rename is one change: the old name or the new one, never both or none.
5. Power loss, contents: of the changes that were not synced, any prefix is there, torn at any byte; behind
   the tear may stand zeros or garbage up to the length that the file had. A truncation that was not synced may
   not have happened, and what was appended behind it may have.
6. An fsync that fails drops the changes that it was to save: they can still be read, and no later fsync saves
   them.
7. A full disk takes half of the write and refuses the rest; so it does until space is given back. Where others are
   greedy, they take at once what is given back. What lies within a file needs no space.

Operations are recorded. A run is played once; each of its crash states is then made by playing the record up
to the crash. The helper thread runs its calls one after another, each of them at once after a while.
"""

import asyncio
import errno
import os
import random
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from asyncgen.errors import DiskError, TryLaterError
from asyncgen.storage.disk import READ_CHUNK

T = TypeVar("T")

DIRECTORY = 0
"""The inode number of every directory: all that matters of one is its name."""

Operation = tuple[Any, ...]
"""A verb and what it is about. Of the disk: `mkdir path`, `create path inode`, `write inode data`,
`write inode data offset`, `truncate inode size`, `sync inode`, `sync_directory path`,
`rename source target inode`, `unlink path inode`, `rmdir path`,
`sync_failed inode`, `sync_directory_failed path`. Other verbs are notes of the driver and change nothing."""

Question = tuple[Any, ...]
"""What a program asks of a disk: `kind path`, `found path` (None: nor is its directory), `size path`,
`data path offset length`, `names path` (of what is in a directory), `below path` (all that is), `length inode`;
and, as only mutants do, `unsynced path`: which names have changed and are not durable."""

Sight = tuple[int, Question, Any]
"""What a program has seen: behind how many entries of the record, the question and the answer."""

_NAMES = {"mkdir", "create", "rename", "unlink", "rmdir"}
_GARBAGE = b"\xa7\x00{]\n\xff 0badcafe {}\n" * 64


class Crash(BaseException):
    """The machine stopped here; whatever still runs is not there any more."""


class Inode(NamedTuple):
    """A content: as it is seen, as it is durable, and the changes between (offset and data; None: cut there)."""

    data: bytes = b""
    durable: bytes = b""
    changes: tuple[tuple[int, bytes | None], ...] = ()


def changed(content: bytes, offset: int, data: bytes | None) -> bytes:
    """A content after one change; what was never written reads as zeros."""
    if data is None:
        return content[:offset].ljust(offset, b"\x00")
    return content[:offset].ljust(offset, b"\x00") + data + content[offset + len(data) :]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _play_name(names: dict[str, int], operation: Operation) -> None:
    match operation:
        case ("mkdir", path):
            names[path] = DIRECTORY
        case ("create", path, inode):
            names[path] = inode
        case ("rename", source, target, inode):
            if names.get(source) == inode:
                del names[source]
            names[target] = inode
            if inode == DIRECTORY:
                for path in [path for path in names if path.startswith(f"{source}/")]:
                    names[_moved(path, source, target)] = names.pop(path)
        case ("unlink", path, inode):
            if names.get(path) == inode:
                del names[path]
        case ("rmdir", path):
            names.pop(path, None)


def _moved(path: str, source: str, target: str) -> str:
    """Where a path is when a directory above it, or itself, is renamed."""
    return target + path[len(source) :] if path == source or path.startswith(f"{source}/") else path


def _moved_change(change: Operation, source: str, target: str) -> Operation:
    """A change of a name, said of where it is when a directory is renamed."""
    return tuple(_moved(part, source, target) if isinstance(part, str) else part for part in change)


def _renamed_directories(changes: Sequence[Operation]) -> list[tuple[str, str]]:
    return [change[1:3] for change in changes if change[0] == "rename" and change[3] == DIRECTORY]


class Store:
    """What is on the disk: inodes, and names as they are seen and as they are durable."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.inodes: dict[int, Inode] = {}
        self.names: dict[str, int] = {root: DIRECTORY}
        self.durable_names: dict[str, int] = dict(self.names)
        self.changes: list[Operation] = []

    def copy(self) -> "Store":
        """The same, apart: what a killed process leaves (rule 2)."""
        other = Store(self.root)
        other.inodes, other.names = dict(self.inodes), dict(self.names)
        other.durable_names, other.changes = dict(self.durable_names), list(self.changes)
        return other

    def files(self) -> dict[str, bytes]:
        """Contents by path, relative to the root."""
        skip = len(self.root) + 1
        return {path[skip:]: self.inodes[inode].data for path, inode in self.names.items() if inode != DIRECTORY}

    def look(self, question: Question) -> Any:
        """The answer to a question: all that a program learns of the disk, it learns here."""
        asked, place = question[:2]
        if asked == "unsynced":
            return tuple(tuple(part for part in change if isinstance(part, str)) for change in self.changes)
        if asked == "length":
            return len(self.inodes[place].data)
        if asked == "names":
            start = f"{place}/"
            return tuple(
                sorted(
                    rest
                    for name in self.names
                    if name.startswith(start) and "/" not in (rest := name[len(start) :])
                )
            )
        if asked == "below":
            return tuple(sorted(name for name in self.names if name.startswith(f"{place}/")))
        number = self.names.get(place)
        if asked == "kind":
            return None if number is None else "directory" if number == DIRECTORY else "file"
        if asked == "found":
            return number is not None or (False if _parent(place) in self.names else None)
        if number is None:
            return None
        data = self.inodes[number].data
        if asked == "size":
            return len(data)
        _, _, offset, length = question
        return data[offset : None if length is None else offset + length]

    def play(self, operation: Operation) -> None:
        """Carry out one operation."""
        verb = operation[0]
        if verb in _NAMES:
            _play_name(self.names, operation)
            self.changes.append(operation)
            if verb == "create":
                self.inodes[operation[2]] = Inode()
        elif verb == "write":
            _, number, data, *within = operation
            inode = self.inodes[number]
            offset = within[0] if within else len(inode.data)
            self.inodes[number] = Inode(
                changed(inode.data, offset, data), inode.durable, (*inode.changes, (offset, data))
            )
        elif verb == "truncate":
            _, number, size = operation
            inode = self.inodes[number]
            self.inodes[number] = Inode(
                changed(inode.data, size, None), inode.durable, (*inode.changes, (size, None))
            )
        elif verb == "sync":
            inode = self.inodes[operation[1]]
            durable = inode.durable
            for offset, data in inode.changes:
                durable = changed(durable, offset, data)
            self.inodes[operation[1]] = Inode(inode.data, durable)
        elif verb == "sync_failed":
            self.inodes[operation[1]] = self.inodes[operation[1]]._replace(changes=())
        elif verb == "sync_directory":
            self._sync_directory(operation[1])

    def _sync_directory(self, path: str) -> None:
        """Make the changes of names in a directory durable, also those from before it was renamed."""
        known_as = {path, *(_moved(path, new, old) for old, new in _renamed_directories(self.changes))}
        rest: list[Operation] = []
        for change in self.changes:
            touched = change[1:3] if change[0] == "rename" else change[1:2]
            if known_as.isdisjoint(map(_parent, touched)):
                rest.append(change)
                continue
            _play_name(self.durable_names, change)
            if change[0] == "rename" and change[3] == DIRECTORY:
                rest = [_moved_change(one, *change[1:3]) for one in rest]
        self.changes = rest

    # Power loss (rules 4 and 5)

    def losses(self, draw: random.Random, limit: int) -> Iterator["Store"]:
        """What a power loss may leave: everything possible up to torn bytes, or `limit` samples of it."""
        named = {*self.names.values(), *self.durable_names.values(), *(change[-1] for change in self.changes)}
        numbers = [number for number, inode in self.inodes.items() if inode.changes and number in named]
        contents = [_remains(self.inodes[number], draw) for number in numbers]
        names = len(self.changes)
        if prod(map(len, contents)) << names <= limit:
            for kept in product((False, True), repeat=names):
                for chosen in product(*contents):
                    yield self._after_loss(kept, dict(zip(numbers, chosen, strict=True)))
            return
        corners: list[tuple[Sequence[bool], list[bytes]]] = []
        for which in (0, 1):  # contents all lost, contents all there
            fixed = [options[which] for options in contents]
            corners += [([False] * names, fixed), ([True] * names, fixed)]
            for one in range(names):
                corners += [
                    ([place == one for place in range(names)], fixed),
                    ([place != one for place in range(names)], fixed),
                ]
        draw.shuffle(corners)
        for kept, fixed in corners[: limit // 2]:
            yield self._after_loss(kept, dict(zip(numbers, fixed, strict=True)))
        for _ in range(limit - min(len(corners), limit // 2)):
            chances = draw.choice((0.2, 0.5, 0.8, 1.0))
            kept = [draw.random() < chances for _ in range(names)]
            yield self._after_loss(
                kept, {n: draw.choice(options) for n, options in zip(numbers, contents, strict=True)}
            )

    def _after_loss(self, kept: Sequence[bool], contents: dict[int, bytes]) -> "Store":
        names = dict(self.durable_names)
        still: list[tuple[str, str]] = []  # directories that have their old names again
        for keep, pending in zip(kept, self.changes, strict=True):
            change = pending
            for old, new in reversed(still):
                change = _moved_change(change, new, old)
            if keep:
                _play_name(names, change)
            else:
                still += _renamed_directories([change])
        other = Store(self.root)
        other.names = {path: inode for path, inode in names.items() if self._reachable(path, names)}
        other.durable_names = dict(other.names)
        for number in other.names.values():
            if number != DIRECTORY:
                content = contents.get(number, self.inodes[number].durable)
                other.inodes[number] = Inode(content, content)
        return other

    def _reachable(self, path: str, names: dict[str, int]) -> bool:
        while path != self.root:
            path = _parent(path)
            if names.get(path) != DIRECTORY:
                return False
        return True


def _remains(inode: Inode, draw: random.Random) -> list[bytes]:
    """What a power loss may leave of a content: first nothing of the changes, then all of them, then tears."""
    remains = [inode.durable]
    for offset, data in inode.changes:
        remains.append(changed(remains[-1], offset, data))
    whole = remains[-1]
    options = [inode.durable, whole]
    offset, data = draw.choice(inode.changes)
    place = inode.changes.index((offset, data))
    if data:
        tear = draw.randrange(len(data))
        torn = changed(remains[place], offset, data[:tear])
        length = max(len(whole), len(torn))
        options += [torn, torn.ljust(length, b"\x00"), torn + _GARBAGE[: length - len(torn)]]
    if len(inode.changes) > 1:
        options.append(remains[draw.randrange(1, len(inode.changes))])
    if any(data is None for _, data in inode.changes):
        untruncated = inode.durable
        for offset, data in inode.changes:
            untruncated = untruncated if data is None else changed(untruncated, offset, data)
        options.append(untruncated)
    return options


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
        while self._look("kind", _parent(chain[-1])) is None:
            chain.append(_parent(chain[-1]))
        for name in reversed(chain):
            if self._look("kind", name) is None:
                self._do("mkdir", name)
            self.fsync_directory(Path(_parent(name)))

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

    def chunks(self, path: Path, offset: int = 0) -> Iterator[bytes]:
        """Content of a file from `offset`."""
        data = self.read(path, offset)
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
