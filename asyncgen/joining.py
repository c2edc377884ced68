"""Joins the finished shards of a run, in order, to the directory of one run."""

from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from asyncgen.budget import Spend
from asyncgen.checkpoint import STATISTICS, FileMeter, RunState, encode_statistics, load_statistics
from asyncgen.disk import Disk, replace_atomically
from asyncgen.errors import BadDataError
from asyncgen.resume import STATE_DIRECTORY
from asyncgen.telemetry import CALLS


def join(disk: Disk, shards: Sequence[Path], target: Path) -> RunState:
    """Write the run that all shards together are; its statistics last.

    Raises:
        BadDataError: a shard is not finished, or has other bytes than its statistics say.
    """
    states = []
    for shard in shards:
        state = load_statistics(disk, shard)
        if state is None:
            raise BadDataError(f"{shard} is not finished: run the same command again")
        states.append(state)
    inside = Path(STATE_DIRECTORY)
    disk.make_directory(target / inside)
    meters = {name: FileMeter() for name in states[0].files}
    for name, meter in meters.items():
        _append(
            disk,
            [(shard / name, state.files[name].crc32) for shard, state in zip(shards, states, strict=True)],
            target / name,
            meter,
        )
    _append(disk, [(shard / inside / CALLS, None) for shard in shards], target / inside / CALLS, FileMeter())
    spend = Spend(**{one.name: sum(getattr(state.spend, one.name) for state in states) for one in fields(Spend)})
    joined = replace(
        states[-1],
        shard=None,
        files={name: meter.mark() for name, meter in meters.items()},
        stats={name: sum(state.stats[name] for state in states) for name in states[0].stats},
        failed_pairs=sum(state.failed_pairs for state in states),
        spend=spend,
    )
    replace_atomically(disk, target / STATISTICS, encode_statistics(joined))
    return joined


def _append(disk: Disk, sources: Sequence[tuple[Path, int | None]], target: Path, meter: FileMeter) -> None:
    disk.unlink(target)
    fd = disk.open_append(target)
    try:
        for source, crc32 in sources:
            begun = FileMeter()
            for chunk in disk.chunks(source) if disk.size(source) else ():
                disk.write(fd, chunk, target)
                begun.advance(chunk)
                meter.advance(chunk)
            if crc32 is not None and begun.crc32 != crc32:
                raise BadDataError(f"{source} was changed since its shard was finished")
        disk.fsync(fd, target)
    finally:
        disk.close_descriptor(fd)
    if not meter.size:
        disk.unlink(target)
