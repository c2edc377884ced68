"""The file of a cache: recognised before SQLite touches it, created if missing, set aside if damaged.

A file that is evidently something else (text, an archive, another program's database) is left as it is: its name
was given by mistake. Links are not followed, neither to look at the file nor to create it.
"""

import errno
import fcntl
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum, auto
from pathlib import Path
from urllib.parse import quote

from asyncgen.errors import DiskError, Setting, UsageError
from asyncgen.storage.disk import Disk, disk_errors
from asyncgen.storage.file_kinds import kind_of

APPLICATION = 0x61676361  # SQLite's application_id, at a fixed place in the header
VERSION = 1
BESIDE = ("-wal", "-shm")
BUSY_TIMEOUT = 2.0  # seconds; another process adds its answers in milliseconds
_MARK = b"SQLite format 3\0"
_APPLICATION_AT = slice(68, 72)
_HEADER = 100  # bytes
_LOOKED_AT = 4096  # bytes: SQLite's header, or enough to recognise text
_KINDS = (b"\x7fELF", b"\x89PNG", b"\x89HDF", b"\x93NUMPY", b"\xff\xd8\xff", b"GGUF", b"ARROW1", b"Obj\x01")
_CONTROLS = bytes({*range(32), 127} - set(b"\t\n\r\f\x1b"))
_MISTAKES = {errno.ELOOP, errno.EISDIR, errno.EINVAL}

Identity = tuple[int, int]
IN_USE: Counter[Identity | None] = Counter()
"""Files that this process has open: closing a second descriptor of one would drop SQLite's locks."""


class CacheFileKind(Enum):
    """What kind of file a path holds."""

    EMPTY = auto()
    CACHE = auto()
    DAMAGED = auto()
    SOMETHING_ELSE = auto()


def recognise(first: bytes) -> CacheFileKind:
    """The kind of a file that begins with these bytes."""
    if not first:
        return CacheFileKind.EMPTY
    if first.startswith(_MARK):
        if len(first) < _HEADER:
            return CacheFileKind.DAMAGED
        ours = first[_APPLICATION_AT] == APPLICATION.to_bytes(4, "big")
        return CacheFileKind.CACHE if ours else CacheFileKind.SOMETHING_ELSE
    is_text = len(first.translate(None, _CONTROLS)) == len(first)
    known = is_text or first.startswith(_KINDS) or kind_of(first) is not None
    return CacheFileKind.SOMETHING_ELSE if known else CacheFileKind.DAMAGED


def identity_of(path: Path) -> Identity | None:
    """What identifies a file whatever its name; None if there is none."""
    with suppress(OSError):
        status = path.lstat()
        return status.st_dev, status.st_ino
    return None


def kind_at(disk: Disk, path: Path) -> CacheFileKind:
    """The kind of the file at a path.

    Raises:
        UsageError: there can be no cache at the path.
        DiskError: the disk refuses.
    """
    if IN_USE[identity_of(path)]:
        return CacheFileKind.CACHE
    with disk_errors("look at", path.parent):
        there = path.parent.is_dir()
    if not there:
        raise UsageError(Setting("cache"), f": there is no directory {path.parent}")
    try:
        there = disk.size(path) is not None
        kind = recognise((there and disk.read(path, 0, _LOOKED_AT)) or b"")
    except DiskError as error:
        if error.errno not in _MISTAKES:
            raise
        raise UsageError(Setting("cache"), ": ", error.message) from None
    if kind is CacheFileKind.SOMETHING_ELSE:
        raise UsageError(
            Setting("cache"),
            f": {path} is not a cache of asyncgen, and is left as it is: give the name of another file",
        )
    return kind


def check_cache(disk: Disk, path: Path) -> None:
    """Refuse a file that is not a cache, before anything is created.

    Raises:
        UsageError: there can be no cache at the path.
    """
    with suppress(DiskError):
        kind_at(disk, path)


def connect(path: Path, *, writable: bool = True) -> sqlite3.Connection:
    """Open a file that is a cache, or empty.

    Raises:
        UsageError: a newer version of asyncgen made it.
        sqlite3.Error: it is damaged, or the disk refuses.
    """
    if writable:
        return _connect(path, "mode=rw", _make)
    try:
        return _connect(path, "mode=ro", _try_to_read)
    except sqlite3.OperationalError:
        # No file can be created beside it either: read it as immutable.
        return _connect(path, "immutable=1", _try_to_read)


def _connect(path: Path, how: str, first: Callable[[sqlite3.Connection], None]) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(os.fsencode(path))}?{how}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        if _version(connection, path) < VERSION:
            first(connection)
        _try_to_read(connection)
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last answers, never the file
    except BaseException:
        connection.close()
        raise
    return connection


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise UsageError(Setting("cache"), f": {path} was made by a newer version of asyncgen: give another file")
    return int(version)


def _make(connection: sqlite3.Connection) -> None:
    # The id first, in its own transaction: it must be in the file itself, not in the log beside it.
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS answers"
        " (key BLOB NOT NULL, place INTEGER NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (key, place))"
    )
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _try_to_read(connection: sqlite3.Connection) -> None:
    connection.execute("SELECT max(rowid) FROM answers").fetchone()


def set_aside(disk: Disk, path: Path, identity: Identity | None) -> Path | None:
    """Rename a damaged file and SQLite's files beside it; the new name, or None if another process was faster.

    Args:
        disk: the disk.
        path: of the file.
        identity: of the damaged file: by now there may be a new one.

    Raises:
        DiskError: the disk refuses.
    """
    with disk_errors("open", path.parent):
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # without locks, checking the identity is the best that can be done
            fcntl.flock(directory, fcntl.LOCK_EX)
        if identity_of(path) != identity:
            return None
        moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        taken = set(disk.list_directory(path.parent))
        base = f"{path.name}.damaged-{moment}"
        name = next(name for n in range(len(taken) + 1) if (name := f"{base}{f'-{n}' * (n > 0)}") not in taken)
        disk.rename(path, path.with_name(name))
        for beside in BESIDE:
            with suppress(DiskError):
                disk.rename(path.with_name(path.name + beside), path.with_name(name + beside))
    finally:
        os.close(directory)
    return path.with_name(name)
