"""Build the limits of a run from its configuration: gate, endpoints and lanes are put together only here."""

from collections.abc import Callable

from asyncgen.chat import NO_USAGE, Usage
from asyncgen.config import RunConfig
from asyncgen.config.shipped import listed_model
from asyncgen.cost import Price, Spend
from asyncgen.limits.budget import Budget
from asyncgen.limits.concurrency import ConcurrencyControl
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.limiter import RateLimiter


def open_gate(config: RunConfig) -> Gate:
    """The gate before all endpoints of a configuration: presets, the user's ceilings, share and concurrency."""
    gate = Gate(
        [
            Endpoint(
                ConcurrencyControl(config.ceiling_of(one), automatic=one.concurrency is None),
                RateLimiter(one.rpm or one.preset_rpm, one.tpm or one.preset_tpm, one.ceilings),
                one.name,
            )
            for one in config.endpoints
        ]
    )
    gate.share = config.share
    return gate


def open_budget(
    config: RunConfig, spend: Spend, price: Price | None, enqueued: Callable[[], Usage] = lambda: NO_USAGE
) -> Budget | None:
    """The budget; None if the user sets no bound.

    Args:
        config: has the bounds.
        spend: what is spent already, kept up to date by its owner.
        price: of the model; needed for a bound in USD.
        enqueued: the worst case of requests in batches.
    """
    if config.max_cost is None and config.max_total_tokens is None:
        return None
    listed = listed_model(config.model)
    return Budget(
        spend,
        price,
        most_cost=config.max_cost,
        most_tokens=config.max_total_tokens,
        part=config.budget_part,
        longest_answer=0 if listed is None else listed.max_output or 0,
        enqueued=enqueued,
    )
