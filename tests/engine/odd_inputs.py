"""Inputs of which something is said, or that are refused."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from asyncgen.errors import Exit


@dataclass(frozen=True)
class OddInput:
    """What is done to the lines of a good file, with which setting it is read, and the exit code of a run."""

    change: Callable[[list[str]], list[str]]
    skip_bad: bool
    code: Exit

    def spoil(self, source: Path) -> None:
        """Do it to a file."""
        source.write_text("".join(f"{line}\n" for line in self.change(source.read_text().splitlines())))


ODD_INPUTS = {
    "repeated ids": OddInput(lambda lines: [*lines, *lines[:3]], skip_bad=False, code=Exit.DONE),
    "bad lines": OddInput(lambda lines: ["{", *lines, "[]"], skip_bad=False, code=Exit.BAD_DATA),
    "bad lines, skipped": OddInput(lambda lines: ["{", *lines, "[]"], skip_bad=True, code=Exit.DONE),
    "no row": OddInput(lambda _: ["[]"] * 5, skip_bad=True, code=Exit.BAD_DATA),
    "no line": OddInput(lambda _: [], skip_bad=False, code=Exit.BAD_DATA),
    "three rows": OddInput(lambda lines: lines[:3], skip_bad=False, code=Exit.DONE),
}
