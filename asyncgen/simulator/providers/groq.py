"""Groq: requests counted by the day, JSON that is validated before it is sent, and 498 for flex."""

import math
from typing import Any, ClassVar

import orjson

from asyncgen.simulator.buckets import RateLimits, Refusal, format_duration
from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.refused_parameters import KNOWN
from asyncgen.simulator.simulated_requests import SimulatedRequest

_FIELDS = (
    KNOWN - {"logprobs", "top_logprobs", "logit_bias", "verbosity", "prediction", "modalities", "audio"}
) | {
    "reasoning_format",
    "include_reasoning",
}
_EFFORTS = {"openai/gpt-oss": ("low", "medium", "high"), "qwen": ("none", "default")}
_WINDOWS = (*(f"{24 * days}h" for days in range(1, 8)), *(f"{days}d" for days in range(1, 8)))
_NAMES = {
    "requests": "requests per minute (RPM)",
    "tokens": "tokens per minute (TPM)",
    "day": "requests per day (RPD)",
}


class Groq(OpenAI):
    """Errors without a `param`: only the sentence says what is wrong."""

    base: ClassVar[str] = "/openai/v1"
    listed: ClassVar[tuple[str, ...]] = ("llama-3.3-70b-versatile", "openai/gpt-oss-120b", "qwen/qwen3-32b")
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = BatchRules(windows=_WINDOWS)

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error that names no parameter."""
        del param
        error = {"message": message, "type": kind, **({"code": code} if code else {})}
        return ErrorAnswer(status, orjson.dumps({"error": error}))

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Refuse unknown fields, and efforts that the model does not support."""
        given = {name: value for name, value in request.fields.items() if value is not None}
        if unknown := next((name for name in given if name not in _FIELDS), None):
            return self.error(400, f"property '{unknown}' is unsupported", "invalid_request_error")
        effort = given.get("reasoning_effort")
        efforts = next((known for prefix, known in _EFFORTS.items() if request.model.startswith(prefix)), ())
        if effort is None or effort in efforts:
            return None
        listed = " or ".join(f"`{name}`" for name in efforts)
        message = f"must be one of {listed}" if efforts else "is not supported with this model"
        return self.error(400, f"`reasoning_effort` {message}", "invalid_request_error")

    def over_limit(self, refusal: Refusal, model: str) -> ErrorAnswer:
        """The refusal; a request larger than the limit is a 413."""
        where = f"for model `{model}` in organization `org_simulator` service tier `on_demand` on "
        where += f"{_NAMES[refusal.kind]}: Limit {refusal.limit}, "
        advice = "Need more tokens? Upgrade to Dev Tier today at https://console.groq.com/settings/billing"
        kind = "tokens" if refusal.kind == "tokens" else "requests"
        if refusal.wait_s is None:
            message = (
                f"Request too large {where}Requested {refusal.requested}, please reduce your message size and "
            )
            return self.error(413, f"{message}try again. {advice}", kind, "rate_limit_exceeded")
        message = (
            f"Rate limit reached {where}Used {refusal.used}, Requested {refusal.requested}. Please try again in "
        )
        answer = self.error(
            429, f"{message}{format_duration(refusal.wait_s)}. {advice}", kind, "rate_limit_exceeded"
        )
        return answer._replace(headers=self.wait_headers(refusal.wait_s))

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault: an invalid JSON answer is not sent; flex has its own status."""
        if fault.kind == "bad_answer_json":
            message = (
                "Failed to generate JSON. Please adjust your prompt. See 'failed_generation' for more details."
            )
            error = {"message": message, "type": "invalid_request_error", "code": "json_validate_failed"}
            failed = f'{{"reasoning": "{request.user[-200:]}'
            return ErrorAnswer(400, orjson.dumps({"error": {**error, "failed_generation": failed}}))
        if fault.kind == "flex_unavailable":
            message = "Flex tier capacity exceeded. Please try again later."
            return self.error(498, message, "flex_tier_capacity_exceeded", "capacity_exceeded")
        return super().fault_answer(fault, request)

    def wait_headers(self, wait_s: float) -> dict[str, str]:
        """The wait in whole seconds."""
        return {"retry-after": str(math.ceil(wait_s))}

    def rate_headers(self, limits: RateLimits, now: float) -> dict[str, str]:
        """The headers of the limits: requests by the day, tokens by the minute."""
        return limits.headers(now, requests="day")

    def dress(self, answer: dict[str, Any]) -> bytes:
        """Add times to the usage, and Groq's own id."""
        usage = {
            **answer["usage"],
            "queue_time": 0.01,
            "prompt_time": 0.02,
            "completion_time": 0.1,
            "total_time": 0.13,
        }
        return orjson.dumps({**answer, "usage": usage, "x_groq": {"id": f"req_{answer['id']}"}})
