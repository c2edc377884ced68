"""The judge's rounds: each an ordinary run in a directory inside that of the run whose rows are judged.

RUN/.asyncgen/judge/
  1/, 2/, …       a round: its input `cases.jsonl`, and what a run leaves in its directory

Answers are stored under the texts of their case, so a case is paid once, however often the set changes around it;
a round that was interrupted is finished first, if all of it is still wanted.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from asyncgen.cost import Spend
from asyncgen.errors import BadDataError
from asyncgen.quality.judge.verdict import Verdict
from asyncgen.recipes.meaning_judge import BACKWARD, FORWARD, JUDGED
from asyncgen.storage.checkpoint import RunState, load_checkpoint, load_statistics
from asyncgen.storage.fingerprint import differences
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads

CASES = "cases.jsonl"
T = TypeVar("T")


def judge_directory(directory: RunDirectory) -> RunDirectory:
    """The directory of the rounds of a run's judge."""
    return RunDirectory(directory.disk, directory.state_directory / "judge")


class JudgeRounds:
    """The rounds in an output directory.

    Args:
        directory: that of the run whose rows are judged.
        fingerprint: identifies the judge; answers of others do not count.
    """

    def __init__(self, directory: RunDirectory, fingerprint: Mapping[str, object]) -> None:
        self._disk = directory.disk
        self.root = judge_directory(directory)
        self._fingerprint = fingerprint

    def known(self) -> dict[str, Verdict]:
        """The verdicts of this judge, by the key of their case."""
        found: dict[str, Verdict] = {}
        for directory in self._directories():
            state = _state(directory)
            if state is None or differences(state.fingerprint, self._fingerprint):
                continue
            mark = state.files.get(JUDGED)
            found.update(self._read(directory.output(JUDGED), _verdict, None if mark is None else mark.size))
        return found

    def unfinished(self, wanted: Collection[str], asked: Collection[Path]) -> Path | None:
        """A round of this judge that has not answered all its cases, if all are wanted.

        One that has not begun may have been another judge's: it is taken if this one knows none of its cases.

        Args:
            wanted: the keys of all cases.
            asked: rounds that are not asked again: what has failed in them has failed.
        """
        known = self.known()
        for directory in self._directories():
            if directory.path in asked:
                continue
            state = _state(directory)
            if state is not None and differences(state.fingerprint, self._fingerprint):
                continue
            if state is not None and self._is_complete(directory, state):
                continue
            keys = list(self.keys_in(directory.path))
            if all(key in wanted for key in keys) and (state is not None or known.keys().isdisjoint(keys)):
                return directory.path
        return None

    def keys_in(self, round_path: Path) -> Iterator[str]:
        """The keys of the cases of a round."""
        yield from self._read(round_path / CASES, _key)

    def missing(self, wanted: Collection[str], asked: Collection[Path]) -> set[str]:
        """The keys of cases without a verdict that are not in the rounds already asked."""
        found = set(wanted) - self.known().keys()
        return found.difference(*(self.keys_in(path) for path in asked))

    def spend(self, but: Path | None = None) -> Spend:
        """The cost of all rounds but one, those of other judges included."""
        total = Spend()
        for directory in self._directories():
            state = _state(directory)
            if state is not None and directory.path != but:
                total += state.spend
        return total

    @contextmanager
    def draft(self, lines: Iterable[bytes]) -> Iterator[Path]:
        """A file with cases only for planning; removed at the end."""
        path = self.root.output("plan.tmp")
        self.root.make()
        try:
            self._write(path, lines)
            yield path
        finally:
            self._disk.unlink(path)

    def begin(self, lines: Iterable[bytes]) -> Path:
        """Create the directory of a new round with these cases, durably."""
        number = max((int(directory.path.name) for directory in self._directories()), default=0) + 1
        directory = RunDirectory(self._disk, self.root.path / str(number))
        directory.make()
        target = directory.output(CASES)
        unfinished = target.with_name(f"{CASES}.tmp")
        self._write(unfinished, lines)
        self._disk.rename(unfinished, target)
        self._disk.fsync_directory(directory.path)
        return directory.path

    def _read(self, path: Path, read: Callable[[Any], T], size: int | None = None) -> Iterator[T]:
        """What the lines of a round's file hold.

        Raises:
            BadDataError: a line is damaged.
        """
        for line in lines_of(self._disk, path, size):
            try:
                found = read(loads(line))
            except (ValueError, KeyError, TypeError):
                raise BadDataError(
                    f"{path} was damaged: remove {path.parent}, and its comparisons are judged again"
                ) from None
            yield found

    def _write(self, path: Path, lines: Iterable[bytes]) -> None:
        self._disk.unlink(path)
        descriptor = self._disk.open_append(path)
        try:
            for line in lines:
                self._disk.write(descriptor, line, path)
            self._disk.fsync(descriptor, path)
        finally:
            self._disk.close_descriptor(descriptor)

    def _directories(self) -> Iterator[RunDirectory]:
        names = [name for name in self._disk.list_directory(self.root.path) if name.isdecimal()]
        for name in sorted(names, key=int):
            directory = RunDirectory(self._disk, self.root.path / name)
            if self._disk.size(directory.output(CASES)) is not None:
                yield directory

    def _is_complete(self, directory: RunDirectory, state: RunState) -> bool:
        return self._disk.size(directory.checkpoint) is None and not state.failed_pairs


def _key(record: Any) -> str:
    key: str = record["id"]
    return key


def _verdict(record: Any) -> tuple[str, Verdict]:
    return _key(record), Verdict.of(record[FORWARD], record[BACKWARD])


def _state(directory: RunDirectory) -> RunState | None:
    return load_checkpoint(directory) or load_statistics(directory)
