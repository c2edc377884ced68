"""The file of a cache, and what a run has taken from it, on the model disk: SQLite in memory, kept by the record.

`AnswerStore` and `Claims` are those of the program. What their files hold after each of their calls is noted as
`cache name content`: a kill leaves the last content, a loss of power leaves one of them.
"""

import random
import sqlite3
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asyncgen.events import Notice
from asyncgen.storage.cache import cache_file, claims, store
from asyncgen.storage.layout import RunDirectory
from tests.storage.model_disk import ModelDisk
from tests.storage.model_names import Operation

PLACE = Path("/model/cache")
ANSWERS, CLAIMS = "answers", "claims"
Kept = Mapping[str, bytes]
"""Contents of the two files; one that is missing is empty."""


class ModelCacheFile:
    """An open cache, as `OpenFile`; nothing is ever wrong with it."""

    def __init__(self, kept: Kept) -> None:
        self.notices: deque[Notice] = deque()
        self.writable = True
        self.sql: sqlite3.Connection | None = _loaded(kept.get(ANSWERS, b""))
        self.sql.execute(
            "CREATE TABLE IF NOT EXISTS answers"
            " (key BLOB NOT NULL, place INTEGER NOT NULL, answer BLOB NOT NULL, PRIMARY KEY (key, place))"
        )

    def tell(self, what: str, text: str) -> None:
        """Nothing is to be told."""
        raise AssertionError(f"{what}: {text}")

    def close(self) -> None:
        """Close it."""
        if self.sql is not None:
            self.sql.close()
        self.sql = None


def _loaded(content: bytes) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    if content:
        connection.deserialize(content)
    return connection


@contextmanager
def model_cache(disk: ModelDisk, kept: Kept) -> Iterator[None]:
    """Have the cache on the model disk."""

    def opened_claims(_directory: RunDirectory) -> sqlite3.Connection:
        connection = _loaded(kept.get(CLAIMS, b""))
        for statement in claims._SCHEMA:
            connection.execute(statement)
        return connection

    class NotedStore(store.AnswerStore):
        """Notes what the files hold."""

        def find(self, asked: Sequence[store.Asked]) -> list[dict[str, Any] | None]:
            found = super().find(asked)
            self._note()
            return found

        def add(self, answers: Sequence[store.StoredAnswer]) -> None:
            super().add(answers)
            self._note()

        def _note(self) -> None:
            assert self._file.sql is not None
            disk.note("cache", ANSWERS, self._file.sql.serialize())
            disk.note("cache", CLAIMS, self._claims._connection.serialize())

    with ExitStack() as stack:
        for target, name, value in (
            (store, "OpenFile", lambda _disk, _path: ModelCacheFile(kept)),
            (claims, "_open", opened_claims),
            (cache_file, "check_cache", lambda _disk, _path: None),
        ):
            stack.enter_context(patch.object(target, name, value))
        from asyncgen.storage.cache import cached_answers  # noqa: PLC0415 - with the store in its place

        stack.enter_context(patch.object(cached_answers, "AnswerStore", NotedStore))
        yield


def kept_after(kept: Kept, record: Sequence[Operation], losing: random.Random | None) -> Kept:
    """What the files hold after a record: the last content of each, or where power is lost, any of them."""
    left = dict(kept)
    for name in (ANSWERS, CLAIMS):
        contents = [note[2] for note in record if note[0] == "cache" and note[1] == name]
        if contents:
            earlier = [kept.get(name, b""), *contents]
            left[name] = contents[-1] if losing is None else losing.choice(earlier)
    return left
