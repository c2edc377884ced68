"""Lines that can be trained on as the recipe wrote them, into files: in order or shuffled, on one side or several.

The lines of a row go to the same side of a split, and so do rows whose first line asks the same. Memory does not
grow with their number, but for a shuffle: 16 bytes a line.
"""

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from random import Random
from typing import Any

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.export.export_run import ALL, ExportTally, RecordSink
from asyncgen.export.line_shapes import (
    Record,
    Shape,
    UnfitError,
    as_format,
    formats_of,
    needs,
    prompt_text,
    shape_of,
)
from asyncgen.export.run_files import RunFiles
from asyncgen.medec.splits import Split
from asyncgen.text import loads

_MOST_NAMED = 12  # keys of a line in a message: more would not fit


@dataclass(frozen=True, slots=True)
class LineSource:
    """The file to export, the shape of its lines, and how many a row has in it."""

    files: RunFiles
    name: str
    shape: Shape
    lines: int

    def record(self, line: bytes) -> dict[str, Any]:
        """A decoded line.

        Raises:
            BadDataError: it is not a JSON object.
        """
        try:
            record = loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise self.files.changed(self.name)
        return record


def find_source(files: RunFiles, format_name: str, named: str | None) -> LineSource:
    """The file whose lines can be written in a format.

    Args:
        files: of the run.
        format_name: of the export.
        named: the file that the user names; None: the only trainable one.

    Raises:
        UsageError: there is no such file, there are several, or its lines do not fit the format.
        BadDataError: no lines are trainable, or there are none.
    """
    if not files.outputs:
        raise files.nothing_yet()
    if named is not None and named not in files.outputs:
        raise UsageError(Setting("file", named), f": the run wrote {', '.join(files.outputs)}")
    first = {name: _first_record(files, name) for name in files.outputs if named in {None, name}}
    shapes = {name: shape for name, record in first.items() if (shape := shape_of(record)) is not None}
    if not shapes:
        has = "; ".join(f"the lines of {name} have {_keys(record)}" for name, record in first.items())
        raise BadDataError(
            f"{has}: {format_name} needs {needs(format_name)}, which [[output]] of a recipe file can write"
        )
    if len(shapes) > 1:
        raise UsageError(f"{' and '.join(shapes)} can both be trained on: name one with ", Setting("file"))
    name, shape = next(iter(shapes.items()))
    if format_name not in formats_of(shape):
        fitting = ", ".join(formats_of(shape))
        raise UsageError(f"the lines of {name} are {shape}, and not for {format_name}: they export as {fitting}")
    rows = files.state.done - files.state.failed_pairs
    record = files.state.recipe
    lines = 1 if record is None else record.outputs.get(name, 1)
    return LineSource(files, name, shape, max(1, lines if rows else 1))


def _first_record(files: RunFiles, name: str) -> dict[str, Any]:
    [(line, _)] = islice(files.lines(name), 1)
    try:
        record = loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise files.changed(name)
    return record


def _keys(record: Mapping[str, Any]) -> str:
    names = list(record)
    return ", ".join(names[:_MOST_NAMED]) + (", …" if len(names) > _MOST_NAMED else "")


@dataclass(frozen=True, slots=True)
class LinesExport:
    """What to make of the lines of a file.

    `split` None: one side. `shuffle_seed` None: in input order. `skip_bad`: a row with a line that the format
    cannot hold is left out whole; else it ends the export. `keeps` says of each row (1 or 0) whether it is taken.
    """

    source: LineSource
    format_name: str
    split: Split | None
    shuffle_seed: int | None
    skip_bad: bool
    keeps: bytes | None = None

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides that there will be, empty or not."""
        return (ALL,) if self.split is None else self.split.sides

    def write(self, sinks: Mapping[str, RecordSink]) -> ExportTally:
        """Write every line into the sink of its side.

        Raises:
            BadDataError: the format cannot hold a line, or the outputs are not what the run wrote.
        """
        tally = ExportTally()
        for side, record in self._in_order(tally) if self.shuffle_seed is None else self._shuffled(tally):
            sinks[side].write(record)
            tally.examples[side] += 1
        for sink in sinks.values():
            sink.close()
        return tally

    def _in_order(self, tally: ExportTally) -> Iterator[tuple[str, Record]]:
        for side, records, _ in self._rows(tally):
            for record in records:
                yield side, record

    def _shuffled(self, tally: ExportTally) -> Iterator[tuple[str, Record]]:
        source = self.source
        places: dict[str, array[int]] = {side: array("Q") for side in self.sides}
        spans = array("Q", [0])
        for side, records, ends in self._rows(tally):
            if records:
                places[side].extend(range(len(spans), len(spans) + len(ends)))
            spans.extend(ends)
        for side, order in places.items():
            Random(f"{self.shuffle_seed} {side}").shuffle(order)  # noqa: S311 - no secret
            for place in order:
                line = source.files.at(source.name, spans[place - 1], spans[place])
                yield side, as_format(self.format_name, source.record(line))

    def _rows(self, tally: ExportTally) -> Iterator[tuple[str, list[Record], list[int]]]:
        """Side, records (none: the row is left out) and ends of the lines of each row."""
        source = self.source
        source.files.check_others(source.name)
        lines = source.files.lines(source.name)
        number = 0
        while block := list(islice(lines, source.lines)):
            number += 1
            ends = [end for _, end in block]
            if self.keeps is not None and not self.keeps[number - 1]:
                yield ALL, [], ends
                continue
            found = [source.record(line) for line, _ in block]
            records = []
            try:
                records = [as_format(self.format_name, self._of_shape(record)) for record in found]
                tally.pairs += 1
            except UnfitError as problem:
                if not self.skip_bad:
                    raise self._unfit(_name_of(found[0], number), problem) from None
                tally.left_out.append(_name_of(found[0], number))
            yield self._side(found[0]), records, ends

    def _of_shape(self, record: dict[str, Any]) -> dict[str, Any]:
        if shape_of(record) is not self.source.shape:
            raise UnfitError(f"it has {_keys(record)}, where the first line has {self.source.shape}")
        return record

    def _side(self, record: Mapping[str, Any]) -> str:
        if self.split is None:
            return ALL
        return self.split.side(blake2b(prompt_text(record).encode(), digest_size=16).digest())

    def _unfit(self, name: str, problem: UnfitError) -> BadDataError:
        return BadDataError(
            f"{self.source.name}, {name}: {problem}; ", Setting("skip_bad", True), " leaves such rows out"
        )


def _name_of(record: Mapping[str, Any], number: int) -> str:
    """The name of a row in messages: the id in its line, else its number among those that did not fail."""
    named = next((record[key] for key in ("id", "note_id", "original_note_id") if key in record), None)
    return f"row {number}" if named is None else repr(named)
