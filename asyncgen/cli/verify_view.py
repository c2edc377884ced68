"""What `asyncgen verify` shows: tables for a person, or one JSON object."""

import re
import sys
from collections import Counter
from heapq import nsmallest
from typing import Any

import orjson

from asyncgen.quality.checks.finding import KINDS, Finding
from asyncgen.quality.output_lines import Problem
from asyncgen.quality.structure import Structure
from asyncgen.quality.verification import Flagged

# Also what steers the direction of a line or hides in it.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_PROBLEMS_SHOWN = 20


class Report:
    """What is kept of the flagged pairs: numbers by kind, the kinds of each, and the worst `show` in full."""

    def __init__(self, show: int) -> None:
        self._show = show
        self._worst: list[Flagged] = []
        self.kinds: dict[int, tuple[str, ...]] = {}
        self.counts: Counter[str] = Counter()

    def add(self, flagged: Flagged) -> None:
        """Take in a flagged pair, or one more finding of one."""
        self.counts.update(flagged.kinds)
        self.kinds[flagged.index] = (*self.kinds.get(flagged.index, ()), *flagged.kinds)
        self._worst.append(flagged)
        if len(self._worst) > 4 * self._show + 64:
            self._worst = self.worst()

    def worst(self) -> list[Flagged]:
        """The worst pairs first; among equals, in input order."""
        return nsmallest(self._show, self._worst, key=lambda flagged: (-flagged.weight, flagged.index))

    def percent(self, judged: int) -> float:
        """Share of the pairs that are flagged."""
        return 100 * len(self.kinds) / max(1, judged)


def print_tables(structure: Structure, report: Report, judged: int, *, with_input: bool) -> None:
    """Structure, counts by kind, the worst pairs."""
    _structure(structure)
    if not with_input:
        _say("not checked    notes against the input, and quality: give --input-jsonl")
        return
    _say(f"flagged        {len(report.kinds):,} of {judged:,} pairs ({report.percent(judged):.2f} %)")
    if report.counts:
        _say(f"\n{'kind':<18} {'pairs':>6}")
        for kind, number in report.counts.most_common():
            _say(f"{kind:<18} {number:>6,}  {KINDS[kind].says}")
    if worst := report.worst():
        _say("\nthe worst, was → became:")
    for flagged in worst:
        _say(f"pair {flagged.index} ({flagged.note_id})")
        for finding in flagged.findings:
            _say(f"  {finding.kind:<16} {_words(finding)}")


def print_json(structure: Structure, report: Report, judged: int, *, with_input: bool) -> None:
    """One object; evidence for the worst pairs, the kinds of all flagged ones."""
    problems = structure.problems
    content: dict[str, Any] = {
        "pairs": structure.pairs,
        "failed_pairs": structure.failed,
        "finished": structure.finished,
        "structure": {
            "ok": not problems.counts,
            "counts": problems.counts,
            "problems": problems.kept,
        },
        "quality": {
            "judged": judged,
            "flagged": len(report.kinds),
            "percent": round(report.percent(judged), 4),
            "counts": report.counts,
            "pairs": [{"index": index, "kinds": kinds} for index, kinds in sorted(report.kinds.items())],
            "worst": report.worst(),
        }
        if with_input
        else None,
    }
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def _structure(structure: Structure) -> None:
    state = structure.state
    if state is None:
        marks = "no checkpoint or statistics of asyncgen: no checksums to hold them against"
    elif structure.finished:
        marks = "held against the checksums of the statistics"
    else:
        marks = f"unfinished run: checked up to pair {state.last_completed_idx}, as its checkpoint says"
    _say(f"pairs          {structure.pairs:,} in the files, {structure.failed:,} failed; {marks}")
    problems = structure.problems
    if not problems.counts:
        _say("structure      ✓ whole, in order, in step")
        return
    _say("structure      ❌ " + ", ".join(f"{number:,} {kind}" for kind, number in problems.counts.most_common()))
    for problem in problems.kept[:_PROBLEMS_SHOWN]:
        _say(f"  {_problem(problem)}")
    if problems.counts.total() > _PROBLEMS_SHOWN:
        _say(f"  and {problems.counts.total() - _PROBLEMS_SHOWN:,} more (--json has the first thousand)")


def _problem(problem: Problem) -> str:
    place = "" if problem.index is None else f", pair {problem.index}"
    return f"{problem.kind:<18} {problem.file}{place}: {problem.detail}"


def _words(finding: Finding) -> str:
    return f"{finding.was or '∅'} → {finding.became or '∅'}"


def _say(text: str) -> None:
    # Notes and ids come from outside, and must not steer the terminal.
    for line in text.split("\n") if text.startswith("\n") else [text]:
        sys.stdout.write(_CONTROL.sub(" ", line) + "\n")
