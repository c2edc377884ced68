"""Splits: by the case of a note, decided by a hash, so that nothing moves when data are added."""

from collections import Counter
from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.errors import UsageError
from asyncgen.medec.splits import OPENING_WORDS, Groups, Split, side_path, vignette

OPENING = " ".join(f"word{n}" for n in range(OPENING_WORDS))
KEYS = st.binary(min_size=16, max_size=16)


@pytest.mark.parametrize(
    ("text", "sides"),
    [
        ("80/10/10", ("train", "validation", "test")),
        ("90/10", ("train", "validation")),
        ("100/0", ("train",)),
        ("50/0/50", ("train", "test")),
        ("33.3/33.3/33.4", ("train", "validation", "test")),
    ],
)
def test_percentages_name_the_sides(text: str, sides: tuple[str, ...]) -> None:
    """A side without a share is none."""
    assert Split.parse(text, 0).sides == sides


@pytest.mark.parametrize(
    "text", ["", "100", "80/10", "80/10/10/0", "80/-10/30", "a/b", "1e1/90", "nan/1", "80/ 20"]
)
def test_what_does_not_add_up_to_a_hundred_is_refused(text: str) -> None:
    """With an example of what does."""
    with pytest.raises(UsageError, match="80/10/10"):
        Split.parse(text, 0)


def test_the_sides_of_known_notes_never_change() -> None:
    """A release that moved notes between train and test would spoil every comparison."""
    split = Split.parse("80/10/10", 7)
    sides = [split.side(vignette(f"A {age}-year-old man.")) for age in range(20, 40)]
    expected = dict.fromkeys(range(20), "train") | {3: "validation", 14: "test"}
    assert sides == list(expected.values())


@given(KEYS, st.integers())
def test_a_side_depends_on_key_and_seed_alone(key: bytes, seed: int) -> None:
    """And is one of those that have a share."""
    split = Split.parse("50/0/50", seed)
    assert split.side(key) == Split.parse("50/0/50", seed).side(key)
    assert split.side(key) in {"train", "test"}


def test_shares_are_met_on_average() -> None:
    """10,000 notes, within four standard deviations; another seed gives another choice."""
    keys = [vignette(str(number)) for number in range(10_000)]
    sides = [Split.parse("80/15/5", 1).side(key) for key in keys]
    counts = Counter(sides)
    assert abs(counts["train"] - 8000) < 160
    assert abs(counts["validation"] - 1500) < 143
    assert abs(counts["test"] - 500) < 88
    assert sides != [Split.parse("80/15/5", 2).side(key) for key in keys]


def test_notes_that_begin_alike_are_one_case() -> None:
    """Whatever follows, and whatever the blanks and capitals."""
    assert vignette(f"{OPENING}. Then one thing.") == vignette(f"  {OPENING.upper()}\n\nAnd another. ")
    assert vignette(OPENING) != vignette(OPENING.replace("word14", "other"))


@given(st.lists(st.tuples(KEYS, KEYS), max_size=4))
def test_groups_do_not_depend_on_the_order(pairs: list[tuple[bytes, bytes]]) -> None:
    """Every order of joining gives every vignette the same key."""
    found = set()
    for order in permutations(pairs):
        groups = Groups()
        for one, other in order:
            groups.join(one, other)
        found.add(tuple(groups.key(key) for pair in pairs for key in pair))
        assert all(groups.key(one) == groups.key(other) for one, other in pairs)
    assert len(found) == 1


def test_a_vignette_that_is_tied_to_none_is_its_own_key() -> None:
    """So `prepare` and `export` agree on nearly every pair."""
    groups = Groups()
    groups.join(b"b", b"c")
    assert [groups.key(key) for key in (b"a", b"b", b"c")] == [b"a", b"b", b"b"]


def test_an_empty_side_is_refused() -> None:
    """No trainer loads an empty file."""
    split = Split.parse("80/20/0", 0)
    split.refuse_empty({"train": 1, "validation": 1})
    with pytest.raises(UsageError, match="nothing for validation"):
        split.refuse_empty({"train": 3, "validation": 0})


def test_the_file_of_a_side_is_named_after_it() -> None:
    """The side stands before the suffix."""
    assert side_path(Path("a.b/pairs.jsonl"), "train") == Path("a.b/pairs-train.jsonl")
    assert side_path(Path("pairs"), "test") == Path("pairs-test")
