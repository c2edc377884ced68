"""Gemini's OpenAI-compatible API: errors in a list, waits and quotas inside them, and no headers."""

from typing import Any, ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest

_FIELDS = frozenset(
    [
        "model",
        "messages",
        "temperature",
        "top_p",
        "max_tokens",
        "max_completion_tokens",
        "stream",
        "stream_options",
        "stop",
        "response_format",
        "tools",
        "tool_choice",
        "n",
        "reasoning_effort",
        "extra_body",
        "service_tier",
        "user",
        "modalities",
    ]
)
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_TYPE = "type.googleapis.com/google.rpc."
_QUOTAS = {
    "requests": ("generate_content_free_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"),
    "tokens": (
        "generate_content_free_tier_input_token_count",
        "GenerateContentInputTokensPerModelPerMinute-FreeTier",
    ),
    "day": ("generate_content_free_tier_requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"),
}


class Gemini(OpenAI):
    """`[{"error": {"code", "message", "status", "details"}}]`."""

    base: ClassVar[str] = "/v1beta/openai"
    listed: ClassVar[tuple[str, ...]] = ("models/gemini-2.5-flash", "models/gemini-2.5-flash-lite")
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = None

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error in Google's form."""
        del kind, code, param
        return self._error(status, message, [])

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a missing model, the same for one that is gone."""
        del gone
        name = model.removeprefix("models/")
        text = f"models/{name} is not found for API version v1main, or is not supported for generateContent. Call "
        return self._error(404, f"{text}ListModels to see the list of available models.", [])

    def model(self, name: str) -> dict[str, Any] | ErrorAnswer:
        """One model."""
        return self.missing(name) or self.describe(name)

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error that names every unknown field, in a sentence and in the details."""
        unknown = [
            f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            for name, value in request.fields.items()
            if name not in _FIELDS and value is not None
        ]
        if not unknown:
            return None
        violations = [{"description": text} for text in unknown]
        details = [{"@type": f"{_TYPE}BadRequest", "fieldViolations": violations}]
        return self._error(400, "\n".join(unknown), details)

    def account(self, what: str) -> ErrorAnswer:
        """The error of the account: a refused key is a 400."""
        if what == "auth":
            details = [{"@type": f"{_TYPE}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
            return self._error(400, "API key not valid. Please pass a valid API key.", details)
        return self._exhausted("day", 0, 0.0, "gemini")

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal, with the quota in the details; a wait is given for the daily one too."""
        return self._exhausted(refusal.kind, refusal.limit, min(refusal.wait_s or 60.0, 60.0), model)

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault: overload is a 503 in the same form."""
        if fault.kind == "rate_limit":
            return self._exhausted("requests", 0, fault.retry_after_s, request.model)
        if fault.kind == "overloaded":
            return self._error(503, "The model is overloaded. Please try again later.", [])
        if fault.kind == "flex_unavailable":
            return self._error(503, "Flex capacity is not available. Please try again later.", [])
        return super().fault_answer(fault, request)

    def wait_headers(self, wait_s: float) -> dict[str, str]:
        """Return no headers."""
        del wait_s
        return {}

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """Return no headers."""
        del limits, now
        return {}

    def _exhausted(self, kind: str, limit: int, wait_s: float, model: str) -> ErrorAnswer:
        metric, quota = _QUOTAS[kind]
        metric = f"generativelanguage.googleapis.com/{metric}"
        message = (
            "You exceeded your current quota, please check your plan and billing details. For more information on "
            "this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits.\n* Quota exceeded for "
            f"metric: {metric}, limit: {limit}, model: {model}"
        )
        dimensions = {"location": "global", "model": model}
        violation = {
            "quotaMetric": metric,
            "quotaId": quota,
            "quotaDimensions": dimensions,
            "quotaValue": str(limit),
        }
        details: list[dict[str, Any]] = [{"@type": f"{_TYPE}QuotaFailure", "violations": [violation]}]
        if wait_s:
            message += f"\nPlease retry in {wait_s:.9f}s."
            details.append({"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{round(wait_s)}s"})
        return self._error(429, message, details)

    def _error(self, status: int, message: str, details: list[dict[str, Any]]) -> ErrorAnswer:
        error: dict[str, Any] = {"code": status, "message": message, "status": _STATUSES.get(status, "UNKNOWN")}
        if details:
            error["details"] = details
        return ErrorAnswer(status, orjson.dumps([{"error": error}]))
