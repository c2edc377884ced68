"""The `[batch]` table of a profile: the speed, the limits and the failures of batches."""

from dataclasses import dataclass

from asyncgen.simulator.profile_checks import ProfileError, not_negative

ROUTE_FAULTS = (
    "rate_limit",
    "upload_cut",
    "upload_lost",
    "upload_error",
    "create_lost",
    "create_error",
    "download_cut",
)
"""Faults of a single HTTP request about files or batches."""

ENDS = ("fail", "expire", "cancel")
"""Ends of a batch other than completion; at most one of them applies."""

LINE_FAULTS = ("error_lines", "timeout_lines", "duplicate_lines", "missing_lines")
"""Faults of the line of a request in the result files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The behaviour of the Batch API. Without `served` its routes are a 404, as on servers without it.

    A batch is in each state for `validating_s`, `working_s` (all of its requests together), `finalizing_s` and
    `cancelling_s`; its completion window is over after `window_s`. `list_delay_s`: the list shows a batch only
    this long after its creation. `poll_s`: the latency of a batch's status. `enqueued_tokens`: the prompt tokens
    that may be enqueued for a model (0: unlimited). `shuffle`: answers come in another order than the requests.
    `body_as_text`: the body of a response is a string in its line, as some servers encode it.

    Shares (0 to 1) of HTTP requests about files and batches: `rate_limit` is refused with a 429; `upload_cut`
    loses the connection during the upload; `upload_lost` and `create_lost` lose it after the file or batch was
    made, `upload_error` and `create_error` answer 500 then; `download_cut` breaks in the middle. Shares of
    batches: `fail` their validation, `expire`, `cancel` by the server, the last two with the share `done` of the
    requests answered; `output_gone`: the output file is a 404. At most `at_most` HTTP requests or batches get each
    of these (0: unlimited). Shares of the requests in a batch: `error_lines` come back as a 500, `timeout_lines`
    without a response, `duplicate_lines` twice, `missing_lines` not at all although they are counted and charged.
    """

    served: bool = True
    validating_s: float = 0.2
    working_s: float = 1.0
    finalizing_s: float = 0.2
    cancelling_s: float = 0.2
    window_s: float = 86_400.0
    list_delay_s: float = 0.0
    poll_s: float = 0.0
    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    enqueued_tokens: int = 0
    shuffle: bool = True
    body_as_text: bool = False
    rate_limit: float = 0.0
    upload_cut: float = 0.0
    upload_lost: float = 0.0
    upload_error: float = 0.0
    create_lost: float = 0.0
    create_error: float = 0.0
    download_cut: float = 0.0
    fail: float = 0.0
    expire: float = 0.0
    cancel: float = 0.0
    output_gone: float = 0.0
    done: float = 0.5
    at_most: int = 0
    error_lines: float = 0.0
    timeout_lines: float = 0.0
    duplicate_lines: float = 0.0
    missing_lines: float = 0.0

    def __post_init__(self) -> None:
        shares = (*ROUTE_FAULTS, *ENDS, "output_gone", *LINE_FAULTS, "done")
        durations = (
            "validating_s",
            "working_s",
            "finalizing_s",
            "cancelling_s",
            "window_s",
            "list_delay_s",
            "poll_s",
        )
        not_negative(self, "batch", *shares, *durations, "max_requests", "max_bytes", "enqueued_tokens", "at_most")
        for name in shares:
            if getattr(self, name) > 1:
                raise ProfileError(f"batch.{name} is a share from 0 to 1, not {getattr(self, name):g}")
