"""The row for which calls are made."""

from dataclasses import dataclass, field

from asyncgen.chat import Completion


@dataclass(slots=True)
class Caller:
    """A row that makes calls, and the seconds that its failed attempts and backoffs may still take.

    Waiting at the gate does not count, nor does an attempt that is answered, refused for rate or overload, falls
    into an outage or runs while the process is stopped. `answers` are the texts of its answers so far: like the
    row's own, they are never shown. `not_accepted` is, by step, the last one that the recipe rejected.
    """

    index: int
    note_id: str
    seconds: float
    answers: list[str] = field(default_factory=list)
    not_accepted: dict[str, Completion] = field(default_factory=dict)
