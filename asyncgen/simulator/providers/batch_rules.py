"""What the Batch API of a provider takes, where it differs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRules:
    """The endpoints and completion windows that a batch may name, and how the problems of a file are called."""

    endpoints: tuple[str, ...] = ("/v1/chat/completions",)
    windows: tuple[str, ...] = ("24h",)
    url_code: str = "mismatched_url"
    model_code: str = "mismatched_model"
    too_many_code: str = "too_many_tasks"
