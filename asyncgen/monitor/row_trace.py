"""Trace a record to the calls that it was made from, by its metadata and `calls.jsonl`.

Read-only, whatever the recipe: the files of a run hold the same number of lines for each row that did not fail.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from asyncgen.errors import UsageError
from asyncgen.humanize import one_of
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.failed import failed_records
from asyncgen.storage.layout import FAILED, RunDirectory
from asyncgen.storage.record_calls import calls_of, id_in
from asyncgen.storage.resume import state_to_read
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import dumps, object_in

LONGEST_INDEX = 20  # digits; Python refuses to convert thousands of them
LEAST_OF_A_HASH = 6  # characters that suffice to name a request


@dataclass(frozen=True, slots=True)
class TracedRecord:
    """A line of an output file."""

    file: str
    content: dict[str, Any]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The calls in its metadata; empty if it names none."""
        return calls_of(self.content)

    @property
    def note_id(self) -> str:
        """The row's id."""
        found = id_in(self.content)
        return "" if found is None else str(found)


@dataclass(frozen=True, slots=True)
class RowTrace:
    """A row's records (each once), and the lines of `calls.jsonl` about it by request, oldest first.

    `request` is the one that was asked for, if any; `failure` the row's line in `failed.jsonl`.
    """

    index: int
    note_id: str
    state: RunState
    records: tuple[TracedRecord, ...] = ()
    attempts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    request: str | None = None
    failure: dict[str, Any] | None = None

    @property
    def other_attempts(self) -> dict[str, list[dict[str, Any]]]:
        """Attempts for this row that are in no record."""
        used = {call.get("request") for record in self.records for call in record.calls}
        return {request: lines for request, lines in self.attempts.items() if request not in used}


def find(directory: RunDirectory, which: str) -> RowTrace:
    """Trace a row.

    Args:
        directory: the output directory, of an unfinished run too.
        which: the row's id, its index, the (beginning of the) hash of one of its requests, or the server's id of a
            request; the first that fits.

    Raises:
        BadDataError: there is no run, or its checkpoint is damaged.
        UsageError: nothing here has that name.
    """
    state = state_to_read(directory)
    return _Search(directory, state).find(which)


class _Search:
    def __init__(self, directory: RunDirectory, state: RunState) -> None:
        self._directory = directory
        self._state = state
        self._stop = state.last_completed_idx + 1  # behind the last row in the files
        records = failed_records(directory)
        self._failed = {index: one for one in records if (index := int(str(one["index"]))) < self._stop}
        self._without_lines = [] if state.writes_failed else sorted(self._failed)
        self._names = [name for name in state.files if name != FAILED]

    def find(self, which: str) -> RowTrace:
        index, request = self._resolve(which)
        attempts: dict[str, list[dict[str, Any]]] = {}
        for call in self._calls(b'"index":%d,' % index):
            if call.get("index") == index:
                attempts.setdefault(str(call.get("request")), []).append(call)
        failure = self._failed.get(index)
        records = () if index in self._without_lines else tuple(self._records(index))
        named = str(failure["note_id"]) if failure is not None else next((one.note_id for one in records), "")
        return RowTrace(index, named, self._state, records, attempts, request, failure)

    def _resolve(self, which: str) -> tuple[int, str | None]:
        """The row's index, and the request that was named. An id comes first: users know their own numbers."""
        is_number = which.isascii() and which.isdigit() and len(which) < LONGEST_INDEX
        is_index = is_number and self._state.first <= int(which) < self._stop
        wanted = dumps(which)[1:-1]
        by_hash = len(which) >= LEAST_OF_A_HASH and not is_index
        for name in self._names:
            lines = self._lines_a_pair(name)
            for number, line in enumerate(self._lines(name)):
                if wanted not in line:
                    continue
                record = _record(name, line)
                requests = [str(call.get("request")) for call in record.calls]
                request = next((one for one in requests if by_hash and one.startswith(which)), None)
                if record.note_id == which or request is not None:
                    return self._index(number // lines), request
        for index, failure in self._failed.items():
            if failure["note_id"] == which:
                return index, None
        if is_index:
            return int(which), None
        for call in self._calls(wanted):
            if call.get("request_id") == which or (by_hash and str(call.get("request")).startswith(which)):
                return int(call["index"]), str(call.get("request"))
        first, row = self._state.first, one_of(self._state.rows)
        indexes = f"from {first:,} to {self._stop - 1:,}" if first else f"below {self._stop:,}"
        raise UsageError(
            f"{self._directory} has no {row}, note or request {which!r}: give an index {indexes}, a "
            f"note id, {LEAST_OF_A_HASH} characters or more of a request's hash, or a request id of the server"
        )

    def _records(self, index: int) -> Iterator[TracedRecord]:
        """The lines of a row, each once: some recipes write a line into two files."""
        place = index - self._state.first - sum(failed < index for failed in self._without_lines)
        seen: set[bytes] = set()
        for name in self._names:
            lines = self._lines_a_pair(name)
            for line in islice(self._lines(name), place * lines, (place + 1) * lines):
                if line not in seen:
                    seen.add(line)
                    yield _record(name, line)

    def _index(self, place: int) -> int:
        """The index of the row at `place` among those that have lines."""
        index = self._state.first + place
        for failed in self._without_lines:
            index += failed <= index
        return index

    def _lines_a_pair(self, name: str) -> int:
        good = self._state.done - len(self._without_lines)
        return max(1, sum(1 for _ in self._lines(name)) // max(1, good))

    def _lines(self, name: str) -> Iterator[bytes]:
        return lines_of(self._directory.disk, self._directory.output(name), self._state.files[name].size)

    def _calls(self, wanted: bytes) -> Iterator[dict[str, Any]]:
        """Lines of `calls.jsonl` with these bytes; torn lines are skipped."""
        for line in lines_of(self._directory.disk, self._directory.calls):
            if wanted in line:
                call = object_in(line)
                if isinstance(call.get("index"), int):
                    yield call


def _record(name: str, line: bytes) -> TracedRecord:
    return TracedRecord(name, object_in(line))
