"""The faults, one a row: what the server does, and what the design says must follow.

The words are those of "Errors of the API" in the design:

- wait: a shared pause, then again, without end but `--patience`; never counts against the pair.
- retry: again, at most `--max-attempts` times in all; then the pair fails.
- ask again: at most two more tries; then the pair fails.
- give up: the pair fails at once.
- stop: the run stops. stop if repeated: after one more try.
- fine: no fault at all.
"""

import errno
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any, Literal

import aiohttp
import orjson
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.http_exceptions import TransferEncodingError

from asyncgen.client.http_client import MOST_BYTES

from .wire import Call, Fault, Reply, answer, completion, good_text

Action = Literal["wait", "retry", "ask again", "ask once", "give up", "stop", "stop if repeated", "fine"]
JSON_STEPS = ("error_reasoning", "correct_reasoning")
ALL_STEPS = ("paraphrase", *JSON_STEPS)
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
HANGS = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """A fault, and what follows: `kind` is the error class in `failed.jsonl` or the log.

    `pause` is how many seconds the server asks to wait, as far as it is believed; `steps` are those whose calls
    it can hit.
    """

    name: str
    action: Action
    kind: str
    fault: Fault
    pause: float = 0.0
    steps: tuple[str, ...] = ALL_STEPS


def says(status: int, error: Any = None, body: bytes | None = None, **headers: str) -> Fault:
    """An error status with an error body."""
    data = orjson.dumps({"error": error or {"message": "pair-0: right", "type": "some", "code": None}})
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _call: Reply(status, data if body is None else body, {"x-request-id": "req_1", **names})


def named(code: str | None, type_: str | None = None, **more: Any) -> dict[str, Any]:
    """An error body's inside."""
    return {"message": "pair-0: right", "type": type_, "code": code, **more}


def body(data: bytes) -> Fault:
    """A 200 with these bytes."""
    return lambda _call: Reply(body=data)


def changed(**changes: Any) -> Fault:
    """A good answer with something else in it."""
    return lambda call: answer(call, **changes)


def text(write: Callable[[str], str]) -> Fault:
    """A good answer with its text written otherwise."""
    return lambda call: answer(call, message={"content": write(good_text(call))})


def lacks(name: str) -> Fault:
    """A good answer without one of its keys."""

    def reply(call: Call) -> Reply:
        return Reply(body=orjson.dumps({key: value for key, value in completion(call).items() if key != name}))

    return reply


def breaks(error: Callable[[], BaseException]) -> Fault:
    """No answer."""
    return lambda _call: Reply(error=error)


def no_connection(
    kind: type[aiohttp.ClientConnectorError], error: OSError | Exception
) -> Callable[[], BaseException]:
    """What aiohttp raises when it cannot connect: with its cause, as there."""

    def make() -> BaseException:
        key = ConnectionKey("api.example", 443, True, True, None, None, None)
        try:
            raise kind(key, error) from error  # type: ignore[arg-type]
        except aiohttp.ClientError as raised:
            return raised

    return make


def after_seconds_from_now(seconds: float) -> Fault:
    """A refusal with a date; of the moment of the refusal, not of this one."""

    def reply(call: Call) -> Reply:
        return says(429, retry_after=formatdate(time.time() + seconds, usegmt=True))(call)

    return reply


def error_in_200(error: Any) -> Fault:
    """A 200 that carries an error."""
    return body(orjson.dumps({"error": error}))


def choice(**changes: Any) -> Fault:
    """A good answer with something else in its choice."""
    return changed(choice=changes)


def message(**changes: Any) -> Fault:
    """A good answer with something else in its message."""
    return changed(message=changes)


def _statuses() -> list[Row]:
    gone: Mapping[int, tuple[Action, str]] = {
        400: ("give up", "bad_request"),
        401: ("stop if repeated", "authentication"),
        402: ("stop", "quota"),
        403: ("stop if repeated", "permission"),
        404: ("stop if repeated", "not_found"),
        405: ("stop if repeated", "not_found"),
        407: ("stop if repeated", "proxy"),
        501: ("stop if repeated", "not_found"),
        408: ("retry", "timeout"),
        409: ("retry", "conflict"),
        413: ("give up", "too_large"),
        422: ("give up", "bad_request"),
        425: ("retry", "server_error"),
        429: ("wait", "rate_limit"),
        498: ("wait", "overloaded"),
        499: ("retry", "server_error"),
        500: ("retry", "server_error"),
        502: ("retry", "server_error"),
        503: ("wait", "overloaded"),
        504: ("retry", "server_error"),
        520: ("retry", "server_error"),
        524: ("retry", "server_error"),
        529: ("wait", "overloaded"),
    }
    rows = [Row(f"{status}", action, kind, says(status)) for status, (action, kind) in gone.items()]
    for status in (400, 401, 429, 502, 503):
        action, kind = gone[status]
        rows += [
            Row(f"{status} with HTML", action, kind, says(status, body=HTML)),
            Row(f"{status} without a body", action, kind, says(status, body=b"")),
            Row(f"{status} with a body that is not UTF-8", action, kind, says(status, body=b"\xff\xfe{")),
        ]
    return rows


def _names() -> list[Row]:
    return [
        Row("429 requests", "wait", "rate_limit", says(429, named("rate_limit_exceeded", "requests"))),
        Row("429 tokens", "wait", "rate_limit", says(429, named("rate_limit_exceeded", "tokens"))),
        Row("429 slow down", "wait", "rate_limit", says(429, named("slow_down", "rate_limit_error"))),
        Row("503 slow down", "wait", "rate_limit", says(503, named("slow_down"))),
        Row("429 quota by code", "stop", "quota", says(429, named("insufficient_quota"))),
        Row("429 quota by type", "stop", "quota", says(429, named(None, "insufficient_quota"))),
        Row("429 spend limit", "stop", "quota", says(429, named("organization_spend_limit_exceeded"))),
        Row("429 billing limit", "stop", "quota", says(429, named("billing_hard_limit_reached"))),
        Row("400 billing not active", "stop", "quota", says(400, named("billing_not_active"))),
        Row("400 context length", "give up", "context_length", says(400, named("context_length_exceeded"))),
        Row("400 content filter", "give up", "content_filter", says(400, named("content_filter"))),
        Row("400 content policy", "give up", "content_filter", says(400, named("content_policy_violation"))),
        Row("400 model not found", "stop if repeated", "not_found", says(400, named("model_not_found"))),
        Row("400 key", "stop if repeated", "authentication", says(400, named("invalid_api_key"))),
        Row("500 overloaded", "wait", "overloaded", says(500, named(None, "overloaded_error"))),
        Row("error as a list", "wait", "rate_limit", says(429, body=b'[{"error": {"code": 429}}]')),
        Row("error as a text", "retry", "server_error", says(500, "it broke")),
        Row("error as a number", "retry", "server_error", says(500, 7)),
        Row("error of empty lists", "retry", "server_error", says(500, body=b'{"error": [[]]}')),
        Row("code as an object", "give up", "bad_request", says(400, {"code": {"a": 1}, "type": ["b"]})),
        Row("301", "stop if repeated", "redirect", says(301, location="https://elsewhere.example/")),
        Row("307", "stop if repeated", "redirect", says(307, location="https://elsewhere.example/")),
    ]


def _pauses() -> list[Row]:
    def row(name: str, pause: float, fault: Fault) -> Row:
        return Row(f"429 {name}", "wait", "rate_limit", fault, pause)

    return [
        row("after 7 s", 7, says(429, retry_after="7")),
        row("after 2500 ms", 2.5, says(429, retry_after_ms="2500")),
        row("after a date", 29, after_seconds_from_now(30)),  # a date has whole seconds
        row("after a date that is gone", 0, after_seconds_from_now(-600)),
        row("after nonsense", 0, says(429, retry_after="soon")),
        row("after minus one", 0, says(429, retry_after="-1")),
        row("after NaN", 0, says(429, retry_after="nan")),
        row("after a billion seconds", 120, says(429, retry_after="1000000000")),
        row("after ms that are nonsense, and 3 s", 3, says(429, retry_after_ms="x", retry_after="3")),
        row(
            "with limits that are none",
            0,
            says(429, x_ratelimit_limit_requests="-1", x_ratelimit_reset_requests="∞"),
        ),
        Row("503 after 5 s", "wait", "overloaded", says(503, retry_after="5"), 5),
        Row("500 after 4 s", "retry", "server_error", says(500, retry_after="4"), 4),
    ]


def _answers() -> list[Row]:
    def bad(name: str, kind: str, fault: Fault, steps: tuple[str, ...] = ALL_STEPS) -> Row:
        return Row(name, "ask again", kind, fault, steps=steps)

    def fine(name: str, fault: Fault, steps: tuple[str, ...] = ALL_STEPS) -> Row:
        return Row(name, "fine", "", fault, steps=steps)

    return [
        Row("200 with a code of 429", "wait", "rate_limit", error_in_200({"code": 429})),
        Row("200 with a code of '503'", "wait", "overloaded", error_in_200({"code": "503"})),
        Row("200 with a code of 400", "give up", "bad_request", error_in_200({"code": 400, "message": "x"})),
        Row("200 with an error of no code", "retry", "server_error", error_in_200({"message": "x"})),
        Row("200 with an error that is a text", "retry", "server_error", error_in_200("broken")),
        Row("200 with a quota error", "stop", "quota", error_in_200({"code": "insufficient_quota"})),
        Row("200 with an absurd code", "retry", "server_error", error_in_200({"code": 10**12})),
        Row("empty body", "retry", "empty_body", body(b"")),
        Row("blank body", "retry", "empty_body", body(b" \n")),
        Row("body of HTML", "retry", "html", body(HTML)),
        Row("body of an event stream", "retry", "event_stream", body(b'data: {"choices": []}\n\n')),
        Row("body of plain text", "retry", "plain_text", body(b"Ollama is running")),
        Row("body not UTF-8", "retry", "invalid_body", body(b'{"choices": "\xff"}')),
        Row("body cut within JSON", "retry", "invalid_body", body(b'{"choices": [{"mess')),
        bad("body of NaN", "no_choices", body(b'{"choices": NaN}')),
        Row("body nested too deep", "retry", "invalid_body", body(b"[" * 5000 + b'"\\ud800"' + b"]" * 5000)),
        Row("body a list", "retry", "invalid_body", body(b"[]")),
        Row("body a number", "retry", "invalid_body", body(b"7")),
        Row("body null", "retry", "invalid_body", body(b"null")),
        bad("body of an empty object", "no_choices", body(b"{}")),
        bad("choices missing", "no_choices", lacks("choices")),
        bad("choices null", "no_choices", changed(choices=None)),
        bad("choices empty", "no_choices", changed(choices=[])),
        bad("choices an object", "no_choices", changed(choices={"0": {}})),
        bad("choices of null", "no_choices", changed(choices=[None])),
        bad("message null", "no_choices", choice(message=None)),
        bad("message a text", "no_choices", choice(message="hello")),
        bad("content null", "empty", message(content=None)),
        bad("content empty", "empty", message(content="")),
        bad("content blank", "empty", message(content=" \n\t\u2003")),
        bad("content a list without a text", "empty", message(content=[{"type": "image_url"}])),
        bad("thinking that is not closed", "thinking", message(content="<think>pair-0: right")),
        bad("reasoning alone", "thinking", message(content=None, reasoning_content="pair-0: right")),
        bad("content a number", "empty", message(content=7)),
        Row("finished by length", "ask once", "length", choice(finish_reason="length")),
        bad("finished by tool calls", "unfinished", choice(finish_reason="tool_calls")),
        Row("finished by nothing", "fine", "", choice(finish_reason=None)),
        bad("finished by a number", "unfinished", choice(finish_reason=7)),
        Row("finished by a filter", "give up", "content_filter", choice(finish_reason="content_filter")),
        Row("refusal", "give up", "refusal", message(content=None, refusal="I cannot")),
        bad("prose where JSON was asked", "invalid_json", message(content="Because."), JSON_STEPS),
        bad("JSON cut off", "invalid_json", message(content='{"why": "bec'), JSON_STEPS),
        bad("JSON of an array", "invalid_json", message(content='["why"]'), JSON_STEPS),
        bad("JSON of NaN", "invalid_json", message(content='{"why": NaN}'), JSON_STEPS),
        bad("prose around JSON", "invalid_json", text(lambda good: f"Here: {good}"), JSON_STEPS),
        bad("a needed key missing", "missing_keys", message(content='{"reason": "x"}'), JSON_STEPS),
        bad("a needed key null", "missing_keys", message(content='{"why": null}'), JSON_STEPS),
        bad("a needed key blank", "missing_keys", message(content='{"why": "  "}'), JSON_STEPS),
        fine("a fence around JSON", text(lambda good: f"```json\n{good}\n```"), JSON_STEPS),
        fine("blanks around JSON", text(lambda good: f"\n {good} \n"), JSON_STEPS),
        fine("blanks around the text", text(lambda good: f"\n\n{good}  \n"), ("paraphrase",)),
        fine("usage missing", lacks("usage"), JSON_STEPS),
        fine("usage null", changed(usage=None), JSON_STEPS),
        fine("usage nonsense", changed(usage={"total_tokens": "many", "prompt_tokens": -3}), JSON_STEPS),
        fine("usage a list", changed(usage=[1, 2]), JSON_STEPS),
        fine("refusal empty", message(refusal="")),
        fine("error null", changed(error=None)),
        fine("model missing", lacks("model")),
        fine("more than is known", changed(service_tier="default", system_fingerprint=None, x=[{}])),
        fine("two choices", lambda call: answer(call, choices=completion(call)["choices"] * 2)),
    ]


def _connections() -> list[Row]:
    reset = OSError(errno.ECONNRESET, "reset")
    refused = ConnectionRefusedError(errno.ECONNREFUSED, "refused")
    certificate = ssl.SSLCertVerificationError(1, "self-signed certificate")
    cut = aiohttp.ClientPayloadError("not enough data")

    def lost(name: str, error: Callable[[], BaseException]) -> Row:
        return Row(name, "retry", "connection", breaks(error))

    return [
        lost("connection refused", no_connection(aiohttp.ClientConnectorError, refused)),
        lost("no such host", no_connection(aiohttp.ClientConnectorDNSError, OSError(-2, "unknown name"))),
        lost("connection reset", lambda: aiohttp.ClientOSError(*reset.args)),
        lost("disconnected", aiohttp.ServerDisconnectedError),
        lost("broken pipe", lambda: BrokenPipeError(errno.EPIPE, "broken pipe")),
        lost("no route", lambda: OSError(errno.EHOSTUNREACH, "no route")),
        lost("connecting takes too long", lambda: aiohttp.ConnectionTimeoutError("timeout")),
        lost("proxy refuses", no_connection(aiohttp.ClientProxyConnectionError, refused)),
        lost("not HTTP", lambda: aiohttp.ServerDisconnectedError("bad status line")),
        Row(
            "TLS handshake",
            "retry",
            "scheme",
            breaks(no_connection(aiohttp.ClientConnectorSSLError, ssl.SSLError(1, "handshake failure"))),
        ),
        Row(
            "TLS certificate",
            "stop",
            "certificate",
            breaks(no_connection(aiohttp.ClientConnectorCertificateError, certificate)),
        ),
        Row(
            "body cut by the connection",
            "retry",
            "connection",
            lambda _call: Reply(body=b'{"choices"', cut=lambda: cut),
        ),
        Row(
            "chunks damaged",
            "retry",
            "connection",
            lambda _call: Reply(body=b"{}", cut=lambda: aiohttp.ClientPayloadError(TransferEncodingError("x"))),
        ),
        Row(
            "body too large",
            "ask again",
            "too_large_answer",
            lambda _call: Reply(body=bytes(MOST_BYTES + 1), pieces=3),
        ),
        Row("never an answer", "retry", "timeout", lambda _call: Reply(seconds=HANGS)),
        Row("never a body", "retry", "timeout", lambda call: Reply(body=answer(call).body, drip=HANGS)),
        Row(
            "a drip",
            "retry",
            "timeout",
            lambda call: Reply(body=answer(call).body, drip=1.0, pieces=100),
        ),
        Row(
            "slow, but in time",
            "fine",
            "",
            lambda call: Reply(body=answer(call).body, drip=0.5, pieces=20),
        ),
    ]


TABLE = [*_statuses(), *_names(), *_pauses(), *_answers(), *_connections()]
