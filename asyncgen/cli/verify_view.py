"""What `asyncgen verify` shows: tables for a person, or one JSON object."""

import re
import sys
from collections import Counter
from collections.abc import Mapping
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

import orjson

from asyncgen.cli.review_lines import review_lines
from asyncgen.humanize import counted, many_of, one_of
from asyncgen.quality.checks.finding import CHECKS, KINDS, Finding
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.verdict import Verdict
from asyncgen.quality.output_lines import Problem
from asyncgen.quality.structure import Structure
from asyncgen.quality.verification import Judged
from asyncgen.recipes.contents import Contents

if TYPE_CHECKING:
    from asyncgen.cli.judge_session import JudgeReport
    from asyncgen.quality.review_agreement import ReviewAgreement

# Also characters that control the direction of a line or are invisible.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")
_ROWS_NAMED = 5  # fit into a line
_REMOVED = {"thinking": "thinking before the answer", "special_tokens": "special tokens around the answer"}
_PROBLEMS_SHOWN = 20  # about a screenful
_SAYS = {
    State.PROVEN: "every changed word is accounted for",
    State.FLAGGED: "wrong by rule",
    State.OPEN: "neither: look at them, or have them judged",
}
_CHECKED = {
    State.PROVEN: "schemas and checks of the recipe hold",
    State.FLAGGED: "wrong by a schema or a check of the recipe",
}
_NAMES = {_CHECKED[State.PROVEN]: "passed"}


class VerifyReport:
    """What is kept of the judged rows: numbers by state and kind, and the worst `show`.

    Args:
        show: how many of the worst rows are shown.
        full: whether findings and open passages of every row are kept, for JSON.
    """

    def __init__(self, show: int, *, full: bool = False) -> None:
        self._show = show
        self._full = full
        self._worst: list[Judged] = []
        self._last = -1
        self.pairs: dict[int, list[Judged]] = {}
        self.states: Counter[State] = Counter()
        self.review: ReviewAgreement | None = None  # a person's review of the rows
        self.counts: Counter[str] = Counter()

    @property
    def judged(self) -> int:
        """How many rows there are."""
        return self.states.total()

    def add(self, judged: Judged) -> None:
        """Add a row, or another finding of one."""
        if self.review is not None:
            self.review.add(judged)
        if judged.index > self._last:  # a near duplicate that comes once more is already flagged
            self._last = judged.index
            self.states[judged.state] += 1
        if self._full and judged.state is not State.PROVEN:
            self.pairs.setdefault(judged.index, []).append(judged)
        if judged.state is not State.FLAGGED:
            return
        self.counts.update(judged.kinds)
        self._worst.append(judged)
        if len(self._worst) > 4 * self._show + 64:
            self._worst = self.worst()

    def worst(self) -> list[Judged]:
        """The worst rows first; among equals, in input order."""
        return nsmallest(self._show, self._worst, key=lambda judged: (-judged.weight, judged.index))

    def in_state(self, state: State, verdicts: Mapping[int, Verdict]) -> list[dict[str, Any]]:
        """The kept rows in a state, in input order, with the judge's verdict."""
        return [
            pair_as_json(judged, verdicts.get(index))
            for index, judged in sorted(self.pairs.items())
            if judged[0].state is state
        ]

    def percent(self, state: State) -> float:
        """Share of the rows in a state."""
        return 100 * self.states[state] / max(1, self.judged)


def pair_as_json(judged: list[Judged], verdict: Verdict | None) -> dict[str, Any]:
    """A row with its state, findings and unproven passages; a near duplicate's finding is added."""
    first = judged[0]
    return {
        "index": first.index,
        "note_id": first.note_id,
        "state": first.state,
        "kinds": [kind for one in judged for kind in one.kinds],
        "findings": [finding for one in judged for finding in one.judgement.findings],
        "unproven": [{"was": place.was, "became": place.became} for place in first.judgement.unproven],
        "judge": verdict,
    }


def is_judged(contents: Contents, *, with_input: bool) -> bool:
    """Whether rows are judged one by one: their paraphrases, or answers with a schema or a check."""
    return contents.asks or (contents.paraphrase is not None and with_input)


def not_checked(contents: Contents, *, with_input: bool) -> list[str]:
    """What could not be checked, and why."""
    found = [contents.remark] if contents.remark else []
    if not with_input and contents.paraphrase is not None:
        found.append("notes against the input, and quality: give --input-jsonl")
    elif not with_input and contents.parse is not None:
        found.append("the lines against the input: give --input-jsonl")
    if contents.unchecked:
        found.append(f"the answers of {', '.join(contents.unchecked)}: no line has them as they were given")
    for step, other in contents.uncompared:
        found.append(f"the answers of {step} against {{{other}}}: the lines do not tell what that was")
    return found


def print_tables(
    structure: Structure, report: VerifyReport, removed: Mapping[str, list[int]], *, with_input: bool
) -> None:
    """Structure, what the run removed from answers, states, counts by kind, the worst rows."""
    contents = structure.contents
    _structure(structure)
    for kind, indexes in removed.items():
        row = one_of(contents.rows)
        which = ", ".join(f"{row} {index}" for index in indexes[:_ROWS_NAMED])
        more = ", …" if len(indexes) > _ROWS_NAMED else ""
        rows = counted(len(indexes), contents.rows)
        _say(f"removed        {_REMOVED.get(kind, kind)} in {rows}, by the run: {which}{more}")
    for reason in not_checked(contents, with_input=with_input):
        _say(f"not checked    {reason}")
    if is_judged(contents, with_input=with_input):
        _quality(contents, report, _SAYS if contents.paraphrase and with_input else _CHECKED)


def _quality(contents: Contents, report: VerifyReport, said: Mapping[State, str]) -> None:
    """States, counts by kind, the worst rows."""
    rows = many_of(contents.rows)
    for state, says in said.items():
        number = f"{report.states[state]:,} of {report.judged:,} {rows} ({report.percent(state):.2f} %)"
        _say(f"{_NAMES.get(says, state):<14} {number:<32} {says}")
    if report.counts:
        _say(f"\n{'kind':<18} {rows:>6}")
        for kind, number_of in report.counts.most_common():
            _say(f"{kind:<18} {number_of:>6,}  {KINDS[kind].says}")
    if worst := report.worst():
        _say("\nthe worst, was → became:")
    for judged in worst:
        named = f" ({judged.note_id})" if judged.note_id else ""  # a near duplicate's finding is of the text alone
        _say(f"{one_of(contents.rows)} {judged.index}{named}")
        for finding in judged.judgement.findings:
            _say(f"  {finding.kind:<16} {_words(finding)}")


def print_review(report: VerifyReport, rows: str) -> None:
    """How rules and judge agree with a person's review, if there is one."""
    for line in () if report.review is None else review_lines(report.review, rows):
        _say(line)


def print_judge(found: "JudgeReport", rows: str) -> None:
    """The judge's verdicts, its accuracy, and the conclusion; or the forecast of its calls."""
    from asyncgen.cli.judge_view import judge_lines, plan_lines  # noqa: PLC0415 - it brings the engine

    for line in plan_lines(found) if found.dry else judge_lines(found, rows):
        _say(line)


def print_json(
    structure: Structure,
    report: VerifyReport,
    removed: Mapping[str, list[int]],
    *,
    with_input: bool,
    judge: "JudgeReport | None" = None,
) -> None:
    """One object; every finding, every unproven passage, and the judge's verdict, by row."""
    verdicts = {} if judge is None else judge.verdicts
    problems, contents = structure.problems, structure.contents
    content: dict[str, Any] = {
        "rows": contents.rows,
        "not_checked": not_checked(contents, with_input=with_input),
        "pairs": structure.pairs,
        "failed_pairs": structure.failed,
        "finished": structure.finished,
        "removed": removed,
        "structure": {
            "ok": not problems.counts,
            "counts": problems.counts,
            "problems": problems.kept,
        },
        "quality": {
            "judged": report.judged,
            "proven": report.states[State.PROVEN],
            "flagged": report.states[State.FLAGGED],
            "open": report.states[State.OPEN],
            "percent": round(report.percent(State.FLAGGED), 4),
            "counts": report.counts,
            "pairs": report.in_state(State.FLAGGED, verdicts),
            "open_pairs": report.in_state(State.OPEN, verdicts),
            "worst": [pair_as_json([judged], verdicts.get(judged.index)) for judged in report.worst()],
        }
        if is_judged(structure.contents, with_input=with_input)
        else None,
        "review": None if report.review is None else report.review.as_json(),
    }
    if judge is not None:
        from asyncgen.cli.judge_view import judge_as_json  # noqa: PLC0415 - as above

        content["judge"] = judge_as_json(judge)
    sys.stdout.buffer.write(orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def _structure(structure: Structure) -> None:
    state = structure.state
    if state is None:
        marks = "no checkpoint or statistics of asyncgen: no checksums to compare them with"
    elif structure.finished:
        marks = "compared with the checksums of the statistics"
    else:
        row = one_of(structure.contents.rows)
        marks = f"unfinished run: checked up to {row} {state.last_completed_idx}, as its checkpoint says"
    rows = many_of(structure.contents.rows)
    _say(f"{rows:<14} {structure.pairs:,} in the files, {structure.failed:,} failed; {marks}")
    problems = structure.problems
    if not problems.counts:
        _say("structure      ✓ whole, in order, in step")
        return
    _say("structure      ❌ " + ", ".join(f"{number:,} {kind}" for kind, number in problems.counts.most_common()))
    for problem in problems.kept[:_PROBLEMS_SHOWN]:
        _say(f"  {_problem(problem, problems.row)}")
    if problems.counts.total() > _PROBLEMS_SHOWN:
        _say(f"  and {problems.counts.total() - _PROBLEMS_SHOWN:,} more (--json has the first thousand)")


def _problem(problem: Problem, row: str) -> str:
    place = "" if problem.index is None else f", {row} {problem.index}"
    return f"{problem.kind:<18} {problem.file}{place}: {problem.detail}"


def _words(finding: Finding) -> str:
    if finding.kind in CHECKS:
        return f"of step {finding.was}"
    return f"{finding.was or '∅'} → {finding.became or '∅'}"


def _say(text: str) -> None:
    # Notes and ids come from outside, and must not control the terminal.
    for line in text.split("\n") if text.startswith("\n") else [text]:
        sys.stdout.write(_CONTROL.sub(" ", line) + "\n")
