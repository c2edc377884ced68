"""`.asyncgen/verdicts.jsonl`: how far each row of a finished run can be trusted, for the exact bytes of its files.

The first line records the files (their marks), the judge, and the figures; then comes a line for each row. It
holds no text of a note.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from asyncgen.errors import BadDataError, Phrase
from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.collect import RowEntry
from asyncgen.quality.judge.trust import Trust, trust_of
from asyncgen.quality.judge.verdict import Meaning, Verdict
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of, replace_atomically
from asyncgen.text import loads

_VERSION = 1


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """A row: the state by the rules, kinds of findings, and the judge's verdict on its case (None: not judged)."""

    index: int
    note_id: str
    state: State
    kinds: tuple[str, ...]
    meaning: Meaning | None
    kind: str
    severity: str
    case: str | None = None

    @property
    def trust(self) -> Trust:
        """How far it can be trusted."""
        return trust_of(self.state, self.kinds, self.meaning)

    @classmethod
    def of(cls, entry: RowEntry, verdict: Verdict | None) -> "RowVerdict":
        """Combine the rules' and the judge's verdicts."""
        meaning = None if verdict is None else verdict.meaning
        kind, severity = ("", "") if verdict is None else (verdict.kind, verdict.severity)
        return cls(entry.index, entry.note_id, entry.state, entry.kinds, meaning, kind, severity, entry.case)


class VerdictFile:
    """The verdicts in an output directory.

    Args:
        directory: the output directory.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._disk = directory.disk
        self._path = directory.state_directory / "verdicts.jsonl"

    def save(self, state: RunState, figures: Mapping[str, Any], rows: Iterable[RowVerdict]) -> None:
        """Replace the file.

        Args:
            state: of the directory whose files the verdicts are about.
            figures: the figures for the card; among them the judge.
            rows: all of them, in input order.
        """
        head = {"version": _VERSION, "files": _marks(state), "figures": figures}
        lines = (head, *(asdict(row) | {"trust": row.trust} for row in rows))
        data = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
        replace_atomically(self._disk, self._path, data)

    def figures(self, state: RunState) -> Mapping[str, Any] | None:
        """The figures, if they are about the files as they are now; else None."""
        head = next(lines_of(self._disk, self._path), None)
        if head is None:
            return None
        try:
            content = loads(head)
            same = content["version"] == _VERSION and content["files"] == _marks(state)
            return dict(content["figures"]) if same else None
        except (ValueError, KeyError, TypeError):
            return None

    @property
    def is_there(self) -> bool:
        """Whether there is a file, current or stale."""
        return self._disk.size(self._path) is not None

    def rows(self) -> Iterator[RowVerdict]:
        """All rows, in input order.

        Raises:
            BadDataError: one is damaged.
        """
        lines = lines_of(self._disk, self._path)
        next(lines, None)
        for line in lines:
            try:
                row = _row(loads(line))
            except (ValueError, KeyError, TypeError):
                again = (Phrase.JUDGEMENT, " writes it again, and asks only what is new")
                raise BadDataError(f"{self._path} was damaged: ", *again) from None
            yield row


def _row(row: Any) -> RowVerdict:
    return RowVerdict(
        row["index"],
        row["note_id"],
        State(row["state"]),
        tuple(row["kinds"]),
        None if row["meaning"] is None else Meaning(row["meaning"]),
        row["kind"],
        row["severity"],
        row["case"],
    )


def _marks(state: RunState) -> dict[str, Any]:
    return {name: asdict(mark) for name, mark in state.files.items()}
