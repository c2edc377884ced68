"""The answers in the file of a cache: found and added in batches, by one thread.

Rules:

1. An answer is stored under its key, which holds everything about the question, and its place: the index of the
   row that paid for it. Equal rows have equal keys and different places, so each finds its own answer at once, at
   any concurrency, in every shard and at every start. A row without one takes the first that no other row of the
   run has; if there is none, it makes a call.
2. A problem of the file or its disk ends no run: it is reported once, and the run goes on with what is left:
   a damaged file is set aside and a new one begun, nothing is added to a full or read-only disk.
3. Several processes share the file. Readers wait for nobody; answers that cannot be written for a while are kept.
"""

import sqlite3
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncgen.storage.cache.claims import Claims
from asyncgen.storage.cache.open_file import BUSY, DAMAGED, OpenFile, code_of
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import decode_line

WAITING_KEPT = 10_000  # answers that wait while another process holds the file: some 30 MB
RETRY_INTERVAL = 5.0  # seconds between attempts to add them
PASSED_KEPT = 4096  # keys for which is kept how far their answers are taken: a megabyte at most


@dataclass(frozen=True, slots=True)
class Asked:
    """A lookup: its key, and the index of its row."""

    key: bytes
    row: int


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that was paid for a row, as a line."""

    asked: Asked
    line: bytes


class AnswerStore:
    """An open cache, for one run.

    `notices` are to be shown to the user, and removed by whoever shows them. `answers` is how many it held at the
    start.

    Args:
        path: of the file.
        directory: the output directory of the run, locked.

    Raises:
        UsageError: there is something else at the path.
    """

    def __init__(self, path: Path, directory: RunDirectory) -> None:
        self._path = path
        self._file = OpenFile(directory.disk, path)
        self.notices = self._file.notices
        self._waiting: deque[StoredAnswer] = deque(maxlen=WAITING_KEPT)
        self._not_before = 0.0
        self._passed: dict[bytes, int] = {}
        self.answers = self._count()
        self._claims = Claims(directory)

    @property
    def is_open(self) -> bool:
        """Whether answers can be found or added."""
        return self._file.sql is not None

    def _count(self) -> int:
        with suppress(sqlite3.Error):
            if self._file.sql is not None:
                return int(self._file.sql.execute("SELECT max(rowid) FROM answers").fetchone()[0] or 0)
        return 0

    def find(self, asked: Sequence[Asked]) -> list[dict[str, Any] | None]:
        """The answers (as records) to lookups, None for a miss."""
        self._claims.begin()
        found = [self._find(one) for one in asked]
        self._claims.commit()
        return found

    def add(self, answers: Sequence[StoredAnswer]) -> None:
        """Add answers, or keep them until that is possible."""
        if self._file.sql is None or not self._file.writable:
            return
        if len(self._waiting) + len(answers) > WAITING_KEPT:
            self._file.tell(
                "full", f"Another process holds the cache {self._path}: some answers are not added to it"
            )
        self._waiting.extend(answers)
        if time.monotonic() >= self._not_before:
            self._write()

    def failed_to_add(self, error: BaseException) -> None:
        """Report an error of `add` that is not the file's: a bug, or the disk of the output directory."""
        what = f"{type(error).__name__}: {error}"
        self._file.tell("add", f"cannot add answers to the cache {self._path} ({what}): some are not in it")

    def close(self) -> None:
        """Add what still waits, and close the file."""
        if self._waiting:
            self._write()
        if self._waiting:
            self._file.tell(
                "full", f"Another process holds the cache {self._path}: some answers are not added to it"
            )
        self._claims.close()
        self._file.close()

    # Finding

    def _find(self, asked: Asked) -> dict[str, Any] | None:
        connection = self._file.sql
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
        """Remove answers that were damaged on the disk, so that others can take their places."""
        for place in damaged:
            self._file.tell("answer", f"An answer in the cache {self._path} was damaged: it is asked again")
            with suppress(sqlite3.Error):
                connection.execute("DELETE FROM answers WHERE key = ? AND place = ?", (key, place))

    def _failed_to_read(self, error: sqlite3.Error) -> None:
        if code_of(error) in DAMAGED:
            self._file.renew()
        else:
            self._file.tell("read", f"cannot read the cache {self._path} ({error}): the run continues without it")
            self._file.close()

    # Adding

    def _write(self) -> None:
        """Add all that waits, in one transaction."""
        connection = self._file.sql
        if connection is None:
            return
        added: list[tuple[bytes, int, int]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            # A row that has claimed an answer was served from here, or its answer was added before.
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

    def _insert(self, connection: sqlite3.Connection, one: StoredAnswer) -> tuple[bytes, int, int]:
        key, row = one.asked.key, one.asked.row
        place, holder = row, self._claims.holder(key, row)
        if holder is not None:
            # The answer of this place went to another row: store this one at a place behind all others.
            last = "SELECT max(place) FROM answers WHERE key = ?"
            place = 1 + max(row, connection.execute(last, (key,)).fetchone()[0] or 0)
        connection.execute("INSERT OR IGNORE INTO answers VALUES (?, ?, ?)", (key, place, one.line))
        return key, place, row

    def _failed_to_write(self, connection: sqlite3.Connection, error: sqlite3.Error) -> None:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        code = code_of(error)
        if code in BUSY:
            self._not_before = time.monotonic() + RETRY_INTERVAL
        elif code in DAMAGED:
            self._file.renew()
        else:
            self._file.writable = False
            self._waiting.clear()
            self._file.tell(
                "write", f"cannot write the cache {self._path} ({error}): nothing is added to it any more"
            )
