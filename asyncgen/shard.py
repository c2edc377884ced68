"""A shard: one of several runs over one input, each with a range of its pairs by position. Pure."""

import re
from dataclasses import dataclass

from asyncgen.errors import BadDataError

_SHARD = re.compile(r"(\d{1,9})/(\d{1,9})")


@dataclass(frozen=True, slots=True)
class Shard:
    """The shard `number`, counted from 1, of as many as `of`."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """A shard as it is typed.

        Raises:
            ValueError: what is wrong with it.
        """
        match = _SHARD.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is no shard: 3/8 is the third of eight")
        shard = cls(int(match[1]), int(match[2]))
        if not 1 <= shard.number <= shard.of:
            raise ValueError(f"there is no shard {text}: shards are counted from 1, and the last one is N/N")
        return shard

    def portion(self, pairs: int, rows: str = "rows") -> "Portion":
        """What it has of an input of so many pairs; `rows` is what they are called.

        Raises:
            BadDataError: there is not a pair for each shard.
        """
        if pairs < self.of:
            raise BadDataError(f"there are {pairs} {rows}, too few for {self.of} shards")
        return Portion(self, pairs)

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True, slots=True)
class Portion:
    """What a shard is of an input of so many `pairs`: those from index `first` on, up to and without `stop`.

    `chain` is the hash of all lines before them, by which shards are known to follow each other.
    """

    shard: Shard
    pairs: int
    chain: str = ""

    @property
    def first(self) -> int:
        """The index of its first pair; that behind the shard before it."""
        return self.pairs * (self.shard.number - 1) // self.shard.of

    @property
    def stop(self) -> int:
        """The index behind its last pair."""
        return self.pairs * self.shard.number // self.shard.of

    @property
    def size(self) -> int:
        """How many pairs it has."""
        return self.stop - self.first

    def in_words(self, rows: str) -> str:
        """`shard 2/3, pairs 512 to 1,023 of 1,536`; `rows` is what they are called."""
        return f"shard {self.shard}, {rows} {self.first:,} to {self.stop - 1:,} of {self.pairs:,}"
