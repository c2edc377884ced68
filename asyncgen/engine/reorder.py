"""Put items that arrive in any order back into the order of their indexes."""

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ReorderBuffer(Generic[T]):
    """Takes items by index in any order, and returns them in the order of `expected`, without gaps.

    `expected` yields each coming index once: a range for a run, the failed indexes for a repair.
    """

    def __init__(self, expected: Iterator[int]) -> None:
        self._expected = expected
        self._next = next(expected, None)
        self._waiting: dict[int, T] = {}

    @property
    def next(self) -> int | None:
        """The index whose turn it is; None: all have come."""
        return self._next

    def __len__(self) -> int:
        """Items that wait for an earlier one."""
        return len(self._waiting)

    def push(self, index: int, item: T) -> None:
        """Add an item.

        Raises:
            ValueError: the index is already waiting, was returned before, or is not expected any more.
        """
        if self._next is None or index < self._next or index in self._waiting:
            raise ValueError(f"index {index} came twice or was not expected")
        self._waiting[index] = item

    def pop_ready(self) -> Iterator[T]:
        """Remove and yield the items whose turn it is."""
        while self._next is not None and self._next in self._waiting:
            item = self._waiting.pop(self._next)
            self._next = next(self._expected, None)
            yield item
