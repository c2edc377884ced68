"""The row for which calls are made."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from asyncgen.chat import Completion


@dataclass(slots=True)
class Caller:
    """A row that makes calls, and the seconds that its failed attempts and backoffs may still take.

    Waiting at the gate does not count, nor does an attempt that is answered, refused for rate or overload, falls
    into an outage or runs while the process is stopped. `answers` are the texts of its answers so far: like the
    row's own, they are never shown. `not_accepted` is, by step, the last one that the recipe rejected. `met` is
    how many unusable answers it has heard of, by step and hash of the request.
    """

    index: int
    note_id: str
    seconds: float
    answers: list[str] = field(default_factory=list)
    not_accepted: dict[str, Completion] = field(default_factory=dict)
    met: dict[tuple[str, str], int] = field(default_factory=dict)

    def meet(self, step: str, request_hash: str, kinds: Sequence[str]) -> Iterator[str]:
        """Of the kinds of all unusable answers to a request, those that are new to the row: it may ask again."""
        for kind in kinds[self.met.get((step, request_hash), 0) :]:
            self.has_met(step, request_hash)
            yield kind

    def has_met(self, step: str, request_hash: str) -> None:
        """Count one more unusable answer that it has heard of."""
        self.met[step, request_hash] = self.met.get((step, request_hash), 0) + 1
