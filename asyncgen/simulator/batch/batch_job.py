"""A batch: what the API shows of it, and what only the server knows."""

import asyncio
from array import array
from dataclasses import dataclass, field
from typing import Any

from asyncgen.simulator.batch.file_store import StoredFile

OPEN_STATES = frozenset({"validating", "in_progress", "finalizing"})
"""States of a batch that is still in progress and can be cancelled."""

_UNITS_S = {"h": 3600, "d": 86_400}
_STAMPS = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


@dataclass(frozen=True, slots=True)
class InputProblem:
    """Why a batch failed its validation; without a line it is about the whole file."""

    code: str
    message: str
    line: int | None = None
    param: str | None = None

    def describe(self) -> dict[str, Any]:
        """An entry of `errors.data`."""
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


@dataclass(slots=True)
class BatchTally:
    """How many requests there are and how they ended, and the tokens of their answers."""

    total: int = 0
    completed: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0


@dataclass(slots=True)
class BatchJob:
    """A batch; `source` is None if there is no file with its id.

    `created` is in seconds since the epoch, `started` in seconds of the loop's clock. `offsets` are the positions
    of the requests in the input file; `enqueued` are their prompt tokens. `fate` is its end if that is not
    completion: `fail`, `expire` or `cancel`.
    """

    id: str
    input_file_id: str
    source: StoredFile | None
    endpoint: str
    window: str
    metadata: dict[str, str] | None
    created: float
    started: float
    fate: str = ""
    output_gone: bool = False
    status: str = "validating"
    model: str = ""
    enqueued: int = 0
    stamps: dict[str, int] = field(default_factory=dict)
    problems: list[InputProblem] = field(default_factory=list)
    tally: BatchTally = field(default_factory=BatchTally)
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    output_file_id: str | None = None
    error_file_id: str | None = None
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)

    def enter(self, status: str, now: float) -> None:
        """Enter a state (time in seconds since the epoch)."""
        self.status = status
        self.stamps[status] = int(now)

    def describe(self) -> dict[str, Any]:
        """The batch object of the API."""
        tally = self.tally
        errors = {"object": "list", "data": [problem.describe() for problem in self.problems]}
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model or None,
            "errors": errors if self.problems else None,
            "input_file_id": self.input_file_id,
            "completion_window": self.window,
            "status": self.status,
            "output_file_id": self.output_file_id,
            "error_file_id": self.error_file_id,
            "created_at": int(self.created),
            "expires_at": int(self.created) + _seconds(self.window),
            **{f"{state}_at": self.stamps.get(state) for state in _STAMPS},
            "request_counts": {"total": tally.total, "completed": tally.completed, "failed": tally.failed},
            "usage": {
                "input_tokens": tally.input_tokens,
                "input_tokens_details": {"cached_tokens": 0},
                "output_tokens": tally.output_tokens,
                "output_tokens_details": {"reasoning_tokens": tally.reasoning_tokens},
                "total_tokens": tally.input_tokens + tally.output_tokens,
            },
            "metadata": self.metadata,
        }


def _seconds(window: str) -> int:
    return int(window[:-1]) * _UNITS_S[window[-1]]
