"""The only user of `openai`: sends a request until it is answered, given up, or the run stops.

Every attempt passes the gate and has a wall-clock deadline. The SDK's own retries are off: what follows
from a failure is decided by `verdict` and `retry`, here alone. Bytes go in and bytes come out: a raw post
skips the SDK's models, which cost more than everything else on the way.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, ResponseSchema, Sampling, Usage
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.deferred import defer
from asyncgen.endpoint import Endpoint, Grant
from asyncgen.errors import AsyncgenError, CallFailed, KeyOrQuotaError, Stopping, TryLaterError
from asyncgen.gate import Gate
from asyncgen.progress import CallEnded, Notice, Observer, Paused
from asyncgen.retry import Again, Decision, GiveUp, Pause, Retries, Stop
from asyncgen.text import loads
from asyncgen.verdict import Action, Failure, judge_answer, judge_error

CHARACTERS_PER_TOKEN = 4
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 30.0
CONNECT_TIMEOUT = 30.0
MOST_FRAMES = 64
PORTS = {"http": 80, "https": 443}
_USER = b'{"role":"user","content":'
SHARE_WEIGHT = 0.02  # of a call in the share of those that are refused


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be sent: `hash` (hex) names it in the journal.

    `tokens` is what it is charged against a limit, `most` what it can cost.
    """

    body: bytes
    hash: str
    tokens: int
    most: Usage
    json_object: bool
    required_keys: tuple[str, ...]


@dataclass(slots=True)
class Caller:
    """The pair for which is called, and the seconds that its attempts and backoffs may still take.

    Waiting at the gate takes nothing of them, nor does an attempt that is refused for rate or overload.
    """

    index: int
    note_id: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """The body of a request around its user text, and the hash of what is before that: both made once.

    `schema` is the one in it. What a server calls the limit of an answer changes no answer, so it is hashed as
    `max_tokens` (`after_hashed`): records and journal hold for either name.
    """

    before: bytes
    after: bytes
    after_hashed: bytes
    hashed: Any
    schema: ResponseSchema | None

    def around(self, user: str) -> tuple[bytes, str]:
        """A whole body and its hash."""
        text = orjson.dumps(user)
        hashed = self.hashed.copy()
        hashed.update(text + self.after_hashed)
        return self.before + text + self.after, hashed.hexdigest()


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
    """

    def __init__(
        self,
        config: RunConfig,
        gate: Gate,
        log: CallLog,
        observe: Observer,
        stop: Callable[[AsyncgenError], None],
    ) -> None:
        # `asyncgen --help` must not pay for openai; and nobody for the models of all its endpoints, of which none
        # is used here and which take more than half of the time.
        defer("openai.types")
        import openai  # noqa: PLC0415

        from asyncgen.transport import BodyTooLargeError, ChatCompletions  # noqa: PLC0415

        self._config = config
        self._gate = gate
        self._log = log
        self._observe = observe
        self._stop = stop
        self._too_large = BodyTooLargeError
        self._openai = openai
        self._served = {served.name: served for served in config.served}
        self._clients = {
            served.name: ChatCompletions(
                # The SDK wants some key; local servers want none.
                api_key=served.api_key or "none",
                base_url=served.base_url,
                connections=config.ceiling_of(served),
                connect_timeout=min(config.timeout, CONNECT_TIMEOUT),
            )
            for served in config.served
        }
        self._refused_since: float | None = None  # the first refusal after the last success
        self._answers = 0
        self._frames: dict[tuple[str, Sampling, bool, int | None], _Frame] = {}
        self._refused_share = 0.0

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.close()

    def prepare(self, request: ChatRequest) -> Prepared:
        """Encode a request as it goes over the wire."""
        key = request.system, request.sampling, request.json_object, request.seed
        frame = self._frames.get(key)
        if frame is None or frame.schema is not request.response_schema:
            if len(self._frames) >= MOST_FRAMES:
                self._frames.clear()  # a recipe whose system prompts differ gains nothing from them
            frame = self._frames[key] = self._frame(request)
        body, hashed = frame.around(request.user)
        characters = len(request.system) + len(request.user)
        return Prepared(
            body=body,
            hash=hashed,
            # What OpenAI charges against the tokens a minute.
            tokens=max(request.sampling.max_tokens, characters // CHARACTERS_PER_TOKEN),
            # Text of a byte or more is in each token, and so is what frames the messages.
            most=Usage(len(body), most := request.sampling.max_tokens, len(body) + most),
            json_object=request.json_object,
            required_keys=request.required_keys,
        )

    def _frame(self, request: ChatRequest) -> "_Frame":
        fields: dict[str, Any] = {
            "model": self._config.model,
            "messages": [{"role": "system", "content": request.system}, {"role": "user", "content": ""}],
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            self._config.max_tokens_field: request.sampling.max_tokens,
        }
        if request.seed is not None:
            fields["seed"] = request.seed
        if request.response_schema is not None:
            described = {"name": request.response_schema.name, "strict": True}
            described["schema"] = request.response_schema.schema
            fields["response_format"] = {"type": "json_schema", "json_schema": described}
        elif request.json_object:
            fields["response_format"] = {"type": "json_object"}
        # The first place: in the system prompt, as in any other text, the quotes would be escaped.
        before, _, after = orjson.dumps(fields).partition(_USER + b'""')
        named = after.replace(f'"{self._config.max_tokens_field}":'.encode(), b'"max_tokens":', 1)
        hashed = blake2b(before + _USER, digest_size=16)
        return _Frame(before + _USER, after, named, hashed, request.response_schema)

    async def complete(self, caller: Caller, step: str, request: Prepared) -> Completion:
        """Ask until there is a usable answer; it is in the log when this returns.

        Raises:
            CallFailed: the call was given up.
            Stopping: the run stops; the call was not sent again.
        """
        retries = Retries(self._config.max_attempts)
        attempt, answers, refused = 0, self._answers, False
        while True:
            attempt += 1
            endpoint, result = await self._attempt(caller, step, attempt, request, refused=refused)
            if isinstance(result, Completion):
                return result
            refused = result.action is Action.WAIT
            odds = self._refused_share if self._answers > answers else 1.0
            answers = self._answers
            match self._decide(retries, result, odds, endpoint):
                case Again(backoff):
                    caller.seconds -= backoff
                    if caller.seconds <= 0:
                        raise CallFailed(step, "deadline", retries.counted)
                    await self._gate.backoff(backoff)
                case Pause() if not self._gate.fits(request.tokens):
                    raise CallFailed(step, "larger_than_limit", attempt)
                case Pause():
                    self._come_back_later(result.kind, endpoint)
                case GiveUp():
                    self._stop_where_nothing_connects(endpoint, result)
                    raise CallFailed(step, result.kind, retries.counted or attempt)
                case Stop():
                    self._stop_or_go_on_without(endpoint, result)

    async def _attempt(
        self, caller: Caller, step: str, attempt: int, request: Prepared, *, refused: bool
    ) -> tuple[Endpoint, Completion | Failure]:
        now = asyncio.get_running_loop().time
        queued = now()
        grant = await self._gate.enter(caller.index, request.tokens, request.most, refused=refused)
        try:
            self._log.sent(caller.index, step, request.most)
            result, headers = await self._send(grant.endpoint, request, min(self._config.timeout, caller.seconds))
            # No await from here to the log: an answer that has arrived is in the journal before anything else.
            if isinstance(result, Completion):
                self._log.answered(caller.index, step, request.hash, result)
                self._refused_since = None
                grant.endpoint.pauses_in_a_row = 0
                self._gate.answered(grant, headers, request.tokens)
            else:
                lost = request.most if result.action is not Action.WAIT and result.status is None else NO_USAGE
                self._log.failed(caller.index, step, result.kind, result.usage, lost)
                if result.action is Action.WAIT:
                    self._refused_since = now() if self._refused_since is None else self._refused_since
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
                step=step,
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

    async def _send(
        self, endpoint: Endpoint, request: Prepared, seconds: float
    ) -> tuple[Completion | Failure, Mapping[str, str]]:
        """Post a request; its verdict and the headers of the answer (none when there was no answer)."""
        try:
            async with asyncio.timeout(seconds):
                response = await self._clients[endpoint.name].create(request.body)
        except TimeoutError:
            return Failure("timeout", Action.RETRY), {}
        except self._openai.APIStatusError as error:
            text = error.response.text
            try:
                body = loads(text)
            except ValueError:
                body = text
            headers = error.response.headers
            return judge_error(error.status_code, headers, body, time.time()), headers
        except self._openai.APIConnectionError as error:
            if isinstance(error.__cause__, self._too_large):
                return Failure("too_large_answer", Action.ASK_AGAIN), {}
            return _connection_failure(error), {}
        verdict = judge_answer(
            response.content,
            response.headers,
            json_object=request.json_object,
            required_keys=request.required_keys,
            now=time.time(),
        )
        return verdict, response.headers

    def _pause(self, grant: Grant, headers: Mapping[str, str], failure: Failure) -> None:
        """Pause its endpoint, as long as the server asks; else longer with each episode without a success."""
        endpoint, slow_down = grant.endpoint, failure.code == "slow_down"
        if endpoint.refused(grant, headers, failure.limit, slow_down=slow_down):
            endpoint.pauses_in_a_row += 1
        seconds = failure.retry_after
        if seconds is None:
            seconds = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (endpoint.pauses_in_a_row - 1))
        if self._gate.pause(seconds, endpoint):
            self._observe(Paused(seconds, failure.kind, endpoint.name if len(self._served) > 1 else ""))

    def _decide(self, retries: Retries, failure: Failure, odds: float, endpoint: Endpoint) -> Decision:
        """What follows; where there are others, an endpoint that rejects two calls in a row is out."""
        decision = retries.after(failure, odds)
        rejected = failure.action is Action.STOP_IF_REPEATED and endpoint.health.rejected()
        return Stop() if rejected and self._gate.others(endpoint) else decision

    def _stop_or_go_on_without(self, endpoint: Endpoint, failure: Failure) -> None:
        """Stop the run for what waiting does not mend, if this endpoint is the last one."""
        advice, said = _advice(failure, self._config, self._served[endpoint.name]), _said(failure)
        if not self._goes_on_without(endpoint, failure.kind, f"{advice} ({said})"):
            named = f"endpoint {endpoint.name}: " if endpoint.name else ""
            self._stop(KeyOrQuotaError(f"{named}{advice}, then run the same command again ({said})"))
            raise Stopping

    def _stop_where_nothing_connects(self, endpoint: Endpoint, failure: Failure) -> None:
        """Stop the run, rather than fail all pairs, when there has been no server behind the address."""
        if self._answers or failure.kind != "connection" or failure.code is None:
            return
        address = urlsplit(self._served[endpoint.name].base_url)
        place = f"{address.hostname}:{address.port or PORTS[address.scheme]}"
        self._stop(
            TryLaterError(
                f"no connection to {place}: {failure.code}, and no call was answered; "
                "check --base-url and the network, then run the same command again"
            )
        )
        raise Stopping

    def _goes_on_without(self, endpoint: Endpoint, kind: str, why: str) -> bool:
        """Put an endpoint out, and say so once; False when it is the last one."""
        known = endpoint.health.out is not None
        if not self._gate.put_out(endpoint, kind):
            return False
        if not known:
            self._observe(Notice(f"endpoint {endpoint.name} is out: {why}; the others go on", warning=True))
        return True

    def _come_back_later(self, kind: str, endpoint: Endpoint) -> None:
        """Stop the run when a quota of the day is used up, or all is refused for too long: idle time is none."""
        now = asyncio.get_running_loop().time()
        silence = now - (now if self._refused_since is None else self._refused_since)
        wait = endpoint.limiter.day_over
        if wait is not None:
            reason = f"the limit of the day is used up; the server counts anew in about {wait / 3600:.1f} h"
            if self._goes_on_without(endpoint, kind, reason):
                return
        elif silence > self._config.patience:
            reason = f"the server has refused every call for {silence:.0f} s ({kind})"
        else:
            return
        self._stop(TryLaterError(f"{reason}; everything paid is saved: the same command goes on from here later"))
        raise Stopping


def _connection_failure(error: BaseException) -> Failure:
    """No answer at all: a certificate that is not trusted stops the run, everything else may get better."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Failure("certificate", Action.STOP)
        if isinstance(cause, (socket.gaierror, ConnectionRefusedError)):
            found = "the connection was refused"
            if isinstance(cause, socket.gaierror):
                found = "the name was not found"
            return Failure("connection", Action.RETRY, code=found)
        cause = cause.__cause__ or cause.__context__
    return Failure("connection", Action.RETRY)


def _said(failure: Failure) -> str:
    """What the server said, in names."""
    status = f"status {failure.status}" if failure.status else "no answer"
    return ", ".join(filter(None, [status, failure.code, failure.request_id]))


def _advice(failure: Failure, config: RunConfig, served: EndpointConfig) -> str:
    """What to do about it."""
    reasons = {
        "quota": "the account is out of quota or credit; add credit",
        "authentication": f"the API key is not accepted; check {served.key_name}",
        "permission": "the API key may not use this model or project; check the key's permissions",
        "not_found": f"the server does not know the model {config.model!r} or the address; "
        "check --model and --base-url",
        "certificate": "the server's TLS certificate is not trusted; check --base-url and SSL_CERT_FILE",
        "redirect": "the server redirects elsewhere; set --base-url to the final address",
    }
    return reasons[failure.kind]
