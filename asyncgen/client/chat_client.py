"""Send a request until it is answered, given up, or the run stops.

Every attempt passes the gate and has a wall-clock deadline. What follows from a failure is decided by `classify`
and `retry`, and carried out only here.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from http import HTTPStatus

from asyncgen.chat import (
    Adaptation,
    ChatRequest,
    Completion,
    ModelWays,
    OutOfBatch,
    RequestShape,
)
from asyncgen.client.adaptations import Adaptations
from asyncgen.client.admission import Admission, Tried
from asyncgen.client.answer_accounting import AnswerAccounting
from asyncgen.client.answer_body import unusable
from asyncgen.client.attempt_charges import AttemptCharges
from asyncgen.client.call_log import CallLog
from asyncgen.client.call_reports import CallReports
from asyncgen.client.caller import Caller
from asyncgen.client.classify import OF_ITS_LIMITS, OF_NO_API, REFUSED, Action, Failure
from asyncgen.client.encoding import Encoder, Prepared
from asyncgen.client.explanations import Explanations
from asyncgen.client.learning import Learning
from asyncgen.client.outages import Outages, rejection
from asyncgen.client.probes import Probes
from asyncgen.client.retry import Decision, GiveUp, Pause, Retries, RetryAfter, Stop
from asyncgen.client.wire import Wire
from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError, CallFailed, KeyOrQuotaError, UsageError
from asyncgen.events import Observer
from asyncgen.limits.endpoint import Endpoint, Grant
from asyncgen.limits.gate import Gate

SIZE_PROBES = 3  # refusals of a call larger than the limit, as its size is only estimated


@dataclass(slots=True)
class _Call:
    """A call under way: its row, the request to send now, its attempts so far, and the endpoints it has tried."""

    caller: Caller
    request: Prepared
    retries: Retries
    tried: Tried = field(default_factory=Tried)


class ChatClient:
    """The calls of one run to its endpoints.

    Args:
        config: model, endpoints, keys, deadline and number of attempts.
        gate: grants the attempts.
        log: the journal.
        observe: called for each attempt and each pause.
        stop: called with the reason when the run has to stop.
        wire: sends the attempts; its opener closes it.
        ways: what is known of the model's requests; None: nothing.
        learned: what endpoints have refused in earlier starts, as far as it is logged.
        probes: lets a few calls go ahead, and keeps what they learn; None: not shared.
        longest_answer: tokens that the model writes at most.
    """

    def __init__(
        self,
        config: RunConfig,
        gate: Gate,
        log: CallLog,
        observe: Observer,
        stop: Callable[[AsyncgenError], None],
        wire: Wire,
        *,
        ways: ModelWays | None = None,
        learned: Iterable[Adaptation] = (),
        probes: Probes | None = None,
        longest_answer: int = 0,
    ) -> None:
        learned = list(learned)
        self._config = config
        self._gate = gate
        self._log = log
        self._observe = observe
        self._outages = Outages(config, gate, observe, stop)
        self._charges = AttemptCharges(config, gate, self._outages, observe)
        self._wire = wire
        self._encoder = Encoder(config.model, config.max_tokens_field or "max_tokens", longest_answer)
        self._longest_answer = longest_answer
        self._adaptations = Adaptations(ways and ways.beside(config.max_tokens_field), learned)
        self._probes = Probes() if probes is None else probes
        self._admission = Admission(gate, self._adaptations, self._probes)
        self._accounting = AnswerAccounting(observe, keep_thinking=config.keep_thinking)
        self._learning = Learning(config, self._adaptations, self._probes, log, observe, stop, learned)
        self._explanations = Explanations(
            secret for served in config.endpoints for secret in (served.api_key, *served.headers.values())
        )
        self._reports = CallReports(observe, self._explanations)

    def prepare(self, step: str, request: ChatRequest) -> Prepared:
        """Encode a request for `complete`.

        Raises:
            UsageError: its cost is unbounded, which a budget does not allow.
        """
        prepared = self._encoder.prepare(step, request)
        if prepared.limit is None and not self._longest_answer and self._gate.budget is not None:
            raise UsageError(
                f"{step} sets no max_tokens, and how long an answer of {self._config.model} may be is not "
                "known: a budget cannot hold; set max_tokens, or leave the budget out"
            )
        # Of thousands of calls in flight, the body as configured would be kept beside the one that is sent.
        return self._adaptations.with_fields(self._config.endpoints[0].name, prepared)

    async def complete(self, caller: Caller, request: Prepared) -> Completion:
        """Ask until there is a usable answer; it is in the log when this returns.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run is stopping; the call was not sent again.
        """
        known = self._log.unusable(caller.index, request.step, request.hash)
        retries, request = self.resumed(request, caller.meet(request.step, request.hash, known))
        call = _Call(caller, request, retries)
        del request  # the call may get another one
        attempt, answers, refused = 0, self._gate.answers, False
        while True:
            attempt += 1
            endpoint, result, adapted = await self._attempt(call, attempt, refused=refused)
            if isinstance(result, Completion):
                await self._log.written()
                caller.answers.append(result.text)
                return result
            if adapted:
                continue
            self._outages.meet(result)
            refused = result.action in {Action.WAIT, Action.ELSEWHERE}
            odds = self._gate.refused_share if self._gate.answers > answers else 1.0
            answers = self._gate.answers
            if result.action is Action.ELSEWHERE and self._gate.outage:
                await self._outages.wait(result, endpoint)
            match self._decide(retries, result, odds, endpoint, caller.index):
                case RetryAfter(backoff):
                    await self._back_off(call, backoff, result.kind)
                case Pause() if retries.refused >= SIZE_PROBES and not self._gate.fits(call.request.tokens):
                    raise CallFailed(call.request.step, "larger_than_limit", attempt)
                case Pause():
                    await self._outages.wait(result, endpoint)
                case GiveUp():
                    self._outages.give_up(endpoint, result)
                    raise self.refusal(caller, call.request, result, retries.counted or attempt)
                case Stop():
                    self._outages.reject(endpoint, self._explanations.named(result, call.request, caller.answers))

    def resumed(
        self, request: Prepared, kinds: Iterable[str], *, answered: bool = False
    ) -> tuple[Retries, Prepared]:
        """The attempts at a call that were made before, and the request to send now.

        Args:
            request: as prepared.
            kinds: of the unusable answers to it.
            answered: another answer is here already.

        Raises:
            CallFailed: they have left no attempt, and it needs one.
        """
        retries = Retries(self._config.max_attempts)
        for kind in kinds:
            if isinstance(retries.after(unusable(kind)), GiveUp) and not answered:
                raise CallFailed(request.step, kind, retries.counted, HTTPStatus.OK, earlier=True)
            if kind == "reasoning_length":
                request = self.with_more_room(request)
        return retries, request

    async def _back_off(self, call: _Call, seconds: float, kind: str) -> None:
        """Wait outside the gate; an answer that reasoning has used up is given more room then.

        Raises:
            CallFailed: the row has no time left.
        """
        call.caller.seconds -= seconds
        if call.caller.seconds <= 0:
            raise CallFailed(call.request.step, "deadline", call.retries.counted)
        await self._gate.backoff(seconds)
        if kind == "reasoning_length":
            call.request = self.with_more_room(call.request)

    async def _attempt(
        self, call: _Call, attempt: int, *, refused: bool
    ) -> tuple[Endpoint, Completion | Failure, bool]:
        """Send a call once; returns its endpoint, the result, and whether to resend it with another body."""
        caller, request = call.caller, call.request
        now = asyncio.get_running_loop().time
        queued = now()
        grant, shape = await self._admission.enter(caller.index, request, call.tried, refused=refused)
        endpoint = grant.endpoint
        answered, seconds = False, min(self._config.timeout, caller.seconds)
        try:
            self._learning.take_over()
            sent = self._adaptations.body(endpoint.name, request)
            self._log.sent(caller.index, request.step, request.most)
            await self._log.written()
            result, headers = await self._wire.send(
                endpoint.name,
                request if sent is request.body else request.with_body(sent),
                seconds,
            )
            answered = isinstance(result, Completion)
            result = self._settle(call, grant, headers, result, seconds)
        finally:
            self._admission.leave(grant, shape, request, answered=answered)
        learned, adapted = None, False
        if isinstance(result, Failure):
            learned = self._adaptations.learn(endpoint.name, request, result, sent)
            # An answer that is not accepted would be paid again; it may come while others teach what is not taken.
            taught = learned is not None or self._adaptations.known(endpoint.name, request, result) is not None
            changed = self._adaptations.body(endpoint.name, request) != sent
            adapted = taught and changed and not self._config.strict_params
        self._reports.ended(
            caller,
            request,
            result,
            attempt=attempt,
            request_id=headers.get("x-request-id"),
            started=grant.at,
            waited=grant.at - queued,
            took=now() - grant.at,
            endpoint=endpoint.name,
            adapted=adapted,
        )
        if learned is not None:
            self._learning.keep(learned)
        if isinstance(result, Failure) and not adapted:
            result = self._ask_others(call, grant, shape, result)
        return endpoint, result, adapted

    def _settle(
        self,
        call: _Call,
        grant: Grant,
        headers: Mapping[str, str],
        result: Completion | Failure,
        seconds: float,
    ) -> Completion | Failure:
        """Record the result of an attempt of at most so many seconds; returns it as it counts.

        There is no await before the log: an answer that has arrived is in the journal before anything else.
        """
        caller, request, endpoint = call.caller, call.request, grant.endpoint
        if isinstance(result, Failure) and endpoint.health.answered:
            result = self._charges.after_answers(result, call.retries)
        result = self._record(caller, request, result)
        if isinstance(result, Completion):
            self._charges.answered(endpoint)
            self._gate.answered(grant, headers, request.tokens, result.usage.total_tokens)
            self._gate.heard(refused=False)
            return result
        if result.unusable:
            caller.has_met(request.step, request.hash)
        waits = result.action is Action.WAIT
        if waits:
            result = self._charges.refused(grant, headers, result)
        elif self._charges.excuse(caller, call.retries, grant, result, seconds):
            result = replace(result, action=Action.ELSEWHERE)
            if grant.probe:
                call.tried.probed.add(endpoint.name)
        self._gate.heard(refused=waits)
        return result

    def _record(
        self, caller: Caller, request: Prepared, result: Completion | Failure, came: OutOfBatch | None = None
    ) -> Completion | Failure:
        """Record the result of an attempt, and what it may have cost; returns it as it is kept."""
        if isinstance(result, Completion):
            kept, lost = self._accounting.counted(request, result)
            self._log.answered(caller.index, request.step, request.hash, kept, lost, came)
            return kept
        lost = self._accounting.uncounted(request, result)
        if result.answer is not None:
            caller.not_accepted[request.step] = self._accounting.as_kept(request, result.answer)
        self._log.failed(
            caller.index,
            request.step,
            result.kind,
            result.usage,
            lost,
            came,
            unusable=request.hash if result.unusable else "",
        )
        return result

    def _ask_others(self, call: _Call, grant: Grant, shape: RequestShape, failure: Failure) -> Failure:
        """Let other endpoints be asked if one refuses a call that they may take; returns the failure as it counts.

        Of such a size, or of a shape that it has never answered: then the endpoint may be to blame. It is where no
        API answers.
        """
        tried, endpoint = call.tried, grant.endpoint
        blamed = failure.kind in OF_NO_API or (failure.kind == REFUSED and not self._probes.proven(shape))
        if not (blamed or failure.kind in OF_ITS_LIMITS or failure.action is Action.STOP_IF_REPEATED):
            return failure
        new = endpoint.name not in tried.refused_by
        tried.refused_by.add(endpoint.name)
        if (
            failure.action is Action.STOP_IF_REPEATED
            or not new
            or not self._gate.others(endpoint, tried.refused_by)
        ):
            return failure
        if blamed:
            self._gate.failed(grant, call.caller.index)
        return replace(failure, action=Action.ELSEWHERE)

    def take(
        self,
        caller: Caller,
        request: Prepared,
        result: Completion | Failure,
        came: OutOfBatch,
        attempt: int,
        request_id: str | None,
        *,
        adapted: bool,
    ) -> Completion | Failure:
        """Take the result of a request from a batch: into the log first, like any answer.

        Args:
            caller: the row.
            request: as prepared.
            result: the judged result.
            came: out of which batch.
            attempt: the number of the call's attempt.
            request_id: the server's.
            adapted: it is a refusal after which the request is sent with another body.
        """
        result = self._record(caller, request, result, came)
        if isinstance(result, Completion):
            self._gate.endpoints[0].health.succeeded()
            caller.answers.append(result.text)
        self._reports.ended(
            caller,
            request,
            result,
            attempt=attempt,
            request_id=request_id,
            started=asyncio.get_running_loop().time(),
            endpoint=self._config.endpoints[0].name,
            adapted=adapted,
            batch=came.id,
        )
        return result

    def decide(self, retries: Retries, failure: Failure, row: int) -> Decision:
        """Decide what follows a failure in a batch."""
        return self._decide(retries, failure, 1.0, self._gate.endpoints[0], row)

    def rejection(self, caller: Caller, request: Prepared, failure: Failure) -> KeyOrQuotaError:
        """The error for a failure in a batch that concerns all calls."""
        named = self._explanations.named(failure, request, caller.answers)
        return rejection(named, self._config, self._config.endpoints[0])

    def refusal(self, caller: Caller, request: Prepared, failure: Failure, attempts: int) -> CallFailed:
        """The failure of a call that is given up after so many attempts."""
        names = self._explanations.names(failure, request, caller.answers)
        return CallFailed(request.step, failure.kind, attempts, failure.status, *names)

    def body(self, request: Prepared) -> bytes:
        """The body of a request as the first endpoint accepts it."""
        return self._adaptations.body(self._config.endpoints[0].name, request)

    def learn(self, request: Prepared, failure: Failure) -> str | None:
        """Learn from a refusal in a batch what the first endpoint accepts; returns the field that it named.

        None: it teaches nothing. It may have been learned from another refusal since the request was sent.

        Raises:
            Stopping: the run stops, as the user wants nothing left out.
        """
        return self._learning.from_batch(self._config.endpoints[0].name, request, failure)

    def with_more_room(self, request: Prepared) -> Prepared:
        """The request with twice the limit, as far as model and budget allow: reasoning used up the first."""
        if request.limit is None:
            return request
        limit = 2 * request.limit
        limit = min(limit, max(self._longest_answer, request.limit)) if self._longest_answer else limit
        wider = self._encoder.with_limit(request, limit)
        budget = self._gate.budget
        return wider if budget is None or budget.covers(wider.most) else request

    def _decide(self, retries: Retries, failure: Failure, odds: float, endpoint: Endpoint, row: int) -> Decision:
        """Decide what follows; a rejected key, permission or model concerns all calls after several in a row."""
        if failure.action is not Action.STOP_IF_REPEATED:
            return retries.after(failure, odds)
        health, others = endpoint.health, self._gate.others(endpoint)
        rejected = health.rejected(row, endpoint.in_flight, others=others)
        return retries.after(failure, rejects_all=rejected if others or health.answered else None)
