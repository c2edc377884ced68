"""Collect the cases of a directory: the rows to judge, mixed with known cases."""

from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Self

from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.case import Case
from asyncgen.quality.judge.known_cases import KnownCase, RowSample, wanted_cases
from asyncgen.quality.verification import Judged
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import loads


@dataclass(frozen=True, slots=True)
class RowEntry:
    """A row: the rules' verdict, and the key of its case if the judge needs to see it."""

    index: int
    note_id: str
    state: State
    kinds: tuple[str, ...]
    case: str | None


class CaseCollector:
    """Takes the judged rows one after the other; the cases wait in a file, as they hold the notes.

    Args:
        directory: where the file is while this is open.
    """

    def __init__(self, directory: RunDirectory) -> None:
        self._disk = directory.disk
        self._path = directory.output("collected.tmp")
        self.entries: list[RowEntry] = []
        self.keys: set[str] = set()
        self.known: list[KnownCase] = []
        self._sample = RowSample()
        directory.make()
        self._disk.unlink(self._path)
        self._file = self._disk.open_append(self._path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._disk.close_descriptor(self._file)
        self._disk.unlink(self._path)

    def add(self, judged: Judged) -> None:
        """Add a row; a near duplicate found at the end comes once more and is flagged."""
        if judged.texts is None:
            self._flag(judged)
            return
        texts, key = judged.texts, None
        if judged.state is not State.PROVEN:
            case = Case(texts.original, texts.revised)
            key = case.key
            if key not in self.keys:
                self.keys.add(key)
                self._disk.write(self._file, case.line(), self._path)
        self.entries.append(RowEntry(judged.index, judged.note_id, judged.state, judged.kinds, key))
        proven = texts.revised if judged.state is State.PROVEN else ""
        self._sample.add(judged.index, texts.original, texts.wrong, proven)

    def mix(self, share: float, least: int) -> None:
        """Choose the known cases, after everything was added.

        Args:
            share: the wanted share of known cases among all.
            least: at least so many.
        """
        self.known = self._sample.cases(wanted_cases(len(self.keys), share, least))

    def wanted(self) -> set[str]:
        """The keys of all cases."""
        return self.keys | {known.case.key for known in self.known}

    def lines(self, but: Collection[str]) -> Iterator[bytes]:
        """The lines of all cases but some; the known ones are spread evenly among the others."""
        known = [one.case for one in self.known if one.case.key not in {*but, *self.keys}]
        every = max(1, len(self.keys) // (len(known) + 1))
        for number, line in enumerate(lines_of(self._disk, self._path)):
            if number % every == 0 and known:
                yield known.pop().line()
            if loads(line)["id"] not in but:
                yield line
        for case in known:
            yield case.line()

    def _flag(self, judged: Judged) -> None:
        place = bisect_left(self.entries, judged.index, key=lambda entry: entry.index)
        old = self.entries[place]
        self.entries[place] = replace(old, state=State.FLAGGED, kinds=(*old.kinds, *judged.kinds))
