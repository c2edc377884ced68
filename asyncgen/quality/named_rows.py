"""Which rows to expect without an input: by the ids in a file, or by the number of lines."""

from collections.abc import Iterator, Mapping

from asyncgen.quality.line_values import id_at
from asyncgen.quality.output_lines import OutputLines, Problems
from asyncgen.recipes.contents import LineRule
from asyncgen.storage.layout import RunDirectory


def ids_in(directory: RunDirectory, name: str, size: int | None, rules: tuple[LineRule, ...]) -> Iterator[str]:
    """The ids of the rows in a file, by the first line of each.

    Args:
        directory: the output directory.
        name: of the file.
        size: how much of it counts; None: all.
        rules: of the lines of a row in it.
    """
    silent = OutputLines(directory, name, size, Problems())
    readable = (line.record for line in silent.all() if line.record)
    for number, record in enumerate(readable):
        if number % len(rules) == 0:
            yield str(id_at(rules[0], record))


def most_rows(directory: RunDirectory, files: Mapping[str, tuple[LineRule, ...]]) -> int:
    """For how many rows the fullest file has lines, a partial row included."""
    rows = 0
    for name, rules in files.items():
        if rules:
            lines = sum(1 for _ in OutputLines(directory, name, None, Problems()).all())
            rows = max(rows, -(-lines // len(rules)))
    return rows
