"""Take over a run of the original sequential tool: its outputs and its checkpoint of three or four keys.

That checkpoint has no offsets, and the tool wrote its files one after the other. So the files themselves are
compared with the input: as far as all of them agree with it, row by row, they are kept; the rest is cut. Rows that
the tool left out are recorded as failed, to be asked again like any other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import orjson

from asyncgen.errors import DirectoryError
from asyncgen.recipe import Recipe
from asyncgen.rows import Row
from asyncgen.storage.checkpoint import FileMeter, RunState, save_checkpoint
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.whole_files import lines_of, write_durably

ORIGINAL_KEYS = {"last_completed_idx", "stats", "timestamp"}


class _PairLines:
    """The lines of one output file; `block` holds the next row's, and is empty at the end."""

    def __init__(self, lines: Iterator[bytes], each: int) -> None:
        self._lines = lines
        self._each = each
        self.advance()

    def advance(self) -> None:
        """Move to the next row."""
        lines = list(islice(self._lines, self._each))
        self.block = b"".join(lines) if len(lines) == self._each else b""


@dataclass(frozen=True, slots=True)
class OriginalCheckpoint:
    """The original tool's checkpoint: the last row it reached, rows it made examples of, tokens it used."""

    last_completed_idx: int
    generated: int
    tokens: int


def load_original(directory: RunDirectory) -> OriginalCheckpoint | None:
    """The original tool's checkpoint; None if `checkpoint.json` is missing or not of its kind."""
    data = directory.disk.read(directory.checkpoint)
    try:
        content = orjson.loads(data or b"null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict) or "version" in content or not content.keys() >= ORIGINAL_KEYS:
        return None
    try:
        stats = content["stats"]
        return OriginalCheckpoint(
            last_completed_idx=int(content["last_completed_idx"]),
            generated=int(stats["correct_generated"]),
            tokens=int(stats.get("total_tokens_used", 0)),
        )
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def take_over(
    directory: RunDirectory,
    recipe: Recipe[Any],
    fingerprint: Fingerprint,
    original: OriginalCheckpoint,
    rows: Iterator[Row[Any]],
) -> RunState:
    """Write a checkpoint of ours for the original tool's files; returns its state.

    Args:
        directory: the output directory, locked.
        recipe: recognises its examples.
        fingerprint: of the run that takes over.
        original: the tool's checkpoint.
        rows: the input from its beginning.

    Raises:
        DirectoryError: the files do not match the tool's checkpoint.
    """
    files = {
        output.name: _PairLines(lines_of(directory.disk, directory.output(output.name)), output.lines)
        for output in recipe.outputs
    }
    meters = {name: FileMeter() for name in (*files, FAILED)}
    stats = dict.fromkeys(("total_pairs", *recipe.counters, "total_tokens_used"), 0)
    failed: list[bytes] = []
    last: Row[Any] | None = None
    generated = 0
    for row in rows:
        counts = recipe.recognise(row.pair, tuple(file.block for file in files.values()))
        reached = row.index > original.last_completed_idx
        if counts is None:
            if reached:
                break
            failed.append(_left_out(row, next(iter(recipe.failure_counters))))
        else:
            for name, file in files.items():
                meters[name].advance(file.block)
                file.advance()
            for counter, number in counts.items():
                stats[counter] += number
            generated += not reached
        last = row
    if last is None or last.index < original.last_completed_idx or generated != original.generated:
        raise DirectoryError(
            f"{directory} was begun by another tool; its checkpoint speaks of {original.generated} examples up to "
            f"pair {original.last_completed_idx}, its files agree with the input for {generated}"
        )
    meters[FAILED].advance(b"".join(failed))
    if failed:
        write_durably(directory.disk, directory.failed, b"".join(failed))
    stats[next(iter(recipe.failure_counters.values()))] += len(failed)
    stats["total_tokens_used"] += original.tokens
    state = RunState(
        last_completed_idx=last.index,
        input_end=last.end,
        input_chain=last.chain,
        files={name: meter.mark() for name, meter in meters.items()},
        stats=stats,
        failed_pairs=len(failed),
        fingerprint=fingerprint,
    )
    save_checkpoint(directory, state)
    return state


def _left_out(row: Row[Any], step: str) -> bytes:
    """The line of a row of which the tool made nothing."""
    fields = {"index": row.index, "note_id": row.pair.note_id, "step": step, "error": "left_out"}
    return orjson.dumps({**fields, "attempts": 0, "tokens": 0}, option=orjson.OPT_APPEND_NEWLINE)
