"""Whether the files of an output directory are what they should be: complete, in order, in step, unharmed.

Read-only and in one pass, so it also serves while a run goes on: then as far as its checkpoint speaks.
Each file is aligned with the input for itself.
"""

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from asyncgen.medec.pair import CORRECT, INCORRECT, Pair, parse_pair
from asyncgen.quality.output_lines import AHEAD, OutputLine, OutputLines, Problems
from asyncgen.recipes.medec_safe import COMBINED_FILE, CORRECT_FILE, INCORRECT_FILE
from asyncgen.recipes.renamed import renamed
from asyncgen.storage.checkpoint import FileMeter, RunState, load_checkpoint, load_statistics
from asyncgen.storage.input_file import rows_of
from asyncgen.storage.layout import CHECKPOINT, FAILED, STATISTICS, RunDirectory
from asyncgen.storage.takeover import load_original

_FIELDS = {"error_type": "error_type", "error_location": "error_sentence", "correction": "corrected_sentence"}


@dataclass(frozen=True, slots=True)
class Made:
    """What was made of a pair: its place in the input, the pair (None without input), and the two records."""

    index: int
    pair: Pair | None
    correct: dict[str, Any]
    incorrect: dict[str, Any]


class Structure:
    """Reads an output directory; `made` streams its pairs, afterwards `problems` says all that is broken.

    Args:
        directory: the output directory.
        input_jsonl: what the run was made from; None: the files are only held against each other.

    Raises:
        BadDataError: checkpoint or statistics cannot be read.
    """

    def __init__(self, directory: RunDirectory, input_jsonl: Path | None) -> None:
        self._directory = directory
        self._input = input_jsonl
        self.problems = Problems()
        self.state: RunState | None = None
        self.finished = False
        if load_original(directory) is None:
            self.state = load_checkpoint(directory)
            if self.state is None:
                self.state = load_statistics(directory)
                self.finished = self.state is not None
        self._columns: dict[str, str] = dict((self.state.fingerprint if self.state else {}).get("fields") or {})
        self.pairs = 0
        self.failed = 0
        self._counts: Counter[str] = Counter()

    def size(self, name: str) -> int | None:
        """How much of a file counts; None: all of it."""
        if self.state is None or self.finished or name not in self.state.files:
            return None
        return self.state.files[name].size

    def made(self) -> Iterator[Made]:
        """The pairs whose lines are all there, in input order; checks everything on the way."""
        failed, meters = self._failed_indexes()
        files = {
            name: OutputLines(self._directory, name, self.size(name), self.problems)
            for name in (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE)
        }
        recent_failed: deque[str] = deque(maxlen=AHEAD)
        index = -1
        for index, note_id, pair in self._expected(failed, files):
            if index in failed:
                recent_failed.append(note_id)
                continue
            lines = {
                (name, label): files[name].take(note_id, label, index, recent_failed)
                for name, label in (
                    (CORRECT_FILE, CORRECT),
                    (INCORRECT_FILE, INCORRECT),
                    (COMBINED_FILE, CORRECT),
                    (COMBINED_FILE, INCORRECT),
                )
            }
            self.pairs += 1
            made = self._compare(index, pair, lines)
            if made is not None:
                yield made
        for file in files.values():
            file.finish(index + 1, recent_failed)
        self._check_marks({name: file.meter for name, file in files.items()} | meters)
        self._check_counts()

    def _compare(
        self, index: int, pair: Pair | None, lines: dict[tuple[str, str], OutputLine | None]
    ) -> Made | None:
        correct, incorrect = lines[CORRECT_FILE, CORRECT], lines[INCORRECT_FILE, INCORRECT]
        for line, label in ((correct, CORRECT), (incorrect, INCORRECT)):
            combined = lines[COMBINED_FILE, label]
            if line is None:
                continue
            self._counts[label] += 1
            self._counts[f"{label} reasoning"] += line.record.get("reasoning") is not None
            if combined is not None and combined.data != line.data:
                self.problems.add(
                    "combined", COMBINED_FILE, index, f"the {label} line is not that of the other file"
                )
            if not isinstance(line.record.get("note"), str):
                self.problems.add(
                    "field", CORRECT_FILE if line is correct else INCORRECT_FILE, index, "note is no text"
                )
                return None
        if incorrect is not None and pair is not None:
            if incorrect.record["note"] != pair.incorrect_note:
                self.problems.add("incorrect_changed", INCORRECT_FILE, index, "the note is not that of the input")
            for name, source in _FIELDS.items():
                if incorrect.record.get(name) != getattr(pair, source):
                    self.problems.add("field", INCORRECT_FILE, index, f"{name} is not that of the input")
        if correct is None or incorrect is None:
            return None
        return Made(index, pair, correct.record, incorrect.record)

    def _expected(self, failed: set[int], files: dict[str, OutputLines]) -> Iterator[tuple[int, str, Pair | None]]:
        """Index, note id and pair of all that should be there."""
        last = None if self.state is None else self.state.last_completed_idx
        if self._input is None:
            yield from self._from_outputs(failed)
            return
        first = 0 if self.state is None else self.state.first
        index = -1
        for row in rows_of(self._input, self._parse):
            if row.index < first:
                continue
            if last is not None and row.index > last:
                return
            if last is None and all(file.ended for file in files.values()):
                return
            index = row.index
            yield index, row.pair.note_id, row.pair
            if self.state is not None and index == last and row.chain != self.state.input_chain:
                self.problems.add("input", self._input.name, None, "not the input that this run was made from")
        if last is not None and index < last:
            self.problems.add("input", self._input.name, None, f"has fewer pairs than the {last + 1} processed")

    def _parse(self, fields: Mapping[str, Any]) -> Pair:
        """The pair in a row, whose fields are called as the run was told."""
        return parse_pair(renamed(fields, self._columns))

    def _from_outputs(self, failed: set[int]) -> Iterator[tuple[int, str, Pair | None]]:
        """Without an input, the file of INCORRECT examples says what should be in the others."""
        index = 0 if self.state is None else self.state.first
        silent = OutputLines(self._directory, INCORRECT_FILE, self.size(INCORRECT_FILE), Problems())
        for line in silent.all():
            while index in failed:
                index += 1
            if line.record:
                yield index, str(line.key[0]), None
                index += 1

    def _failed_indexes(self) -> tuple[set[int], dict[str, FileMeter]]:
        """The pairs given up, by index, and the meter of their file."""
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
            if size is None and name != FAILED and (mark is None or mark.size):
                self.problems.add("no_file", name, None, "the file is not there")
            elif mark is None:
                continue
            elif meter.size != mark.size:
                self.problems.add("size", name, None, f"{meter.size} bytes, where {says} {mark.size}")
            elif meter.mark() != mark:
                self.problems.add("checksum", name, None, f"not the bytes of which {says} the checksum")

    def _check_counts(self) -> None:
        if self.state is None:
            return
        found = {
            "correct_generated": self._counts[CORRECT],
            "incorrect_used": self._counts[INCORRECT],
            "correct_reasoning_added": self._counts[f"{CORRECT} reasoning"],
            "incorrect_reasoning_added": self._counts[f"{INCORRECT} reasoning"],
        }
        said = {name: self.state.stats.get(name) for name in found}
        found["failed_pairs"], said["failed_pairs"] = self.failed, self.state.failed_pairs
        found["pairs"], said["pairs"] = self.pairs + self.failed, self.state.done
        for name, number in found.items():
            if said[name] is not None and said[name] != number:
                source = STATISTICS if self.finished else CHECKPOINT
                self.problems.add("counts", source, None, f"{name} is {said[name]}, the files have {number}")
