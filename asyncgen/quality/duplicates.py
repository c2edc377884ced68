"""Notes that are nearly another example's, found in one pass with 32 bytes an example.

Each note leaves a sketch: the least hashes of its word shingles (one-permutation MinHash), in bands. Two notes
of which one is the other but for one localized change share most bands; unrelated ones share none. A note is
asked about only when it is far from its own original: notes that are near theirs are alike only where the
originals are, and real vignettes do occur in several pairs.
"""

import zlib
from array import array
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.words import Words

BANDS = 8
_ROWS = 2
_BUCKETS = BANDS * _ROWS
_SHINGLE = 4
_LEAST_SHARED = 3
MOST_ASKED = 20_000


class Duplicates:
    """Sketches of all notes by index, and the notes that are asked about (at most `MOST_ASKED`)."""

    def __init__(self) -> None:
        self._sketches = array("I")
        self._indexes = array("Q")
        self._asked: dict[int, array[int]] = {}

    def add(self, index: int, words: Words, *, asked: bool) -> None:
        """Take in a note."""
        bands = sketch(words)
        self._sketches.extend(bands)
        self._indexes.append(index)
        if asked and len(self._asked) < MOST_ASKED:
            self._asked[index] = bands

    def found(self) -> Iterator[tuple[int, int]]:
        """Each note that was asked about and has a near twin, with the first one it has."""
        wanted: dict[tuple[int, int], list[int]] = {}
        for index, bands in self._asked.items():
            for band, key in enumerate(bands):
                wanted.setdefault((band, key), []).append(index)
        shared: dict[int, Counter[int]] = {index: Counter() for index in self._asked}
        for place, key in enumerate(self._sketches if wanted else ()):
            for index in wanted.get((place % BANDS, key), ()):
                other = self._indexes[place // BANDS]
                if other != index:
                    shared[index][other] += 1
        for index, others in shared.items():
            twins = [other for other, number in others.items() if number >= _LEAST_SHARED]
            if twins:
                yield index, min(twins)


def sketch(words: Words) -> "array[int]":
    """The bands of a note's shingles, 32 bits each."""
    least = [0xFFFFFFFF] * _BUCKETS
    text = words.words
    for place in range(max(1, len(text) - _SHINGLE + 1)):
        value = zlib.crc32(" ".join(text[place : place + _SHINGLE]).encode())
        bucket = value % _BUCKETS
        least[bucket] = min(least[bucket], value)
    return array(
        "I",
        (
            zlib.crc32(b"%d %d" % (least[place], least[place + 1])) if min(least[place : place + 2]) else 0
            for place in range(0, _BUCKETS, _ROWS)
        ),
    )
