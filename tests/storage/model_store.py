"""What is on a disk in memory that can be crashed anywhere, with everything that POSIX allows to be lost.

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
"""

from typing import Any, NamedTuple

from .model_names import (
    DIRECTORY,
    OF_NAMES,
    Operation,
    moved,
    moved_change,
    parent,
    play_name,
    renamed_directories,
)

Question = tuple[Any, ...]
"""What a program asks of a disk: `kind path`, `found path` (None: nor is its directory), `size path`,
`data path offset length`, `names path` (of what is in a directory), `below path` (all that is), `length inode`;
and, as only mutants do, `unsynced path`: which names have changed and are not durable."""


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
            return number is not None or (False if parent(place) in self.names else None)
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
        if verb in OF_NAMES:
            play_name(self.names, operation)
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
        known_as = {path, *(moved(path, new, old) for old, new in renamed_directories(self.changes))}
        rest: list[Operation] = []
        for change in self.changes:
            touched = change[1:3] if change[0] == "rename" else change[1:2]
            if known_as.isdisjoint(map(parent, touched)):
                rest.append(change)
                continue
            play_name(self.durable_names, change)
            if change[0] == "rename" and change[3] == DIRECTORY:
                rest = [moved_change(one, *change[1:3]) for one in rest]
        self.changes = rest
