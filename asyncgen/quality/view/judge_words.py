"""The judge's verdicts on rows, stored in the directory, with the quotes of both orders."""

from collections.abc import Mapping
from typing import Any

from asyncgen.quality.judge.judge_rounds import judge_directory
from asyncgen.quality.judge.verdict_file import VerdictFile
from asyncgen.recipes.meaning_judge import BACKWARD, FORWARD, JUDGED
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import object_in

# The second order is shown the revision first.
_ORDERS = ((FORWARD, "before", "after"), (BACKWARD, "after", "before"))


class JudgeWords:
    """The verdicts on the rows of a run, if they are about its files as they are now.

    Args:
        directory: of the run.
        state: of the run.
    """

    def __init__(self, directory: RunDirectory, state: RunState) -> None:
        file = VerdictFile(directory)
        fresh = file.figures(state) is not None
        self._rows = {row.index: row for row in file.rows()} if fresh else {}
        self._answers: dict[str, Mapping[str, Any]] = {}
        rounds = judge_directory(directory)
        for name in directory.disk.list_directory(rounds.path) if fresh else ():
            for line in lines_of(directory.disk, rounds.output(name) / JUDGED):
                answer = object_in(line)
                self._answers[str(answer.get("id"))] = answer

    def of_row(self, index: int) -> dict[str, Any] | None:
        """Meaning, kind, severity, trust, and the quotes of both orders; None: not judged."""
        row = self._rows.get(index)
        if row is None or row.meaning is None:
            return None
        answer = self._answers.get(str(row.case), {})
        return {
            "meaning": row.meaning,
            "kind": row.kind,
            "severity": row.severity,
            "trust": row.trust,
            "quotes": [
                [said.get("same_meaning") is True, str(said.get(was, "")), str(said.get(became, ""))]
                for order, was, became in _ORDERS
                if isinstance(said := answer.get(order), Mapping)
            ],
        }

    def trust(self, index: int) -> str:
        """The trust in a row by rules and judge together; empty if there was no judge."""
        row = self._rows.get(index)
        return "" if row is None else row.trust
