"""The answers in the file of a cache: found and added in batches, by one thread.

Rules:

1. An answer stands under its key, which says everything about the question, and its place: the index of the row
   that paid for it. Equal rows have equal keys and different places, so each knows its own answer at once, at any
   concurrency, in every shard and at every start. A row without one takes the first that no other row of the run
   has; a row without any is asked.
2. Whatever is wrong with the file or its disk ends no run: it is told once, and the run goes on with what is left:
   a damaged file is set aside and a new one begun, to a full or read-only disk nothing is added.
3. Several processes share the file. Who reads waits for nobody; who cannot write for a while keeps its answers.
"""

import sqlite3
import stat
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncgen.errors import DiskError, UsageError
from asyncgen.events import Notice
from asyncgen.storage.cache.cache_file import IN_USE, Identity, Kind, connect, identity_of, kind_at, set_aside
from asyncgen.storage.cache.claims import Claims
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import decode_line

WAITING_KEPT = 10_000  # answers that wait while another process holds the file: some 30 MB
RETRY_INTERVAL = 5.0  # seconds between two tries to add them
OPENING_TIME = 5.0  # seconds
OPENING_PAUSE = 0.1  # seconds: two processes that make the same file may be in each other's way
PASSED_KEPT = 4096  # keys for which is known how far their answers are taken
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_PRIMARY = 0xFF  # of an error code: the rest is its detail


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its key, and the index of the row that asks it."""

    key: bytes
    row: int


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer that was paid for a row, as a line."""

    asked: Asked
    line: bytes


class AnswerStore:
    """An open cache, for one run.

    `notices` are what the user is to be told; whoever tells it takes them off. `answers` is how many it held.

    Args:
        path: of the file.
        directory: the output directory of the run, locked.

    Raises:
        UsageError: there is something else at the path.
    """

    def __init__(self, path: Path, directory: RunDirectory) -> None:
        self._path = path
        self._disk = directory.disk
        self.notices: deque[Notice] = deque()
        self._told: set[str] = set()
        self._connection: sqlite3.Connection | None = None
        self._writable = True
        self._waiting: deque[Answered] = deque(maxlen=WAITING_KEPT)
        self._not_before = 0.0
        self._passed: dict[bytes, int] = {}
        self._identity: Identity | None = None
        self._open()
        self._check_mode()
        self.answers = self._count()
        self._claims = Claims(directory)

    @property
    def is_open(self) -> bool:
        """Whether there is anything to find, or to add to."""
        return self._connection is not None

    def find(self, asked: Sequence[Asked]) -> list[dict[str, Any] | None]:
        """The answers (as records) to questions, None where there is none."""
        self._claims.begin()
        found = [self._find(one) for one in asked]
        self._claims.commit()
        return found

    def add(self, answers: Sequence[Answered]) -> None:
        """Add answers, or keep them until that is possible."""
        if self._connection is None or not self._writable:
            return
        if len(self._waiting) + len(answers) > WAITING_KEPT:
            self._tell("full", f"Another process holds the cache {self._path}: some answers are not added to it")
        self._waiting.extend(answers)
        if time.monotonic() >= self._not_before:
            self._write()

    def close(self) -> None:
        """Add what still waits, and close the file."""
        if self._waiting:
            self._write()
        if self._waiting:
            self._tell("full", f"Another process holds the cache {self._path}: some answers are not added to it")
        self._claims.close()
        self._disconnect()

    # Opening

    def _open(self) -> None:
        try:
            self._connect()
        except DiskError as error:
            self._tell("open", f"{error}: the run goes on without the cache")
        except sqlite3.Error as error:
            self._tell("open", f"cannot open the cache {self._path} ({error}): the run goes on without it")

    def _connect(self) -> None:
        """Open the file, after setting it aside where it is damaged."""
        end = time.monotonic() + OPENING_TIME
        while time.monotonic() < end and self._make_room():
            self._identity = identity_of(self._path)
            try:
                self._connection = connect(self._path)
            except sqlite3.Error as error:
                code = _code(error)
                if code in _DAMAGED:
                    self._set_aside()
                elif code in _BUSY:
                    time.sleep(OPENING_PAUSE)  # another process makes it
                else:
                    break
            else:
                IN_USE[self._identity] += 1
                return
        self._connection, self._writable = connect(self._path, writable=False), False
        IN_USE[self._identity] += 1
        self._tell("readonly", f"The cache {self._path} cannot be written: nothing is added to it")

    def _make_room(self) -> bool:
        """Have a file there that is a cache, or empty; whether it may be written."""
        self._identity = identity_of(self._path)
        if kind_at(self._disk, self._path) is Kind.DAMAGED:
            self._set_aside()
        if not IN_USE[identity_of(self._path)]:
            try:
                self._disk.close_descriptor(
                    self._disk.open_write(self._path)
                )  # for its owner alone, through no link
            except DiskError:
                return False
        return True

    def _set_aside(self) -> None:
        """Set the file aside that was opened last."""
        moved_to = set_aside(self._disk, self._path, self._identity)
        new = (
            f"it is {moved_to.name} now, and a new one begins"
            if moved_to
            else "another process has begun a new one"
        )
        self._tell("damaged", f"The cache {self._path} was damaged: {new}")

    def _check_mode(self) -> None:
        with suppress(OSError):
            if self._path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                self._tell("mode", f"Others may read the cache {self._path}, and the text in it: chmod 600 it")

    def _count(self) -> int:
        with suppress(sqlite3.Error):
            if self._connection is not None:
                return int(self._connection.execute("SELECT max(rowid) FROM answers").fetchone()[0] or 0)
        return 0

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.close()
            IN_USE[self._identity] -= 1
        self._connection = None

    # Finding

    def _find(self, asked: Asked) -> dict[str, Any] | None:
        connection = self._connection
        if connection is None:
            return None
        damaged = []
        try:
            for place, line in self._candidates(connection, asked):
                record = decode_line(line)
                if record is None:
                    damaged.append(place)
                elif self._claims.take(asked.key, place, asked.row):
                    return record
            self._remove(connection, asked.key, damaged)
        except sqlite3.Error as error:
            self._failed_to_read(error)
        return None

    def _candidates(self, connection: sqlite3.Connection, asked: Asked) -> Iterator[tuple[int, bytes]]:
        """What a row may have, the best first: its own answer, the one it took before, those that nobody took."""
        key, own = asked.key, "SELECT place, answer FROM answers WHERE key = ? AND place = ?"
        yield from connection.execute(own, (key, asked.row))
        before = self._claims.of(key, asked.row)
        if before is not None:
            yield from connection.execute(own, (key, before))
        following = "SELECT place, answer FROM answers WHERE key = ? AND place > ? ORDER BY place"
        for place, line in connection.execute(following, (key, self._passed.get(key, -1))):
            if len(self._passed) >= PASSED_KEPT:
                self._passed.clear()
            self._passed[key] = place
            yield place, line

    def _remove(self, connection: sqlite3.Connection, key: bytes, damaged: Sequence[int]) -> None:
        """Remove answers that were changed on the disk, so that others take their places."""
        for place in damaged:
            self._tell("answer", f"An answer in the cache {self._path} was damaged: it is asked again")
            with suppress(sqlite3.Error):
                connection.execute("DELETE FROM answers WHERE key = ? AND place = ?", (key, place))

    def _failed_to_read(self, error: sqlite3.Error) -> None:
        if _code(error) in _DAMAGED:
            self._renew()
        else:
            self._tell("read", f"cannot read the cache {self._path} ({error}): the run goes on without it")
            self._disconnect()

    def _renew(self) -> None:
        """Set the file aside and begin a new one."""
        self._disconnect()
        try:
            self._set_aside()
            self._open()
        except (DiskError, UsageError) as error:
            self._tell("open", f"{error}: the run goes on without the cache")

    # Adding

    def _write(self) -> None:
        """Add all that waits, in one transaction."""
        connection = self._connection
        if connection is None:
            return
        added: list[tuple[bytes, int, int]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            # Who has one was answered from here, or it was added before.
            new = (one for one in self._waiting if self._claims.of(one.asked.key, one.asked.row) is None)
            added.extend(self._insert(connection, one) for one in new)
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._failed_to_write(connection, error)
            return
        self._waiting.clear()
        self._claims.begin()
        for key, place, row in added:
            self._claims.take(key, place, row)
        self._claims.commit()

    def _insert(self, connection: sqlite3.Connection, one: Answered) -> tuple[bytes, int, int]:
        key, row = one.asked.key, one.asked.row
        place, holder = row, self._claims.holder(key, row)
        if holder is not None:
            # The answer of this place went to another row: this one gets a place behind all others.
            last = "SELECT max(place) FROM answers WHERE key = ?"
            place = 1 + max(row, connection.execute(last, (key,)).fetchone()[0] or 0)
        connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, place, one.line))
        return key, place, row

    def _failed_to_write(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        code = _code(error)
        if code in _BUSY:
            self._not_before = time.monotonic() + RETRY_INTERVAL
        elif code in _DAMAGED:
            self._renew()
        else:
            self._writable = False
            self._waiting.clear()
            self._tell("write", f"cannot write the cache {self._path} ({error}): nothing is added to it any more")

    def _tell(self, what: str, text: str) -> None:
        """Tell something once."""
        if what not in self._told:
            self._told.add(what)
            self.notices.append(Notice(text, warning=True))


def _code(error: sqlite3.Error) -> int:
    """The kind of an error."""
    return getattr(error, "sqlite_errorcode", 0) & _PRIMARY
