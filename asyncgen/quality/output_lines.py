"""The lines of one output file, handed out by key: what is missing or too much is a problem.

A line that is not the next one expected is looked for a few lines ahead: what stands before it is too much (a
duplicate, out of order, no JSON); when it is not there, it is missing. So one defect is one problem, and what
follows it is still checked.
"""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from asyncgen.storage.checkpoint import FileMeter
from asyncgen.storage.disk import lines_of
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.text import loads

AHEAD = 16
PROBLEMS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is broken, in which file, at which pair (None: not at one)."""

    kind: str
    file: str
    index: int | None
    detail: str


@dataclass(slots=True)
class Problems:
    """All problems by number, the first `PROBLEMS_KEPT` in full."""

    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Problem] = field(default_factory=list)

    def add(self, kind: str, file: str, index: int | None, detail: str) -> None:
        """Note a problem."""
        self.counts[kind] += 1
        if len(self.kept) < PROBLEMS_KEPT:
            self.kept.append(Problem(kind, file, index, detail))


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line of an output file; `record` is empty when it is no JSON object."""

    data: bytes
    record: dict[str, Any]

    @property
    def key(self) -> tuple[Any, Any]:
        """By what it is found: note id and label."""
        return self.record.get("original_note_id"), self.record.get("label")


class OutputLines:
    """The lines of one output file, handed out by key, with its meter."""

    def __init__(self, directory: RunDirectory, name: str, size: int | None, problems: Problems) -> None:
        self._name = name
        self._size = size
        self._problems = problems
        self.meter = FileMeter()
        self._lines = self._read(lines_of(directory.disk, directory.output(name)))
        self._ahead: deque[OutputLine] = deque()
        self._recent: deque[bytes] = deque(maxlen=AHEAD)
        self._passed: deque[tuple[Any, Any]] = deque(maxlen=AHEAD)

    def take(self, note_id: str, label: str, index: int, failed: deque[str]) -> OutputLine | None:
        """The line with this key, when it is among the next ones; None, and a problem, when it is not."""
        key = (note_id, label)
        for place in range(AHEAD):
            line = self._at(place)
            if line is None:
                break
            if line.key == key:
                for _ in range(place):
                    self._too_much(self._ahead.popleft(), index, failed, line.data)
                self._recent.append(self._ahead.popleft().data)
                return line
        if key in self._passed:
            self._passed.remove(key)
        else:
            self._problems.add("missing", self._name, index, f"no {label} line for this pair")
        return None

    def all(self) -> Iterator[OutputLine]:
        """Every line that is left."""
        while self._at(0) is not None:
            yield self._ahead.popleft()

    @property
    def ended(self) -> bool:
        """Whether no line is left."""
        return self._at(0) is None

    def finish(self, index: int, failed: deque[str]) -> None:
        """Report what is left."""
        for line in self.all():
            self._too_much(line, index, failed, b"")

    def _at(self, place: int) -> OutputLine | None:
        while len(self._ahead) <= place:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]

    def _too_much(self, line: OutputLine, index: int, failed: deque[str], taken: bytes) -> None:
        if not line.record:
            self._problems.add("not_json", self._name, index, "a line before this pair is no JSON object")
        elif line.data == taken or line.data in self._recent:
            self._problems.add("duplicate", self._name, index, "a line stands there twice")
        elif line.key[0] in failed:
            self._problems.add("failed_present", self._name, index, f"a pair of {FAILED} has a line")
        else:
            self._passed.append(line.key)
            self._problems.add(
                "order", self._name, index, "a line before this pair is out of place, or of no pair"
            )

    def _read(self, lines: Iterator[bytes]) -> Iterator[OutputLine]:
        for data in lines:
            if self._size is not None and self.meter.size >= self._size:
                return
            self.meter.advance(data)
            if not data.endswith(b"\n"):
                self._problems.add("torn", self._name, None, "the last line has no end")
            yield OutputLine(data, _object(data))


def _object(data: bytes) -> dict[str, Any]:
    try:
        record = loads(data)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
