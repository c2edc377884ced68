"""The invariants I1 to I8 of the design, as far as a start or a directory shows them. Each says its name.

What a directory holds is judged at every end of a start, however it came; what was sent, over the whole start.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import orjson

from asyncgen.client.classify import Action, Failure
from asyncgen.client.retry import BAD_ANSWERS
from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError, DirectoryError, TryLaterError
from asyncgen.events import PairDone, PairFailed, Paused, RepairStarted
from asyncgen.storage.segment_format import decode_line
from tests.storage.explore import STAYING
from tests.storage.marks import CHECKPOINT, FAILED, STATISTICS, Violation, check_marks
from tests.storage.model_names import Operation
from tests.storage.model_store import Store
from tests.storage.world import KEY, OF_THE_ANSWER, OF_THE_NOTE, OUTPUTS, Call, World

from .network import Attempt, Process

WINDOW = 4
"""Rows between the input and the outputs, in histories."""
INTENT = "out/.asyncgen/intent.json"
_NOTE_ID = re.compile(rb'"original_note_id":"n(\d+)"')
_WITH_TEXT = ("sft_", "spool-sft_", "journal-", "batch-")
_TEXT = tuple(word.encode() for word in (OF_THE_NOTE, OF_THE_ANSWER))
_EXHAUSTED = {"server_error", "timeout", "invalid_body"}
"""Kinds of failure that a call has when all its attempts are used up."""


def broken(invariant: str, what: str) -> Violation:
    """That an invariant does not hold."""
    return Violation(f"{invariant}: {what}")


@contextmanager
def named(invariant: str) -> Iterator[None]:
    """Give the violations inside the name of an invariant."""
    try:
        yield
    except Violation as violation:
        raise broken(invariant, str(violation)) from violation


# What a directory holds


def check_same_bytes(world: World, store: Store, pairs: int) -> None:
    """I1: at the end there is what an uninterrupted run writes, and nothing is left over."""
    files = store.files()
    for name, data in world.golden(range(pairs)).items():
        if files.get(f"out/{name}", b"") != data:
            raise broken("I1", f"{name} is not what an uninterrupted run writes")
    if files.get(FAILED) or CHECKPOINT in files or STATISTICS not in files:
        raise broken("I1", "the directory does not say that it is finished")
    inside = {name for name in files if name.startswith("out/")}
    left = {name for name in inside - STAYING if not name.endswith(".broken")}
    if left:
        raise broken("I1", f"left over: {sorted(left)}")


def check_in_step(world: World, store: Store, first: int = 0) -> None:
    """I3: the outputs hold what checkpoint or statistics say of the rows from the first one on."""
    files = store.files()
    data = files.get(CHECKPOINT) or files.get(STATISTICS)
    if data is not None and INTENT not in files:
        with named("I3"):
            check_marks(world, files, data, first)


def check_in_order(world: World, store: Store, left_by_power: Mapping[str, bytes]) -> None:
    """I4: the outputs are in the order of the input, live; half a line may stand at their ends.

    A file is not judged as long as it is what a loss of power has left: no start has come to its cut yet.
    """
    files = store.files()
    for name in OUTPUTS:
        content = files.get(path := f"out/{name}", b"")
        if content == left_by_power.get(path):
            continue
        content = content[: content.rfind(b"\n") + 1]
        order = [int(found) for found in _NOTE_ID.findall(content)]
        indexes = list(dict.fromkeys(order))
        if indexes != sorted(indexes) or not world.golden(indexes)[name].startswith(content):
            raise broken("I4", f"{name} holds the pairs {order}")


# What was sent


def check_paid_once(kept: Iterable[Call], asked: Iterable[Call]) -> None:
    """I2: what is paid and not lost is not asked again."""
    twice = set(kept) & set(asked)
    if twice:
        raise broken("I2", f"paid answers were asked again: {sorted(twice)}")


def check_unusable(store: Store) -> None:
    """I2: answers that nobody can use are no more than one start asks for, however many starts there were."""
    for call, number in _unusable(store).items():
        if number > BAD_ANSWERS:
            raise broken("I2", f"{number} unusable answers to {call} were asked for")


def _unusable(store: Store) -> Counter[tuple[str, int, str, str, int]]:
    """How many such answers are in journals, by directory, row, step, hash of the request, and repair."""
    answers: dict[str, Counter[tuple[str, int, str, str, int]]] = defaultdict(Counter)
    for path, data in sorted(store.files().items()):
        place, _, name = path.rpartition("/")
        if not name.startswith("journal-") or not name.endswith(".jsonl"):
            continue
        for line in data.splitlines():
            if b'"replaces_earlier":true' in line:
                answers[place].clear()
            record = decode_line(line + b"\n") if b'"unusable"' in line else None
            if record is not None:
                call = record["index"], record["step"], record["unusable"], record.get("repair", 0)
                answers[place][place, *call] += 1
    return sum(answers.values(), Counter())


def check_window(process: Process) -> None:
    """I4: no row is asked that is farther from the oldest unwritten one than the window is large."""
    open_rows: set[int] = set()
    for what in process.log:
        if isinstance(what, RepairStarted):
            return  # from here on, rows are asked of which others lie between
        if isinstance(what, Attempt):
            open_rows.add(what.call[0])
            if max(open_rows) - min(open_rows) >= WINDOW:
                raise broken("I4", f"rows {sorted(open_rows)} are under way at once")
        elif isinstance(what, PairDone | PairFailed):
            open_rows.discard(what.index)


def check_gate(process: Process, config: RunConfig) -> None:
    """I5: attempts pass the gate, so few enough are in flight, and each has a deadline."""
    in_flight: set[int] = set()
    for what in process.log:
        if isinstance(what, Attempt):
            in_flight ^= {id(what)}
            if len(in_flight) > config.ceiling:
                raise broken("I5", f"{len(in_flight)} calls were in flight at once")
            if what.seconds > config.timeout:
                raise broken("I5", f"an attempt had {what.seconds} seconds")


def check_suspension(failed_pairs: int, begun: Store) -> None:
    """I5: a machine that was suspended has cut calls off, and that is no fault of theirs.

    Rows may fail if it was known when the start had `begun` that nobody can use their answers.
    """
    if failed_pairs and not _unusable(begun):
        raise broken("I5", f"{failed_pairs} rows failed, and the machine was suspended")


def check_retries(process: Process, config: RunConfig, begun: Store) -> None:
    """I5: attempts are bounded, and all of them are made; refusals and outages count for nothing.

    Unusable answers that are known when it has `begun` count with them.
    """
    earlier: Counter[Call] = Counter()
    for (_, index, step, *_), number in _unusable(begun).items():
        earlier[index, step] += number
    pauses = {what.kind for what in process.log if isinstance(what, Paused)}
    if not pauses <= {"rate_limit", "overloaded"}:
        return
    failed: Counter[Call] = Counter()
    unreached: Counter[Call] = Counter()
    in_flight: set[int] = set()
    for what in process.log:
        if isinstance(what, Attempt):
            in_flight ^= {id(what)}
            if id(what) not in in_flight and isinstance(what.verdict, Failure) and _counts(what.verdict):
                (unreached if what.verdict.unreached else failed)[what.call] += 1
                if failed[what.call] > config.max_attempts:
                    raise broken("I5", f"{what.call} failed {failed[what.call]} times")
        elif isinstance(what, PairDone | PairFailed):
            if isinstance(what, PairFailed):
                call = what.index, what.step
                _check_given_up(what, earlier[call] + failed[call] + unreached[call], config)
            for call in [call for call in {*failed, *unreached} if call[0] == what.index]:
                failed[call] = unreached[call] = 0


def _counts(failure: Failure) -> bool:
    """Whether it counts against the pair; what teaches which fields a server takes does not."""
    return failure.action is not Action.WAIT and failure.code != "unsupported_parameter"


def _check_given_up(failed: PairFailed, sent: int, config: RunConfig) -> None:
    if failed.attempts > sent:
        raise broken("I5", f"{failed} was given up after {sent} attempts")
    if failed.kind in _EXHAUSTED and failed.attempts < config.max_attempts:
        raise broken("I5", f"{failed} was given up too early")


def check_secrets(begun: Store, record: Sequence[Operation], processes: Iterable[Process]) -> None:
    """I6: no key is in any file or message, and text only in outputs, journal and batches."""
    paths = {inode: path for path, inode in begun.names.items()}
    for operation in record:
        match operation:
            case ("create", path, inode) | ("rename", _, path, inode):
                paths[inode] = path
            case ("write", inode, data, *_):
                name = paths.get(inode, "").rpartition("/")[2]
                if KEY.encode() in data:
                    raise broken("I6", f"the key is in {name}")
                if not name.startswith(_WITH_TEXT) and any(word in data for word in _TEXT):
                    raise broken("I6", f"text is in {name}")
    for process in processes:
        told = [str(process.error), *(str(one) for one in process.log if not isinstance(one, Attempt))]
        for text in told:
            if any(word in text for word in (KEY, OF_THE_NOTE, OF_THE_ANSWER)):
                raise broken("I6", f"told: {text}")


def check_addresses(process: Process, config: RunConfig) -> None:
    """I7: requests go to the address that was given, and nowhere else."""
    addresses = {endpoint.base_url for endpoint in config.endpoints}
    names = {endpoint.name for endpoint in config.endpoints}
    sent_to = {what.endpoint for what in process.log if isinstance(what, Attempt)}
    if not (process.addresses <= addresses and sent_to <= names):
        raise broken("I7", f"sent to {process.addresses | sent_to}")


def check_budget(most: int, budget: int | None, before: int) -> None:
    """I8: what is paid and what may be under way fits into the budget, or was more before this start."""
    if budget is not None and most > max(budget, before):
        raise broken("I8", f"{most} tokens may be spent of {budget}")


def check_spend(store: Store, said: int, true: int | None) -> None:
    """I8: statistics count nothing twice, and what is not said with the most that it may be.

    Args:
        store: what is on the disk.
        said: the tokens that the server has told.
        true: those that it bills, at most; None: not known.
    """
    statistics = store.files().get(STATISTICS)
    if statistics is None:
        raise broken("I1", "there are no statistics")
    known, most = _spent(statistics)
    if known > said:
        raise broken("I8", f"{known} tokens are counted of {said} that were said")
    if true is not None and most < true:
        raise broken("I8", f"{most} tokens are counted at most of {true} that may be billed")


def spent_at_most(store: Store) -> int:
    """The tokens that checkpoint or statistics know of, at most."""
    files = store.files()
    data = files.get(CHECKPOINT) or files.get(STATISTICS)
    return 0 if data is None else _spent(data)[1]


def _spent(data: bytes) -> tuple[int, int]:
    """What is known, and the most that it may be."""
    spend: Mapping[str, int] = orjson.loads(data)["spend"]
    known = spend["prompt_tokens"] + spend["completion_tokens"]
    return known, known + spend["lost_prompt_tokens"] + spend["lost_completion_tokens"]


# How processes end


def check_ends(processes: Sequence[Process]) -> None:
    """A start ends by itself or with a reason that a user can act on, which is never the directory."""
    for process in processes:
        error = process.error
        if isinstance(error, DirectoryError) or not (error is None or isinstance(error, AsyncgenError)):
            raise Violation(f"a start ended with {error!r}") from error


def check_alone(processes: Sequence[Process]) -> None:
    """Of two processes in one directory one is refused (75), unless the other has ended."""
    if len(processes) < 2:
        return
    first, second = sorted(processes, key=lambda process: process.began)
    together = second.began < first.ended
    spans = [_at_work(process) for process in processes]
    if together and all(spans) and not (spans[0][-1] < spans[1][0] or spans[1][-1] < spans[0][0]):
        raise broken("I2", "two processes have worked in one directory at once")
    refused = [process for process in processes if isinstance(process.error, TryLaterError)]
    if together and len(refused) == 2 and not any(spans):
        raise broken("I2", "both processes were refused")


def _at_work(process: Process) -> list[float]:
    """When it has sent something."""
    return [what.began for what in process.log if isinstance(what, Attempt)]
