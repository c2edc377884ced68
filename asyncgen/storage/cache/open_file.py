"""The file of a cache while it is open: opened as far as its disk allows, and replaced if it is damaged.

A problem is reported once, and never ends a run.
"""

import sqlite3
import stat
import time
from collections import deque
from contextlib import suppress
from pathlib import Path

from asyncgen.errors import DiskError, UsageError
from asyncgen.events import Notice
from asyncgen.storage.cache.cache_file import (
    IN_USE,
    CacheFileKind,
    Identity,
    connect,
    identity_of,
    kind_at,
    set_aside,
)
from asyncgen.storage.disk import Disk

OPENING_TIME = 5.0  # seconds for competing processes to finish creating the file
OPENING_PAUSE = 0.1  # seconds; two processes that create the file may block each other
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PRIMARY = 0xFF  # of an error code; the higher bits are its detail


class OpenFile:
    """A file of answers; `sql` is None if it cannot be opened.

    `writable` becomes False when nothing more can be added; `notices` are to be shown to the user.

    Args:
        disk: the disk.
        path: of the file.

    Raises:
        UsageError: there is something else at the path.
    """

    def __init__(self, disk: Disk, path: Path) -> None:
        self._disk = disk
        self._path = path
        self._identity: Identity | None = None
        self._told: set[str] = set()
        self.notices: deque[Notice] = deque()
        self.sql: sqlite3.Connection | None = None
        self.writable = True
        self._open()
        self._check_mode()

    def renew(self) -> None:
        """Set the file aside and begin a new one."""
        self.close()
        try:
            self._set_aside()
            self._open()
        except (DiskError, UsageError) as error:
            self.tell("open", f"{error}: the run continues without the cache")

    def tell(self, what: str, text: str) -> None:
        """Report a problem once."""
        if what not in self._told:
            self._told.add(what)
            self.notices.append(Notice(text, warning=True))

    def close(self) -> None:
        """Close the file; nothing is found afterwards."""
        if self.sql is not None:
            with suppress(sqlite3.Error):
                self.sql.close()
            IN_USE[self._identity] -= 1
        self.sql = None

    def _open(self) -> None:
        try:
            self._connect()
        except DiskError as error:
            self.tell("open", f"{error}: the run continues without the cache")
        except sqlite3.Error as error:
            self.tell("open", f"cannot open the cache {self._path} ({error}): the run continues without it")

    def _connect(self) -> None:
        """Open the file, after setting a damaged one aside."""
        end, refused = time.monotonic() + OPENING_TIME, None
        while time.monotonic() < end and self._make_room():
            self._identity = identity_of(self._path)
            try:
                self.sql = connect(self._path)
            except sqlite3.Error as error:
                code = code_of(error)
                if code in DAMAGED:
                    self._set_aside()
                elif code in BUSY:
                    time.sleep(OPENING_PAUSE)  # another process is creating it
                else:
                    refused = error
                    break
            else:
                IN_USE[self._identity] += 1
                return
        try:
            self.sql, self.writable = connect(self._path, writable=False), False
        except sqlite3.Error as error:
            raise refused or error from None  # an empty file cannot be read; why it could not be made says more
        IN_USE[self._identity] += 1
        self.tell("readonly", f"The cache {self._path} cannot be written: nothing is added to it")

    def _make_room(self) -> bool:
        """Ensure there is a file that is a cache, or empty; returns whether it may be written."""
        self._identity = identity_of(self._path)
        if kind_at(self._disk, self._path) is CacheFileKind.DAMAGED:
            self._set_aside()
        if not IN_USE[identity_of(self._path)]:
            try:
                self._disk.close_descriptor(
                    self._disk.open_write(self._path)
                )  # readable by its owner only, not through a link
            except DiskError:
                return False
        return True

    def _set_aside(self) -> None:
        """Set aside the file that was opened last."""
        moved_to = set_aside(self._disk, self._path, self._identity)
        new = (
            f"it is {moved_to.name} now, and a new one begins"
            if moved_to
            else "another process has begun a new one"
        )
        self.tell("damaged", f"The cache {self._path} was damaged: {new}")

    def _check_mode(self) -> None:
        with suppress(OSError):
            if self._path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                self.tell("mode", f"Others may read the cache {self._path}, and the text in it: chmod 600 it")


def code_of(error: sqlite3.Error) -> int:
    """The primary code of an error."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
