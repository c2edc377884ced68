"""Records of lines that are trainable as the recipe wrote them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from asyncgen.errors import BadDataError, Setting, UsageError
from asyncgen.export.conversations import UnfitError
from asyncgen.export.export_run import ExportTally
from asyncgen.export.formats import FORMATS, Record, formats_of
from asyncgen.export.line_conditions import NOWHERE, LineCondition, value_at
from asyncgen.export.line_shapes import Shape, prompt_text, shape_of
from asyncgen.export.run_files import RunFiles
from asyncgen.storage.record_calls import id_in
from asyncgen.text import dumps, loads

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
        named: the file that the user names; None: the only trainable one, or the only one that the format fits.

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
        needed = ", or ".join(shape.keys for shape in FORMATS[format_name].shapes)
        raise BadDataError(f"{has}: {format_name} needs {needed}, which [[output]] of a recipe file can write")
    if len(shapes) > 1:
        shapes = {name: shape for name, shape in shapes.items() if format_name in formats_of(shape)} or shapes
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
class LineRecords:
    """The records of a file's lines, of which `as_record` makes one each.

    `skip_bad`: a row with a line that the format cannot hold is left out whole; else it ends the export. `where`:
    lines that do not meet each of these conditions are left out. Rows whose first line has the same prompt have
    the same split key; with `split_by`, the keys that lead to a value, those whose first line has the same value.
    """

    source: LineSource
    as_record: Callable[[Mapping[str, Any]], Record]
    skip_bad: bool = False
    where: Sequence[LineCondition] = ()
    split_by: Sequence[str] = ()

    def blocks(self) -> Iterator[tuple[list[bytes], Sequence[int]]]:
        """The lines of each row, in input order; see `RecordSource`."""
        self.source.files.check_others(self.source.name)
        lines = self.source.files.lines(self.source.name)
        while block := list(islice(lines, self.source.lines)):
            yield [line for line, _ in block], [end for _, end in block]

    def render(self, block: list[bytes], number: int, tally: ExportTally) -> tuple[bytes, Sequence[Record | None]]:
        """A record for each line of a row; see `RecordSource`."""
        found = [self.source.record(line) for line in block]
        unmet = [self._unmet(record) for record in found]
        try:
            records = [
                self.as_record(self._of_shape(record)) if condition is None else None
                for record, condition in zip(found, unmet, strict=True)
            ]
            key = self._split_key(found[0])
        except UnfitError as problem:
            name = _name_of(found[0], number)
            if not self.skip_bad:
                raise self._unfit(name, problem) from None
            tally.left_out.append(name)
            return b"", ()
        tally.pairs += any(record is not None for record in records)
        for record, condition in zip(found, unmet, strict=True):
            if condition is not None:
                tally.unmet += 1
                tally.incomparable[condition.text] += condition.holds(record) is None
        return blake2b(key, digest_size=16).digest(), records

    def at(self, start: int, end: int) -> Record:
        """The record of the line between two offsets."""
        line = self.source.files.at(self.source.name, start, end)
        return self.as_record(self.source.record(line))

    def _split_key(self, record: Mapping[str, Any]) -> bytes:
        """What rows have in common that stay on one side."""
        if not self.split_by:
            return prompt_text(record).encode()
        value = value_at(record, self.split_by)
        if value is NOWHERE:
            raise UnfitError(f"it has no {'.'.join(self.split_by)} to split by")
        return dumps(value)

    def _unmet(self, record: Mapping[str, Any]) -> LineCondition | None:
        """The first condition that a line does not meet."""
        return next((condition for condition in self.where if not condition.holds(record)), None)

    def _of_shape(self, record: dict[str, Any]) -> dict[str, Any]:
        if shape_of(record) is not self.source.shape:
            raise UnfitError(f"it has {_keys(record)}, where the first line has {self.source.shape}")
        return record

    def _unfit(self, name: str, problem: UnfitError) -> BadDataError:
        return BadDataError(
            f"{self.source.name}, {name}: {problem}; ", Setting("skip_bad", True), " leaves such rows out"
        )


def _name_of(record: Mapping[str, Any], number: int) -> str:
    """The name of a row in messages: the id in its line, else its number among those that did not fail."""
    named = id_in(record)
    return f"row {number}" if named is None else repr(named)
