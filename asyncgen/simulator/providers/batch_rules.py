"""The variations of a provider's Batch API (`configs/batch.toml` has the sources)."""

from dataclasses import dataclass

_ENQUEUED = (
    "Enqueued token limit reached for {model} in organization org-simulator. Limit: {limit:,} enqueued tokens. "
    "Please try again once some in_progress batches have been completed."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRules:
    """The endpoints and completion windows that a batch may name, and the names of a file's problems.

    `batches`: it has `/batches` beside `/files`. `expires`: a batch that exceeds its window ends then.
    `upload_status` is the status of an uploaded file; `empty_error_file`: there is one even if nothing failed.
    """

    endpoints: tuple[str, ...] = ("/v1/chat/completions",)
    windows: tuple[str, ...] = ("24h",)
    url_code: str = "invalid_url"
    model_code: str = "mismatched_model"
    enqueued_message: str = _ENQUEUED
    batches: bool = True
    expires: bool = True
    upload_status: str = "processed"
    empty_error_file: bool = False
