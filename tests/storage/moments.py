"""What is known of the network at each operation of a record: which answers are paid, and which are safe here."""

from dataclasses import dataclass, replace

import orjson

from .batch_server import NOTHING, Remote
from .marks import CHECKPOINT, STATISTICS
from .model_names import Operation
from .model_store import Store
from .world import TOKENS, Call, answers_in

_NOTES = {"asked", "refused", "answered", "uploaded", "created", "elsewhere"}
"""Entries of a record that are no operation of the disk."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What is known about the network when a machine stops.

    Args:
        in_flight: calls asked and not settled in the journal.
        written: calls whose answer was written to the journal, or should have been: the first operation on the
            disk behind an answer is to write it.
        durable: calls whose answer was in a segment of the journal when that was synced.
        flaky: calls that will once be refused.
        billed: tokens of all answers so far.
        remote: what is at the server, whatever is lost here.
    """

    in_flight: frozenset[Call] = frozenset()
    written: frozenset[Call] = frozenset()
    durable: frozenset[Call] = frozenset()
    flaky: frozenset[Call] = frozenset()
    billed: int = 0
    remote: Remote = NOTHING


class Knowledge:
    """Follows records of the disk, with the notes of the network among them."""

    def __init__(self) -> None:
        # The answers behind each checkpoint and statistics, by their content.
        self._covered: dict[bytes, frozenset[Call]] = {}

    def forget(self) -> None:
        """Nothing is covered any more: the run is started over."""
        self._covered.clear()

    def committed(self, store: Store) -> frozenset[Call]:
        """The answers that a checkpoint or statistics on the disk speak for."""
        files = store.files()
        data = files.get(CHECKPOINT) or files.get(STATISTICS)
        return frozenset() if data is None else self._covered.get(data, frozenset())

    def after(  # noqa: C901, PLR0912 - one table of operations
        self, start: Store, moment: Moment, record: list[Operation], *, suspended: bool = False
    ) -> list[Moment]:
        """What is known before each operation, and after the last.

        On a machine that was `suspended`, all that has become due meanwhile may come ahead of the write of an
        answer: what the journal has counts there, and not what it should have.

        An answer is durable when its segment has been synced and something else begins than more syncs: the
        name of a new segment may need one too.
        """
        moments = [moment]
        paths: dict[int, str] = {inode: path for path, inode in start.names.items()}
        held: dict[int, frozenset[Call]] = {}
        synced: dict[int, frozenset[Call]] = {}
        found: frozenset[Call] = frozenset()
        answered: frozenset[Call] = frozenset()
        for operation in record:
            if not operation[0].startswith("sync") and not found <= moment.durable:
                moment = replace(moment, durable=moment.durable | found)
            late = suspended or operation[0] in _NOTES
            settled = moment.written if late else moment.written | answered
            match operation:
                case ("asked", call):
                    moment = replace(moment, in_flight=moment.in_flight | {call})
                case ("refused", call):
                    moment = replace(
                        moment,
                        in_flight=moment.in_flight - {call},
                        flaky=moment.flaky - {call},
                        billed=moment.billed + TOKENS,
                    )
                case ("answered", call):
                    answered |= {call}
                    moment = replace(moment, billed=moment.billed + TOKENS)
                case ("uploaded", *_):
                    moment = replace(moment, remote=moment.remote.after(operation))
                case ("created", batch):
                    # Paid from now on, whatever is lost here: they must not be asked again.
                    calls = frozenset(batch.calls)
                    answered |= calls
                    moment = replace(
                        moment,
                        remote=moment.remote.after(operation),
                        written=moment.written | calls,
                        durable=moment.durable | calls,
                        billed=moment.billed + TOKENS * len(calls),
                    )
                    settled |= calls
                case ("create", path, inode) | ("rename", _, path, inode):
                    paths[inode] = path
                case ("write", inode, data, *_):
                    held[inode] = held.get(inode, frozenset()) | answers_in(data)
                    if suspended and _is_journal(paths[inode]):
                        settled |= answers_in(data) & answered
                    if b'"last_completed_idx"' in data and data.endswith(b"}\n"):
                        self._cover(data, settled)
                case ("sync", inode):
                    synced[inode] = held.get(inode, frozenset())
                    if _is_journal(paths[inode]):
                        found |= synced[inode]
                case ("sync_failed" | "sync_directory_failed", _):
                    found = moment.durable
                case ("sync_directory", directory):
                    for inode, answers in synced.items():
                        if _is_journal(paths[inode]) and paths[inode].startswith(f"{directory}/"):
                            found |= answers
            if settled != moment.written:
                moment = replace(moment, written=settled, in_flight=moment.in_flight - settled)
            moments.append(moment)
        return moments

    def _cover(self, data: bytes, written: frozenset[Call]) -> None:
        """A checkpoint or statistics are written: where they are, what they speak for is not asked again."""
        watermark = orjson.loads(data)["last_completed_idx"]
        answers = frozenset(call for call in written if call[0] <= watermark)
        self._covered[data] = answers & self._covered.get(data, answers)


def _is_journal(path: str) -> bool:
    """Whether a file is a segment in its place, where an answer counts as kept."""
    return "/journal-" in path and path.endswith(".jsonl")
