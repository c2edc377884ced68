"""Put what arrives in any order back into the order of its index."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ReorderBuffer(Generic[T]):
    """Items come in by index, in any order, and go out in the order of `expected`, without gaps.

    `expected` gives the indexes that will come, each once: `count(n)` for a run from n on, the failed
    indexes for a repair.
    """

    def __init__(self, expected: Iterator[int]) -> None:
        self._expected = expected
        self._next = next(expected, None)
        self._waiting: dict[int, T] = {}

    def __len__(self) -> int:
        """Items that wait for an earlier one."""
        return len(self._waiting)

    def push(self, index: int, item: T) -> None:
        """Take an item in.

        Raises:
            ValueError: the index is already waiting, went out before, or is not expected any more.
        """
        if self._next is None or index < self._next or index in self._waiting:
            raise ValueError(f"index {index} came twice or was not expected")
        self._waiting[index] = item

    def pop_ready(self) -> Iterator[T]:
        """Give out the items whose turn it is."""
        while self._next is not None and self._next in self._waiting:
            item = self._waiting.pop(self._next)
            self._next = next(self._expected, None)
            yield item
