"""What the client needs of a journal: attempts are recorded before anything else happens."""

from collections.abc import Sequence
from typing import Protocol

from asyncgen.chat import NO_USAGE, Adaptation, Completion, OutOfBatch, Usage


class CallLog(Protocol):
    """Where attempts are recorded, in the tick in which they happen."""

    def sent(self, index: int, step: str, most: Usage) -> None:
        """Record that a call is about to be sent, after `written`."""

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
    ) -> None:
        """Record a usable answer, which may be used after `written`.

        `lost` is its possible cost beyond the server's count; `came` is the batch that it came out of.
        """

    async def written(self) -> None:
        """Wait until what was recorded survives the process."""

    def adapted(self, adaptation: Adaptation) -> None:
        """Record that a field was refused, and is sent differently from now on."""

    def failed(
        self,
        index: int,
        step: str,
        kind: str,
        usage: Usage,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
        *,
        unusable: str = "",
    ) -> None:
        """Record an attempt without a usable answer; `lost` is its possible cost beyond the server's count.

        `came` is the batch that it came out of; `unusable` is the request's hash if an answer came that nobody can
        use.
        """

    def unusable(self, index: int, step: str, request_hash: str) -> Sequence[str]:
        """The kinds of the unusable answers to a request in the starts of this run, in order."""


class NoLog:
    """A call log that keeps nothing."""

    def sent(self, index: int, step: str, most: Usage) -> None:
        """A call is about to be sent."""

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
    ) -> None:
        """Do nothing with a usable answer."""

    async def written(self) -> None:
        """Return at once: nothing is written."""

    def adapted(self, adaptation: Adaptation) -> None:
        """Do nothing with a refused field."""

    def failed(
        self,
        index: int,
        step: str,
        kind: str,
        usage: Usage,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
        *,
        unusable: str = "",
    ) -> None:
        """Do nothing with an attempt without a usable answer."""

    def unusable(self, index: int, step: str, request_hash: str) -> Sequence[str]:  # noqa: ARG002
        """No answer is known."""
        return ()
