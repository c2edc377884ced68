"""Which lines of the journal belong to unfinished rows, and which segments can be removed.

A segment counts the lines in it that are still needed (`live`), and of them those of failed rows (`kept`): if all
are, they can be copied elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncgen.chat import NOT_ACCEPTED
from asyncgen.storage.answer_places import AnswerPlaces
from asyncgen.storage.segment_writer import LinePlace, Segment


@dataclass(slots=True)
class _Losses:
    """Attempts of a row without a usable answer: their lines and tokens, and rejected answers by step.

    `rejections` are the errors of those in the present repair alone, or in the run if there is none; `unusable`
    those of the other answers, by step and hash of the request. `here`: some are of this start.
    """

    places: list[LinePlace] = field(default_factory=list)
    tokens: int = 0
    bad_answers: dict[str, int] = field(default_factory=dict)
    rejections: dict[str, list[str]] = field(default_factory=dict)
    unusable: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    here: bool = False


class PairLines:
    """The journal lines of all rows.

    Args:
        repair: the number of the present repair; 0: none.
    """

    def __init__(self, repair: int) -> None:
        self._repair = repair
        self._answers = AnswerPlaces()
        self._losses: dict[int, _Losses] = {}
        self._kept: set[int] = set()

    def answer(self, index: int, step: str) -> LinePlace | None:
        """The place of the answer to a step, if any."""
        return self._answers.get(index, step)

    def wasted(self, index: int) -> int:
        """Tokens of a row's unusable answers."""
        losses = self._losses.get(index)
        return 0 if losses is None else losses.tokens

    def bad_answers(self, index: int) -> Mapping[str, int]:
        """How many answers of a row were rejected, by step."""
        losses = self._losses.get(index)
        return {} if losses is None else losses.bad_answers

    def rejections(self, index: int, step: str) -> Sequence[str]:
        """Why answers of a step were rejected in the present repair, or in the run."""
        losses = self._losses.get(index)
        return () if losses is None else losses.rejections.get(step, ())

    def unusable(self, index: int, step: str, request_hash: str) -> Sequence[str]:
        """Why nobody could use the answers to a request in the present repair, or in the run."""
        losses = self._losses.get(index)
        return () if losses is None else losses.unusable.get((step, request_hash), ())

    def has_failed_here(self, index: int) -> bool:
        """Whether some of a row's unusable answers are of this start."""
        losses = self._losses.get(index)
        return losses is not None and losses.here

    # Lines

    def answered(self, index: int, step: str, place: LinePlace) -> None:
        """Record the line of an answer to a step."""
        before = self._answers.put(index, step, place)
        self._count(index, place, 1)
        if before is not None:
            self._count(index, before, -1)

    def lost(self, index: int, place: LinePlace, record: Mapping[str, Any], *, here: bool = False) -> None:
        """Record the line of an attempt without a usable answer, made in this start if it was `here`."""
        losses = self._lose(index, place)
        losses.here |= here
        losses.tokens += record["tokens"]
        step, error, of_now = record["step"], record["error"], record.get("repair", 0) == self._repair
        if error.startswith(NOT_ACCEPTED):
            losses.bad_answers[step] = losses.bad_answers.get(step, 0) + 1
            if of_now:
                losses.rejections.setdefault(step, []).append(error)
        elif of_now and "unusable" in record:
            losses.unusable.setdefault((step, record["unusable"]), []).append(error)

    def carried(self, index: int, place: LinePlace, record: Mapping[str, Any]) -> None:
        """Record the line that sums up all such attempts of a row."""
        losses = self._lose(index, place)
        losses.tokens, losses.bad_answers = record["tokens"], dict(record.get("bad_answers", {}))

    # Rows

    def release(self, index: int) -> None:
        """Forget a row."""
        for place in self._answers.pop(index):
            self._count(index, place, -1)
        losses = self._losses.pop(index, None)
        for place in () if losses is None else losses.places:
            self._count(index, place, -1)
        self._kept.discard(index)

    def keep(self, index: int) -> None:
        """Keep the lines of a row that has failed, and is not asked again as long as the journal is open."""
        if index in self._losses:
            self._losses[index].unusable = {}
        places = list(self._places(index))
        if places and index not in self._kept:
            self._kept.add(index)
            for place in places:
                place.segment.kept += 1

    def kept_in(self, segment: Segment) -> list[int]:
        """The failed rows that have lines in a segment, in order."""
        return sorted(i for i in self._kept if any(place.segment is segment for place in self._places(i)))

    def answers_in(self, segment: Segment, index: int) -> list[tuple[str, LinePlace]]:
        """The answers of a row in a segment: step and place."""
        return [(step, place) for step, place in self._answers.of(index) if place.segment is segment]

    def forget_losses_in(self, segment: Segment, index: int) -> None:
        """Forget the lines about a row's lost attempts in a segment."""
        losses = self._losses.get(index)
        if losses is not None:
            for place in [place for place in losses.places if place.segment is segment]:
                losses.places.remove(place)
                self._count(index, place, -1)

    def _places(self, index: int) -> Iterator[LinePlace]:
        for _, place in self._answers.of(index):
            yield place
        losses = self._losses.get(index)
        if losses is not None:
            yield from losses.places

    def _lose(self, index: int, place: LinePlace) -> _Losses:
        losses = self._losses.setdefault(index, _Losses())
        losses.places.append(place)
        self._count(index, place, 1)
        return losses

    def _count(self, index: int, place: LinePlace, change: int) -> None:
        place.segment.live += change
        if index in self._kept:
            place.segment.kept += change
