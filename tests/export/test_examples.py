"""What is read of a run: as far as its checkpoint speaks of it, and only what the run wrote."""

from pathlib import Path

import pytest

from asyncgen.errors import BadDataError, UsageError
from asyncgen.recipes.medec_contents import COMBINED_FILE, CORRECT_FILE, INCORRECT_FILE
from asyncgen.storage.disk import READ_CHUNK, Disk
from asyncgen.storage.layout import CHECKPOINT, FAILED, STATISTICS, RunDirectory

from .conftest import examples_in, make_pair, make_run


def test_a_run_that_is_not_finished_is_read_to_its_checkpoint(disk: Disk, tmp_path: Path) -> None:
    """What it has written since may be cut off by the next start."""
    run = make_run(tmp_path / "out", map(make_pair, range(3)), finished=False, behind=b'{"note": "torn')
    examples = examples_in(RunDirectory(disk, run))
    assert not examples.finished
    assert [pair.incorrect.note_id for pair in examples.pairs()] == ["ms-train-0", "ms-train-1", "ms-train-2"]


def test_pairs_are_read_across_the_pieces_of_a_file(disk: Disk, tmp_path: Path) -> None:
    """And each line is found again by its offsets."""
    pairs = [make_pair(number, error_location="x" * (READ_CHUNK // 3)) for number in range(4)]
    examples = examples_in(RunDirectory(disk, make_run(tmp_path / "out", pairs)))
    start = 0
    for pair, written in zip(examples.pairs(), pairs, strict=True):
        assert (pair.correct.note, pair.incorrect.note) == (written[0]["note"], written[1]["note"])
        for end, example in zip(pair.ends, (pair.correct, pair.incorrect), strict=True):
            assert examples.at(start, end) == example
            start = end


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data.replace(b"fine", b"well", 1),
        lambda data: data.replace(b'"label":"CORRECT"', b'"label":"INCORREC"', 1),
        lambda data: data.replace(b"{", b"[", 1),
        lambda data: b"\n".join(reversed(data.split(b"\n"))),
        lambda data: b"",
    ],
)
def test_a_file_that_was_changed_is_refused(disk: Disk, tmp_path: Path, damage) -> None:
    """By the checksum that the run kept, or by its lines."""
    run = make_run(tmp_path / "out", map(make_pair, range(3)))
    path = run / COMBINED_FILE
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(BadDataError, match="is not what the run wrote"):
        list(examples_in(RunDirectory(disk, run)).pairs())


@pytest.mark.parametrize("name", [CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE, FAILED])
@pytest.mark.parametrize("finished", [True, False])
def test_every_file_that_the_run_kept_a_checksum_of_is_checked(
    disk: Disk, tmp_path: Path, name: str, *, finished: bool
) -> None:
    """Also those that the examples are not taken from; only behind a checkpoint may there be more."""
    run = make_run(tmp_path / "out", map(make_pair, range(3)), finished=finished)
    path = run / name
    data = path.read_bytes() if path.exists() else b""
    path.write_bytes(data + b'{"x":1}\n')
    if finished:
        with pytest.raises(BadDataError, match=f"{name} is not what the run wrote .*asyncgen verify"):
            list(examples_in(RunDirectory(disk, run)).pairs())
    else:
        assert len(list(examples_in(RunDirectory(disk, run)).pairs())) == 3
    if data:
        path.write_bytes(data.replace(b"Case", b"Base", 1))
        with pytest.raises(BadDataError, match=f"{name} is not what the run wrote"):
            list(examples_in(RunDirectory(disk, run)).pairs())
        path.unlink()
        with pytest.raises(BadDataError, match=f"{name} is not what the run wrote"):
            list(examples_in(RunDirectory(disk, run)).pairs())


def test_a_directory_without_a_run_is_told_from_none(disk: Disk, tmp_path: Path) -> None:
    """The former is bad data, the latter an error of usage."""
    with pytest.raises(BadDataError, match="no run has begun"):
        examples_in(RunDirectory(disk, tmp_path))
    with pytest.raises(UsageError, match="is not a directory"):
        examples_in(RunDirectory(disk, tmp_path / "none"))


def test_a_run_without_a_pair_has_nothing_to_export(disk: Disk, tmp_path: Path) -> None:
    """It has begun, no more."""
    with pytest.raises(BadDataError, match="no examples yet"):
        examples_in(RunDirectory(disk, make_run(tmp_path / "out", [], finished=False)))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (CHECKPOINT, b"{torn", "checkpoint.json is damaged"),
        (STATISTICS, b'{"total_pairs": 3}', "was written by another tool"),
        (
            CHECKPOINT,
            b'{"last_completed_idx": 1, "stats": {}, "timestamp": "x"}',
            "was written by another tool",
        ),
    ],
)
def test_what_cannot_be_read_is_named(disk: Disk, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    """Never --restart, which would move the examples aside."""
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadDataError, match=message) as caught:
        examples_in(RunDirectory(disk, tmp_path))
    assert "--restart" not in str(caught.value)
