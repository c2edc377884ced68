"""The operations of a server with a Batch API, and the state of a batch."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from asyncgen.client.classify import Failure

ENDED = frozenset({"completed", "failed", "expired", "cancelled", "canceled"})
# Of Mistral, Anthropic and others, or of gateways to them.
_OTHER_NAMES = {
    "success": "completed",
    "succeeded": "completed",
    "ended": "completed",
    "done": "completed",
    "finished": "completed",
    "error": "failed",
    "timeout_exceeded": "expired",
}
INVALID_BODY = "invalid_body"
"""The kind of a failure whose whole answer is not what was asked for."""
_GONE = {404, 405, 410, 501}
_FIRST_SERVER_ERROR = 500


class BatchServerError(Exception):
    """The server did not do what was asked; `failure` says why, `sent` whether the request may have been sent."""

    def __init__(self, failure: Failure, *, sent: bool = True) -> None:
        super().__init__(failure.kind)
        self.failure = failure
        self._sent = sent

    @property
    def uncertain(self) -> bool:
        """Whether the server may have done it all the same: it did not say otherwise."""
        status = self.failure.status
        return self._sent and (status is None or status >= _FIRST_SERVER_ERROR or status < 300)  # noqa: PLR2004

    @property
    def gone(self) -> bool:
        """Whether the requested object does not exist."""
        return self.failure.status in _GONE


@dataclass(frozen=True, slots=True)
class BatchState:
    """A batch as the server describes it; ids are empty if it has none.

    `problems` are error codes of the whole batch; counts are None if the server does not count.
    """

    id: str
    status: str
    input_file: str = ""
    output_file: str = ""
    error_file: str = ""
    total: int | None = None
    completed: int | None = None
    failed: int | None = None
    created: float = 0.0
    problems: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether its results are final."""
        return self.status in ENDED

    @classmethod
    def read(cls, body: Any) -> "BatchState":
        """Read the state in the body of an answer.

        Raises:
            ValueError: there is none.
        """
        name = (
            body.get("id") or body.get("batch_id") if isinstance(body, dict) else None
        )  # the second: DigitalOcean
        if not isinstance(body, dict) or not isinstance(name, str) or not name:
            raise ValueError("no batch")
        counts = body.get("request_counts")
        counts = counts if isinstance(counts, dict) else {}
        errors = body.get("errors")
        listed = errors.get("data") if isinstance(errors, dict) else errors
        created = body.get("created_at")
        metadata = body.get("metadata")
        status = _text(body.get("status")).lower()
        return cls(
            id=name,
            status=_OTHER_NAMES.get(status, status),
            input_file=_text(body.get("input_file_id")),
            output_file=_text(body.get("output_file_id")),
            error_file=_text(body.get("error_file_id")),
            total=_number(counts.get("total")),
            completed=_number(counts.get("completed")),
            failed=_number(counts.get("failed")),
            created=float(created) if isinstance(created, int | float) else 0.0,
            problems=tuple(
                _text(one.get("code")) or "unknown"
                for one in (listed if isinstance(listed, list) else [])
                if isinstance(one, dict)
            ),
            metadata={
                str(name): str(value) for name, value in (metadata if isinstance(metadata, dict) else {}).items()
            },
        )


Receive = Callable[[bytes], Awaitable[None]]
"""Receives a piece of a download."""


class BatchServer(Protocol):
    """One server's files and batches. Every method may raise a `BatchServerError`."""

    async def upload(self, path: Path, size: int) -> str:
        """Upload a file of requests; returns its id."""

    async def create(self, file: str, metadata: Mapping[str, str]) -> BatchState:
        """Create a batch from an uploaded file."""

    async def look(self, batch: str) -> BatchState:
        """The state of a batch."""

    async def page(self, after: str, limit: int) -> tuple[list[BatchState], bool]:
        """A page of the batches that follow one (empty: from the newest on), and whether there are more."""

    async def cancel(self, batch: str) -> BatchState:
        """Ask the server to cancel a batch."""

    async def download(self, file: str, receive: Receive) -> None:
        """Pass the content of a file on, piece by piece."""

    async def close(self) -> None:
        """Close the connections."""


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
