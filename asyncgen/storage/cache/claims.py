"""Which answers of the cache a run has taken, so that two equal rows never get the same one.

Kept in the output directory, as it holds across the starts of a run. It matters only for equal rows: if it cannot
be stored there, it is kept in memory.
"""

import sqlite3
from contextlib import suppress

from asyncgen.errors import DiskError
from asyncgen.storage.layout import CLAIMS, RunDirectory

_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS claims"
    " (key BLOB NOT NULL, place INTEGER NOT NULL, row INTEGER NOT NULL, PRIMARY KEY (key, place)) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS by_row ON claims (key, row)",
)


class Claims:
    """Places of answers, by the index of the row that has taken them.

    Args:
        directory: the output directory.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._connection = _open(directory)

    def begin(self) -> None:
        """Begin a batch."""
        if not self._connection.in_transaction:
            self._run("BEGIN")

    def commit(self) -> None:
        """End a batch."""
        if self._connection.in_transaction:
            self._run("COMMIT")

    def close(self) -> None:
        """Close the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def take(self, key: bytes, place: int, row: int) -> bool:
        """Take an answer for a row; False if another row has it."""
        if self._run("INSERT OR IGNORE INTO claims VALUES (?, ?, ?)", key, place, row).rowcount:
            return True
        return self.holder(key, place) == row

    def holder(self, key: bytes, place: int) -> int | None:
        """The row that has taken an answer."""
        return self._one("SELECT row FROM claims WHERE key = ? AND place = ?", key, place)

    def of(self, key: bytes, row: int) -> int | None:
        """The place of the answer that a row has taken before."""
        return self._one("SELECT place FROM claims WHERE key = ? AND row = ? LIMIT 1", key, row)

    def _one(self, sql: str, *values: object) -> int | None:
        found = self._run(sql, *values).fetchone()
        return None if found is None else int(found[0])

    def _run(self, sql: str, *values: object) -> sqlite3.Cursor:
        """Run a statement; if the disk refuses, on an empty table in memory."""
        try:
            return self._connection.execute(sql, values)
        except sqlite3.Error:
            self.close()
            self._connection = _connect(":memory:")
            self._connection.execute("BEGIN")
            return (
                self._connection.execute(sql, values)
                if sql not in {"BEGIN", "COMMIT"}
                else self._connection.cursor()
            )


def _open(directory: RunDirectory) -> sqlite3.Connection:
    disk, path = directory.disk, directory.claims
    for _ in range(2):
        with suppress(sqlite3.Error, DiskError):
            disk.close_descriptor(disk.open_append(path))  # readable by its owner only, not through a link
            return _connect(str(path))
        for name in disk.list_directory(path.parent):
            if name.startswith(CLAIMS):  # damaged
                with suppress(DiskError):
                    disk.unlink(path.with_name(name))
    return _connect(":memory:")


def _connect(name: str) -> sqlite3.Connection:
    connection = sqlite3.connect(name, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(
            "PRAGMA synchronous = OFF"
        )  # a killed process loses nothing; a power cut only what is cheap to redo
        for statement in _SCHEMA:
            connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection
