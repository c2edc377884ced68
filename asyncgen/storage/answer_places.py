"""Where the answers of rows are, in about sixteen bytes each: there may be hundreds of thousands.

Rows are added and removed by index, in ranges that lie close together: the answers of 64 neighbouring rows to a
step share a chunk.
"""

from array import array
from collections.abc import Iterator

from asyncgen.storage.segment_writer import LinePlace, Segment

_NEIGHBOURS = 64  # rows: 12 bytes for each, and the chunk's overhead divided by as many
_OFFSET = 40  # bits: enough for the longest segment, which takes over all answers of a large run
_MOST_OFFSET = 2**_OFFSET - 1


class _Chunk:
    """The answers of neighbouring rows to a step: segment and offset packed (0: none), and length."""

    __slots__ = ("count", "lengths", "packed")

    def __init__(self) -> None:
        self.packed = array("Q", bytes(8 * _NEIGHBOURS))
        self.lengths = array("I", bytes(4 * _NEIGHBOURS))
        self.count = 0


class AnswerPlaces:
    """Places of answers, by row index and step."""

    def __init__(self) -> None:
        self._chunks: dict[int, dict[str, _Chunk]] = {}
        self._segments: list[Segment] = []
        self._numbers: dict[int, int] = {}

    def get(self, index: int, step: str) -> LinePlace | None:
        """The place of an answer, if any."""
        chunk = self._chunks.get(index // _NEIGHBOURS, {}).get(step)
        return None if chunk is None else self._place(chunk, index % _NEIGHBOURS)

    def put(self, index: int, step: str, place: LinePlace) -> LinePlace | None:
        """Record the place of an answer; returns the former place of this step's answer."""
        number, at = divmod(index, _NEIGHBOURS)
        chunks = self._chunks.setdefault(number, {})
        chunk = chunks.get(step)
        if chunk is None:
            chunk = chunks[step] = _Chunk()
        before = self._place(chunk, at)
        chunk.count += before is None
        chunk.packed[at] = self._number(place.segment) << _OFFSET | place.offset
        chunk.lengths[at] = place.length
        return before

    def pop(self, index: int) -> Iterator[LinePlace]:
        """Remove all answers of a row, and yield their places."""
        number, at = divmod(index, _NEIGHBOURS)
        chunks = self._chunks.get(number, {})
        for step, chunk in list(chunks.items()):
            place = self._place(chunk, at)
            if place is not None:
                chunk.packed[at] = 0
                chunk.count -= 1
                if not chunk.count:
                    del chunks[step]
                yield place
        if number in self._chunks and not chunks:
            del self._chunks[number]

    def of(self, index: int) -> Iterator[tuple[str, LinePlace]]:
        """The answers of a row: step and place."""
        number, at = divmod(index, _NEIGHBOURS)
        for step, chunk in self._chunks.get(number, {}).items():
            place = self._place(chunk, at)
            if place is not None:
                yield step, place

    def _place(self, chunk: _Chunk, at: int) -> LinePlace | None:
        packed = chunk.packed[at]
        if not packed:
            return None
        return LinePlace(self._segments[(packed >> _OFFSET) - 1], packed & _MOST_OFFSET, chunk.lengths[at])

    def _number(self, segment: Segment) -> int:
        """The number of a segment, from 1."""
        number = self._numbers.get(id(segment))
        if number is None:
            self._segments.append(segment)
            number = self._numbers[id(segment)] = len(self._segments)
        return number
