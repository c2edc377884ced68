"""A contiguous part of the pairs of an input, so that several processes share a run. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shard:
    """Part `number` (from 1) `of` so many equal parts of all `pairs`; pairs keep their index in the input."""

    number: int
    of: int
    pairs: int

    @property
    def first(self) -> int:
        """The index of its first pair."""
        return self.pairs * (self.number - 1) // self.of

    @property
    def stop(self) -> int:
        """The index behind its last pair."""
        return self.pairs * self.number // self.of

    def __len__(self) -> int:
        return self.stop - self.first
