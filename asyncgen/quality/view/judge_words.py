"""What a judge said of rows, read from the files that it left in the directory; nothing where there is none."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import lines_of
from asyncgen.storage.layout import RunDirectory
from asyncgen.text import loads

VERDICTS, ROUNDS, ANSWERS = "verdicts.jsonl", "judge", "judged.jsonl"
_ORDERS = (("forward", "before", "after"), ("backward", "after", "before"))


class JudgeWords:
    """The verdicts on the rows of a run, as far as they are of its files as they are now.

    Args:
        directory: of the run.
        state: of the run.
    """

    def __init__(self, directory: RunDirectory, state: RunState) -> None:
        self._rows = {row["index"]: row for row in _rows(directory, state)}
        self._answers: dict[str, Mapping[str, Any]] = {}
        rounds = directory.state_directory / ROUNDS
        for name in directory.disk.list_directory(rounds) if self._rows else ():
            for answer in _objects(lines_of(directory.disk, rounds / name / ANSWERS)):
                self._answers[str(answer.get("id"))] = answer

    def of_row(self, index: int) -> dict[str, Any] | None:
        """Meaning, kind, severity, trust, and the quotes of both orders; None: not judged."""
        row = self._rows.get(index)
        if row is None or row.get("meaning") is None:
            return None
        answer = self._answers.get(str(row.get("case")), {})
        quotes = [
            [said.get("same_meaning") is True, str(said.get(was, "")), str(said.get(became, ""))]
            for order, was, became in _ORDERS
            if isinstance(said := answer.get(order), Mapping)
        ]
        words = {name: str(row.get(name) or "") for name in ("meaning", "kind", "severity", "trust")}
        return {**words, "quotes": quotes}

    def trust(self, index: int) -> str:
        """How far a row is trusted by rules and judge together; empty where there was no judge."""
        return str(self._rows.get(index, {}).get("trust") or "")


def _rows(directory: RunDirectory, state: RunState) -> Iterator[dict[str, Any]]:
    """The lines of rows, if the first line says that they are of these files."""
    lines = _objects(lines_of(directory.disk, directory.state_directory / VERDICTS))
    marks = {name: asdict(mark) for name, mark in state.files.items()}
    if next(lines, {}).get("files") == marks:
        yield from (row for row in lines if isinstance(row.get("index"), int))


def _objects(lines: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            content = loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            yield content
