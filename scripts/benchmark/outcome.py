"""What became of the rows of a job, judged by the ids in its result. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a result against those that were wanted.

    `out_of_order` counts rows that stand behind one that belongs after them.
    """

    wanted: int
    present: int
    lost: int
    doubled: int
    out_of_order: int


def judge(wanted: Sequence[str], found: Sequence[str]) -> Rows:
    """Compare the ids of a result with those of the input, each of which is there once.

    Raises:
        ValueError: the result holds an id that the input does not.
    """
    place = {note_id: index for index, note_id in enumerate(wanted)}
    unknown = set(found) - place.keys()
    if unknown:
        raise ValueError(f"{len(unknown)} ids in the result are none of the input, such as {min(unknown)!r}")
    furthest, out_of_order = -1, 0
    for note_id in found:
        out_of_order += place[note_id] < furthest
        furthest = max(furthest, place[note_id])
    present = len(set(found))
    return Rows(len(wanted), present, len(wanted) - present, len(found) - present, out_of_order)
