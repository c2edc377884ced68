"""Ollama: silently truncates a prompt that is too long, and reports that it is busy if its queue is full."""

from dataclasses import replace
from typing import ClassVar

from asyncgen.simulator.faults import Fault
from asyncgen.simulator.providers.batch_rules import BatchRules
from asyncgen.simulator.providers.error_answer import ErrorAnswer
from asyncgen.simulator.providers.openai import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest


class Ollama(OpenAI):
    """OpenAI's form of errors with types of its own."""

    listed: ClassVar[tuple[str, ...]] = ("qwen3:8b",)
    openai_models: ClassVar[bool] = False
    batch_rules: ClassVar[BatchRules | None] = None

    def no_model(self, model: str, *, gone: bool) -> ErrorAnswer:
        """The error of a model that was not pulled."""
        del gone
        return self.error(404, f'model "{model}" not found, try pulling it first', "not_found_error")

    def too_long(self, request: SimulatedRequest) -> None:
        """Accept any length: see `fit`."""
        del request

    def fit(self, request: SimulatedRequest) -> SimulatedRequest:
        """Keep only the end of a prompt longer than the context; `usage` counts no more than that."""
        context = self._models.context
        if not context or request.prompt_tokens <= context:
            return request
        kept = len(request.user) * context // request.prompt_tokens
        return replace(request, user=request.user[-kept:], prompt_tokens=context)

    def fault_answer(self, fault: Fault, request: SimulatedRequest) -> ErrorAnswer | None:
        """The error of a fault: more requests wait than the queue holds."""
        if fault.kind == "overloaded":
            message = "server busy, please try again.  maximum pending requests exceeded"
            return self.error(503, message, "api_error")
        return super().fault_answer(fault, request)
