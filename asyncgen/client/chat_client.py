"""Sends a request until it is answered, given up, or the run stops.

Every attempt passes the gate and has a wall-clock deadline. What follows from a failure is decided by `verdict`
and `retry`, here alone.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from asyncgen.chat import NO_USAGE, Completion, Usage
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Encoder, Prepared
from asyncgen.client.outages import Outages
from asyncgen.client.retry import Again, Decision, GiveUp, Pause, Retries, Stop
from asyncgen.client.wire import Wire
from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError, CallFailed
from asyncgen.events import CallEnded, Observer, Paused
from asyncgen.limits.endpoint import Endpoint, Grant
from asyncgen.limits.gate import Gate

FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
SHARE_WEIGHT = 0.02  # of a call in the share of those that are refused


@dataclass(slots=True)
class Caller:
    """The pair for which is called, and the seconds that its attempts and backoffs may still take.

    Waiting at the gate takes nothing of them, nor does an attempt that is refused for rate or overload.
    """

    index: int
    note_id: str
    seconds: float


class CallLog(Protocol):
    """Where attempts are recorded, in the tick in which they happen."""

    def sent(self, index: int, step: str, most: Usage) -> None:
        """A call is about to be sent."""

    def answered(self, index: int, step: str, request_hash: str, completion: Completion) -> None:
        """A usable answer has arrived."""

    def failed(self, index: int, step: str, kind: str, usage: Usage, lost: Usage) -> None:
        """The attempt ended without a usable answer; `lost` is what it may have cost without saying so."""


class ChatClient:
    """Calls of one run to its endpoints.

    Args:
        config: model, endpoints, keys, deadline and number of attempts.
        gate: grants the attempts.
        log: the journal.
        observe: told of each attempt and each pause.
        stop: told the reason when the run has to stop.
        wire: carries the attempts; whoever opened it closes it.

    `prepare` encodes a request for `complete`.
    """

    def __init__(
        self,
        config: RunConfig,
        gate: Gate,
        log: CallLog,
        observe: Observer,
        stop: Callable[[AsyncgenError], None],
        wire: Wire,
    ) -> None:
        self._config = config
        self._gate = gate
        self._log = log
        self._observe = observe
        self._outages = Outages(config, gate, observe, stop)
        self._wire = wire
        self.prepare = Encoder(config.model, config.max_tokens_field).prepare
        self._answers = 0
        self._refused_share = 0.0

    async def complete(self, caller: Caller, request: Prepared) -> Completion:
        """Ask until there is a usable answer; it is in the log when this returns.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run stops; the call was not sent again.
        """
        retries = Retries(self._config.max_attempts)
        attempt, answers, refused = 0, self._answers, False
        while True:
            attempt += 1
            endpoint, result = await self._attempt(caller, attempt, request, refused=refused)
            if isinstance(result, Completion):
                return result
            refused = result.action is Action.WAIT
            odds = self._refused_share if self._answers > answers else 1.0
            answers = self._answers
            match self._decide(retries, result, odds, endpoint):
                case Again(backoff):
                    caller.seconds -= backoff
                    if caller.seconds <= 0:
                        raise CallFailed(request.step, "deadline", retries.counted)
                    await self._gate.backoff(backoff)
                case Pause() if not self._gate.fits(request.tokens):
                    raise CallFailed(request.step, "larger_than_limit", attempt)
                case Pause():
                    self._outages.wait(result.kind, endpoint)
                case GiveUp():
                    self._outages.give_up(endpoint, result)
                    raise CallFailed(request.step, result.kind, retries.counted or attempt)
                case Stop():
                    self._outages.reject(endpoint, result)

    async def _attempt(
        self, caller: Caller, attempt: int, request: Prepared, *, refused: bool
    ) -> tuple[Endpoint, Completion | Failure]:
        now = asyncio.get_running_loop().time
        queued = now()
        grant = await self._gate.enter(caller.index, request.tokens, request.most, refused=refused)
        try:
            self._log.sent(caller.index, request.step, request.most)
            result, headers = await self._wire.send(
                grant.endpoint.name, request, min(self._config.timeout, caller.seconds)
            )
            # No await from here to the log: an answer that has arrived is in the journal before anything else.
            if isinstance(result, Completion):
                self._log.answered(caller.index, request.step, request.hash, result)
                self._outages.answered()
                grant.endpoint.pauses_in_a_row = 0
                self._gate.answered(grant, headers, request.tokens)
            else:
                lost = request.most if result.action is not Action.WAIT and result.status is None else NO_USAGE
                self._log.failed(caller.index, request.step, result.kind, result.usage, lost)
                if result.action is Action.WAIT:
                    self._outages.refused()
                    self._pause(grant, headers, result)
                elif result.action is Action.RETRY and self._gate.failed(grant):
                    result = replace(result, action=Action.ELSEWHERE)
                else:
                    caller.seconds -= now() - grant.at
            share = float(not isinstance(result, Completion) and result.action is Action.WAIT)
            self._answers += isinstance(result, Completion)
            self._refused_share += SHARE_WEIGHT * (share - self._refused_share)
        finally:
            self._gate.leave(grant, request.most)
        self._observe(
            CallEnded(
                index=caller.index,
                note_id=caller.note_id,
                step=request.step,
                request=request.hash,
                attempt=attempt,
                outcome="ok" if isinstance(result, Completion) else result.kind,
                status=200 if isinstance(result, Completion) else result.status,
                request_id=headers.get("x-request-id"),
                started=grant.at,
                waited=grant.at - queued,
                took=now() - grant.at,
                usage=result.usage,
                endpoint=grant.endpoint.name,
            )
        )
        return grant.endpoint, result

    def _pause(self, grant: Grant, headers: Mapping[str, str], failure: Failure) -> None:
        """Pause its endpoint, as long as the server asks; else longer with each episode without a success."""
        endpoint, slow_down = grant.endpoint, failure.code == "slow_down"
        if endpoint.refused(grant, headers, failure.limit, slow_down=slow_down):
            endpoint.pauses_in_a_row += 1
        seconds = failure.retry_after
        if seconds is None:
            seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (endpoint.pauses_in_a_row - 1))
        if self._gate.pause(seconds, endpoint):
            self._observe(Paused(seconds, failure.kind, endpoint.name if len(self._config.endpoints) > 1 else ""))

    def _decide(self, retries: Retries, failure: Failure, odds: float, endpoint: Endpoint) -> Decision:
        """What follows; where there are others, an endpoint that rejects two calls in a row is out."""
        decision = retries.after(failure, odds)
        rejected = failure.action is Action.STOP_IF_REPEATED and endpoint.health.rejected()
        return Stop() if rejected and self._gate.others(endpoint) else decision
