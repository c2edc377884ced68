"""What is said of the lines of an input that are no rows: which, why, and what to do about them."""

from collections.abc import Iterator
from pathlib import Path

from asyncgen.errors import BadDataError, Message, Setting
from asyncgen.recipe import nouns_of
from asyncgen.storage.file_kinds import AS_UTF_8
from asyncgen.storage.input_file import MAX_BAD_LINES_KEPT, NOT_UTF_8, BadLine, Scan
from asyncgen.storage.input_formats import look_at
from asyncgen.storage.input_formats.advice import advice_by_mark, advice_on

NEARLY_ALL = 0.9  # of more lines than are kept: the file is not JSONL with a few mistakes, but another format
MOST_IN_A_ROW = 10  # lines that follow each other and lack the same: more are shown as a range
MOST_OF_NONE = 2  # the same, in a file without a single row: its first lines say enough
SHOWN_OF_ANOTHER_KIND = 10  # lines, or ranges of them: enough to recognise the format of the file


def refused(scanned: Scan, path: Path, rows: str) -> BadDataError:
    """Why an input cannot be used: its bad lines, and what to do about them.

    Args:
        scanned: what was found.
        path: the input.
        rows: what the recipe calls them, in the plural.
    """
    # The last element of a list, one a line, has no comma behind it and is a row.
    kind = advice_on(path) if scanned.pairs < 2 else advice_by_mark(path)  # noqa: PLR2004
    if kind:
        return BadDataError(_list(scanned, path, rows, 1), "\n", kind)
    return BadDataError(listed(scanned, path, rows), "\n", _advice(scanned, rows))


def skipped(scanned: Scan, path: Path, rows: str) -> Message:
    """The bad lines that are left out, and what the file is: an archive loses the first row of each file in it."""
    kind = advice_by_mark(path)
    return Message(listed(scanned, path, rows), "\nskipped", f"; {kind}" if kind else "")


def listed(scanned: Scan, path: Path, rows: str) -> Message:
    """The bad lines with their reasons; only the first few of a file of another format."""
    kept = sum(bad.lines for bad in scanned.bad)
    another_kind = not scanned.pairs or (
        scanned.bad_count > kept and scanned.bad_count > NEARLY_ALL * (scanned.bad_count + scanned.pairs)
    )
    return _list(scanned, path, rows, SHOWN_OF_ANOTHER_KIND if another_kind else MAX_BAD_LINES_KEPT)


def _list(scanned: Scan, path: Path, rows: str, shown: int) -> Message:
    unit, most = look_at(path).unit, MOST_IN_A_ROW if scanned.pairs else MOST_OF_NONE
    named = [(which, lines, bad.kind) for bad in scanned.bad for which, lines in _named(unit, bad, most)][:shown]
    nouns = nouns_of(rows)
    alone = scanned.bad_count == 1
    lines = f"{unit} is not {nouns.with_article}" if alone else f"{unit}s are not {nouns.many}"
    head = f"{scanned.bad_count:,} {lines} in {path}:"
    more = scanned.bad_count - sum(lines for _, lines, _ in named)
    reasons = [Message(f"\n  {which}: ", kind) for which, _, kind in named]
    return Message(head, *reasons, f"\n  and {more:,} more" if more else "")


def _named(unit: str, bad: BadLine, most: int) -> Iterator[tuple[str, int]]:
    """Each line by its number, of more than `most` in a row the first and a range; and how many lines it is."""
    alone = bad.lines if bad.lines <= most else 1
    yield from ((f"{unit} {number}", 1) for number in range(bad.number, bad.number + alone))
    if alone < bad.lines:
        yield f"{unit}s {bad.number + 1}-{bad.last}", bad.lines - 1


def _advice(scanned: Scan, rows: str) -> Message | str:
    encoded = all(bad.kind == NOT_UTF_8 for bad in scanned.bad)
    if not scanned.pairs:
        return AS_UTF_8 if encoded else f"the input holds no {nouns_of(rows).one}"
    # Where other lines are UTF-8 and not ASCII, the command would spoil those.
    fix = f"fix them, or, if none of the file is UTF-8, {AS_UTF_8}" if encoded else "fix them"
    return Message(f"{fix}, or ", Setting("skip_bad", True), " to skip them")
