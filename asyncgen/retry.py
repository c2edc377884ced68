"""Whether a failed attempt is followed by another one, and after how long. Pure: no clock, no sleep."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

from asyncgen.verdict import Action, Failure

BACKOFF_BASE = 0.5
BACKOFF_CAP = 60.0
BAD_ANSWERS = 3


@dataclass(frozen=True, slots=True)
class Again:
    """Send again after `backoff` seconds."""

    backoff: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Send again, after the pause of everybody that the refusal has caused."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The pair fails."""


@dataclass(frozen=True, slots=True)
class Stop:
    """The run stops."""


Decision = Again | Pause | GiveUp | Stop


class Retries:
    """The attempts of one call. `counted` leaves out those that the server refused for rate or overload."""

    def __init__(self, max_attempts: int, draw: Callable[[], float] = random) -> None:
        self._max_attempts = max_attempts
        self._draw = draw
        self._bad_answers = 0
        self._rejected = 0
        self.counted = 0

    def after(self, failure: Failure) -> Decision:
        """Decide what follows a failed attempt."""
        if failure.action is Action.WAIT:
            return Pause()
        self.counted += 1
        match failure.action:
            case Action.STOP:
                return Stop()
            case Action.STOP_IF_REPEATED:
                self._rejected += 1
                return Stop() if self._rejected > 1 else Again(self._backoff())
            case Action.GIVE_UP:
                return GiveUp()
            case Action.ASK_AGAIN:
                self._bad_answers += 1
                if self._bad_answers >= BAD_ANSWERS:
                    return GiveUp()
        if self.counted >= self._max_attempts:
            return GiveUp()
        # A server that says how long is believed; full jitter otherwise, so that retries do not meet again.
        return Again(self._backoff() if failure.retry_after is None else failure.retry_after)

    def _backoff(self) -> float:
        return self._draw() * min(BACKOFF_CAP, BACKOFF_BASE * 2.0 ** min(self.counted - 1, 16))
