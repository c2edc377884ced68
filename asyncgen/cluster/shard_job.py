"""The job of a worker on any shard, and how a shard ends. Pickled, and never shown."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from asyncgen.chat import Adaptation
from asyncgen.cluster.messages import WorkerReport
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.cost import Price
from asyncgen.errors import AsyncgenError
from asyncgen.recipe import Recipe
from asyncgen.recipes import build
from asyncgen.shard import Portion
from asyncgen.storage.input_cuts import Cut


@dataclass(frozen=True, slots=True)
class ClusterJob:
    """The whole run, with the key, and how many workers share its limits; `wording` is that of a `Run`.

    `adaptations` are what endpoints have refused in earlier starts; `cuts` say where shards begin in the input, by
    their numbers.
    """

    config: RunConfig
    price: Price | None
    workers: int = 1
    wording: Callable[[Any], str] = str
    adaptations: tuple[Adaptation, ...] = ()
    cuts: Mapping[int, Cut] = field(default_factory=dict)

    @property
    def shares_gate(self) -> bool:
        """Whether a worker's shards can have one gate: not if each has a budget of its own."""
        return self.config.max_cost is None and self.config.max_total_tokens is None

    def recipe(self) -> Recipe[Any]:
        """The recipe of the run.

        Raises:
            BadDataError, UsageError: the prompt file cannot be used.
        """
        return build(self.config)

    @property
    def endpoints_of_worker(self) -> tuple[EndpointConfig, ...]:
        """The endpoints, each with the part of its calls in flight that a worker has."""
        return tuple(
            replace(endpoint, concurrency=endpoint.concurrency and max(1, endpoint.concurrency // self.workers))
            for endpoint in self.config.endpoints
        )

    def shard_config(self, portion: Portion, directory: Path) -> RunConfig:
        """The run of one shard: calls in flight are divided by workers, and the budget by rows.

        Of failures nobody concludes anything from one shard (see `run_threshold`), but that there are more of them
        than the whole run may have.
        """
        config = self.config
        part = portion.size / portion.pairs
        tokens = config.max_total_tokens
        return replace(
            config,
            output_dir=directory,
            shard=portion.shard,
            endpoints=self.endpoints_of_worker,
            max_cost=config.max_cost and config.max_cost * part,
            max_total_tokens=tokens and max(1, tokens * portion.size // portion.pairs),
            budget_part=part,
            max_failures=portion.size if config.max_failures is None else config.max_failures,
            max_failed_share=1.0,
            restart=False,
        )


@dataclass(frozen=True, slots=True)
class ShardEnded:
    """How a shard's run ended: `error` is the reason it ended early; `report` the last one about it."""

    failed: int
    report: WorkerReport
    error: AsyncgenError | None = None
