"""What the server has seen, in numbers that tests and reports compare."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Seen:
    """The history of one request body: how often it came, passed the limits, and was answered whole."""

    arrivals: int = 0
    admitted: int = 0
    answered: int = 0


@dataclass(slots=True)
class Counts:
    """Live counters of a simulator; only chat completions count, not requests for models or counts.

    A request in a batch counts like any other for answers, tokens and faults, and as one of `batch_requests`
    instead of `requests`; `custom_ids` says how often each was processed, whatever the result.

    `answers` are whole completions without a fault, `answered_again` those beyond the first for a body: what a
    client paid for twice. `abandoned` are requests whose client disconnected before the answer. `refused` counts
    by limit, storm or account state, `faults` by fault. Tokens are those of every `usage` sent.
    """

    requests: int = 0
    answers: int = 0
    answered_again: int = 0
    abandoned: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    in_flight: int = 0
    peak_in_flight: int = 0
    max_attempts: int = 0
    batch_requests: int = 0
    files: int = 0
    batches: int = 0
    status: Counter[int] = field(default_factory=Counter)
    batch_status: Counter[int] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    seen: dict[int, Seen] = field(default_factory=dict)
    custom_ids: Counter[str] = field(default_factory=Counter)

    def arrive(self, key: int) -> Seen:
        """Count the arrival of the request with this body key; every arrival ends with a `leave`."""
        self.requests += 1
        self.in_flight += 1
        self.peak_in_flight = max(self.peak_in_flight, self.in_flight)
        return self._see(key)

    def take_batched(self, key: int, custom_id: str) -> Seen:
        """Count that a request of a batch is processed."""
        self.batch_requests += 1
        self.custom_ids[custom_id] += 1
        return self._see(key)

    def _see(self, key: int) -> Seen:
        seen = self.seen.get(key)
        if seen is None:
            seen = self.seen[key] = Seen()
        seen.arrivals += 1
        self.max_attempts = max(self.max_attempts, seen.arrivals)
        return seen

    def leave(self) -> None:
        """Count that a request is no longer in flight."""
        self.in_flight -= 1

    def answer(self, seen: Seen) -> None:
        """Count a whole answer without a fault."""
        self.answers += 1
        seen.answered += 1
        self.answered_again += seen.answered > 1

    def spend(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count the usage reported by an answer."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    def as_dict(self) -> dict[str, Any]:
        """The counters as JSON: what `GET /sim/counts` sends."""
        return {
            "requests": self.requests,
            "distinct_requests": len(self.seen),
            "max_attempts": self.max_attempts,
            "batch_requests": self.batch_requests,
            "batch_custom_ids": len(self.custom_ids),
            "batches": self.batches,
            "files": self.files,
            "answers": self.answers,
            "answered_again": self.answered_again,
            "abandoned": self.abandoned,
            "in_flight": self.in_flight,
            "peak_in_flight": self.peak_in_flight,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "status": {str(status): count for status, count in sorted(self.status.items())},
            "batch_status": {str(status): count for status, count in sorted(self.batch_status.items())},
            "refused": dict(sorted(self.refused.items())),
            "faults": dict(sorted(self.faults.items())),
        }

    def ledger(self) -> dict[str, Any]:
        """The cost of each request, as JSON: what `GET /sim/ledger` sends.

        `custom_ids`: how often each was processed in a batch. `bodies`: how often each body (by its key in hex)
        was answered whole, alone or in a batch; more than 1 means that a client paid twice.
        """
        bodies = {f"{key:016x}": seen.answered for key, seen in self.seen.items()}
        return {"custom_ids": dict(self.custom_ids), "bodies": bodies}
