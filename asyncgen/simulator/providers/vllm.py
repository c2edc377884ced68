"""vLLM: accepts nearly every field, queues silently, and refuses what exceeds its context."""

from typing import ClassVar

import orjson

from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.refused_parameters import EFFORTS
from asyncgen.simulator.simulated_requests import SimulatedRequest

_WITHOUT_SYSTEM = "gemma-2"  # in the name of a model whose template has no system message
_NAMES = {400: "BadRequestError", 401: "AuthenticationError", 404: "NotFoundError", 429: "RateLimitError"}


class VLLM(OpenAI):
    """Errors whose type is the name of an exception and whose code is the status."""

    listed: ClassVar[tuple[str, ...]] = ("Qwen/Qwen3-8B",)
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = None

    def error(
        self, status: int, message: str, kind: str, code: str | None = None, param: str | None = None
    ) -> ErrorAnswer:
        """An error named after the exception."""
        del kind, code
        name = _NAMES.get(status, "InternalServerError")
        error = {"message": message, "type": name, "param": param, "code": status}
        return ErrorAnswer(status, orjson.dumps({"error": error}))

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of any model but the one it was started with."""
        del gone
        return self.error(404, f"The model `{model}` does not exist.", "", param="model")

    def no_route(self, method: str, path: str) -> ErrorAnswer:
        """The error of its web framework."""
        del method, path
        return ErrorAnswer(404, orjson.dumps({"detail": "Not Found"}))

    def model(self, name: str) -> ErrorAnswer:
        """The error of looking a model up: there is only the list."""
        return self.no_route("GET", name)

    def unsupported(self, request: SimulatedRequest) -> ErrorAnswer | None:
        """Refuse an invalid effort, and what the model's template has not; unknown fields are ignored."""
        if request.system and _WITHOUT_SYSTEM in request.model.lower():
            return self.error(400, "System role not supported", "")
        effort = request.fields.get("reasoning_effort")
        if effort is None or effort in EFFORTS:
            return None
        expected = ", ".join(f"'{name}'" for name in EFFORTS)
        message = "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'reasoning_effort'), 'msg': "
        return self.error(400, f"{message}\"Input should be {expected}\", 'input': {effort!r}}}", "")
