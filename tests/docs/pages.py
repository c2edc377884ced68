"""The README and the pages under docs/, and the blocks in them that can be run."""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
# These pages are tried as they stand, and what they show is compared, by tests of their own.
ELSEWHERE = {
    "getting-started.md": ROOT / "tests" / "end_to_end" / "test_way.py",
    "python.md": ROOT / "tests" / "end_to_end" / "test_api.py",
}
_BLOCK = re.compile(
    r"(?:^<!-- (?P<mark>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_EXIT = re.compile(r"exit (\d+)")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block.

    Attributes:
        language: what stands behind the fence.
        text: what is in it.
        mark: the comment of one line above it, or nothing.
    """

    language: str
    text: str
    mark: str

    @property
    def is_run(self) -> bool:
        """Whether a reader is to run it, and can."""
        return self.language in {"console", "python"} and not self.mark.startswith("not run: ")

    @property
    def exit_code(self) -> int:
        """How its commands are to end."""
        found = _EXIT.fullmatch(self.mark)
        return int(found[1]) if found else 0

    @property
    def commands(self) -> list[str]:
        """The command lines, behind `$ `, with the lines that they go on in."""
        found: list[str] = []
        goes_on = False
        for line in self.text.splitlines():
            if goes_on:
                found[-1] += f"\n{line}"
            elif line.startswith("$ "):
                found.append(line[2:])
            else:
                continue
            goes_on = line.endswith("\\")
        return found


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in their order."""
    for found in _BLOCK.finditer(page.read_text("utf-8")):
        yield Block(found["language"], found["text"], found["mark"] or "")


PLAIN = re.compile(r"[\w ./:,=+-]+")
"""A line in which no shell finds anything to do."""


def words(line: str) -> list[str]:
    """What runs a line of a console: the command itself where nothing is left to a shell, which is quicker."""
    line = line.replace("\\\n", " ").strip()  # where it goes on in the next line
    if line.startswith("asyncgen ") and PLAIN.fullmatch(line):
        return [sys.executable, "-m", *line.split()]
    return ["bash", "-ec", line]
