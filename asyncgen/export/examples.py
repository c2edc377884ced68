"""Examples in pairs: a file holds for each row its CORRECT line, then its INCORRECT line."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from asyncgen.export.run_files import RunFiles
from asyncgen.medec.pair import CORRECT, INCORRECT
from asyncgen.recipes.made_by import paired_file
from asyncgen.text import loads


@dataclass(frozen=True, slots=True)
class Example:
    """One example; the three fields of the error are None for CORRECT ones, `reasoning` if none was asked for."""

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
            ValueError: it is not an example.
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
class ExamplePair:
    """The two examples of a pair; `ends` are the byte offsets behind their lines."""

    correct: Example
    incorrect: Example
    ends: tuple[int, int]


class ExamplePairs:
    """The pairs that a run has made so far.

    Args:
        files: of the run.
        name: of the file whose lines come in pairs.

    Raises:
        BadDataError: it has nothing to export yet.
    """

    def __init__(self, files: RunFiles, name: str) -> None:
        if name not in files.outputs:
            raise files.nothing_yet()
        self.state = files.state
        self.finished = files.finished
        self._files = files
        self._name = name

    def pairs(self) -> Iterator[ExamplePair]:
        """Every pair, in input order.

        Raises:
            BadDataError: a file is not what the run wrote.
        """
        self._files.check_others(self._name)
        lines = self._files.lines(self._name)
        for correct_line, correct_end in lines:
            incorrect_line, incorrect_end = next(lines, (b"", 0))
            correct, incorrect = self._parse(correct_line), self._parse(incorrect_line)
            if (correct.label, incorrect.label, incorrect.note_id) != (CORRECT, INCORRECT, correct.note_id):
                raise self._files.changed(self._name)
            yield ExamplePair(correct, incorrect, (correct_end, incorrect_end))

    def at(self, start: int, end: int) -> Example:
        """The example whose line lies between two offsets from `pairs`."""
        return self._parse(self._files.at(self._name, start, end))

    def _parse(self, line: bytes) -> Example:
        try:
            return Example.parse(line)
        except ValueError:
            raise self._files.changed(self._name) from None


def find_paired(files: RunFiles) -> str | None:
    """The file whose lines come in pairs: by the recipe, else by its first two lines; None: there is none."""
    known = paired_file(files.state)
    if known is not None:
        return known
    for name in files.outputs:
        first = list(islice(files.lines(name), 2))
        try:
            one, other = (Example.parse(line) for line, _ in first)
        except ValueError:
            continue
        if (one.label, other.label, other.note_id) == (CORRECT, INCORRECT, one.note_id):
            return name
    return None
