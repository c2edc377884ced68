"""The lines of one output file, matched to the expected ones: missing and surplus lines are problems.

A line that is not the next one is searched for a few lines ahead: those before it are surplus (a duplicate, out of
order, not JSON); if it is not there, it is missing. So one defect is one problem, and what follows it is still
checked.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from asyncgen.storage.checkpoint import FileMeter
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import object_in

AHEAD = 16  # lines: a longer gap is reported line by line
PROBLEMS_KEPT = 1000  # more than anybody reads; the others are only counted


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in which file, at which row (None: not at a row)."""

    kind: str
    file: str
    index: int | None
    detail: str


@dataclass(slots=True)
class Problems:
    """All problems by number, the first `PROBLEMS_KEPT` in full; `row` is the word for one row."""

    row: str = "row"
    counts: Counter[str] = field(default_factory=Counter)
    kept: list[Problem] = field(default_factory=list)

    def add(self, kind: str, file: str, index: int | None, detail: str) -> None:
        """Record a problem."""
        self.counts[kind] += 1
        if len(self.kept) < PROBLEMS_KEPT:
            self.kept.append(Problem(kind, file, index, detail))


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line of an output file; `record` is empty if it is not a JSON object."""

    data: bytes
    record: dict[str, Any]


Wanted = Callable[[OutputLine], bool]
"""Whether a line is the expected one."""


class OutputLines:
    """The lines of one output file, with its meter; `size` is how much of it counts (None: all of it)."""

    def __init__(self, directory: RunDirectory, name: str, size: int | None, problems: Problems) -> None:
        self._name = name
        self._size = size
        self._problems = problems
        self.meter = FileMeter()
        self._lines = self._read(lines_of(directory.disk, directory.output(name)))
        self._ahead: deque[OutputLine] = deque()
        self._recent: deque[bytes] = deque(maxlen=AHEAD)
        self._passed: deque[OutputLine] = deque(maxlen=AHEAD)

    def take(self, wanted: Wanted, label: str, index: int, has_failed: Wanted) -> OutputLine | None:
        """The expected line, if it is among the next ones; else None, and a problem.

        Args:
            wanted: recognises it.
            label: its name in messages; may be empty.
            index: of its row.
            has_failed: whether a line is of a row that failed.
        """
        for place in range(AHEAD):
            line = self._at(place)
            if line is None:
                break
            if wanted(line):
                for _ in range(place):
                    self._too_much(self._ahead.popleft(), index, has_failed, line.data)
                self._recent.append(self._ahead.popleft().data)
                return line
        passed = next((line for line in self._passed if wanted(line)), None)
        if passed is not None:
            self._passed.remove(passed)
        else:
            detail = " ".join(filter(None, ("no", label, "line for this", self._problems.row)))
            self._problems.add("missing", self._name, index, detail)
        return None

    def take_next(self, index: int) -> OutputLine | None:
        """The next line, whatever it is: if only the number of a row's lines is known."""
        line = next(self.all(), None)
        if line is None:
            self._problems.add("missing", self._name, index, f"no line for this {self._problems.row}")
            return None
        if not line.record:
            self._problems.add("not_json", self._name, index, "the line is not a JSON object")
            return None
        self._recent.append(line.data)
        return line

    def all(self) -> Iterator[OutputLine]:
        """Every remaining line."""
        while self._at(0) is not None:
            yield self._ahead.popleft()

    @property
    def ended(self) -> bool:
        """Whether no line is left."""
        return self._at(0) is None

    def finish(self, index: int, has_failed: Wanted) -> None:
        """Report the remaining lines."""
        for line in self.all():
            self._too_much(line, index, has_failed, b"")

    def _at(self, place: int) -> OutputLine | None:
        while len(self._ahead) <= place:
            line = next(self._lines, None)
            if line is None:
                return None
            self._ahead.append(line)
        return self._ahead[place]

    def _too_much(self, line: OutputLine, index: int, has_failed: Wanted, taken: bytes) -> None:
        row = self._problems.row
        if not line.record:
            self._problems.add("not_json", self._name, index, f"a line before this {row} is not a JSON object")
        elif line.data == taken or line.data in self._recent:
            self._problems.add("duplicate", self._name, index, "a line is there twice")
        elif has_failed(line):
            self._problems.add("failed_present", self._name, index, f"{FAILED} has the {row} of a line")
        else:
            self._passed.append(line)
            self._problems.add(
                "order", self._name, index, f"a line before this {row} is out of place, or of no {row}"
            )

    def _read(self, lines: Iterator[bytes]) -> Iterator[OutputLine]:
        for data in lines:
            if self._size is not None and self.meter.size >= self._size:
                return
            self.meter.advance(data)
            if not data.endswith(b"\n"):
                self._problems.add("torn", self._name, None, "the last line has no line break")
            yield OutputLine(data, object_in(data))
