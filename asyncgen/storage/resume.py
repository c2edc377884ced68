"""How a run begins: the output directory decides, and nothing in it is ever lost.

The first that applies (under the lock):

1. An intent record: the merge that it describes is finished.
2. `checkpoint.json`: it takes precedence. Another fingerprint or input, shortened or changed files: refused.
   Longer files are cut to it. One of the original tool is taken over first, if its files agree with the input.
3. Statistics without a checkpoint: the run reached its end. If there are more rows to do, it is extended from
   there.
4. Outputs with neither: the user removed the checkpoint to start over; everything is moved aside.
5. A fresh run: before anything else is written, a checkpoint that covers nothing, so that a missing checkpoint
   never means half-done.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from asyncgen.chat import ModelWays
from asyncgen.errors import BadDataError, DirectoryError, Phrase, Setting, UsageError
from asyncgen.recipe import Recipe, nouns_of, rows_of_recipe
from asyncgen.rows import Row
from asyncgen.shard import Portion
from asyncgen.storage.checkpoint import (
    TAIL,
    FileMeter,
    RunState,
    load_checkpoint,
    load_statistics,
    save_checkpoint,
)
from asyncgen.storage.fingerprint import Fingerprint, differences, digest
from asyncgen.storage.input_cuts import Cut
from asyncgen.storage.layout import (
    CALLS,
    CHECKPOINT,
    CLAIMS,
    EVENTS,
    FAILED,
    KEPT_INPUT,
    SHARDS,
    STATISTICS,
    RunDirectory,
)
from asyncgen.storage.recipe_record import RecipeRecord
from asyncgen.storage.segment_format import PREFIX, paid_lines
from asyncgen.storage.segment_reader import open_batches
from asyncgen.storage.takeover import load_original, take_over

_PUT_BACK = "put it back as it was if you can"


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where a run starts: its state, the meters of its files, and how they were found.

    `finished` if the directory holds a run that reached its end with nothing more to read; `resumed` if a
    checkpoint or statistics were found; `moved_to` is where a former run was moved.
    """

    state: RunState
    meters: dict[str, FileMeter]
    finished: bool = False
    resumed: bool = False
    moved_to: Path | None = None


def begun(directory: RunDirectory) -> bool:
    """Whether a run has begun in this directory."""
    paths = (directory.checkpoint, directory.statistics, directory.lock_file)
    return any(directory.disk.size(path) is not None for path in paths)


def peek(directory: RunDirectory) -> RunState | None:
    """The state from which a run in this directory would resume, if any."""
    if load_original(directory) is not None:
        return None
    return load_checkpoint(directory) or load_statistics(directory)


def in_shards(directory: RunDirectory) -> bool:
    """Whether the run in this directory is divided into shards that are not merged yet."""
    unmerged = directory.disk.size(directory.statistics) is None
    return unmerged and bool(directory.disk.list_directory(directory.shards))


def state_to_read(directory: RunDirectory) -> RunState:
    """The state of the run in this directory, for those who look at it.

    Raises:
        BadDataError: there is none, or only shards of one.
    """
    state = peek(directory)
    if state is None:
        refuse_shards(directory)
        raise BadDataError(f"{directory} holds no run of asyncgen")
    return state


def refuse_shards(directory: RunDirectory) -> None:
    """Refuse to look at a run whose rows are still in its shards.

    Raises:
        BadDataError: they are.
    """
    if in_shards(directory):
        raise BadDataError(
            f"the run in {directory} is in shards that are not merged yet: give its command again first"
        )


@dataclass(frozen=True, slots=True)
class WantedRun:
    """The run that a command asks for: what decides its bytes, and its checked input.

    `recipe` names the files and the counters. `pairs` is how many rows of the input are wanted, those of other
    shards included, `portion` a shard's part of them (None: all). `prefix_chain` is the input's chain at the
    watermark of `peek`, None if the input is shorter; `prefix_end` where that row ends: not where it did if
    lines end otherwise now, or blank ones came or went. `rows` reads the input from its beginning; `cut` is
    where the portion begins, if that is known, else rows are read up to there. `source` is the input file,
    which must not be moved aside. Of a new run the directory stores `ways`, what is known of the model's
    requests, and `record`, that of the recipe.
    """

    recipe: Recipe[Any]
    fingerprint: Fingerprint
    pairs: int
    prefix_chain: str | None
    prefix_end: int
    rows: Callable[[], Iterator[Row[Any]]]
    portion: Portion | None = None
    cut: Cut | None = None
    source: Path | None = None
    ways: ModelWays | None = None
    record: RecipeRecord | None = None

    @property
    def stop(self) -> int:
        """The index behind the last wanted row."""
        return self.pairs if self.portion is None else self.portion.stop


def begin(directory: RunDirectory, wanted: WantedRun, *, restart: bool) -> Beginning:
    """Bring the directory, which is locked, into the state from which the run can start or resume.

    Args:
        directory: the output directory.
        wanted: the run that is to begin.
        restart: move everything aside and start over.

    Raises:
        UsageError: the input would be moved aside.
        DirectoryError: the directory belongs to another run or was changed.
    """
    if restart:
        return _fresh(directory, wanted)
    if in_shards(directory):
        raise DirectoryError(f"{directory} holds an unfinished run in shards: ", Phrase.USE_RAY)
    original = load_original(directory)
    if original is not None:
        state: RunState | None = take_over(directory, wanted.recipe, wanted.fingerprint, original, wanted.rows())
        before = (None, 0) if state is None else (state.input_chain, state.input_end)
        wanted = replace(wanted, prefix_chain=before[0], prefix_end=before[1])
    else:
        state = load_checkpoint(directory)
    if state is not None:
        state = _accept(directory, state, wanted)
        meters = _bring_to(directory, state, may_be_longer=True)
        # Left by a crash while a finished run was being extended; the checkpoint has replaced it.
        directory.disk.unlink(directory.statistics)
        return Beginning(state, meters, resumed=True)
    state = load_statistics(directory)
    if state is None:
        return _fresh(directory, wanted)
    state = _accept(directory, state, wanted)
    meters = _bring_to(directory, state, may_be_longer=False)
    return Beginning(state, meters, resumed=True, finished=wanted.stop <= state.last_completed_idx + 1)


def extend(directory: RunDirectory, state: RunState) -> None:
    """Reopen a finished run: write the checkpoint first, then remove the statistics."""
    save_checkpoint(directory, state)
    directory.disk.unlink(directory.statistics)
    directory.disk.fsync_directory(directory.path)


def supersede(directory: RunDirectory, recipe: Recipe[Any], source: Path | None) -> Path | None:
    """Move a former run's files, journal, logs and rows into `superseded-<time>/`; None: there are none.

    Of the files the checkpoint goes last: until then, a crash leaves a directory that shows whose they are. The
    logs follow: status and report are about one run, and a new one starts with nothing spent.

    Args:
        directory: of the run.
        recipe: names the outputs that must not be there; those of the former run may have other names.
        source: the input of the new run, which must not be moved aside; None: there is none.

    Raises:
        UsageError: the input would be moved too.
    """
    disk, path, state_directory = directory.disk, directory.path, directory.state_directory
    present = [SHARDS] if disk.list_directory(directory.shards) else []
    present += [
        name
        for name in (*_outputs(directory, recipe), FAILED, STATISTICS, CHECKPOINT)
        if disk.size(path / name) is not None
    ]
    state_names = disk.list_directory(state_directory)
    journal = [name for name in state_names if name.startswith(PREFIX)]
    telling = [name for name in state_names if name in {EVENTS, CALLS, KEPT_INPUT}]
    if not present and not journal and not telling:
        return None
    if source in {*(path / name for name in present), *(state_directory / name for name in telling)}:
        raise UsageError(
            f"the input {source} is a file of this directory, and would be moved aside: copy it first"
        )
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    taken = set(disk.list_directory(path))
    target = path / next(
        name for n in range(len(taken) + 1) if (name := f"superseded-{moment}{f'-{n}' * (n > 0)}") not in taken
    )
    disk.make_directory(target)
    for name in journal:
        disk.rename(state_directory / name, target / name)
    for name in present:
        disk.rename(path / name, target / name)
    for name in telling:
        disk.rename(state_directory / name, target / name)
    for name in state_names:
        if name.startswith(CLAIMS):
            disk.unlink(state_directory / name)
    disk.fsync_directory(target)
    disk.fsync_directory(state_directory)
    disk.fsync_directory(path)
    return target


def _outputs(directory: RunDirectory, recipe: Recipe[Any]) -> list[str]:
    """The outputs of a recipe, and those of the run that was there before, as far as they are there."""
    names, former = [output.name for output in recipe.outputs], None
    with suppress(DirectoryError):  # damaged, or another version's: only the names of this recipe are known then
        former = peek(directory)
    there = set(directory.disk.list_directory(directory.path)) - {*names, FAILED}
    return names + ([] if former is None else [name for name in former.files if name in there])


def _fresh(directory: RunDirectory, wanted: WantedRun) -> Beginning:
    recipe, portion = wanted.recipe, wanted.portion
    first = 0 if portion is None else portion.first
    end, chain = 0, ""
    if wanted.cut is not None:
        end, chain = wanted.cut.end, wanted.cut.chain
    elif first:
        before = next(islice(wanted.rows(), first - 1, None))
        end, chain = before.end, before.chain
    moved_to = supersede(directory, recipe, wanted.source)
    meters = {name: FileMeter() for name in (*(output.name for output in recipe.outputs), FAILED)}
    state = RunState(
        last_completed_idx=first - 1,
        input_end=end,
        input_chain=chain,
        files={name: meter.mark() for name, meter in meters.items()},
        stats=dict.fromkeys(("total_pairs", *recipe.counters, "total_tokens_used"), 0)
        | {"total_pairs": wanted.pairs if portion is None else portion.size},
        fingerprint=wanted.fingerprint,
        portion=None if portion is None else replace(portion, chain=chain),
        ways=wanted.ways,
        recipe=wanted.record,
    )
    save_checkpoint(directory, state)
    return Beginning(state, meters, moved_to=moved_to)


def _accept(directory: RunDirectory, state: RunState, wanted: WantedRun) -> RunState:
    """The state, if it is that of the wanted run."""
    recipe = wanted.recipe
    rows = nouns_of(rows_of_recipe(recipe)).many
    check_portion(state.portion, wanted.portion, rows)
    if state.fingerprint != wanted.fingerprint:
        answered = state.done or any(paid_lines(directory)) or open_batches(directory)
        refuse_other_run(state.fingerprint, wanted.fingerprint, answered=bool(answered))
    done = state.last_completed_idx + 1
    if done and wanted.prefix_chain is None:
        raise DirectoryError(f"the input has fewer {rows} than the {done} already processed")
    if done and wanted.prefix_chain != state.input_chain:
        raise DirectoryError(f"the input changed within the {done} {rows} already processed")
    files = {*(output.name for output in recipe.outputs), FAILED}
    if state.files.keys() != files or not {*recipe.counters, "total_tokens_used"} <= state.stats.keys():
        raise DirectoryError("the checkpoint does not fit this version of asyncgen")
    total = max(wanted.pairs, done) if wanted.portion is None else wanted.portion.size
    stats = {**state.stats, "total_pairs": total}
    end = wanted.prefix_end if done else state.input_end
    return replace(state, stats=stats, recipe=wanted.record or state.recipe, input_end=end)


def refuse_other_run(before: Fingerprint, now: Fingerprint, *, answered: bool = True) -> None:
    """Check that a directory is that of the wanted run; `answered` unless nothing in it is worth keeping.

    Raises:
        DirectoryError: it is not; it says what changed.
    """
    changed = differences(before, now)
    if not changed:
        return
    said = f"this directory belongs to another run: {'; '.join(changed)}"
    if not answered:
        raise DirectoryError(said, "; it holds no answer yet, so starting over loses none")
    if before | {"model": now.get("model")} != now:
        raise DirectoryError(said)
    other = Setting("continue_with_model", now["model"])
    instead = " in place of ", Setting("model"), " finishes the run"
    raise DirectoryError(said, "; if the first is no longer served, ", other, *instead)


def check_portion(before: Portion | None, now: Portion | None, rows: str) -> None:
    """Check that a run may go on with the rows of the one before it; `rows` is the recipe's word for them.

    Raises:
        DirectoryError: the directory holds other rows.
    """
    if before is None and now is None:
        return
    if before is None or now is None or before.shard != now.shard:
        held, asked = ("the whole run" if each is None else f"shard {each.shard}" for each in (before, now))
        raise DirectoryError(f"this directory holds {held}, and {asked} was asked for")
    if before.pairs != now.pairs:
        raise DirectoryError(
            f"the shards were cut from {before.pairs:,} {rows}, and there are {now.pairs:,} now, ",
            "which moves them; ",
            Setting("num_pairs", before.pairs),
            " goes on with this one",
        )


def _bring_to(directory: RunDirectory, state: RunState, *, may_be_longer: bool) -> dict[str, FileMeter]:
    """Cut the files to the state and check that they are the ones it describes."""
    disk, meters = directory.disk, {}
    for name, mark in state.files.items():
        path = directory.output(name)
        length = min(TAIL, mark.size)
        # With the byte behind it, if there is one: one read says all that matters here.
        found = disk.read(path, mark.size - length, length + 1) or b""
        tail, is_longer = found[:length], len(found) > length
        if len(tail) < length:
            size = disk.size(path) or 0
            raise DirectoryError(
                f"{path} is shorter than the checkpoint says ({size}, not {mark.size}): {_PUT_BACK}"
            )
        if digest(tail) != mark.tail or (is_longer and not may_be_longer):
            raise DirectoryError(f"{path} was changed since the run wrote it: {_PUT_BACK}")
        if is_longer:
            disk.truncate(path, mark.size)
        meters[name] = FileMeter(mark.size, mark.crc32, tail)
    if FAILED in meters and not meters[FAILED].size:
        disk.unlink(directory.failed)
    return meters
