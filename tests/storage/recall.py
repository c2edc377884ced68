"""What a command does on a disk that looks to it as another one did.

A run is determined by its arguments and by what it sees of the disk: clock, network and chance are models. So
where every question that it asks of a disk has the answer that it had on another one, it does what it did there,
and its operations are only played. What it never looks at may differ, such as the torn end of a file that it cuts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .batch_server import Remote
from .model_disk import ModelDisk
from .model_names import DIRECTORY, Operation
from .model_store import Question, Store
from .world import Call

_INODE_FIRST = {"write", "truncate", "sync", "sync_failed", "length"}
_INODE_LAST = {"create", "rename", "unlink"}
_OF_PATHS = {"mkdir", "rmdir", "sync_directory", "sync_directory_failed"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command comes to."""

    error: BaseException | None
    failed_pairs: int
    asked: tuple[Call, ...]
    remote: Remote
    store: Store


@dataclass(slots=True)
class _Stretch:
    """What a command does, and then asks, with what follows by the answer; or how it ends.

    An inode that was there before is called by its path of then, a new one by its number among these.
    """

    operations: list[Operation]
    question: Question
    following: "dict[Any, _Stretch]" = field(default_factory=dict)
    outcome: Outcome | None = None


class Courses:
    """All courses that one command has taken so far.

    Args:
        logs: paths of files whose contents decide nothing: what is written to them is left out.
    """

    def __init__(self, logs: frozenset[str]) -> None:
        self._logs = logs
        self._first: dict[Any, _Stretch] = {}

    def recall(self, before: Store) -> Outcome | None:
        """What the command comes to on a disk, which stays as it is; None: it has to be run."""
        stretch = self._first.get(None)
        if stretch is None:
            return None
        store, unused = before.copy(), max(before.inodes, default=DIRECTORY) + 1
        numbers: dict[int | str, int] = {**before.names, DIRECTORY: DIRECTORY}
        while stretch is not None:
            try:
                for operation in stretch.operations:
                    if operation[0] == "create":
                        numbers[operation[2]] = unused
                        unused += 1
                    store.play(_with_inode(operation, numbers))
                question = _with_inode(stretch.question, numbers)
            except KeyError:  # a file is missing that it did not look for
                return None
            known = stretch.outcome
            if known is not None:
                return Outcome(known.error, known.failed_pairs, known.asked, known.remote, store)
            stretch = stretch.following.get(store.look(question))
        return None

    def keep(self, before: Store, disk: ModelDisk, outcome: Outcome) -> None:
        """Keep the course of a run that has begun on a disk, and its outcome.

        Raises:
            AssertionError: another run has seen the same and has gone another way.
        """
        place, answer = self._first, None
        stretch: _Stretch | None = None
        for operations, question, following in self._course(before, disk):
            stretch = place.setdefault(answer, _Stretch(operations, question))
            assert (stretch.operations, stretch.question) == (operations, question), (
                "not determined by what it sees"
            )
            place, answer = stretch.following, following
        assert stretch is not None
        stretch.outcome = outcome

    def _course(self, before: Store, disk: ModelDisk) -> Iterator[tuple[list[Operation], Question, Any]]:
        """What a run has done before each question, the question, and the answer; at its end no question."""
        names: dict[int, int | str] = {number: path for path, number in before.names.items()}
        names[DIRECTORY] = DIRECTORY
        logs = {number for number, path in names.items() if path in self._logs}
        operations: list[Operation] = []
        done = created = 0
        for behind, question, answer in (*disk.sights, (len(disk.record), (), None)):
            for operation in disk.record[done:behind]:
                verb = operation[0]
                if verb == "create":
                    created += 1
                    names[operation[2]] = -created
                    if operation[1] in self._logs:
                        logs.add(operation[2])
                if verb in _VERBS and not (verb == "write" and operation[1] in logs):
                    operations.append(_with_inode(operation, names))
            done = behind
            if question and question[0] in {"size", "data"} and question[1] in self._logs:
                continue
            yield operations, _with_inode(question, names), answer
            operations = []


_VERBS = _INODE_FIRST | _INODE_LAST | _OF_PATHS


def _with_inode(said: Operation, called: Mapping[Any, Any]) -> Operation:
    """An operation or a question about an inode, with this called otherwise."""
    if not said:
        return said
    if said[0] in _INODE_LAST:
        return (*said[:-1], called[said[-1]])
    return (said[0], called[said[1]], *said[2:]) if said[0] in _INODE_FIRST else said
