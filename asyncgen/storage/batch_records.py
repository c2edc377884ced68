"""What the journal records of batches: requests that a server processes, or is about to. Pure.

Rules:

1. A line precedes the step that it allows: a batch is recorded before its file is uploaded, with the file's id
   before it is created, with its own id before it is polled, and as closed when all its results are in the
   journal.
2. An open batch holds its requests: they are sent nowhere else, and their worst case counts as spent.
3. The directory's id and the batch's number identify it at the server. The id is bound to the place of the
   directory: in a copy, the batches belong to the original.

Line kinds: `batch_book` (id, place, last number, shapes), `batch` (the state of an open one, replacing earlier
lines of its number), `batch_closed`. Answers and failed attempts that came out of a batch name it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asyncgen.chat import Usage
from asyncgen.cost import less, together

Shape = tuple[str, tuple[str, ...]]
"""A step, and the names of the fields of its requests."""


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch that is not closed.

    `size` is the size of its file in bytes, `tokens` the estimated part of what the account has enqueued, `most`
    the most that its requests without a result can cost. `file` and `id` are empty until the server has assigned
    them.
    """

    number: int
    requests: int
    size: int
    tokens: int
    most: Usage
    file: str = ""
    id: str = ""


@dataclass(slots=True)
class BatchBook:
    """The batches of a directory that still matter.

    `failures` are requests of open batches (index, step, hash) that failed there, by the number of the batch.
    `shapes` are those that a server has answered.
    """

    directory: str = ""
    place: str = ""
    last: int = 0
    shapes: set[Shape] = field(default_factory=set)
    open: dict[int, OpenBatch] = field(default_factory=dict)
    failures: dict[int, set[tuple[int, str, str]]] = field(default_factory=dict)

    @property
    def most(self) -> Usage:
        """The most that all requests without a result in open batches can cost."""
        return together(*(batch.most for batch in self.open.values()))

    def put(self, batch: OpenBatch) -> None:
        """Record the state of a batch."""
        self.open[batch.number] = batch
        self.last = max(self.last, batch.number)

    def settle(self, number: int, most: Usage) -> None:
        """Record a result for a request of a batch, which could cost `most`."""
        batch = self.open.get(number)
        if batch is not None:
            self.open[number] = replace(batch, most=less(batch.most, most))

    def close(self, number: int) -> None:
        """Close a batch: no more results come."""
        self.open.pop(number, None)
        self.failures.pop(number, None)

    def take(self, record: Mapping[str, Any]) -> bool:
        """Read a line of the journal; False if it is not about a batch."""
        match record["kind"]:
            case "batch_book":
                self.directory, self.place = record["directory"], record["place"]
                self.last = max(self.last, record["last"])
                self.shapes |= {(step, tuple(fields)) for step, fields in record["shapes"]}
            case "batch":
                self.put(OpenBatch(**record["batch"] | {"most": Usage(**record["batch"]["most"])}))
            case "batch_closed":
                self.close(record["number"])
            case _:
                return False
        return True

    def came(self, record: Mapping[str, Any]) -> None:
        """Read a line about an answer or a failed attempt that may have come out of a batch."""
        number = record.get("batch")
        if number is None:
            return
        self.settle(number, Usage(**record["most"]))
        if record["kind"] == "failed":
            self.failures.setdefault(number, set()).add((record["index"], record["step"], record["request"]))

    def records(self) -> Iterator[dict[str, Any]]:
        """The lines that restore this state."""
        if self.directory:
            yield self.record()
        for batch in self.open.values():
            yield {"kind": "batch", "batch": batch}

    def record(self) -> dict[str, Any]:
        """The line that restores this state, except the batches."""
        return {
            "kind": "batch_book",
            "directory": self.directory,
            "place": self.place,
            "last": self.last,
            "shapes": sorted(self.shapes),
        }
