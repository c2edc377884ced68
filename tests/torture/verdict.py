"""What came of an attack, and the checks that every one has in common."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from . import tree
from .program import Ended

RESUME = "to resume: "


@dataclass(slots=True)
class Verdict:
    """What came of an attack; `repeat` is for `scripts/torture`, `problems` is empty when all is well.

    `code` is the exit code of the run that was attacked, `reached` whether the attack hit it at all,
    `left_behind` are files that were still there in the end though nothing needs them.
    """

    name: str
    repeat: str
    code: int | None = None
    lost: int = 0
    doubled: int = 0
    sent_again: int = 0
    tracebacks: int = 0
    reached: bool = True
    left_behind: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def check(self, holds: object, problem: str) -> None:
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)

    def check_words(self, ended: Ended) -> None:
        """Every run: no hang, no traceback, and nothing but lines for people on stderr."""
        self.check(not ended.hung, "it hung")
        if "Traceback" in ended.stdout + ended.stderr:
            self.tracebacks += 1
            self.problems.append(f"traceback: {last_line(ended)}")
            return
        lines = ended.stderr.splitlines()
        strange = [line for line in lines if line[:1] not in {"❌", "⚠"} and not line.startswith(RESUME)]
        self.check(not strange, f"strange words: {strange[:1]}")
        if ended.code == 74:
            said = [line for line in lines if line[:1] != "⚠" and "processing pair" not in line]
            self.check(len(said) == 2 and said[1].startswith(RESUME), f"words of exit 74: {said}")

    def check_code(self, ended: Ended, codes: set[int], when: str) -> None:
        """The exit code is one of these."""
        self.check(ended.code in codes, f"{when}: exit {ended.code}, not {codes}: {last_line(ended)}")

    def check_answers(self, answers: Counter[int], in_flight: int) -> None:
        """No more is answered twice than was in flight when something happened."""
        self.sent_again = sum(number - 1 for number in answers.values() if number > 1)
        self.check(
            self.sent_again <= in_flight, f"{self.sent_again} answered again, at most {in_flight} in flight"
        )

    def check_files(self, directory: Path, golden: dict[str, bytes]) -> None:
        """The golden bytes."""
        found = tree.outputs(directory)
        self.lost, self.doubled = tree.difference(found, golden)
        self.check(found == golden, f"{self.lost} lines lost, {self.doubled} too many, or another order")
        self.left_behind = tree.left_behind(directory)


def last_line(ended: Ended) -> str:
    """The end of what a run said."""
    return (ended.stderr.strip().splitlines() or ["(nothing on stderr)"])[-1]
