"""A shard: one of several runs over one input, each with a range of rows. Pure."""

import re
from dataclasses import dataclass

from asyncgen.errors import BadDataError

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """Shard `number` (from 1) of `of`."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """Parse a shard such as "3/8".

        Raises:
            ValueError: it is not one; the text says why.
        """
        match = _SHARD.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a shard: 3/8 is the third of eight")
        shard = cls(int(match[1]), int(match[2]))
        if not 1 <= shard.number <= shard.of:
            raise ValueError(f"there is no shard {text}: shards are counted from 1, and the last one is N/N")
        return shard

    def portion(self, pairs: int, rows: str = "rows") -> "Portion":
        """Its range of an input of so many rows; `rows` is the recipe's word for them.

        Raises:
            BadDataError: there are fewer rows than shards.
        """
        if pairs < self.of:
            raise BadDataError(f"there are {pairs} {rows}, too few for {self.of} shards")
        return Portion(self, pairs)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True)
class Portion:
    """The range of a shard in an input of so many `pairs`: from index `first` up to but excluding `stop`.

    `chain` is the hash of all lines before it, which proves that shards follow each other.
    """

    shard: Shard
    pairs: int
    chain: str = ""

    @property
    def first(self) -> int:
        """The index of its first row; the `stop` of the shard before it."""
        return self.pairs * (self.shard.number - 1) // self.shard.of

    @property
    def stop(self) -> int:
        """The index after its last row."""
        return self.pairs * self.shard.number // self.shard.of

    @property
    def size(self) -> int:
        """How many rows it has."""
        return self.stop - self.first

    def in_words(self, rows: str) -> str:
        """`shard 2/3, pairs 512 to 1,023 of 1,536`; `rows` is the recipe's word for them."""
        return f"shard {self.shard}, {rows} {self.first:,} to {self.stop - 1:,} of {self.pairs:,}"
