"""`review.jsonl`: what a person decided about records of a run, as the page of `asyncgen view` saves it.

A line has the index of the row, its id, the mark, and the hash of the record that was looked at. A mark counts
for that record alone: when the row was made anew since, it is stale.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from asyncgen.errors import BadDataError, UsageError
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import Disk, lines_of
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.row_hashes import row_hashes
from asyncgen.text import loads

_BOM = b"\xef\xbb\xbf"


class Mark(StrEnum):
    """What a person decided about a record."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Review:
    """The marks that count, by the index of their row in the input; how many are stale.

    `rejected` and `accepted` are places among the rows that have lines, from 0.
    """

    marks: dict[int, Mark]
    stale: int
    rejected: frozenset[int]
    accepted: frozenset[int]

    @property
    def summary(self) -> str:
        """In words, such as `12 accepted, 3 rejected, 1 stale and ignored`."""
        stale = f", {self.stale:,} stale and ignored: the records have changed since" if self.stale else ""
        return f"{len(self.accepted):,} accepted, {len(self.rejected):,} rejected{stale}"


def load_review(directory: RunDirectory, state: RunState, path: Path) -> Review:
    """Read the marks, and hold them against the records of a run.

    Args:
        directory: of the run.
        state: of the run.
        path: of the file; of several marks of a row the last one counts.

    Raises:
        UsageError: the file is not there.
        BadDataError: a line is no mark, or no mark is of a record of this run.
        DirectoryError: `failed.jsonl` is damaged.
    """
    said = _read(directory.disk, path)
    marks: dict[int, Mark] = {}
    places: dict[Mark, set[int]] = {Mark.ACCEPTED: set(), Mark.REJECTED: set()}
    for place, (index, hashed) in enumerate(row_hashes(directory, state) if said else ()):
        mark, record = said.get(index, (None, ""))
        if mark is not None and record == hashed:
            marks[index] = mark
            places[mark].add(place)
    if said and not marks:
        raise BadDataError(
            f"none of the {len(said):,} marks in {path} is of a record of {directory}: they are of another run, "
            "or it was made anew since: look at it again with asyncgen view"
        )
    return Review(
        marks, len(said) - len(marks), frozenset(places[Mark.REJECTED]), frozenset(places[Mark.ACCEPTED])
    )


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
