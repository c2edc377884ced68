"""Whether the files of an output directory are intact: complete, in order, in step, unchanged.

Read-only and in one pass, so it also works during a run: then as far as its checkpoint covers. Each file is
aligned separately: with the input, else with the file that has the reference ids, else by number.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncgen.errors import BadDataError
from asyncgen.quality.line_values import check_copy, check_texts, check_values, id_at, wanted_line
from asyncgen.quality.named_rows import ids_in, most_rows
from asyncgen.quality.output_lines import AHEAD, OutputLine, OutputLines, Problems, Wanted
from asyncgen.recipe import Unparsed, guarded
from asyncgen.recipes.contents import Contents
from asyncgen.storage.checkpoint import FileMeter, RunState, load_checkpoint, load_statistics
from asyncgen.storage.input_file import rows_of
from asyncgen.storage.layout import CHECKPOINT, FAILED, STATE_DIRECTORY, STATISTICS, RunDirectory
from asyncgen.storage.takeover import load_original


@dataclass(frozen=True, slots=True)
class Made:
    """The result of a row: its place in the input, its id, the row (None without input), and its records.

    `records` has them by file and line; those that repeat another one are left out.
    """

    index: int
    note_id: str
    row: Any
    records: Mapping[tuple[str, int], dict[str, Any]]


def holds_run(directory: RunDirectory, contents: Contents) -> bool:
    """Whether anything in a directory is of a run, if only a file that the original tool left."""
    traces = {*contents.files, CHECKPOINT, STATISTICS, STATE_DIRECTORY}
    return not traces.isdisjoint(directory.disk.list_directory(directory.path))


def state_in(directory: RunDirectory) -> tuple[RunState | None, bool]:
    """The recorded state of a directory, and whether its run has reached the end.

    Raises:
        BadDataError: checkpoint or statistics cannot be read.
    """
    if load_original(directory) is not None:
        return None, False
    state = load_checkpoint(directory)
    if state is not None:
        return state, False
    state = load_statistics(directory)
    return state, state is not None


def check_input(state: RunState, input_jsonl: Path, contents: Contents) -> None:
    """Refuse an input other than the run's, before checking the files.

    Raises:
        BadDataError: it is not the input of the run.
    """
    if contents.parse is None or state.last_completed_idx < state.first:
        return
    index = -1
    for row in rows_of(input_jsonl, guarded(contents.parse)):
        index = row.index
        if index == state.last_completed_idx:
            if row.chain == state.input_chain:
                return
            raise BadDataError(f"{input_jsonl} is not the input that this run was made from: its lines differ")
    rows = contents.nouns.many
    raise BadDataError(
        f"{input_jsonl} is not the input that this run was made from: it has {index + 1:,} {rows}, and the run "
        f"has processed {state.done:,}"
    )


class Structure:
    """Reads an output directory; `made` streams its rows, and afterwards `problems` is complete.

    Args:
        directory: the output directory.
        input_jsonl: the input of the run; None: the files are only compared with each other.
        contents: what they hold by their recipe.

    Raises:
        BadDataError: checkpoint or statistics cannot be read.
    """

    def __init__(self, directory: RunDirectory, input_jsonl: Path | None, contents: Contents) -> None:
        self._directory = directory
        self._input = None if contents.parse is None else input_jsonl
        self.contents = contents
        self.problems = Problems(contents.nouns.one)
        self.state, self.finished = state_in(directory)
        self.pairs = 0
        self.failed = 0
        self._counts = Counter(
            {name: 0 for rules in contents.files.values() for one in rules for name in one.counts}
        )

    def size(self, name: str) -> int | None:
        """How much of a file counts; None: all of it."""
        if self.state is None or self.finished or name not in self.state.files:
            return None
        return self.state.files[name].size

    def made(self) -> Iterator[Made]:
        """The rows whose lines are all there, in input order; checks everything on the way."""
        failed, meters = self._failed_indexes()
        files = {
            name: OutputLines(self._directory, name, self.size(name), self.problems)
            for name in self.contents.files
        }
        recent_failed: deque[str] = deque(maxlen=AHEAD)
        have_failed = {name: self._have_failed(name, recent_failed) for name in files}
        without_lines = set() if self.state is not None and self.state.writes_failed else failed
        index = -1
        for index, note_id, row in self._expected(without_lines, files):
            if index in without_lines:
                recent_failed.append(note_id)
                continue
            lines = {
                (name, number): self._take(files[name], name, number, index, note_id, row, have_failed[name])
                for name, rules in self.contents.files.items()
                for number in range(len(rules))
            }
            made = self._compare(index, note_id, row, lines)
            if index in failed:
                continue
            self.pairs += 1
            if made is not None:
                yield made
        for name, file in files.items():
            file.finish(index + 1, have_failed[name])
        self._check_marks({name: file.meter for name, file in files.items()} | meters)
        self._check_counts()

    def _take(
        self, file: OutputLines, name: str, number: int, index: int, note_id: str, row: Any, has_failed: Wanted
    ) -> OutputLine | None:
        rule = self.contents.files[name][number]
        wanted = wanted_line(rule, note_id, row)
        return file.take_next(index) if wanted is None else file.take(wanted, rule.label, index, has_failed)

    def _have_failed(self, name: str, recent: deque[str]) -> Wanted:
        rules = self.contents.files[name]
        return lambda line: bool(rules) and id_at(rules[0], line.record) in recent

    def _compare(
        self, index: int, note_id: str, row: Any, lines: Mapping[tuple[str, int], OutputLine | None]
    ) -> Made | None:
        """Compare the lines of a row with each other and with it; None if one is missing."""
        rules = {(name, number): self.contents.files[name][number] for name, number in lines}
        records: dict[tuple[str, int], dict[str, Any]] = {}
        originals = [place for place, rule in rules.items() if rule.copy_of is None]
        for place in originals:
            line, rule = lines[place], rules[place]
            if line is None:
                continue
            for name, counts in rule.counts.items():
                self._counts[name] += counts(line.record)
            for copy, other in rules.items():
                if other.copy_of == place:
                    check_copy(self.problems, copy, index, rule.label, lines[copy], line)
            if not check_texts(self.problems, place[0], index, rule, line.record):
                return None
            records[place] = line.record
        for place, record in records.items():
            check_values(self.problems, place[0], index, rules[place], record, row)
        return Made(index, note_id, row, records) if len(records) == len(originals) else None

    def _expected(
        self, without_lines: set[int], files: Mapping[str, OutputLines]
    ) -> Iterator[tuple[int, str, Any]]:
        """Index, id and row of everything that should be there."""
        last = None if self.state is None else self.state.last_completed_idx
        if self._input is None or self.contents.parse is None:
            yield from self._from_outputs(without_lines)
            return
        first = 0 if self.state is None else self.state.first
        index = -1
        for row in rows_of(self._input, guarded(self.contents.parse)):
            if row.index < first:
                continue
            if last is not None and row.index > last:
                return
            if last is None and all(file.ended for file in files.values()):
                return
            index = row.index
            yield index, row.pair.note_id, None if isinstance(row.pair, Unparsed) else row.pair
            if self.state is not None and index == last and row.chain != self.state.input_chain:
                self.problems.add("input", self._input.name, None, "not the input that this run was made from")
        if last is not None and index < last:
            rows = self.contents.nouns.many
            self.problems.add("input", self._input.name, None, f"has fewer {rows} than the {last + 1} processed")

    def _from_outputs(self, without_lines: set[int]) -> Iterator[tuple[int, str, None]]:
        """Without an input, the reference file says what the others should hold; else the state says how many."""
        index = 0 if self.state is None else self.state.first
        for note_id in self._names(without_lines):
            while index in without_lines:
                index += 1
            yield index, note_id, None
            index += 1

    def _names(self, without_lines: set[int]) -> Iterator[str]:
        """The ids of the rows that have lines; empty ones if no file has any."""
        contents, name = self.contents, self.contents.reference
        if name:
            yield from ids_in(self._directory, name, self.size(name), contents.files[name])
            return
        if self.state is None:
            done = most_rows(self._directory, contents.files)
        else:
            done = self.state.done - sum(index <= self.state.last_completed_idx for index in without_lines)
        yield from ("" for _ in range(done))

    def _failed_indexes(self) -> tuple[set[int], dict[str, FileMeter]]:
        """The indexes of failed rows, and the meter of their file."""
        lines = OutputLines(self._directory, FAILED, self.size(FAILED), self.problems)
        indexes: set[int] = set()
        last = -1
        for line in lines.all():
            index = line.record.get("index")
            if not isinstance(index, int) or index <= last:
                self.problems.add("failed", FAILED, None, "a line is damaged or out of order")
                continue
            indexes.add(index)
            last = index
        self.failed = len(indexes)
        return indexes, {FAILED: lines.meter}

    def _check_marks(self, meters: dict[str, FileMeter]) -> None:
        says = "the statistics say" if self.finished else "the checkpoint says"
        for name, meter in meters.items():
            size = self._directory.disk.size(self._directory.output(name))
            mark = None if self.state is None else self.state.files.get(name)
            never_written = not self.contents.files.get(name, True)
            if size is None and name != FAILED and (mark is None or mark.size) and not never_written:
                self.problems.add("no_file", name, None, "the file is not there")
            elif mark is None:
                continue
            elif meter.size != mark.size:
                self.problems.add("size", name, None, f"{meter.size} bytes, where {says} {mark.size}")
            elif meter.mark() != mark:
                self.problems.add("checksum", name, None, f"its checksum is not what {says}")

    def _check_counts(self) -> None:
        if self.state is None:
            return
        rows = self.contents.nouns.many
        found = dict(self._counts)
        said = {name: self.state.stats.get(name) for name in found}
        found["failed_pairs"], said["failed_pairs"] = self.failed, self.state.failed_pairs
        found[rows], said[rows] = self.pairs + self.failed, self.state.done
        for name, number in found.items():
            if said[name] is not None and said[name] != number:
                source = STATISTICS if self.finished else CHECKPOINT
                self.problems.add("counts", source, None, f"{name} is {said[name]}, the files have {number}")
