"""OpenRouter: comment lines before the JSON, errors inside a 200, and resets in milliseconds since the epoch."""

import math
import time
from typing import Any, ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest

_COMMENT = b": OPENROUTER PROCESSING\n\n"
_USER = "user_simulator"


class OpenRouter(OpenAI):
    """Codes are numbers; unsupported fields are ignored; limits are shown only when they bind."""

    base: ClassVar[str] = "/api/v1"
    listed: ClassVar[tuple[str, ...]] = (
        "openai/gpt-6-luna",
        "openai/gpt-4o-mini",
        "meta-llama/llama-3.3-70b-instruct:free",
    )
    batch_rules: ClassVar[BatchRules | None] = None

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error whose code is the status."""
        del kind, code, param
        return self._error(status, message, {})

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a missing model: a 400, not a 404."""
        del gone
        return self._error(400, f"{model} is not a valid model ID", {})

    def model(self, name: str) -> dict[str, Any] | ErrorAnswer:
        """The error of looking a model up: there is only the list."""
        return self._error(404, f"Model {name} not found", {})

    def unsupported(self, request: SimulatedRequest) -> None:
        """Accept everything."""
        del request

    def account(self, what: str) -> ErrorAnswer:
        """The error of a refused key, or of missing credits: a 402."""
        if what == "auth":
            return self._error(401, "User not found.", {})
        message = "Insufficient credits. Add more using https://openrouter.ai/settings/credits"
        return self._error(402, message, {"provider_name": None})

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal for the limit of free models, with its headers also inside the body."""
        del model
        free = "free-models-per-day" if refusal.kind == "day" else "free-models-per-min"
        advice = ". Add 10 credits to unlock 1000 free model requests per day" if refusal.kind == "day" else ". "
        reset_ms = math.ceil((time.time() + (refusal.wait_s or 60.0)) * 1000)
        headers = {
            "X-RateLimit-Limit": str(refusal.limit),
            "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(reset_ms),
        }
        answer = self._error(429, f"Rate limit exceeded: {free}{advice}", {"headers": headers})
        return answer._replace(headers=headers)

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault, which is one of the provider behind."""
        if fault.kind == "rate_limit":
            return self._error(429, "Provider returned error", self._raw(request.model))
        if fault.kind == "overloaded":
            return self._error(503, "No instances available for this model", {})
        return super().fault_answer(fault, request)

    def error_in_200(self, model: str) -> bytes:
        """The refusal for rate of the provider behind."""
        return self._error(429, "Provider returned error", self._raw(model)).body

    def wait_headers(self, wait_s: float) -> dict[str, str]:
        """Return no headers."""
        del wait_s
        return {}

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """Return no headers while a limit does not bind."""
        del limits, now
        return {}

    def dress(self, answer: dict[str, Any]) -> bytes:
        """Comment lines that keep the connection alive, and then the JSON."""
        for choice in answer["choices"]:
            choice["native_finish_reason"] = choice["finish_reason"]
        return _COMMENT * 2 + orjson.dumps({**answer, "provider": "Simulator"})

    def _raw(self, model: str) -> dict[str, str]:
        raw = f"{model} is temporarily rate-limited upstream. Please retry shortly."
        return {"raw": raw, "provider_name": "Simulator"}

    def _error(self, status: int, message: str, metadata: dict[str, Any]) -> ErrorAnswer:
        error: dict[str, Any] = {"message": message, "code": status}
        if metadata:
            error["metadata"] = metadata
        return ErrorAnswer(status, orjson.dumps({"error": error, "user_id": _USER}))
