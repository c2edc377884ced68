"""Two texts with their differing words marked. Pure.

A marked text is a list of pieces that alternate: same, changed, same, …; it begins with a same one.
"""

from collections.abc import Iterable

from asyncgen.quality.checks.change import Change
from asyncgen.quality.checks.note_words import Words, split_words

Marked = list[str]
_Range = tuple[int, int]


def mark_changes(was: str, became: str) -> tuple[Marked, Marked]:
    """Both texts, with lost words marked in the first and added ones in the second."""
    change = Change(split_words(was), split_words(became))
    ranges: list[tuple[_Range, _Range]] = []
    i = j = 0
    for i1, i2, j1, j2 in [*((one.i1, one.i2, one.j1, one.j2) for one in change.hunks), (-1, 0, -1, 0)]:
        last = len(change.original.words) if i1 < 0 else i1
        # Words count as the same whatever their case, but a reader sees the case.
        for offset in range(last - i):
            first, second = i + offset, j + offset
            if change.original.slice(first, first + 1) != change.revised.slice(second, second + 1):
                ranges.append(((first, first + 1), (second, second + 1)))
        ranges.append(((i1, i2), (j1, j2)))
        i, j = i2, j2
    return (
        _pieces(change.original, (first for first, _ in ranges)),
        _pieces(change.revised, (second for _, second in ranges)),
    )


def _pieces(words: Words, changed: Iterable[_Range]) -> Marked:
    pieces: Marked = []
    done = 0
    for first, last in changed:
        if not 0 <= first < last:
            continue
        begin, end = words.spans[first][0], words.spans[last - 1][1]
        if pieces and not words.text[done:begin].strip():
            pieces[-1] += words.text[done:end]
        else:
            pieces += [words.text[done:begin], words.text[begin:end]]
        done = end
    return [*pieces, words.text[done:]]
