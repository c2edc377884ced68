"""`review.jsonl`: a person's decisions about records of a run, as the page of `asyncgen view` saves them.

A line has the index of the row, its id, the mark, and the hash of the reviewed record. A mark holds only for that
record: if the row was regenerated since, the mark is stale.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asyncgen.errors import BadDataError, UsageError
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.row_hashes import row_hashes
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads

_BOM = b"\xef\xbb\xbf"


class Mark(StrEnum):
    """A person's decision about a record."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Review:
    """The valid marks, by the index of their row in the input, and how many are stale.

    `by_place` has the mark or None of each row that has lines, in their order.
    """

    marks: Mapping[int, Mark]
    stale: int
    by_place: tuple[Mark | None, ...]

    def count(self, mark: Mark) -> int:
        """How many valid marks of a kind there are."""
        return sum(one is mark for one in self.marks.values())

    def keeps(self, before: bytes | None) -> bytes:
        """For each row that has lines, 1 if it is selected, else 0.

        Args:
            before: another selection, which the person overrules. None: all are selected.
        """
        others = before or b"\1" * len(self.by_place)
        return bytes(
            other if mark is None else mark is Mark.ACCEPTED
            for mark, other in zip(self.by_place, others, strict=True)
        )

    @property
    def summary(self) -> str:
        """In words, such as `12 accepted, 3 rejected, 1 stale and ignored`."""
        stale = f", {self.stale:,} stale and ignored: the records have changed since" if self.stale else ""
        return f"{self.count(Mark.ACCEPTED):,} accepted, {self.count(Mark.REJECTED):,} rejected{stale}"


def load_review(directory: RunDirectory, state: RunState, path: Path) -> Review:
    """Read the marks, and match them with the records of a run.

    Args:
        directory: of the run.
        state: of the run.
        path: of the file; of several marks of a row the last one counts.

    Raises:
        UsageError: the file does not exist.
        BadDataError: a line is not a mark, or no mark is of a record of this run.
        DirectoryError: `failed.jsonl` is damaged.
    """
    said = _read(directory.disk, path)
    marks: dict[int, Mark] = {}
    by_place: list[Mark | None] = []
    for index, hashed in row_hashes(directory, state):
        mark, record = said.get(index, (None, ""))
        by_place.append(mark if record == hashed else None)
        if mark is not None and record == hashed:
            marks[index] = mark
    if said and not marks:
        raise BadDataError(
            f"none of the {len(said):,} marks in {path} is of a record of {directory}: they are of another run, "
            "or all of it was made again since: look at it again with asyncgen view"
        )
    return Review(marks, len(said) - len(marks), tuple(by_place))


def _read(disk: Disk, path: Path) -> dict[int, tuple[Mark, str]]:
    path = path.absolute()
    if not path.is_file():
        raise UsageError(f"no file {path}: save the marks on the page that asyncgen view writes")
    said = {}
    for number, line in enumerate(lines_of(disk, path.resolve()), start=1):
        data = line.removeprefix(_BOM).strip()
        if not data:
            continue
        try:
            content = loads(data)
            said[int(content["index"])] = (Mark(content["mark"]), str(content["record"]))
        except (ValueError, KeyError, TypeError):
            raise BadDataError(f"{path}, line {number}: no mark of a record (index, mark, record)") from None
    return said
