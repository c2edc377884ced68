"""The API of a history: keeps its limits, says of them what it likes, and answers in bytes."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from asyncgen.chat import NO_USAGE, Completion, Usage
from tests.storage.world import KEY

from .weather import Rules


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes back over the wire."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    said: Usage = NO_USAGE
    """What it says that it costs."""


class Server:
    """The server of one start; its clock begins with it.

    Args:
        rules: what it takes.
        seed: of what it draws.
    """

    def __init__(self, rules: Rules, seed: int) -> None:
        self.rules = rules
        self._rng = random.Random(seed)
        self._room = float(rules.requests or 0)
        self._filled = 0.0
        self.at_work = 0

    def admits(self, now: float) -> bool:
        """Take a request in, or refuse it for its limits."""
        if self.rules.at_once is not None and self.at_work >= self.rules.at_once:
            return False
        if self.rules.requests is None:
            return True
        per_second = self.rules.requests / 60
        self._room = min(float(self.rules.requests), self._room + (now - self._filled) * per_second)
        self._filled = now
        if self._room < 1:
            return False
        self._room -= 1
        return True

    def answer(self, completion: Completion) -> Reply:
        """A usable answer."""
        body: dict[str, Any] = {
            "model": completion.model,
            "choices": [{"message": {"content": completion.text}, "finish_reason": completion.finish_reason}],
        }
        if completion.usage.total_tokens:
            body["usage"] = _as_said(completion.usage)
        return Reply(200, orjson.dumps(body), self._tale(), completion.usage)

    def empty(self, usage: Usage) -> Reply:
        """An answer without text."""
        body = {"model": "m", "choices": [{"message": {"content": ""}, "finish_reason": "stop"}]}
        if usage.total_tokens:
            body["usage"] = _as_said(usage)
        return Reply(200, orjson.dumps(body), self._tale(), usage)

    def garbled(self, whole: Reply) -> Reply:
        """An answer that was cut on its way, came twice in one body, or is a page."""
        bodies = (whole.body[: len(whole.body) // 2], whole.body * 2, b"<html><body>Sign in</body></html>", b"")
        return Reply(200, self._rng.choice(bodies))

    def unknown_field(self) -> Reply:
        """The refusal of a field."""
        name = self.rules.unknown
        return _error(400, f"Unsupported parameter: '{name}'", code="unsupported_parameter", param=name)

    def error(self, status: int, request: bytes) -> Reply:
        """An error that repeats the request and the key."""
        text = request.decode(errors="replace")
        return _error(status, f"Failed on {text} with key {KEY}", code="failed")

    def refusal(self) -> Reply:
        """A refusal for rate or overload; how long to wait may be a lie."""
        waits = {
            "truth": {"retry-after": "1"},
            "zero": {"retry-after": "0"},
            "minus": {"retry-after": "-5"},
            "less": {"retry-after": "86400"},
            "rubbish": {"retry-after": "soon"},
        }
        status = self._rng.choice((429, 503))
        code = "rate_limit_exceeded" if status == 429 else "server_is_overloaded"
        refusal = _error(status, "Slow down", code=code)
        return Reply(status, refusal.body, {**self._tale(), **waits.get(self.rules.tale, {})})

    def _tale(self) -> dict[str, str]:
        """The headers about the limit of requests."""
        true = self.rules.requests or 1000
        said: dict[str, tuple[object, object, object]] = {
            "truth": (true, int(self._room), "1s"),
            "zero": (0, 0, "0s"),
            "minus": (-1, -1, "-1"),
            "more": (true * 100, true * 100, "1ms"),
            "less": (max(1, true // 10), 0, "30s"),
            "day": (true * 1440, true * 1439, "24h"),
            "rubbish": ("many", "some", "never"),
        }
        if self.rules.tale not in said:
            return {}
        names = ("limit", "remaining", "reset")
        told = zip(names, said[self.rules.tale], strict=True)
        return {f"x-ratelimit-{name}-requests": str(value) for name, value in told}


def _as_said(usage: Usage) -> dict[str, int]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
    }


def _error(status: int, message: str, *, code: str, param: str | None = None) -> Reply:
    body = {"error": {"message": message, "type": "error", "code": code, "param": param}}
    return Reply(status, orjson.dumps(body))
