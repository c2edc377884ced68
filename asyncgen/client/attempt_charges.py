"""Decide who is charged with a failed attempt: its call, whose attempts and time are few, or its endpoint."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from asyncgen.client.caller import Caller
from asyncgen.client.classify import Action, Failure
from asyncgen.client.outages import Outages
from asyncgen.client.retry import Retries
from asyncgen.config import RunConfig
from asyncgen.events import Observer, Paused
from asyncgen.limits.endpoint import Endpoint, Grant
from asyncgen.limits.gate import Gate

FRONT_OUTAGE = 30.0  # seconds after the last answer in which a front's own failure is taken for that of its server
STOPPED = 2.0  # seconds by which a deadline is late if the process was stopped (a sleeping laptop, Ctrl-Z)


class AttemptCharges:
    """The failed attempts of a run, and the pauses that follow from them.

    Args:
        config: endpoints and number of attempts.
        gate: has granted the attempts.
        outages: told of refusals in an outage.
        observe: called for each pause.
    """

    def __init__(self, config: RunConfig, gate: Gate, outages: Outages, observe: Observer) -> None:
        self._config = config
        self._gate = gate
        self._outages = outages
        self._observe = observe
        # Attempts that did not reach an endpoint since its last answer: they may be the first signs of an outage.
        self._unsettled: dict[str, list[tuple[Caller, Retries, float]]] = {}

    def answered(self, endpoint: Endpoint) -> None:
        """An answer has come: what was charged before stays charged."""
        self._unsettled.pop(endpoint.name, None)
        endpoint.pauses_in_a_row = 0

    def after_answers(self, failure: Failure, retries: Retries) -> Failure:
        """The failure at an endpoint that has answered before; what a front fails is an outage within bounds."""
        silent = asyncio.get_running_loop().time() - self._gate.answered_at
        bounded = silent < FRONT_OUTAGE and retries.of_front < self._config.max_attempts
        failure = failure.after_answers(lately=bounded)
        retries.of_front += failure.of_front
        return failure

    def excuse(self, caller: Caller, retries: Retries, grant: Grant, failure: Failure, seconds: float) -> bool:
        """Charge a failed attempt of at most so many seconds to its call; returns whether that is not to blame.

        It is not if the process was stopped meanwhile, if its endpoint is unhealthy and others are healthy, and in
        an outage: then the failures that were the first signs of it are taken back.
        """
        took = asyncio.get_running_loop().time() - grant.at
        endpoint = grant.endpoint
        if failure.status is not None and not failure.unreached:
            self._gate.reached(grant)
        if failure.action is Action.RETRY:
            if took > seconds + STOPPED and retries.interrupted():
                return True
            excused, rest = self._gate.failed(
                grant,
                caller.index,
                unreached=failure.unreached,
                suspect=retries.suspect(self._gate.answers),
            )
            if rest is not None:
                for early, counted, spent in self._unsettled.pop(endpoint.name, ()):
                    counted.forgive()
                    early.seconds += spent
            if self._gate.outage:
                self._outages.refused()
                if rest is not None:
                    self._tell_pause(rest, failure.kind, endpoint)
            if excused:
                return True
        spent = min(took, seconds)
        caller.seconds -= spent
        if failure.unreached and self._gate.answers:
            self._unsettled.setdefault(endpoint.name, []).append((caller, retries, spent))
        return False

    def refused(self, grant: Grant, headers: Mapping[str, str], failure: Failure) -> Failure:
        """Pause the endpoint that refuses a call for now, as long as it asks; otherwise as long as is wise.

        Returns the failure with the limit of the day that its headers tell of.
        """
        self._outages.refused()
        endpoint, slow_down = grant.endpoint, failure.code == "slow_down"
        pause = failure.retry_after or 0.0
        if endpoint.refused(grant, headers, failure.limit, slow_down=slow_down, pause=pause):
            endpoint.pauses_in_a_row += 1
        if failure.day_over is not None:
            endpoint.limiter.day_over = failure.day_over
        seconds = endpoint.pause_after(failure.retry_after)
        day_over = endpoint.limiter.day_over
        # Nobody waits for the end of a day: the endpoint goes out, or the run ends.
        if seconds is not None and self._gate.pause(seconds, endpoint) and day_over is None:
            self._tell_pause(seconds, failure.kind, endpoint, failure.asked)
        return replace(failure, day_over=day_over)

    def _tell_pause(self, seconds: float, kind: str, endpoint: Endpoint, asked: float | None = None) -> None:
        name = endpoint.name if len(self._config.endpoints) > 1 else ""
        longer = asked if asked is not None and asked > seconds else None
        self._observe(Paused(seconds, kind, name, longer))
