"""One hash for the lines of each row of a run, whatever the recipe, to recognise a record.

The files of a run hold the same number of lines for each row that has lines, in input order.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import islice

from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.failed import failed_records
from asyncgen.storage.fingerprint import digest
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.whole_files import lines_of

_BYTES = 12  # 96 bits: chance matches are out of the question in any file


def run_checksum(state: RunState) -> str:
    """A hash (hex) of the files of a run, as far as its state covers them."""
    marks = (f"{name} {mark.size} {mark.crc32} {mark.tail}" for name, mark in sorted(state.files.items()))
    return digest("\n".join(marks).encode())


def row_hashes(directory: RunDirectory, state: RunState) -> Iterator[tuple[int, str]]:
    """Index and hash (hex) of each row that has lines, in input order; the hash is of its lines in all files.

    Raises:
        DirectoryError: `failed.jsonl` is damaged.
    """
    failed = {int(str(record["index"])) for record in failed_records(directory)}
    without_lines = set() if state.writes_failed else failed
    indexes = [index for index in range(state.first, state.last_completed_idx + 1) if index not in without_lines]
    files = [
        (lines_of(directory.disk, directory.output(name), state.files[name].size), lines)
        for name, lines in sorted(_lines_a_row(directory, state, len(indexes)).items())
    ]
    for index in indexes:
        hashed = blake2b(digest_size=_BYTES)
        for lines, number in files:
            for line in islice(lines, number):
                hashed.update(line)
        yield index, hashed.hexdigest()


def _lines_a_row(directory: RunDirectory, state: RunState, rows: int) -> Mapping[str, int]:
    """How many lines a row has in each file; counted if an older version did not record it."""
    if state.recipe is not None and state.recipe.outputs:
        return {name: lines for name, lines in state.recipe.outputs.items() if name in state.files}
    sizes = {name: mark.size for name, mark in state.files.items() if name != FAILED}
    counted = {
        name: sum(1 for _ in lines_of(directory.disk, directory.output(name), size))
        for name, size in sizes.items()
    }
    return {name: number // max(1, rows) for name, number in counted.items()}
