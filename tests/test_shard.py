"""Shards: what each has of an input, and which finished ones are one run."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import BadDataError
from asyncgen.shard import Portion, Shard
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.shard_merge import arrange


@given(st.integers(1, 10_000), st.integers(1, 200))
def test_the_portions_of_all_shards_are_the_input_once_and_in_order(pairs: int, of: int) -> None:
    """And none has more than one pair more than another."""
    portions = [Portion(Shard(number, of), pairs) for number in range(1, of + 1)]
    assert [index for each in portions for index in range(each.first, each.stop)] == list(range(pairs))
    assert max(each.size for each in portions) - min(each.size for each in portions) <= 1


@pytest.mark.parametrize("text", ["3/8", "1/1", "8/8"])
def test_a_shard_is_written_as_it_is_typed(text: str) -> None:
    """Number and count."""
    assert str(Shard.parse(text)) == text


@pytest.mark.parametrize("text", ["", "3", "0/8", "9/8", "3/0", "-1/8", "3/8/9", "a/b", "1.5/8", "3 / 8"])
def test_what_is_no_shard_is_refused(text: str) -> None:
    """With a sentence, not a traceback."""
    with pytest.raises(ValueError, match="shard"):
        Shard.parse(text)


def part(number: int, of: int = 4, pairs: int = 40, **changes: object) -> tuple[RunDirectory, RunState]:
    """A finished shard, which goes on where the one before it ends."""
    portion = Portion(Shard(number, of), pairs, f"chain {number - 1}")
    state = RunState(portion.stop - 1, 100, f"chain {number}", {}, {}, fingerprint={"model": "m"}, portion=portion)
    return RunDirectory(Disk(), Path(f"out-{number}")), replace(state, **changes)


@given(st.permutations(range(1, 5)))
def test_shards_are_put_in_order(numbers: list[int]) -> None:
    """However they are given."""
    assert [one.number for one in arrange(part(number) for number in numbers)] == [1, 2, 3, 4]


WHOLE = (RunDirectory(Disk(), Path("whole")), RunState(39, 100, "chain 4", {}, {}, fingerprint={"model": "m"}))


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ([part(1), part(2), part(4)], "missing: shard 3/4"),
        ([part(2), part(3)], "missing: shards 1/4, 4/4"),
        ([part(1), part(2), part(2), part(3), part(4)], "same shard 2/4"),
        ([part(1), part(2), part(3), WHOLE], "whole holds a whole run"),
        ([part(1), part(2), part(3, of=5), part(4)], "one of 5 shards"),
        ([part(1), part(2), part(3, pairs=41), part(4)], "cut from 41 pairs"),
        ([part(1), part(2, fingerprint={"model": "other"}), part(3), part(4)], "model"),
        ([part(1), part(2, input_chain="edited"), part(3), part(4)], "out-3 does not start where out-2 ends"),
    ],
)
def test_what_is_not_one_run_is_refused(parts: list[tuple[RunDirectory, RunState]], says: str) -> None:
    """By the name of the directory, and why."""
    with pytest.raises(BadDataError, match=says):
        arrange(parts)
