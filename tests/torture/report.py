"""The summary of many verdicts as a table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .verdict import Verdict

HEADINGS = (
    "",
    "tried",
    "not reached",
    "lost",
    "doubled",
    "sent again",
    "tracebacks",
    "left behind",
    "wrong",
    "exit codes",
)


@dataclass(slots=True)
class Table:
    """Verdicts by row."""

    rows: dict[str, list[Verdict]] = field(default_factory=dict)

    def add(self, row: str, verdict: Verdict) -> None:
        """Take a verdict in."""
        self.rows.setdefault(row, []).append(verdict)

    @property
    def wrong(self) -> list[Verdict]:
        """The verdicts with a problem."""
        return [verdict for verdicts in self.rows.values() for verdict in verdicts if verdict.problems]

    @property
    def left_behind(self) -> Counter[str]:
        """How often which file was left behind by a run that had reached its end."""
        return Counter(
            name for verdicts in self.rows.values() for verdict in verdicts for name in verdict.left_behind
        )

    def __str__(self) -> str:
        everything = [verdict for verdicts in self.rows.values() for verdict in verdicts]
        lines = [HEADINGS, *(_line(row, found) for row, found in self.rows.items()), _line("all", everything)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(width) if place in {0, len(widths) - 1} else cell.rjust(width)
                for place, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )


def _line(name: str, verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    found = list(verdicts)
    codes = Counter(str(verdict.code) for verdict in found if verdict.reached)
    numbers = (
        len(found),
        sum(not verdict.reached for verdict in found),
        sum(verdict.lost for verdict in found),
        sum(verdict.doubled for verdict in found),
        sum(verdict.sent_again for verdict in found),
        sum(verdict.tracebacks for verdict in found),
        sum(bool(verdict.left_behind) for verdict in found),
        sum(bool(verdict.problems) for verdict in found),
    )
    return name, *map(str, numbers), ", ".join(f"{code}: {number}" for code, number in sorted(codes.items()))
