"""The input of a run: checked before the first call is paid, then streamed."""

from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError, BadDataError, Message, Setting
from asyncgen.events import InputLoaded, Notice, Observer
from asyncgen.humanize import counted, many_of, one_of
from asyncgen.recipe import Recipe, guarded, rows_of_recipe, unique_id
from asyncgen.rows import Row
from asyncgen.shard import Portion
from asyncgen.storage import bad_lines
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.input_cuts import Cut, cut_at
from asyncgen.storage.input_file import (
    FileIdentity,
    RowCutter,
    Scan,
    read_rows,
    repeated_ids,
    rows_of,
    scan,
    trusted,
)
from asyncgen.storage.input_formats import look_at
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.manifest import load_manifest, save_manifest
from asyncgen.storage.standard_input import STANDARD_INPUT, keep_standard_input

MOST_REPEATED_SHOWN = 10  # lines: wrong numbering repeats many ids, and ten show the pattern


class InputReader:
    """The input file of a run, limited to the run's part of it.

    Args:
        config: the file, how much of it to use, and whether to skip bad lines.
        recipe: makes the rows of the lines.
        directory: the output directory.
        observe: called with what was found.
        reason: the reason the run has to stop, or None.
        cut: where the run's part begins, found when the input was checked for all shards.
    """

    def __init__(
        self,
        config: RunConfig,
        recipe: Recipe[Any],
        directory: RunDirectory,
        observe: Observer,
        reason: Callable[[], AsyncgenError | None],
        *,
        cut: Cut | None = None,
    ) -> None:
        self._config = config
        self._path = config.input_jsonl
        self._parse = guarded(recipe.parse)
        self._rows = rows_of_recipe(recipe)
        self._disk = directory.disk
        self._directory = directory
        self._observe = observe
        self._reason = reason
        self._unique = unique_id(recipe)
        self._cut = cut
        self._checked: Scan | None = None
        self._kept = False
        self._moved = False

    async def check(self, before: RunState | None) -> Scan:
        """Check the input, or trust the last check of the unchanged file.

        Args:
            before: the state from which the run resumes, if any.

        Raises:
            BadDataError: a line is bad and bad lines are not skipped, there is no row at all, or not one for each
                shard.
            AsyncgenError: the run has to stop.
        """
        limit = self._config.num_pairs
        watermark = -1 if before is None else before.last_completed_idx
        reach = None if limit is None else max(limit, watermark + 1)
        earlier = load_manifest(self._directory) if before is not None else None
        scanned = None if earlier is None else trusted(earlier, FileIdentity.of(self._path), reach)
        if scanned is not None and before is not None:
            # The manifest was written when this very file agreed with the checkpoint.
            scanned = replace(scanned, prefix_chain=before.input_chain, prefix_end=before.input_end)
        elif before is None and self._cut is not None and self._cut.fits(self._path):
            scanned = self._cut.scan
        else:
            self._cut = None
            scanned = await self._scan(reach, watermark)
        if scanned.bad_count and not (self._config.skip_bad and scanned.pairs):
            raise bad_lines.refused(scanned, self._path, self._rows)
        if not scanned.pairs:
            raise BadDataError(f"the input {self._path} holds no {one_of(self._rows)}")
        if scanned.repeated and self._unique:
            raise BadDataError(await self._disk.call(self._repeated))
        self.portion(scanned)  # raises, before anything is written, if there are too few
        self._observe(InputLoaded(self._path, self.wanted(scanned), scanned.bad_count, self._rows))
        if scanned.bad_count:
            self._observe(Notice(bad_lines.skipped(scanned, self._path, self._rows), warning=True))
        self._tell_of_rows(scanned)
        # Other ends of lines, or blank ones, in a file with the same rows: the checkpoint does not fit it yet.
        self._moved = before is not None and before.input_end != scanned.prefix_end
        self._checked = scanned
        return scanned

    def _tell_of_rows(self, scanned: Scan) -> None:
        """Say what is unusual about rows that are not bad lines."""
        if scanned.repeated:
            have = "has" if scanned.repeated == 1 else "have"
            rows = counted(scanned.repeated, self._rows)
            self._observe(Notice(f"{rows} {have} the id of an earlier one; all are kept", warning=True))
        if scanned.like_id:
            take = Setting("fields", {"id": scanned.like_id})
            self._observe(
                Notice(Message("the rows are numbered, as none has an id; ", take, " takes that of each"))
            )
        if scanned.header_row:
            found = f"{one_of(self._rows)} {scanned.header_row:,} holds the names of its fields"
            self._observe(Notice(f"{found}: is it the header of another file?", warning=True))
        if scanned.joined_row and not look_at(self._path).json_lines:
            found = f"{one_of(self._rows)} {scanned.joined_row:,} holds line breaks and tabs in one cell"
            self._observe(Notice(f"{found}: did a quotation mark that is text join several?", warning=True))
        if scanned.nul_row:
            # Not a bad line: older versions took it, and their directories are resumed.
            found = f"{one_of(self._rows)} {scanned.nul_row:,} holds a NUL character"
            self._observe(Notice(f"{found}, which is sent as it stands", warning=True))
        if scanned.empty is not None:
            empty = scanned.empty
            asked = f"{counted(empty.rows, self._rows)} {'is' if empty.rows == 1 else 'are'} asked about"
            where = f"{one_of(self._rows)} {empty.first:,}: {empty.field}"
            text = (
                f"{asked} although a field in the prompt is blank ({where}); [input.defaults] fills empty ones in"
            )
            self._observe(Notice(text, warning=True))

    @property
    def cut(self) -> Cut | None:
        """Where the run's part begins in the checked input, if that is known."""
        return self._cut

    async def cuts(self, indexes: Iterable[int]) -> dict[int, Cut]:
        """The places before rows of the checked input, for the shards that begin there."""
        assert self._checked is not None
        scanned = self._as_kept(self._checked)
        return await self._disk.call(lambda: cut_at(self._path, self._parse, scanned, indexes))

    def _as_kept(self, scanned: Scan) -> Scan:
        """The scan; if standard input was scanned, as one of its copy."""
        return replace(scanned, identity=FileIdentity.of(self._path)) if self._kept else scanned

    def wanted(self, scanned: Scan) -> int:
        """How many of the input's rows the user wants, other shards included."""
        limit = self._config.num_pairs
        return scanned.pairs if limit is None else min(scanned.pairs, limit)

    def portion(self, scanned: Scan) -> Portion | None:
        """The shard's part of them; None: all.

        Raises:
            BadDataError: there is not one for each shard.
        """
        shard = self._config.shard
        return None if shard is None else shard.portion(self.wanted(scanned), many_of(self._rows))

    def trust(self, scanned: Scan) -> None:
        """Record that the input agrees with the checkpoint, so that it is not checked again while unchanged."""
        self.keep()
        if not self._moved:
            save_manifest(self._directory, self._as_kept(scanned))

    def keep(self) -> Path | None:
        """Copy standard input into the directory and read it from there; None: the input is a file."""
        if self._path != STANDARD_INPUT:
            return None
        self._path = keep_standard_input(self._directory)
        self._kept = True
        return self._path

    def all(self) -> Iterator[Row[Any]]:
        """All rows, from the first."""
        return rows_of(self._path, self._parse)

    def behind(self, state: RunState, stop: int) -> AsyncGenerator[Row[Any], None]:
        """Stream the rows behind the watermark, up to but excluding index `stop`."""
        start = RowCutter(self._parse, state.last_completed_idx + 1, state.input_end, state.input_chain)
        return read_rows(self._disk, self._path, start, stop, skip_bad=self._config.skip_bad)

    async def at(self, indexes: Sequence[int]) -> AsyncGenerator[Row[Any], None]:
        """Stream the rows with these indexes, which are in order."""
        wanted = set(indexes)
        start = RowCutter(self._parse)
        rows = read_rows(self._disk, self._path, start, indexes[-1] + 1, skip_bad=self._config.skip_bad)
        async with aclosing(rows):
            async for row in rows:
                if row.index in wanted:
                    yield row

    async def _scan(self, reach: int | None, watermark: int) -> Scan:
        # Off the loop, so that a signal is handled while a large file is read.
        scanned = await self._disk.call(
            lambda: scan(
                self._path,
                self._parse,
                limit=reach,
                prefix_index=watermark,
                stopped=lambda: self._reason() is not None,
            )
        )
        reason = self._reason()
        if reason is not None:
            raise reason
        return scanned

    def _repeated(self) -> str:
        """The lines that repeat an id which must be unique."""
        lines = list(repeated_ids(self._path, self._parse))
        shown = [
            f"\n  line {number}: {name} is that of line {first}"
            for number, first, name in lines[:MOST_REPEATED_SHOWN]
        ]
        more = f"\n  and {len(lines) - len(shown):,} more" if len(lines) > len(shown) else ""
        head = f"no two lines of {self._path} may have the same {self._unique}:"
        return "".join([head, *shown, more])
