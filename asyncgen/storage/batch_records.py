"""What the journal knows of batches: requests that a server works on for us, or is about to. Pure.

Rules:

1. A line comes before what it allows: a batch is recorded before its file is uploaded, with the file's id before
   it is created, with its own id before it is polled, and as closed when all that came of it is in the journal.
2. An open batch holds its requests: they are asked nowhere else, and their worst case counts as spent.
3. The directory's id and the number of a batch name it at the server. The id is bound to the place of the
   directory: in a copy, the batches belong to the original.

Line kinds: `batch_book` (id, place, last number, shapes), `batch` (the state of an open one, in place of what was
said before of the same number), `batch_closed`. Answers and failed attempts that came out of a batch name it.
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

    `size` is that of its file in bytes, `tokens` what it is taken to add to what the account has enqueued, `most`
    what those of its requests can cost that nothing has come of. `file` and `id` are empty before the server said
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
    """The batches of a directory, as far as they matter for what comes.

    `failures` are requests of open batches (index, step, hash) that failed there, by the number of the batch.
    `shapes` are those that a server has answered to.
    """

    directory: str = ""
    place: str = ""
    last: int = 0
    shapes: set[Shape] = field(default_factory=set)
    open: dict[int, OpenBatch] = field(default_factory=dict)
    failures: dict[int, set[tuple[int, str, str]]] = field(default_factory=dict)

    @property
    def most(self) -> Usage:
        """What all requests in open batches can cost that nothing has come of."""
        return together(*(batch.most for batch in self.open.values()))

    def put(self, batch: OpenBatch) -> None:
        """A batch is in this state now."""
        self.open[batch.number] = batch
        self.last = max(self.last, batch.number)

    def settle(self, number: int, most: Usage) -> None:
        """Something has come of a request of a batch, which could cost at most this."""
        batch = self.open.get(number)
        if batch is not None:
            self.open[number] = replace(batch, most=less(batch.most, most))

    def close(self, number: int) -> None:
        """Nothing more comes of a batch."""
        self.open.pop(number, None)
        self.failures.pop(number, None)

    def take(self, record: Mapping[str, Any]) -> bool:
        """Take a line of the journal in; False where it is about no batch."""
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
        """Take a line in about an answer, or a failed attempt, that may have come out of a batch."""
        number = record.get("batch")
        if number is None:
            return
        self.settle(number, Usage(**record["most"]))
        if record["kind"] == "failed":
            self.failures.setdefault(number, set()).add((record["index"], record["step"], record["request"]))

    def records(self) -> Iterator[dict[str, Any]]:
        """What says all of this again."""
        if self.directory:
            yield self.record()
        for batch in self.open.values():
            yield {"kind": "batch", "batch": batch}

    def record(self) -> dict[str, Any]:
        """What says all of this again but for the batches."""
        return {
            "kind": "batch_book",
            "directory": self.directory,
            "place": self.place,
            "last": self.last,
            "shapes": sorted(self.shapes),
        }
