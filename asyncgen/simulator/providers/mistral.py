"""Mistral: 422 for all unknown fields at once, and headers of its own."""

from typing import ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest

# Without `seed` (its name is random_seed), `max_completion_tokens`, `logit_bias` and `service_tier`.
_FIELDS = frozenset(
    [
        "model",
        "messages",
        "temperature",
        "top_p",
        "max_tokens",
        "stream",
        "stop",
        "random_seed",
        "response_format",
        "tools",
        "tool_choice",
        "presence_penalty",
        "frequency_penalty",
        "n",
        "prediction",
        "parallel_tool_calls",
        "prompt_mode",
        "safe_prompt",
        "metadata",
        "reasoning_effort",
    ]
)


class Mistral(OpenAI):
    """Errors without an `error`, codes that are numbers in quotes, and no wait."""

    listed: ClassVar[tuple[str, ...]] = ("mistral-large-latest", "mistral-medium-latest", "mistral-small-latest")
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = BatchRules(batches=False)  # its jobs are another API

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error whose fields are the body's."""
        body = {"object": "error", "message": message, "type": kind, "param": param, "code": code}
        return ErrorAnswer(status, orjson.dumps({**body, "raw_status_code": status}))

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a missing model: a 400, not a 404."""
        del gone
        return self.error(400, f"Invalid model: {model}", "invalid_model", "1500")

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Name every unknown field, with its value."""
        extra = [
            {
                "type": "extra_forbidden",
                "loc": ["body", name],
                "msg": "Extra inputs are not permitted",
                "input": value,
            }
            for name, value in request.fields.items()
            if name not in _FIELDS
        ]
        if not extra:
            return None
        body = {"object": "error", "message": {"detail": extra}, "type": "invalid_request_error", "param": None}
        return ErrorAnswer(422, orjson.dumps({**body, "code": None, "raw_status_code": 422}))

    def account(self, what: str) -> ErrorAnswer:
        """The error of a refused key, or of a plan that is used up."""
        if what == "auth":
            return ErrorAnswer(401, orjson.dumps({"detail": "Unauthorized"}))
        message = "Monthly requests limit exceeded. Upgrade your plan."
        return self.error(429, message, "insufficient_quota", "1301")

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal, the same for every limit."""
        del refusal, model
        return self.error(429, "Rate limit exceeded", "rate_limited", "1300")

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault: refusals for rate and for capacity are both a 429."""
        if fault.kind == "rate_limit":
            return self.error(429, "Rate limit exceeded", "rate_limited", "1300")
        if fault.kind == "overloaded":
            message = "Service tier capacity exceeded for this model."
            return self.error(429, message, "service_tier_capacity_exceeded", "3505")
        return super().fault_answer(fault, request)

    def wait_headers(self, wait_s: float) -> dict[str, str]:
        """Return no headers."""
        del wait_s
        return {}

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """Limits and what is left of them, under Mistral's own names."""
        headers = {}
        for kind, name in (("requests", "req"), ("tokens", "tokens")):
            if bucket := limits.bucket(kind):
                headers[f"x-ratelimit-limit-{name}-minute"] = str(bucket.limit)
                headers[f"x-ratelimit-remaining-{name}-minute"] = str(bucket.remaining(now))
        return headers
