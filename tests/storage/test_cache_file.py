"""The file of a cache: what is taken for one, what is left alone, and what becomes of a damaged one."""

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from asyncgen.errors import DiskError, UsageError
from asyncgen.storage.cache.cache_file import BESIDE, CacheFileKind, connect, recognise
from asyncgen.storage.cache.store import AnswerStore, Asked, StoredAnswer
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import encode_line

KEY = bytes(16)
NOISE = bytes((n * 197 + n // 7 * 31 + 5) % 256 for n in range(5000))
Opened = Callable[..., AnswerStore]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the cache is, alone in a directory."""
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache" / "answers.db"


@pytest.fixture
def opened(path: Path, tmp_path: Path, disk: Disk) -> Iterator[Opened]:
    """Opens the cache for the run of a directory, by its name."""
    with ExitStack() as stack:

        def open_(run: str = "run") -> AnswerStore:
            directory = RunDirectory(disk, tmp_path / run)
            directory.make()
            store = AnswerStore(path, directory)
            stack.callback(store.close)
            return store

        yield open_


def answer(row: int, text: str, key: bytes = KEY) -> StoredAnswer:
    """What was paid for a row."""
    return StoredAnswer(Asked(key, row), encode_line({"text": text}))


def found(store: AnswerStore, *rows: int, key: bytes = KEY) -> list[str | None]:
    """The texts that rows get."""
    records = store.find([Asked(key, row) for row in rows])
    return [None if record is None else record["text"] for record in records]


def filled(opened: Opened, number: int = 200) -> None:
    """A cache with so many answers to different questions, closed."""
    store = opened("first")
    store.add([answer(n, f"text {n} " * 50, bytes([n]) * 16) for n in range(number)])
    store.close()


@pytest.mark.parametrize(
    "content",
    [
        b'{"note_id": "1"}\n',
        "Größe: 5 µm\n".encode("latin-1"),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        "text".encode("utf-16"),
    ],
    ids=["jsonl", "latin-1", "gzip", "zip", "png", "utf-16"],
)
def test_a_file_of_another_kind_is_refused_and_left_alone(path, opened, content):
    """Its name was given by mistake: nothing of it is moved or changed, and nothing is made beside it."""
    path.write_bytes(content)

    with pytest.raises(UsageError, match="is not a cache of asyncgen, and is left as it is"):
        opened()

    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_the_database_of_another_program_is_refused_and_left_alone(path, opened):
    """SQLite is what many programs keep their things in."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE answers (mine TEXT)")
    connection.commit()
    connection.close()
    content = path.read_bytes()

    with pytest.raises(UsageError, match="is not a cache of asyncgen"):
        opened()

    assert path.read_bytes() == content


@pytest.mark.parametrize("kind", ["link", "directory", "nowhere"])
def test_no_cache_is_behind_a_link_in_a_directory_or_nowhere(path, opened, kind):
    """A link could lead anywhere, also to nowhere."""
    if kind == "link":
        path.symlink_to(path.with_name("other.db"))
    elif kind == "directory":
        path.mkdir()
    else:
        path.parent.rmdir()

    with pytest.raises(UsageError):
        opened()

    assert not path.with_name("other.db").exists()


def test_a_newer_version_of_the_file_is_left_to_the_version_that_made_it(path, opened):
    """It is neither damaged nor of this version."""
    filled(opened)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()

    with pytest.raises(UsageError, match="newer version"):
        opened()


def test_the_file_is_for_its_owner_alone(path, opened):
    """So are the files that SQLite keeps beside it, and what the run keeps of it."""
    store = opened()
    store.add([answer(0, "text")])

    places = [path, *(path.with_name(path.name + end) for end in BESIDE)]
    places += (path.parent.parent / "run" / ".asyncgen").glob("cache-claims*")

    assert [place.stat().st_mode & 0o777 for place in places] == [0o600] * len(places)
    assert len(places) == 6


@pytest.mark.parametrize(
    "name", [b"a?b#c%20d&mode=ro", b"with \n line", b"latin-\xe9.db"], ids=["uri", "line", "bytes"]
)
def test_the_name_may_be_any(tmp_path, disk, name):
    """SQLite is given an address, in which some characters mean something."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name))
    directory = RunDirectory(disk, tmp_path / "run")
    directory.make()

    for text in (None, "text"):
        store = AnswerStore(path, directory)
        assert found(store, 0) == [text]
        store.add([answer(0, "text")])
        store.close()

    assert path.is_file()
    assert not store.notices


def test_a_file_that_others_may_read_is_said_to_be_so(path, opened):
    """It holds note text; who shares it on purpose is not hindered."""
    filled(opened)
    path.chmod(0o640)

    store = opened()

    assert [str(notice.text) for notice in store.notices] == [
        f"Others may read the cache {path}, and the text in it: chmod 600 it"
    ]
    assert path.stat().st_mode & 0o777 == 0o640


def cut(content: bytes) -> bytes:
    """Without its second half."""
    return content[: len(content) // 2]


def overwritten(content: bytes) -> bytes:
    """With noise where the answers are, page for page."""
    return content[:4096] + (NOISE * 100)[: len(content) - 4096]


@pytest.mark.parametrize(
    "damage",
    [cut, overwritten, lambda _: NOISE, lambda _: bytes(8192), lambda content: content[:20]],
    ids=["cut", "overwritten", "noise", "zeros", "stub"],
)
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(path, opened, damage):
    """It is renamed and not removed, with one warning; answers can be added at once."""
    filled(opened)
    content = damage(path.read_bytes())
    path.write_bytes(content)

    store = opened()
    assert found(store, 3, key=bytes([3]) * 16) == [None]
    store.add([answer(3, "new", bytes([3]) * 16)])
    store.close()

    (moved,) = path.parent.glob("answers.db.damaged-*")
    assert moved.read_bytes() == content
    assert [notice.text for notice in store.notices] == [
        f"The cache {path} was damaged: it is {moved.name} now, and a new one begins"
    ]
    assert found(opened("next"), 3, key=bytes([3]) * 16) == ["new"]


def test_an_answer_that_was_changed_on_the_disk_is_asked_again(path, opened):
    """SQLite does not see it; a checksum does. The new one takes its place."""
    filled(opened)
    content = path.read_bytes()
    path.write_bytes(content.replace(b"text 7 text", b"text 8 text", 1))

    store = opened()

    assert found(store, 7, key=bytes([7]) * 16) == [None]
    assert "damaged" in str(store.notices[0].text)
    store.add([answer(7, "new", bytes([7]) * 16)])
    assert found(opened("next"), 7, key=bytes([7]) * 16) == ["new"]


def test_a_file_that_another_process_has_renewed_is_not_set_aside_again(path, opened):
    """Two processes find the same damage: the second one goes on with the file of the first."""
    filled(opened)
    one, other = opened("one"), opened("other")
    assert found(one, 0, key=bytes(16)) == found(other, 0, key=bytes(16)) != [None]
    path.write_bytes(overwritten(path.read_bytes()))
    for store in (one, other):
        store._file.sql.execute("PRAGMA shrink_memory")

    texts = [found(store, *range(1, 200)) for store in (one, other)]

    assert all(text is None for got in texts for text in got)
    assert len([moved for moved in path.parent.glob("*.damaged-*") if not moved.name.endswith(BESIDE)]) == 1
    one.add([answer(1, "new")])
    assert found(other, 1) == ["new"]


def test_a_file_that_cannot_be_written_still_answers(path, opened, monkeypatch):
    """A read-only disk: answers come, nothing is added, and one warning says so."""
    filled(opened)
    monkeypatch.setattr(Disk, "open_write", refused)

    store = opened()
    store.add([answer(0, "new", bytes([9]) * 16)])
    store.close()

    assert [str(notice.text) for notice in store.notices] == [
        f"The cache {path} cannot be written: nothing is added to it"
    ]
    assert found(opened("next"), 5, key=bytes([5]) * 16) == ["text 5 " * 50]


def refused(_disk: Disk, path: Path) -> int:
    """A read-only file system."""
    raise DiskError(f"cannot open {path}: Read-only file system", 30)


def test_a_disk_that_is_full_ends_nothing(path, opened):
    """What is there is found, what comes is not added, and one warning says so."""
    store = opened()
    store.add([answer(0, "first")])
    store._file.sql.execute("PRAGMA max_page_count = 4")

    for row in range(1, 20):
        store.add([answer(row, "much text " * 1000)])

    assert found(store, 0) == ["first"]
    assert ["full" in str(notice.text) for notice in store.notices] == [True]


def test_a_disk_that_has_no_room_for_a_new_file_is_what_is_said(path, opened, monkeypatch):
    """Not that the empty file holds no table, which is what reading it meets."""

    def no_room(*args: Any, writable: bool = True) -> sqlite3.Connection:
        if writable:
            raise sqlite3.OperationalError("database or disk is full")
        return connect(*args, writable=writable)

    monkeypatch.setattr("asyncgen.storage.cache.open_file.connect", no_room)

    store = opened()

    assert not store.is_open
    assert [str(notice.text) for notice in store.notices] == [
        f"cannot open the cache {path} (database or disk is full): the run continues without it"
    ]


def test_what_cannot_be_added_for_a_while_is_added_later(path, opened, monkeypatch):
    """Another process holds the file: nobody waits for it longer than a moment, and nothing is lost."""
    store = opened()
    store._file.sql.execute("PRAGMA busy_timeout = 0")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.add([answer(0, "first")])
    assert found(store, 0) == [None]
    other.execute("ROLLBACK")
    other.close()

    store.close()

    assert found(opened("next"), 0) == ["first"]
    assert not store.notices


def test_what_begins_like_nothing_known_is_damaged():
    """And an empty file is a cache that has nothing yet."""
    assert recognise(NOISE) is CacheFileKind.DAMAGED
    assert recognise(b"") is CacheFileKind.EMPTY
