"""The names on a model disk, and the operations that change them: see `model_store` for its rules."""

from collections.abc import Sequence
from typing import Any

DIRECTORY = 0
"""The inode number of every directory: all that matters of one is its name."""

Operation = tuple[Any, ...]
"""A verb and what it is about. Of the disk: `mkdir path`, `create path inode`, `write inode data`,
`write inode data offset`, `truncate inode size`, `sync inode`, `sync_directory path`,
`rename source target inode`, `unlink path inode`, `rmdir path`,
`sync_failed inode`, `sync_directory_failed path`. Other verbs are notes of the driver and change nothing."""

OF_NAMES = {"mkdir", "create", "rename", "unlink", "rmdir"}
"""The verbs of operations that change names."""


def parent(path: str) -> str:
    """The directory that a path is in."""
    return path.rpartition("/")[0]


def play_name(names: dict[str, int], operation: Operation) -> None:
    """Carry out one operation on names."""
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
                    names[moved(path, source, target)] = names.pop(path)
        case ("unlink", path, inode):
            if names.get(path) == inode:
                del names[path]
        case ("rmdir", path):
            names.pop(path, None)


def moved(path: str, source: str, target: str) -> str:
    """Where a path is when a directory above it, or itself, is renamed."""
    return target + path[len(source) :] if path == source or path.startswith(f"{source}/") else path


def moved_change(change: Operation, source: str, target: str) -> Operation:
    """A change of a name, said of where it is when a directory is renamed."""
    return tuple(moved(part, source, target) if isinstance(part, str) else part for part in change)


def renamed_directories(changes: Sequence[Operation]) -> list[tuple[str, str]]:
    """The directories among renamed things: from where, to where."""
    return [change[1:3] for change in changes if change[0] == "rename" and change[3] == DIRECTORY]
