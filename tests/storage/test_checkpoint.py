"""The two files that hold the state of a run, and the marks of the files they speak of."""

import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError, DiskError
from asyncgen.storage.checkpoint import (
    TAIL,
    FileMark,
    FileMeter,
    RunState,
    encode_statistics,
    load_checkpoint,
    load_statistics,
    save_checkpoint,
)
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import digest
from asyncgen.storage.layout import CHECKPOINT, STATISTICS, RunDirectory

STATE = RunState(
    last_completed_idx=49,
    input_end=98765,
    input_chain="c" * 32,
    files={"sft_correct.jsonl": FileMark(1000, 123456, "a" * 32), "failed.jsonl": FileMark()},
    stats={"total_pairs": 500, "correct_generated": 48, "total_tokens_used": 95000},
    failed_pairs=2,
    fingerprint={"model": "gpt-4o", "generation_params.reasoning": [0.3, 0.9, 1024]},
)

marks = st.builds(
    FileMark, st.integers(0, 2**53), st.integers(0, 2**32 - 1), st.text("0123456789abcdef", max_size=32)
)
states = st.builds(
    RunState,
    last_completed_idx=st.integers(-1, 2**53),
    input_end=st.integers(0, 2**53),
    input_chain=st.text("0123456789abcdef", max_size=32),
    files=st.dictionaries(st.sampled_from(["a.jsonl", "b.jsonl", "failed.jsonl"]), marks),
    stats=st.dictionaries(
        st.sampled_from(["total_pairs", "correct_generated", "x_failed"]), st.integers(0, 2**53)
    ),
    failed_pairs=st.integers(0, 2**53),
    fingerprint=st.dictionaries(
        st.text(max_size=5), st.text(max_size=5) | st.lists(st.integers(0, 9)), max_size=3
    ),
)


@pytest.fixture
def directory(disk: Disk, tmp_path: Path) -> RunDirectory:
    """One in which nothing is."""
    return RunDirectory(disk, tmp_path)


def save_statistics(directory: RunDirectory, state: RunState) -> None:
    """Write the file of a finished run, as the pipeline does."""
    directory.statistics.write_bytes(encode_statistics(state))


Save = Callable[[RunDirectory, RunState], None]
Load = Callable[[RunDirectory], RunState | None]
BOTH = pytest.mark.parametrize(
    ("name", "save", "load"),
    [(CHECKPOINT, save_checkpoint, load_checkpoint), (STATISTICS, save_statistics, load_statistics)],
    ids=["checkpoint", "statistics"],
)


# The two files


@BOTH
@given(state=states)
def test_a_state_comes_back_as_it_was_saved(
    tmp_path_factory: pytest.TempPathFactory, name: str, save: Save, load: Load, state: RunState
) -> None:
    """Through a real file, which replaces the one before."""
    directory = RunDirectory(Disk(), tmp_path_factory.getbasetemp())
    save(directory, state)
    assert load(directory) == state


@BOTH
def test_without_a_file_there_is_no_state(directory: RunDirectory, name: str, save: Save, load: Load) -> None:
    """Nor with the other file alone."""
    assert load(directory) is None
    {CHECKPOINT: save_statistics, STATISTICS: save_checkpoint}[name](directory, STATE)
    assert load(directory) is None


def test_users_find_in_a_checkpoint_what_they_know(directory: RunDirectory) -> None:
    """The index, the statistics and a time, in JSON for people."""
    save_checkpoint(directory, STATE)
    data = (directory.path / CHECKPOINT).read_bytes()
    content = orjson.loads(data)
    assert (content["last_completed_idx"], content["stats"]) == (49, STATE.stats)
    assert datetime.fromisoformat(content["timestamp"]).utcoffset() == timedelta(0)
    assert data.startswith(b"{\n  ")
    assert data.endswith(b"}\n")


def test_users_find_in_the_statistics_what_they_know() -> None:
    """The counters at the top level."""
    content = orjson.loads(encode_statistics(STATE))
    assert content.items() >= STATE.stats.items()
    assert datetime.fromisoformat(content["timestamp"]).utcoffset() == timedelta(0)


def test_saving_leaves_one_private_file(directory: RunDirectory) -> None:
    """No temporary one beside it, and nobody else may read it."""
    save_checkpoint(directory, STATE)
    save_checkpoint(directory, replace(STATE, last_completed_idx=50))
    assert [path.name for path in directory.path.iterdir()] == [CHECKPOINT]
    assert (directory.path / CHECKPOINT).stat().st_mode & 0o777 == 0o600


def test_a_temporary_file_that_a_crash_left_is_no_checkpoint_and_no_obstacle(directory: RunDirectory) -> None:
    """It is replaced by the next save, whatever was in it."""
    (directory.path / f"{CHECKPOINT}.tmp").write_bytes(b'{"half": ' * 1000)
    assert load_checkpoint(directory) is None
    save_checkpoint(directory, STATE)
    assert load_checkpoint(directory) == STATE


@BOTH
def test_a_file_through_a_symbolic_link_is_refused(
    directory: RunDirectory, name: str, save: Save, load: Load
) -> None:
    """It may point anywhere."""
    save(directory, STATE)
    (directory.path / name).rename(directory.path / "elsewhere")
    (directory.path / name).symlink_to(directory.path / "elsewhere")
    with pytest.raises(DiskError, match="it is a symbolic link"):
        load(directory)


# What is refused


def edited(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change a file in place, as a person might."""
    content = orjson.loads(path.read_bytes())
    change(content)
    path.write_bytes(orjson.dumps(content))


@BOTH
@pytest.mark.parametrize(
    "content", [b"", b"{", b"\x00" * 100, b"[]", b"null", b"17", b'"text"', b'{"version": 1}']
)
def test_a_damaged_file_is_refused(
    directory: RunDirectory, name: str, save: Save, load: Load, content: bytes
) -> None:
    """With the file's name, and it is left as it is."""
    (directory.path / name).write_bytes(content)
    with pytest.raises(BadDataError, match=rf"{re.escape(name)} is damaged$"):
        load(directory)
    assert (directory.path / name).read_bytes() == content


@BOTH
@pytest.mark.parametrize(
    "key", ["last_completed_idx", "failed_pairs", "fingerprint", "input", "files", "counters"]
)
@pytest.mark.parametrize("value", ["missing", None, "text", [5]])
def test_a_file_with_a_wrong_part_is_damaged(
    directory: RunDirectory, name: str, save: Save, load: Load, key: str, value: object
) -> None:
    """A part that is missing, or of another type."""
    save(directory, STATE)
    edited(
        directory.path / name,
        lambda content: content.pop(key) if value == "missing" else content.update({key: value}),
    )
    with pytest.raises(BadDataError, match="is damaged"):
        load(directory)


@BOTH
@pytest.mark.parametrize(
    "mark",
    [
        None,
        {},
        {"size": 1},
        {"size": None, "crc32": 1, "tail": ""},
        {"size": "text", "crc32": 1, "tail": ""},
        {"size": 1, "crc32": None, "tail": ""},
    ],
    ids=str,
)
def test_a_file_with_a_wrong_mark_is_damaged(
    directory: RunDirectory, name: str, save: Save, load: Load, mark: object
) -> None:
    """It must not come out as a traceback where the mark is used, nor pass for an empty file."""
    save(directory, STATE)
    edited(directory.path / name, lambda content: content["files"].update({"sft_correct.jsonl": mark}))
    with pytest.raises(BadDataError, match="is damaged"):
        load(directory)


@BOTH
def test_a_counter_that_has_gone_is_damage(directory: RunDirectory, name: str, save: Save, load: Load) -> None:
    """The statistics would be wrong from then on."""
    save(directory, STATE)
    edited(directory.path / name, lambda content: content.get("stats", content).pop("correct_generated"))
    with pytest.raises(BadDataError, match="is damaged"):
        load(directory)


def test_a_checkpoint_of_the_original_tool_is_told_from_a_damaged_one(directory: RunDirectory) -> None:
    """It has an index, statistics and a time, and nothing to go on from."""
    content = {"last_completed_idx": 49, "stats": {"total_pairs": 50}, "timestamp": "2025-01-01T00:00:00"}
    (directory.path / CHECKPOINT).write_bytes(orjson.dumps(content))
    with pytest.raises(BadDataError, match=r"was written by another tool$"):
        load_checkpoint(directory)


@BOTH
@pytest.mark.parametrize("version", [0, 2, "1"])
def test_a_file_of_another_version_is_refused(
    directory: RunDirectory, name: str, save: Save, load: Load, version: object
) -> None:
    """Its parts may mean something else."""
    save(directory, STATE)
    edited(directory.path / name, lambda content: content.update(version=version))
    with pytest.raises(BadDataError, match="was written by another version of asyncgen"):
        load(directory)


# The meter

splits = st.lists(st.binary(max_size=40) | st.integers(0, 3 * TAIL).map(lambda size: b"x" * size), max_size=8)


def metered(*pieces: bytes) -> FileMeter:
    """A meter that has taken these pieces in."""
    meter = FileMeter()
    for piece in pieces:
        meter.advance(piece)
    return meter


@given(pieces=splits)
def test_any_split_of_the_bytes_gives_the_same_mark(pieces: list[bytes]) -> None:
    """Size, checksum and tail are those of the whole."""
    whole = b"".join(pieces)
    assert metered(*pieces).mark() == metered(whole).mark()
    assert metered(*pieces).mark() == FileMark(len(whole), zlib.crc32(whole), digest(whole[-TAIL:]))


@given(before=splits, after=splits)
def test_a_meter_goes_on_from_a_mark_and_the_tail_of_its_file(before: list[bytes], after: list[bytes]) -> None:
    """As a resumed run begins: nothing before the tail is read again."""
    written = b"".join(before)
    mark = metered(*before).mark()
    resumed = FileMeter(mark.size, mark.crc32, written[-TAIL:])
    for piece in after:
        resumed.advance(piece)
    assert resumed.mark() == metered(*before, *after).mark()


def test_an_empty_file_has_the_default_mark() -> None:
    """A mark that was never set speaks of a file with nothing in it."""
    assert FileMeter().mark() == metered(b"", b"").mark() == FileMark()


@given(data=st.binary(min_size=1, max_size=2 * TAIL), place=st.integers(0, 2 * TAIL))
def test_one_changed_byte_changes_the_mark(data: bytes, place: int) -> None:
    """In the tail it changes the tail's hash, anywhere it changes the checksum."""
    place %= len(data)
    other = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    mark, changed = metered(data).mark(), metered(other).mark()
    assert changed.crc32 != mark.crc32
    assert (changed.tail != mark.tail) is (place >= len(data) - TAIL)
