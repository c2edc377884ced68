"""The examples of a run, pair by pair, as far as its checkpoint speaks of them.

They are read from `sft_combined_safe.jsonl`: for each pair its CORRECT line, then its INCORRECT line. A run that
is not finished may have written more than its checkpoint says; what is behind that does not count. All files of
the run are known by the sizes and checksums that it kept: with one that was changed since, all are refused.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from asyncgen.errors import BadDataError, Phrase, UsageError
from asyncgen.medec.pair import CORRECT, INCORRECT
from asyncgen.recipes.medec_contents import COMBINED_FILE
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.resume import peek
from asyncgen.text import loads

if TYPE_CHECKING:
    from asyncgen.storage.checkpoint import RunState


@dataclass(frozen=True, slots=True)
class Example:
    """One example; the three of the error are None for CORRECT ones, `reasoning` where the run asked for none."""

    label: str
    note: str
    note_id: str
    error_type: str | None
    error_sentence: str | None
    corrected_sentence: str | None
    reasoning: dict[str, Any] | None

    @classmethod
    def parse(cls, line: bytes) -> "Example":
        """Decode a line.

        Raises:
            ValueError: it is no example.
        """
        fields = loads(line)
        try:
            example = cls(
                fields["label"],
                fields["note"],
                fields["original_note_id"],
                fields.get("error_type"),
                fields.get("error_location"),
                fields.get("correction"),
                fields.get("reasoning"),
            )
        except (KeyError, TypeError, AttributeError):
            raise ValueError("no example") from None
        if not (isinstance(example.note, str) and isinstance(example.note_id, str)):
            raise ValueError("note and original_note_id must be strings")  # noqa: TRY004 - one error for a bad line
        if not isinstance(example.reasoning, dict | None):
            raise ValueError("reasoning must be an object")  # noqa: TRY004
        return example


@dataclass(frozen=True, slots=True)
class Pair:
    """The two examples of a pair; `ends` are the byte offsets behind their lines."""

    correct: Example
    incorrect: Example
    ends: tuple[int, int]


class Examples:
    """What a run has made so far.

    Args:
        directory: the output directory.

    Raises:
        UsageError: it is not there.
        BadDataError: no run has begun there, it has nothing to export yet, or was not written by this version of
            asyncgen.
    """

    def __init__(self, directory: RunDirectory) -> None:
        if not directory.path.is_dir():
            raise UsageError(f"{directory} is no directory")
        state = peek(directory)
        if state is None and directory.disk.size(directory.checkpoint) is not None:
            raise BadDataError(
                f"{directory} was made by the sequential script: the same `asyncgen run` takes it over"
            )
        if state is None:
            raise BadDataError(f"no run has begun in {directory}: it has neither checkpoint nor statistics")
        if COMBINED_FILE not in state.files or not state.files[COMBINED_FILE].size:
            raise BadDataError(f"{directory} has no examples yet: nothing to export")
        self.state: RunState = state
        self.finished = directory.disk.size(directory.checkpoint) is None
        self._disk = directory.disk
        self._directory = directory
        self._path = directory.output(COMBINED_FILE)

    def pairs(self) -> Iterator[Pair]:
        """Every pair, in input order.

        Raises:
            BadDataError: a file is not what the run wrote.
        """
        for name in self.state.files:
            if name != COMBINED_FILE:
                for _ in self._chunks(name):
                    pass
        lines = self._lines()
        for correct_line, correct_end in lines:
            incorrect_line, incorrect_end = next(lines, (b"", 0))
            correct, incorrect = self._parse(correct_line), self._parse(incorrect_line)
            if (correct.label, incorrect.label, incorrect.note_id) != (CORRECT, INCORRECT, correct.note_id):
                raise self._changed(COMBINED_FILE)
            yield Pair(correct, incorrect, (correct_end, incorrect_end))

    def at(self, start: int, end: int) -> Example:
        """The example whose line lies between two offsets that `pairs` gave."""
        return self._parse(self._disk.read(self._path, start, end - start) or b"")

    def _lines(self) -> Iterator[tuple[bytes, int]]:
        end, rest = 0, b""
        for chunk in self._chunks(COMBINED_FILE):
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                end += len(line) + 1
                yield line, end
        if rest:
            raise self._changed(COMBINED_FILE)

    def _chunks(self, name: str) -> Iterator[bytes]:
        """A file as far as the state speaks of it; at its end it is held against the checksum."""
        mark, path = self.state.files[name], self._directory.output(name)
        left, crc32, size = mark.size, 0, self._disk.size(path) or 0
        if size < left or (self.finished and size > left):
            raise self._changed(name)
        for chunk in self._disk.chunks(path) if left else ():
            piece = chunk[:left]
            left -= len(piece)
            crc32 = zlib.crc32(piece, crc32)
            yield piece
            if not left:
                break
        if crc32 != mark.crc32:
            raise self._changed(name)

    def _parse(self, line: bytes) -> Example:
        try:
            return Example.parse(line)
        except ValueError:
            raise self._changed(COMBINED_FILE) from None

    def _changed(self, name: str) -> BadDataError:
        return BadDataError(
            f"{self._directory.output(name)} is not what the run wrote (or a run is rewriting it just now): ",
            Phrase.VERIFY,
            " says what is wrong with it",
        )
