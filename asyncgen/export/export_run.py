"""One export: the records of a run into the files of each side, in input order or shuffled.

All records of a row go to the same side of a split, and so do those of rows with the same key. Memory does not
grow with the number of rows, except for a shuffle: 16 bytes for each record, for its place and the new order.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Generic, Protocol, TypeVar

import orjson

from asyncgen.export.columns import Columns
from asyncgen.export.formats import Record
from asyncgen.medec.splits import SIDES, Split
from asyncgen.storage.staging import Staged

B = TypeVar("B")  # the lines of a row, as its source reads them

ALL = SIDES[0]
"""The only side if nothing is split."""


class RecordSink(Protocol):
    """Receives the records of a side."""

    def write(self, record: Record) -> None:
        """Append a record."""

    def close(self) -> None:
        """Complete the file."""


class JsonlSink:
    """One JSON object per line; `columns` are told of each."""

    def __init__(self, staged: Staged, columns: Columns | None = None) -> None:
        self._staged = staged
        self._columns = columns

    def write(self, record: Record) -> None:
        """Append a record."""
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        self._staged.write(line)
        if self._columns is not None:
            self._columns.add(record, len(line))

    def close(self) -> None:
        """Complete the file."""
        self._staged.flush()
        if self._columns is not None:
            self._columns.end_block()


class ColumnsSink:
    """Writes nothing: `columns` are told of each record."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def write(self, record: Record) -> None:
        """Look at a record."""
        self._columns.add(record)

    def close(self) -> None:
        """There is no file."""


@dataclass(slots=True)
class ExportTally:
    """What was written: examples by side, pairs, those of the corpus (by their ids), those left out.

    `unmet` lines do not meet a condition; `incomparable` of them, by condition, have no value to compare.
    """

    examples: Counter[str] = field(default_factory=Counter)
    pairs: int = 0
    of_corpus: int = 0
    left_out: list[str] = field(default_factory=list)
    unmet: int = 0
    incomparable: Counter[str] = field(default_factory=Counter)


class RecordSource(Protocol[B]):
    """Where the records of an export come from."""

    def blocks(self) -> Iterator[tuple[B, Sequence[int]]]:
        """The lines of each row, in input order, with the byte offset behind each line.

        Raises:
            BadDataError: the outputs are not what the run wrote.
        """

    def render(self, block: B, number: int, tally: ExportTally) -> tuple[bytes, Sequence[Record | None]]:
        """The split key of a row (numbered from 1) and a record for each line, None for one that is left out.

        There is no record if the whole row is left out.

        Raises:
            BadDataError: the row cannot be exported, and such rows are not left out.
        """

    def at(self, start: int, end: int) -> Record:
        """The record of the line between two offsets."""


@dataclass(frozen=True, slots=True)
class Export(Generic[B]):
    """Which records of a run go where, and in which order.

    `split` None: one side. `shuffle_seed` None: in input order. `keeps` says of each row (1 or 0) whether it is
    taken; None: all are.
    """

    source: RecordSource[B]
    split: Split | None = None
    shuffle_seed: int | None = None
    keeps: bytes | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that there will be, empty or not."""
        return (ALL,) if self.split is None else self.split.sides

    def write(self, sinks: Mapping[str, RecordSink]) -> ExportTally:
        """Write every record into the sink of its side.

        Raises:
            BadDataError: a row cannot be exported, or the outputs are not what the run wrote.
        """
        tally = ExportTally()
        for side, record in self._in_order(tally) if self.shuffle_seed is None else self._shuffled(tally):
            sinks[side].write(record)
            tally.examples[side] += 1
        for sink in sinks.values():
            sink.close()
        return tally

    def _in_order(self, tally: ExportTally) -> Iterator[tuple[str, Record]]:
        for side, records, _ in self._rendered(tally):
            for record in records:
                if record is not None:
                    yield side, record

    def _shuffled(self, tally: ExportTally) -> Iterator[tuple[str, Record]]:
        places = {side: array("Q") for side in self.sides}
        spans = array("Q", [0])
        for side, records, ends in self._rendered(tally):
            first = len(spans)
            places[side].extend(first + number for number, record in enumerate(records) if record is not None)
            spans.extend(ends)
        for side, order in places.items():
            Random(f"{self.shuffle_seed} {side}").shuffle(order)  # noqa: S311 - no secret
            for place in order:
                yield side, self.source.at(spans[place - 1], spans[place])

    def _rendered(self, tally: ExportTally) -> Iterator[tuple[str, Sequence[Record | None], Sequence[int]]]:
        """Side, records (none: the row is left out) and ends of the lines of each row."""
        for number, (block, ends) in enumerate(self.source.blocks(), 1):
            records: Sequence[Record | None] = ()
            side = ALL
            if self.keeps is None or self.keeps[number - 1]:
                key, records = self.source.render(block, number, tally)
                side = ALL if self.split is None else self.split.side(key)
            yield side, records, ends
