"""Join the finished shards of one input, in order, into what a single run would have left.

Everything is checked before the first byte is written, except the checksums of the files, which are compared while
they are copied. The target is built beside its place and renamed: it appears whole, or not at all.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise

from asyncgen.cost import CacheUse, Spend
from asyncgen.errors import BadDataError
from asyncgen.shard import Portion
from asyncgen.storage.account import account_of
from asyncgen.storage.checkpoint import (
    FileMark,
    FileMeter,
    Regeneration,
    RunState,
    encode_statistics,
    load_checkpoint,
    load_statistics,
)
from asyncgen.storage.failed import failed_records
from asyncgen.storage.fingerprint import SIMULATED, differences
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.learned_adaptations import known_adaptations
from asyncgen.storage.manifest import load_manifest, save_manifest
from asyncgen.storage.segment_format import paid_lines, write_segment
from asyncgen.storage.segment_reader import open_batches
from asyncgen.storage.whole_files import write_durably

SUFFIX = ".joining"


def join(directories: Sequence[RunDirectory], target: RunDirectory) -> RunState:
    """Make the directory of the whole run from those of all its shards; returns its state.

    Args:
        directories: of the shards, at least one, in any order.
        target: created here; it must not exist, or be an empty directory.

    Raises:
        BadDataError: the shards are not all those of one input, one of them has not reached its end or was changed
            since, or the target is not empty.
        TryLaterError: a shard is in use.
    """
    with ExitStack() as stack:
        parts = []
        # Two names of one directory are not two shards.
        places = [replace(directory, path=directory.path.resolve()) for directory in directories]
        for directory in places:
            if places.count(directory) > 1:
                raise BadDataError(f"{directory} is given twice")
            if not directory.disk.is_directory(directory.state_directory):
                raise BadDataError(f"{directory} holds no shard of a run")
            stack.enter_context(directory.lock())
            parts.append((directory, _finished(directory)))
        shards = arrange(parts)
        _check_target(target)
        disk, path = target.disk, target.path
        beside = replace(target, path=path.with_name(path.name + SUFFIX))
        _remove_what_a_crash_left(beside, shards[0].state.files)
        stack.callback(disk.remove_tree, beside.path)
        state = _write(shards, beside)
        disk.rename(beside.path, path)
        disk.fsync_directory(path.parent)
        return state


@dataclass(frozen=True, slots=True)
class Part:
    """A finished shard: its directory, how it ended, and its part of the input."""

    directory: RunDirectory
    state: RunState
    portion: Portion

    @property
    def number(self) -> int:
        """Its number, from 1."""
        return self.portion.shard.number


def arrange(parts: Iterable[tuple[RunDirectory, RunState]]) -> list[Part]:
    """Finished shards, at least one, in the order of their numbers.

    Raises:
        BadDataError: they are not all those of one input, each once.
    """
    found: dict[int, Part] = {}
    for directory, state in parts:
        if state.portion is None:
            raise BadDataError(f"{directory} holds a whole run, no shard of one")
        one = Part(directory, state, state.portion)
        if found:
            # With one that tells of it, if there is one: what lacks it is like both kinds.
            telling = (other for other in found.values() if SIMULATED in other.state.fingerprint)
            _refuse_unlike(next(telling, next(iter(found.values()))), one)
        twin = found.setdefault(one.number, one)
        if twin is not one:
            raise BadDataError(f"{directory} and {twin.directory} hold the same shard {one.portion.shard}")
    ordered = [found[number] for number in sorted(found)]
    of = ordered[0].portion.shard.of
    missing = [f"{number}/{of}" for number in range(1, of + 1) if number not in found]
    if missing:
        raise BadDataError(f"missing: {'shards' if len(missing) > 1 else 'shard'} {', '.join(missing)}")
    for one, following in pairwise(ordered):
        if following.portion.chain != one.state.input_chain:
            raise BadDataError(
                f"{following.directory} does not start where {one.directory} ends: the input changed in between"
            )
    return ordered


def _refuse_unlike(one: Part, other: Part) -> None:
    if other.portion.shard.of != one.portion.shard.of:
        raise BadDataError(
            f"{other.directory} holds one of {other.portion.shard.of} shards, "
            f"{one.directory} one of {one.portion.shard.of}"
        )
    if other.portion.pairs != one.portion.pairs:
        raise BadDataError(
            f"{other.directory} was cut from {other.portion.pairs:,} {other.state.rows}, {one.directory} from "
            f"{one.portion.pairs:,}: not from the same input"
        )
    changed = differences(one.state.fingerprint, other.state.fingerprint)
    if changed:
        raise BadDataError(f"{other.directory} was made in another way than {one.directory}: {'; '.join(changed)}")


def _finished(directory: RunDirectory) -> RunState:
    state = load_statistics(directory)
    unfinished = load_checkpoint(directory) if state is None else None
    if state is None and unfinished is None:
        raise BadDataError(f"{directory} holds no shard of a run")
    merging = directory.disk.size(directory.intent) is not None
    begun = directory.disk.size(directory.checkpoint) is not None
    waits = state is not None and bool(open_batches(directory))  # paid, and no other directory could collect them
    if state is None or begun or merging or waits or state.regeneration.unfinished:
        raise BadDataError(f"the shard in {directory} is not finished: give its command again first")
    return state


def _check_target(target: RunDirectory) -> None:
    path = target.path
    if path.is_symlink() or (path.exists() and not path.is_dir()) or target.disk.list_directory(path):
        raise BadDataError(f"{target} is not empty: give the name of a new directory")


def _remove_what_a_crash_left(beside: RunDirectory, files: Iterable[str]) -> None:
    """Remove what an earlier merge has built; what it cannot have built belongs to somebody."""
    disk, path = beside.disk, beside.path
    built = {beside.state_directory.name, beside.statistics.name, *files}
    if (
        path.is_symlink()
        or (path.exists() and not path.is_dir())
        or not built.issuperset(disk.list_directory(path))
        or disk.size(beside.lock_file) is not None  # a merge makes none
    ):
        raise BadDataError(f"{beside} is in the way: the merge would build there; move it elsewhere")
    disk.remove_tree(path)


def _write(shards: list[Part], beside: RunDirectory) -> RunState:
    """Write the whole directory, and make it durable."""
    disk = beside.disk
    disk.make_directory(beside.state_directory)
    states = [one.state for one in shards]
    # A repair that was interrupted has not told the statistics what it has paid and learned.
    accounts = [account_of(one.directory, one.state.spend, one.state.cache) for one in shards]
    marks = {name: _join_file(shards, beside, name) for name in states[0].files}
    state = replace(
        states[-1],
        files=marks,
        stats={name: sum(each.stats[name] for each in states) for name in states[0].stats},
        failed_pairs=sum(each.failed_pairs for each in states),
        spend=sum((each.total() for each in accounts), Spend()),
        cache=sum((each.cache for each in accounts), CacheUse()),
        regeneration=Regeneration(max(each.regeneration.number for each in states)),
        repairs=max(each.repairs for each in states),
        portion=None,
        finished_with=next((each.finished_with for each in states if each.finished_with), ""),
        adaptations=tuple(dict.fromkeys(found for one in shards for found in known_adaptations(one.directory))),
    )
    if state.failed_pairs:
        write_segment(beside, state.fingerprint, _still_needed(shards), state.spend, state.cache)
    _copy_calls(shards, beside)
    scanned = load_manifest(shards[-1].directory)
    if scanned is not None:
        save_manifest(beside, scanned)
    write_durably(disk, beside.statistics, encode_statistics(state))
    disk.fsync_directory(beside.state_directory)
    disk.fsync_directory(beside.path)
    return state


def _join_file(shards: list[Part], beside: RunDirectory, name: str) -> FileMark:
    """Join one file of all shards; none is made of none, as in a run that was never cut."""
    disk, path, whole = beside.disk, beside.output(name), FileMeter()
    if not any(one.state.files[name].size or disk.size(one.directory.output(name)) is not None for one in shards):
        return whole.mark()
    fd = disk.open_append(path)
    try:
        for one in shards:
            meter, mark, source = FileMeter(), one.state.files[name], one.directory.output(name)
            there = disk.size(source) is not None
            for chunk in disk.chunks(source) if mark.size and there else ():
                disk.write(fd, chunk, path)
                meter.advance(chunk)
                whole.advance(chunk)
            if meter.mark() != mark:
                raise BadDataError(f"{source} was changed since the run wrote it")
        disk.fsync(fd, path)
    finally:
        disk.close_descriptor(fd)
    return whole.mark()


def _still_needed(shards: list[Part]) -> Iterable[bytes]:
    """What was paid for failed rows: when asked again, they must not pay for it again."""
    for one in shards:
        failed = {record["index"] for record in failed_records(one.directory)}
        for index, line in paid_lines(one.directory):
            if index in failed:
                yield line


def _copy_calls(shards: list[Part], beside: RunDirectory) -> None:
    disk, path = beside.disk, beside.calls
    fd = disk.open_append(path)
    try:
        for one in shards:
            source = one.directory.calls
            end = b""
            for chunk in disk.chunks(source) if disk.size(source) else ():
                disk.write(fd, chunk, path)
                end = chunk[-1:]
            if end not in {b"", b"\n"}:  # a crash may have left half a line
                disk.write(fd, b"\n", path)
        disk.fsync(fd, path)
    finally:
        disk.close_descriptor(fd)
