"""Whether to retry a failed attempt, and after how long. Pure: no clock, no sleep."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

from asyncgen.client.classify import Action, Failure

BACKOFF_BASE = 0.5  # seconds: the upper bound of the first backoff, as in the SDK
BACKOFF_CAP = 60.0  # seconds: limits are by the minute, so waiting longer gains nothing
BAD_ANSWERS = 3  # asks in all: the next answer is often good, a fourth one hardly ever better
CUT_OFF = 2  # attempts at an answer that is too long each time: a third would be too
_CUT_OFF_KINDS = {"length", "reasoning_length", "larger_than_limit", "context_length"}
POISON = 1e-9  # chance below which refusals are the call's: once in 1,000 runs of a million calls
LEAST_ODDS = 0.25  # of being refused: calls come in bursts, so one passing at the same time proves little


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Send again after `backoff` seconds."""

    backoff: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Send again after the shared pause that the refusal has caused."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The row fails."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The run stops."""


Decision = RetryAfter | Pause | GiveUp | Stop


class Retries:
    """The attempts of one call. `counted` leaves out those `refused` for rate or overload.

    `of_front` are those that a front failed, whether they count or not.

    Refusals never count against a row as long as the server may be their cause. A call that is refused again and
    again while other calls pass is poison: it is given up once that is no longer plausible as chance.
    """

    def __init__(self, max_attempts: int, draw: Callable[[], float] = random) -> None:
        self._max_attempts = max_attempts
        self._draw = draw
        self._bad_answers = 0
        self._rejected = 0
        self._chance = 1.0
        self._others: int | None = None
        self._suspect = False
        self._interrupted = 0
        self.counted = self.refused = self.of_front = 0

    def suspect(self, answers: int) -> bool:
        """Whether other calls were answered between two failures of this one, which may then be the cause itself.

        Args:
            answers: how many calls of the run were answered up to this failure.
        """
        self._suspect |= self._others is not None and answers > self._others
        self._others = answers
        return self._suspect

    def interrupted(self) -> bool:
        """Whether an attempt whose deadline came late is excused; not each time: each is paid."""
        self._interrupted += 1
        return self._interrupted <= self._max_attempts

    def forgive(self) -> None:
        """Take an attempt back: it was the first sign of an outage."""
        self.counted -= 1

    def after(self, failure: Failure, odds: float = 1.0, *, rejects_all: bool | None = None) -> Decision:
        """Decide what follows a failed attempt.

        Args:
            failure: of the attempt.
            odds: how likely a call was to be refused, judging by other calls since this one was last refused; 1 if
                none of them was answered.
            rejects_all: whether a rejection (key, permission, model) concerns all calls; None: nothing was
                answered yet, so a call's second one does.
        """
        if failure.action is Action.WAIT:
            self.refused += 1
            self._chance *= max(odds, LEAST_ODDS)
            return GiveUp() if self._chance < POISON else Pause()
        if failure.action is Action.ELSEWHERE:
            return RetryAfter(0.0)
        self.counted += 1
        match failure.action:
            case Action.STOP:
                return Stop()
            case Action.STOP_IF_REPEATED:
                ends = self._after_rejection(failure, rejects_all=rejects_all)
                if ends is not None:
                    return ends
            case Action.GIVE_UP:
                return GiveUp()
            case Action.ASK_AGAIN:
                self._bad_answers += 1
                if self._bad_answers >= (CUT_OFF if failure.kind in _CUT_OFF_KINDS else BAD_ANSWERS):
                    return GiveUp()
        if self.counted >= self._max_attempts:
            return GiveUp()
        # Some servers round what they ask for down to nothing, which would spend all attempts at once.
        return RetryAfter(max(self._backoff(), failure.retry_after or 0.0))

    def _after_rejection(self, failure: Failure, *, rejects_all: bool | None) -> Decision | None:
        self._rejected += 1
        if rejects_all or (rejects_all is None and self._rejected > 1):
            return Stop()
        # A gateway may refuse the content of one row (403), or now and then a good key (401).
        return GiveUp() if self._rejected > 1 and failure.kind == "permission" else None

    def _backoff(self) -> float:
        """Seconds, with full jitter, so that retries do not coincide."""
        return self._draw() * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(self.counted - 1, 16))
