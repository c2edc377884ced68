"""Which of several answers to the same question a row gets: its own, and never that of another row."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from asyncgen.storage.cache.store import AnswerStore, Asked, StoredAnswer
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import encode_line

KEY = bytes(16)
Opened = Callable[[str], AnswerStore]


@pytest.fixture
def opened(tmp_path: Path, disk: Disk) -> Iterator[Opened]:
    """Opens one cache for the runs of directories, by their names."""
    with ExitStack() as stack:

        def open_(run: str) -> AnswerStore:
            directory = RunDirectory(disk, tmp_path / run)
            directory.make()
            store = AnswerStore(tmp_path / "answers.db", directory)
            stack.callback(store.close)
            return store

        yield open_


def add(store: AnswerStore, **texts: str) -> None:
    """Add what rows were answered, such as `row_3="text"`."""
    store.add(
        [StoredAnswer(Asked(KEY, int(row[4:])), encode_line({"text": text})) for row, text in texts.items()],
    )


def found(store: AnswerStore, *rows: int) -> list[str | None]:
    """The texts that rows get, asked in this order."""
    records = store.find([Asked(KEY, row) for row in rows])
    return [None if record is None else record["text"] for record in records]


def test_equal_rows_get_their_own_answers_in_whatever_order_they_ask(opened):
    """Concurrency changes the order of asking, and may not change a byte."""
    add(opened("first"), row_3="three", row_7="seven")

    assert found(opened("a"), 7, 3) == ["seven", "three"]
    assert found(opened("b"), 3, 7) == ["three", "seven"]


def test_rows_that_have_moved_get_the_answers_in_their_order(opened):
    """An input with other rows in front: the first that asks gets the first answer, and none is given twice."""
    add(opened("first"), row_3="three", row_7="seven")

    assert found(opened("moved"), 13, 17, 20) == ["three", "seven", None]


def test_one_more_equal_row_is_asked_however_the_run_goes_on(opened):
    """An answer that a row of the run has is for no other one, also after the run was interrupted."""
    add(opened("first"), row_0="zero")
    begun = opened("second")
    assert found(begun, 0, 5) == ["zero", None]
    begun.close()

    assert found(opened("second"), 5, 0, 6) == [None, "zero", None]


def test_what_a_run_has_paid_for_a_row_is_for_no_other_row_of_it(opened):
    """Equal rows of one run are asked as without a cache."""
    store = opened("first")
    assert found(store, 3) == [None]
    add(store, row_3="three")

    assert found(store, 4) == [None]
    store.close()
    assert found(opened("first"), 4, 3) == [None, "three"]


def test_a_row_whose_answer_went_to_another_one_is_known_the_next_time(opened):
    """It is asked, and what it was answered gets a place behind the others: a third run asks nothing."""
    add(opened("first"), row_5="five")
    second = opened("second")
    assert found(second, 2, 5) == ["five", None]
    add(second, row_5="new")

    assert found(opened("third"), 2, 5) == ["five", "new"]


def test_two_runs_that_ask_the_same_at_once_leave_one_answer(opened):
    """The first one counts; nobody waits for the other."""
    one, other = opened("one"), opened("other")
    assert found(one, 1) == found(other, 1) == [None]
    add(one, row_1="one")
    add(other, row_1="other")

    assert found(opened("next"), 1, 2) == ["one", None]


def test_damaged_claims_are_begun_anew(opened, tmp_path):
    """They concern equal rows alone."""
    add(opened("first"), row_0="zero")
    claims = tmp_path / "second" / ".asyncgen" / "cache-claims.db"
    claims.parent.mkdir(parents=True)
    claims.write_bytes(b"no database")

    store = opened("second")

    assert found(store, 0, 1) == ["zero", None]
    assert claims.read_bytes().startswith(b"SQLite")
