"""Marks of a person: they count for the record that was looked at, and for no other."""

from pathlib import Path

import orjson
import pytest

from asyncgen.errors import BadDataError, UsageError
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import FAILED_ROWS, FileMeter, RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.recipe_record import RecipeRecord
from asyncgen.storage.review_file import Mark, load_review
from asyncgen.storage.row_hashes import row_hashes, run_checksum

ONE, TWO = "one.jsonl", "two.jsonl"


class Run:
    """Five rows of which the second failed: a line each in one file, two each in another."""

    def __init__(self, place: Path, disk: Disk, *, writes_failed: bool = False, says_lines: bool = True) -> None:
        self.directory = RunDirectory(disk, place)
        self._says_lines = says_lines
        self._writes_failed = writes_failed
        rows = [index for index in range(10, 15) if index != 11 or writes_failed]
        self.files = {
            ONE: [b"%d\n" % index for index in rows],
            TWO: [b"%d %d\n" % (index, number) for index in rows for number in (1, 2)],
            FAILED: [orjson.dumps({"index": 11, "step": "s", "tokens": 0, "note_id": "n"}) + b"\n"],
        }

    @property
    def state(self) -> RunState:
        """What its checkpoint says, and the files on the disk, in which a started row follows."""
        meters = {name: FileMeter() for name in self.files}
        for name, lines in self.files.items():
            for line in lines:
                meters[name].advance(line)
            behind = b"" if name == FAILED else b"behind\n"
            self.directory.output(name).write_bytes(b"".join(lines) + behind)
        return RunState(
            last_completed_idx=14,
            input_end=0,
            input_chain="",
            files={name: meter.mark() for name, meter in meters.items()},
            stats={},
            failed_pairs=1,
            fingerprint={FAILED_ROWS: 1} if self._writes_failed else {},
            portion=Portion(Shard(3, 3), 15),  # from index 10 on
            recipe=RecipeRecord(outputs={ONE: 1, TWO: 2}) if self._says_lines else None,
        )

    def hashes(self) -> dict[int, str]:
        """Of each row that has lines."""
        return dict(row_hashes(self.directory, self.state))

    def save(self, **marks: tuple[int, str, str]) -> Path:
        """A file of marks: index, mark, hash."""
        path = self.directory.path / "review.jsonl"
        lines = [
            orjson.dumps({"index": index, "note_id": name, "mark": mark, "record": record})
            for name, (index, mark, record) in marks.items()
        ]
        path.write_bytes(b"\n".join(lines) + b"\n")
        return path


@pytest.fixture
def run(tmp_path: Path, disk: Disk) -> Run:
    """A run of which a recipe says how many lines a row has."""
    return Run(tmp_path, disk)


def test_each_row_that_has_lines_has_a_hash_of_its_own(run: Run) -> None:
    """By index; failed ones have none, and what is behind the checkpoint does not count."""
    hashes = run.hashes()
    assert list(hashes) == [10, 12, 13, 14]
    assert len(set(hashes.values())) == 4


def test_a_run_of_an_older_version_has_the_same_hashes(run: Run, tmp_path: Path, disk: Disk) -> None:
    """How many lines a row has is counted there."""
    assert Run(tmp_path, disk, says_lines=False).hashes() == run.hashes()


def test_failed_rows_that_have_lines_have_a_hash(tmp_path: Path, disk: Disk) -> None:
    """As in a recipe that writes why they failed."""
    assert list(Run(tmp_path, disk, writes_failed=True).hashes()) == [10, 11, 12, 13, 14]


@pytest.mark.parametrize("place", [2, 3])
def test_another_line_in_any_file_is_another_record(run: Run, place: int) -> None:
    """And another run; the other rows are the same."""
    before, checksum = run.hashes(), run_checksum(run.state)
    run.files[TWO][place] = b"changed\n"
    after = run.hashes()
    assert [index for index in before if before[index] != after[index]] == [12]
    assert run_checksum(run.state) != checksum


def test_marks_count_for_the_records_that_were_looked_at(run: Run) -> None:
    """Stale ones are counted apart; of two marks of a row the last one counts."""
    hashes = run.hashes()
    path = run.save(
        a=(10, "accepted", hashes[10]),
        b=(12, "accepted", hashes[12]),
        c=(12, "rejected", hashes[12]),
        d=(13, "rejected", "another"),
        e=(11, "rejected", hashes[10]),
    )
    review = load_review(run.directory, run.state, path)
    assert dict(review.marks) == {10: Mark.ACCEPTED, 12: Mark.REJECTED}
    assert review.by_place == (Mark.ACCEPTED, Mark.REJECTED, None, None)
    assert review.stale == 2
    assert review.summary == "1 accepted, 1 rejected, 2 stale and ignored: the records have changed since"


def test_the_person_has_the_last_word(run: Run) -> None:
    """Rejected ones are out and accepted ones in, whatever another selection says; the others are as it says."""
    hashes = run.hashes()
    path = run.save(a=(10, "accepted", hashes[10]), b=(12, "rejected", hashes[12]))
    review = load_review(run.directory, run.state, path)
    assert review.keeps(None) == bytes([1, 0, 1, 1])
    assert review.keeps(bytes([0, 1, 0, 1])) == bytes([1, 0, 0, 1])


def test_no_marks_leave_everything_as_it_is(run: Run) -> None:
    """An empty file is one."""
    path = run.directory.path / "review.jsonl"
    path.write_bytes(b"\n")
    assert load_review(run.directory, run.state, path).keeps(None) == bytes([1, 1, 1, 1])


@pytest.mark.parametrize(
    "line",
    [
        b"[]",
        b"{",
        b'{"index": 10, "record": "x"}',
        b'{"index": 10, "mark": "maybe", "record": "x"}',
        b'{"index": "a"}',
    ],
)
def test_what_is_no_mark_is_refused_by_its_line(run: Run, line: bytes) -> None:
    """A file that was saved whole has only marks."""
    path = run.save(a=(10, "accepted", run.hashes()[10]))
    path.write_bytes(path.read_bytes() + line)
    with pytest.raises(BadDataError, match="line 2"):
        load_review(run.directory, run.state, path)


def test_marks_of_another_run_are_refused(run: Run) -> None:
    """When none of them counts, that is a mistake and no review."""
    path = run.save(a=(10, "rejected", "another"), b=(12, "rejected", "other"))
    with pytest.raises(BadDataError, match="none of the 2 marks"):
        load_review(run.directory, run.state, path)


def test_a_file_that_is_not_there_is_named(run: Run) -> None:
    """With where it comes from."""
    with pytest.raises(UsageError, match="save the marks on the page"):
        load_review(run.directory, run.state, run.directory.path / "none.jsonl")
