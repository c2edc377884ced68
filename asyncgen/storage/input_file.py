"""The input file: scanned once before any call is paid, then streamed as rows with their positions.

Every format is read as JSON lines (see `input_formats`), and positions refer to these. Lines split on LF alone
(notes may hold U+2028). Blank lines do not count. A row's `chain` is the hash of all accepted lines so far, so it
can be continued from any row without reading what is before it.
"""

import errno
import os
import re
import stat
from array import array
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, Generic, NoReturn

from asyncgen.errors import AsyncgenError, BadDataError, DiskError, Message, Phrase, UsageError
from asyncgen.rows import BadFieldError, I, Parse, Row, named
from asyncgen.storage.disk import Disk
from asyncgen.storage.input_formats import JOIN, Piece, Refused, look_at, pieces_of
from asyncgen.storage.standard_input import STANDARD_INPUT, spooled
from asyncgen.text import loads, loads_exactly, why_not_json

_BOM = b"\xef\xbb\xbf"
_ESCAPED_NUL = b"\\u0000"  # as any NUL is written in JSON
_BEYOND_64_BITS = 2.0**63
_LONG_NUMBER = re.compile(rb"[:\s]-?\d{19,}\s*[,}]")
_GONE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP}
NOT_UTF_8 = "not UTF-8"
NOT_JSON = "not JSON"
LOOKED_AT = 20  # rows: enough to know the fields, but for rare ones
MAX_REASONS_KEPT = 100  # ranges: of more, only that they are not JSON
MAX_BAD_LINES_KEPT = 1000  # lines, or ranges of them: more than anybody reads; the others are only counted


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (numbered from 1) that is not a valid row, and why; or all lines from it up to `last`."""

    number: int
    kind: str | Message
    last: int = 0

    @property
    def lines(self) -> int:
        """How many lines it is."""
        return max(self.last, self.number) - self.number + 1


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What identifies an unchanged file without reading it."""

    size: int
    mtime_ns: int
    inode: int
    device: int

    @classmethod
    def of(cls, path: Path) -> "FileIdentity":
        """The identity of a file.

        Raises:
            UsageError: it is missing, unreadable, or not a file.
        """
        try:
            status = os.fstat(spooled().fd) if path == STANDARD_INPUT else path.stat()
        except OSError as error:
            several = f"; {JOIN}" if {"*", "?"} & set(path.name) else ""
            raise UsageError(f"cannot read the input {path}: {error.strerror}{several}") from error
        if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):  # refused later
            # It is read twice, and again after an interruption: a pipe or a device would block for ever.
            raise UsageError(f"cannot read the input {path}: it is not a regular file; write it to one")
        return cls(status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)


@dataclass(frozen=True, slots=True)
class EmptyRows:
    """Rows in which a field holds nothing: how many, the number (from 1) of the first, and its field."""

    rows: int
    first: int
    field: str


@dataclass(frozen=True, slots=True)
class Scan:
    """The result of the scan: the number of rows, and the bad lines (the first 1,000 ranges, with their reasons).

    `limit` is the number of rows after which it ended (None: the whole file); `prefix_chain` is the chain of the
    row that was asked for, None if it was not reached, and `prefix_end` where it ends; `repeated` counts the rows
    whose id an earlier one has; `like_id` is a field of the first row that may be meant as its id, as it has none;
    `header_row` is the number, from 1, of the first row that holds the names of its fields, `nul_row` that of the
    first one with a NUL character in a text that the recipe uses; `empty` are rows that lack a text to ask about;
    `joined_row` is the number of the first row that holds what looks like rows of a table in tabs.
    """

    identity: FileIdentity
    limit: int | None
    pairs: int
    bad_count: int = 0
    bad: tuple[BadLine, ...] = ()
    prefix_chain: str | None = None
    repeated: int = 0
    prefix_end: int = 0
    like_id: str = ""
    header_row: int = 0
    nul_row: int = 0
    empty: EmptyRows | None = None
    joined_row: int = 0


@dataclass(slots=True)
class Oddities:
    """What is unusual about rows that are no bad lines; for the fields see `Scan`."""

    like_id: str = ""
    header_row: int = 0
    nul_row: int = 0
    empty: EmptyRows | None = None
    joined_row: int = 0

    def notice(self, row: Row[Any], fields: dict[str, Any], content: bytes) -> None:
        """Note what is unusual about a row."""
        pair, number = row.pair, row.index + 1
        if not self.header_row and _is_header(fields):
            self.header_row = number
        if not self.joined_row and rb"\t" in content and _holds_rows(fields):
            self.joined_row = number
        if not self.nul_row and _ESCAPED_NUL in content and getattr(pair, "has_nul", False):
            self.nul_row = number
        if empty := getattr(pair, "empty_field", ""):
            earlier = self.empty or EmptyRows(0, number, empty)
            self.empty = replace(earlier, rows=earlier.rows + 1)


@dataclass(slots=True)
class RowCutter(Generic[I]):
    """Cuts a stream of bytes into rows and bad lines; starts behind row `index - 1`, at byte `end`.

    `number` counts lines; `oddities`, if wanted, are told of each row. Where nobody asks for chains any more, they
    cost a fifth of the time: without `chaining` those of later rows stay as the last one.
    """

    parse: Parse[I]
    index: int = 0
    end: int = 0
    chain: str = ""
    number: int = 0
    oddities: Oddities | None = None
    chaining: bool = True
    _rest: list[bytes] = field(default_factory=list)

    def feed(self, chunk: Piece) -> Iterator[Row[I] | BadLine]:
        """Add the next bytes; yields the rows that they complete."""
        if isinstance(chunk, Refused):
            yield BadLine(self.number + 1, chunk.reason)
            chunk = chunk.blank
        first, *others = chunk.split(b"\n")
        self._rest.append(first)
        for other in others:
            item = self._line(b"".join(self._rest), 1)
            self._rest = [other]
            if item is not None:
                yield item

    def finish(self) -> Iterator[Row[I] | BadLine]:
        """Yield the last line, if no line break ends it."""
        item = self._line(b"".join(self._rest), 0)
        self._rest = []
        if item is not None:
            yield item

    def _line(self, line: bytes, break_length: int) -> Row[I] | BadLine | None:
        """The row of a line, or why it is none; None: it is blank."""
        start, self.end = self.end, self.end + len(line) + break_length
        self.number += 1
        content = line.removeprefix(_BOM) if start == 0 else line
        if not content.strip():
            return None
        try:
            fields = loads(content)
            if not isinstance(fields, dict):
                return BadLine(self.number, "not a JSON object")
            if _has_large_number(fields) and _LONG_NUMBER.search(content):
                fields = loads_exactly(content)
            pair = self.parse(fields)
            if not pair.note_id:
                if self.oddities is not None and not self.index:
                    self.oddities.like_id = next(filter(partial(_is_like_id, fields), fields), "")
                pair = named(pair, self.index + 1)
        except BadFieldError as error:
            return BadLine(self.number, error.args[0])
        except ValueError:
            return BadLine(self.number, _why_not_json(content))
        if self.chaining:
            self.chain = blake2b(self.chain.encode() + line.removesuffix(b"\r"), digest_size=16).hexdigest()
        row = Row(self.index, self.end, self.chain, pair)
        self.index += 1
        if self.oddities is not None:
            self.oddities.notice(row, fields, content)
        return row


def _has_large_number(fields: dict[str, Any]) -> bool:
    """Whether a number may be a whole one of more than 64 bits, which the decoder has rounded.

    Nested ones stay rounded: requests that show them were asked so by earlier versions, and would be paid again.
    """
    values = fields.values()
    # Most rows have no fraction at all, which takes the least time to see.
    return float in map(type, values) and any(
        type(value) is float and abs(value) >= _BEYOND_64_BITS for value in values
    )


def _is_header(fields: dict[str, Any]) -> bool:
    """Whether each value is its field's name: the first line of a table, joined to another one."""
    return len(fields) > 1 and all(name == value for name, value in fields.items())


def _holds_rows(fields: dict[str, Any]) -> bool:
    """Whether a value holds a line with as many tabs as a row: a later row's quotation mark closed the cell."""
    tabs = len(fields) - 1
    texts = (value for value in fields.values() if isinstance(value, str) and "\n" in value)
    return tabs > 0 and any(line.count("\t") == tabs for text in texts for line in text.split("\n")[1:])


def _is_like_id(fields: dict[str, Any], name: str) -> bool:
    like = name != "id" and name.strip("_").lower() in {"id", "uuid"}
    return like and isinstance(fields[name], str | int) and fields[name] != ""


def trusted(earlier: Scan, identity: FileIdentity, limit: int | None) -> Scan | None:
    """An earlier scan, if it covers `limit` and the file has not changed since, else None."""
    reached_end = earlier.limit is None or earlier.pairs < earlier.limit
    if earlier.identity != identity or not (reached_end or (limit is not None and limit <= earlier.pairs)):
        return None
    # An earlier scan does not tell bad lines before `limit` from those behind it.
    return None if earlier.bad_count and earlier.limit != limit else earlier


def scan(
    path: Path,
    parse: Parse[Any],
    *,
    limit: int | None,
    prefix_index: int,
    stopped: Callable[[], bool] = lambda: False,
) -> Scan:
    """Read the input up to `limit` rows and check every line.

    Args:
        path: the input file.
        parse: the recipe's.
        limit: rows after which the scan ends, None for the whole file.
        prefix_index: the row whose chain is wanted (-1: none).
        stopped: called at each line; a stopped scan says nothing about the rest.

    Raises:
        UsageError: the file cannot be read.
    """
    identity = FileIdentity.of(path)
    odd = Oddities()
    cutter = RowCutter(parse, oddities=odd, chaining=prefix_index >= 0)
    bad: list[BadLine] = []
    bad_count = 0
    prefix_chain, prefix_end = None, 0
    names = array("q")
    for item in _items(path, cutter):
        if isinstance(item, BadLine):
            bad_count += 1
            follows = bool(bad) and bad[-1].number + bad[-1].lines == item.number
            if follows and bad[-1].kind == item.kind:
                bad[-1] = replace(bad[-1], last=item.number)
            elif follows and len(bad) >= MAX_REASONS_KEPT and _are_not_json(bad[-1], item):
                bad[-1] = replace(bad[-1], last=item.number, kind=NOT_JSON)
            elif len(bad) < MAX_BAD_LINES_KEPT:
                bad.append(item)
        else:
            names.append(hash(item.pair.note_id))
            if item.index == prefix_index:
                prefix_chain, prefix_end = item.chain, item.end
                cutter.chaining = False
        if cutter.index == limit or stopped():
            break
    return Scan(
        identity,
        limit,
        cutter.index,
        bad_count,
        tuple(bad),
        prefix_chain,
        _repeated(names),
        prefix_end,
        odd.like_id,
        odd.header_row,
        odd.nul_row,
        odd.empty,
        odd.joined_row,
    )


def _are_not_json(*lines: BadLine) -> bool:
    return all(isinstance(line.kind, str) and line.kind.startswith(NOT_JSON) for line in lines)


def _repeated(names: "array[int]") -> int:
    """How many of these hashes are repeats; in parts, as a set of all would take ten times their memory."""
    parts = range(min(256, 1 + len(names) // 65_536))
    return sum(
        len(part) - len(set(part)) for n in parts for part in [[name for name in names if name % len(parts) == n]]
    )


def rows_of(path: Path, parse: Parse[I]) -> Iterator[Row[I]]:
    """All rows of the input, without bad lines."""
    return (item for item in _items(path, RowCutter(parse)) if isinstance(item, Row))


def repeated_ids(path: Path, parse: Parse[Any]) -> Iterator[tuple[int, int, str]]:
    """The rows whose id an earlier one has: line, line of the first with it (both from 1), and the id."""
    cutter = RowCutter(parse)
    first: dict[str, int] = {}
    for item in _items(path, cutter):
        if isinstance(item, Row):
            name = item.pair.note_id
            before = first.setdefault(name, cutter.number)
            if before != cutter.number:
                yield cutter.number, before, name


def field_names(path: Path) -> set[str]:
    """The names of the fields in the first rows, as far as there are any and they can be read."""
    names: set[str] = set()

    def look(fields: Mapping[str, Any]) -> NoReturn:
        names.update(fields)
        raise BadFieldError("only looked at")

    with suppress(AsyncgenError):
        for _ in islice(_items(path, RowCutter(look)), LOOKED_AT):
            pass
    return names


def _is_seekable(path: Path) -> bool:
    try:
        return look_at(path).seekable
    except UsageError as error:
        raise _unreadable_now(path, error) from error


def _pieces_behind(path: Path, offset: int) -> Iterator[Piece]:
    try:
        yield from pieces_of(path, offset)
    except UsageError as error:
        raise _unreadable_now(path, error) from error


def _unreadable_now(path: Path, error: UsageError) -> AsyncgenError:
    """Why a file cannot be read that could be when it was scanned: it has gone, or the machine lacks something."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno not in _GONE:
        return DiskError(str(error), cause.errno)
    return _changed(path)


async def read_rows(
    disk: Disk, path: Path, start: RowCutter[I], stop: int, *, skip_bad: bool
) -> AsyncGenerator[Row[I], None]:
    """Stream the rows behind the position of `start`, up to but excluding index `stop`.

    Raises:
        BadDataError: a line is bad that passed the scan, or there is no file: it has changed since.
        DiskError: the file cannot be read.
    """
    if start.index >= stop:
        return
    pieces: AsyncGenerator[Piece, None] = (
        disk.read_input(path, start.end)
        if await disk.call(lambda: _is_seekable(path))
        else disk.pull(_pieces_behind(path, start.end))
    )
    async with aclosing(pieces) as chunks:
        async for chunk in chunks:
            for item in start.feed(chunk):
                if isinstance(item, Row):
                    yield item
                    if item.index + 1 == stop:
                        return
                elif not skip_bad:
                    raise _changed(path)
    for item in start.finish():
        if isinstance(item, Row):
            yield item
    if start.index < stop:
        raise _changed(path)


def _items(path: Path, cutter: RowCutter[I]) -> Iterator[Row[I] | BadLine]:
    for piece in pieces_of(path):
        yield from cutter.feed(piece)
    yield from cutter.finish()


def _why_not_json(line: bytes) -> str:
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return NOT_UTF_8
    return "NUL byte" if b"\x00" in line else f"{NOT_JSON}: {why_not_json(text)}"


def _changed(path: Path) -> BadDataError:
    return BadDataError(f"the input {path} changed while it was read; ", Phrase.AGAIN)
