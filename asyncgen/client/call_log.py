"""What the client needs of a journal: attempts are recorded before anything else happens."""

from typing import Protocol

from asyncgen.chat import NO_USAGE, Adaptation, Completion, OutOfBatch, Usage


class CallLog(Protocol):
    """Where attempts are recorded, in the tick in which they happen."""

    def sent(self, index: int, step: str, most: Usage) -> None:
        """A call is about to be sent."""

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage = NO_USAGE,
    ) -> None:
        """A usable answer has arrived; `lost` is what it may have cost beside what the server has said."""

    def adapted(self, adaptation: Adaptation) -> None:
        """A field was refused; from now on it is sent in another way."""

    def failed(self, index: int, step: str, kind: str, usage: Usage, lost: Usage) -> None:
        """The attempt ended without a usable answer; `lost` is what it may have cost without saying so."""


class BatchLog(Protocol):
    """The same for what comes out of batches."""

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage,
        came: OutOfBatch,
    ) -> None:
        """A usable answer has come."""

    def failed(self, index: int, step: str, kind: str, usage: Usage, lost: Usage, came: OutOfBatch) -> None:
        """No usable answer has come."""
