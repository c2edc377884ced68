"""Repeat a request for files or batches until it succeeds, is refused for good, or the run stops."""

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import TypeVar

from asyncgen.client.batch_server import BatchServerError
from asyncgen.client.classify import Action
from asyncgen.client.outages import no_connection, rejection, said
from asyncgen.config import RunConfig
from asyncgen.errors import Phrase, Stopping, TryLaterError
from asyncgen.limits.gate import Gate

T = TypeVar("T")
FIRST_WAIT = 0.5  # seconds; it doubles up to the next one
LONGEST_WAIT = 30.0  # seconds: how late a recovered server may be noticed
_MAY_GET_BETTER = {Action.WAIT, Action.RETRY, Action.ASK_AGAIN, Action.STOP_IF_REPEATED}


class Persistence:
    """Retries transient failures for as long as the user has patience.

    Args:
        config: the patience, and names for messages.
        gate: closed when the run stops.
    """

    def __init__(self, config: RunConfig, gate: Gate) -> None:
        self._config = config
        self._gate = gate
        self._heard = False

    async def ask(self, operation: Callable[[], Awaitable[T]], *, once: bool = False, may_come: float = 0.0) -> T:
        """The server's final answer.

        Args:
            operation: makes one attempt.
            once: raise an error after which it is unknown whether the operation was done, as repeating it might do
                it twice.
            may_come: seconds for which what does not exist is asked for again.

        Raises:
            BatchServerError: it refuses for good.
            TryLaterError: it has failed for too long.
            KeyOrQuotaError: the key or the account is refused.
            Stopping: the run is stopping.
        """
        clock = asyncio.get_running_loop().time
        begun, wait, attempt = clock(), FIRST_WAIT, 0
        while True:
            attempt += 1
            try:
                answer = await self._unless_stopped(operation, whole=once)
            except BatchServerError as error:
                silence = clock() - begun
                if not error.gone or silence >= may_come:
                    self._check(error, silence, attempt, once=once)
                asked = error.failure.retry_after
            else:
                self._heard = True
                return answer
            # Some servers round what they ask for down to nothing.
            pause = wait if asked is None else max(FIRST_WAIT, asked)
            await self._gate.backoff(min(pause, max(0.0, self._config.patience - silence) + FIRST_WAIT))
            wait = min(LONGEST_WAIT, 2 * wait)

    async def _unless_stopped(self, operation: Callable[[], Awaitable[T]], *, whole: bool) -> T:
        """Carry out an operation; one that need not be done `whole` is cancelled when the run stops."""
        if whole:
            return await operation()
        work = asyncio.ensure_future(operation())
        stop = asyncio.ensure_future(self._gate.closing())
        try:
            await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise Stopping
            return work.result()
        finally:
            for task in (work, stop):
                task.cancel()
            # Not each by itself: who cancels this task would seem to have cancelled that one.
            await asyncio.gather(work, stop, return_exceptions=True)

    def _check(self, error: BatchServerError, silence: float, attempt: int, *, once: bool) -> None:
        """Raise if an error is the final answer; `silence` is for how long there was none."""
        failure, served = error.failure, self._config.endpoints[0]
        self._heard |= failure.status is not None
        ended = failure.status == HTTPStatus.CONFLICT  # what should be cancelled
        if error.gone or ended or (once and error.uncertain):
            raise error
        if failure.action is Action.STOP or (failure.action is Action.STOP_IF_REPEATED and attempt > 1):
            raise rejection(failure, self._config, served) from None
        nobody = failure.kind == "connection" and failure.code is not None and not self._heard
        if nobody and attempt >= self._config.max_attempts:
            raise no_connection(failure, served) from None
        if failure.action not in _MAY_GET_BETTER:
            raise error
        if silence > self._config.patience:
            raise TryLaterError(
                f"the server's Batch API has failed for {silence:.0f} s ({failure.kind}, {said(failure)}); "
                "everything paid is saved: ",
                Phrase.SAME,
                " resumes from here later",
            )
