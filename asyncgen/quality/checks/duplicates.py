"""Notes that nearly equal another example's, found in one pass with 72 bytes per example.

Each note leaves a sketch: the smallest hashes of its word shingles, one for each bucket (one-permutation MinHash).
Two notes share about the same part of them as of their shingles: most if they differ by one local change, none if
they are unrelated. A note is asked about only if it is far from its own original: notes near theirs are alike only
if the originals are, and real vignettes do occur in several pairs.
"""

import zlib
from array import array
from collections import Counter
from collections.abc import Iterator

from asyncgen.quality.checks.note_words import Words

_BUCKETS = 16  # 72 bytes a note with its index; more would estimate the share more finely
_SHINGLE = 4  # words; a common choice for documents: rare enough not to recur by chance
_LEAST_SHARED = 6  # of the buckets: over a third; unrelated notes share hardly any
_EMPTY = 0xFFFFFFFF  # a bucket without a shingle
MOST_ASKED = 20_000  # notes: bounds the memory if a whole file is far from its originals


class Duplicates:
    """Sketches of all notes by index, and the notes that are asked about (at most `MOST_ASKED`)."""

    def __init__(self) -> None:
        self._sketches = array("I")
        self._indexes = array("Q")
        self._asked: dict[int, array[int]] = {}

    def add(self, index: int, words: Words, *, asked: bool) -> None:
        """Add a note."""
        hashes = sketch(words)
        self._sketches.extend(hashes)
        self._indexes.append(index)
        if asked and len(self._asked) < MOST_ASKED:
            self._asked[index] = hashes

    def found(self) -> Iterator[tuple[int, int]]:
        """Each note that was asked about and has a near twin, with the nearest one."""
        wanted: dict[int, list[int]] = {}  # a hash determines its bucket, so it suffices as a key
        for index, hashes in self._asked.items():
            for value in hashes:
                if value != _EMPTY:
                    wanted.setdefault(value, []).append(index)
        shared: dict[int, Counter[int]] = {index: Counter() for index in self._asked}
        for place, value in enumerate(self._sketches if wanted else ()):
            for index in wanted.get(value, ()):
                other = self._indexes[place // _BUCKETS]
                if other != index:
                    shared[index][other] += 1
        for index, others in shared.items():
            twin, number = min(others.items(), key=lambda item: (-item[1], item[0]), default=(0, 0))
            if number >= _LEAST_SHARED:
                yield index, twin


def sketch(words: Words) -> "array[int]":
    """The smallest hash of each bucket, 32 bits."""
    least = [_EMPTY] * _BUCKETS
    text = words.words
    for place in range(max(1, len(text) - _SHINGLE + 1)):
        value = zlib.crc32(" ".join(text[place : place + _SHINGLE]).encode())
        bucket = value % _BUCKETS
        least[bucket] = min(least[bucket], value)
    return array("I", least)
