"""Count the events of a process, for its samples and its summary."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncgen.cost import Price, Spend
from asyncgen.engine.failure_threshold import OF_THE_ROW
from asyncgen.events import (
    THROTTLED,
    CacheHit,
    CallEnded,
    EndpointUse,
    Event,
    LimitUse,
    PairDone,
    PairFailed,
    Sample,
)
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.pacer import MINUTE


@dataclass(slots=True)
class Tally:
    """The totals of this process's events.

    `price` is the model's; None: it has none. `spend` is what all runs of the directory have cost; None: not known
    yet. `sent_before` is what earlier runs had used of each limit of an endpoint.
    """

    price: Price | None = None
    total: int = 0
    done: int = 0
    failed: int = 0
    failed_earlier: int = 0
    failed_alone: int = 0
    calls: int = 0
    refused: int = 0
    retried: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    tokens: int = 0
    spent: float = 0.0
    cached: int = 0
    spend: Spend | None = None
    sent_before: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    @property
    def total_cost(self) -> float | None:
        """USD of all runs in the directory; None if price or spend is unknown."""
        return None if self.price is None or self.spend is None else self.price.known_cost(self.spend)

    @property
    def cost(self) -> float | None:
        """USD so far; None without a price."""
        return None if self.price is None else self.spent

    def begin(self, total: int, *, done: int = 0, failed: int = 0) -> None:
        """Begin to process so many rows, of which some are done."""
        self.total, self.done, self.failed = total, done, failed

    def observe(self, event: Event) -> None:
        """Count an event."""
        if isinstance(event, CallEnded):
            self.calls += 1
            self.refused += event.outcome in THROTTLED
            self.retried += event.attempt > 1
            self.prompt_tokens += event.usage.prompt_tokens
            self.completion_tokens += event.usage.completion_tokens
            self.tokens += event.usage.total_tokens
            if self.price is not None:
                self.spent += (self.price.of_batches if event.batch else self.price).cost(event.usage)
        elif isinstance(event, PairDone):
            self.done += 1
        elif isinstance(event, CacheHit):
            self.cached += 1
        elif isinstance(event, PairFailed):
            self.done += 1
            self.failed += 1
            self.failed_earlier += event.earlier
            self.failed_alone += not event.earlier and event.kind in OF_THE_ROW

    def sample(self, gate: Gate, oldest: float | None) -> Sample:
        """The state of the run now.

        Args:
            gate: the gate of its calls.
            oldest: seconds for which the oldest row has been waiting, None for none.
        """
        return Sample(
            done=self.done,
            failed=self.failed,
            total=self.total,
            in_flight=gate.in_flight,
            concurrency=gate.limit,
            waiting=gate.waiting,
            waiting_on=gate.waiting_on,
            oldest=oldest,
            calls=self.calls,
            refused=self.refused,
            retried=self.retried,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            tokens=self.tokens,
            cost=self.cost,
            cached=self.cached,
            total_cost=self.total_cost,
            failed_earlier=self.failed_earlier,
            failed_alone=self.failed_alone,
            limits=tuple(
                LimitUse(
                    name,
                    lane.pace.allowance * MINUTE,
                    lane.spent - self.sent_before.get(endpoint.name, {}).get(name, 0.0),
                    endpoint.name,
                )
                for endpoint in gate.endpoints
                if endpoint.health.out is None
                for name, lane in endpoint.limiter.lanes.items()
            ),
            endpoints=tuple(_use(endpoint) for endpoint in gate.endpoints) if len(gate.endpoints) > 1 else (),
        )


def _use(endpoint: Endpoint) -> EndpointUse:
    health = endpoint.health
    return EndpointUse(
        name=endpoint.name,
        in_flight=endpoint.in_flight,
        concurrency=endpoint.limit,
        waiting_on=endpoint.waiting_on,
        out=health.out,
        rests=health.rests,
    )
