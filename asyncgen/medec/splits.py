"""The side of a split that a note is on: train, validation or test.

The side depends only on a hash of the vignette (the opening of the note) and the seed, not on what else is split,
nor on the order: adding files moves nothing. Shares are met on average, not exactly.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from itertools import accumulate
from pathlib import Path

from asyncgen.errors import Setting, UsageError

SIDES = ("train", "validation", "test")
# Of 1,538 pairs of MEDEC-MS, 48 begin with the same 15 words as another. In two of these 23 groups it is the same
# case told again (with 20 words, one of them is missed); the others merely begin alike and lose nothing by being
# together. With 12 words 106 groups do ("A 24-year-old woman comes to the emergency department because of").
OPENING_WORDS = 15
_HASH_RANGE = 1 << 64  # the hash has 64 bits


@dataclass(frozen=True, slots=True)
class Split:
    """Sides with their shares, which add up to 1, and the seed."""

    shares: tuple[tuple[str, Fraction], ...]
    seed: int

    @classmethod
    def parse(cls, text: str, seed: int) -> "Split":
        """Read `80/10/10` (train/validation/test) or `90/10` (train/validation), in percent.

        Raises:
            UsageError: it is none of these.
        """
        words = text.split("/")
        wrong = len(words) not in {2, 3} or not all(re.fullmatch(r"\d{1,3}(\.\d{1,6})?", word) for word in words)
        if wrong or sum(map(Fraction, words)) != 100:  # noqa: PLR2004
            raise UsageError(
                Setting("split"),
                f" {text!r}: give percentages that add up to 100, as train/validation/test (80/10/10) "
                "or train/validation (90/10)",
            )
        shares = zip(SIDES, (Fraction(word) / 100 for word in words), strict=False)
        return cls(tuple((side, share) for side, share in shares if share), seed)

    @property
    def sides(self) -> tuple[str, ...]:
        """The sides with a share, in the order of `SIDES`."""
        return tuple(side for side, _ in self.shares)

    def side(self, key: bytes) -> str:
        """The side of a vignette, or of a group of them."""
        place = int.from_bytes(blake2b(f"{self.seed}:".encode() + key, digest_size=8).digest())
        bounds = accumulate(share for _, share in self.shares)
        return next(side for side, bound in zip(self.sides, bounds, strict=True) if place < bound * _HASH_RANGE)

    def refuse_empty(self, counts: Mapping[str, int]) -> None:
        """Refuse a side without anything on it: no trainer loads an empty file.

        Raises:
            UsageError: a side is empty, by the number of pairs or examples on each.
        """
        for side in self.sides:
            if not counts.get(side):
                raise UsageError(
                    Setting("split"),
                    f" would leave nothing for {side}: there are too few pairs for this share; give it a larger "
                    "one, or another ",
                    Setting("seed"),
                )


def vignette(note: str) -> bytes:
    """The key shared by two notes about the same case: a hash of the first words, 16 bytes."""
    words = re.findall(r"\w+", note.casefold())[:OPENING_WORDS]
    return blake2b(" ".join(words).encode(), digest_size=16).digest()


@dataclass(slots=True)
class Groups:
    """Vignettes that must stay on one side because a pair has both (its error is in the opening)."""

    _above: dict[bytes, bytes] = field(default_factory=dict)

    def join(self, one: bytes, other: bytes) -> None:
        """Join the groups of two vignettes."""
        low, high = sorted((self.key(one), self.key(other)))
        if low != high:
            self._above[high] = low

    def key(self, one: bytes) -> bytes:
        """The smallest vignette of the group, in whatever order it was joined."""
        while one in self._above:
            one = self._above[one]
        return one


def side_path(path: Path, side: str) -> Path:
    """The file of a side: `pairs.jsonl` becomes `pairs-train.jsonl`."""
    return path.with_name(f"{path.stem}-{side}{path.suffix}")
