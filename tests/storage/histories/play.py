"""Plays the history of a seed."""

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from asyncgen.client.batch_providers import BatchProvider
from asyncgen.config import RunConfig
from asyncgen.engine import pool
from asyncgen.engine.batch import batch_rounds as rounds
from asyncgen.storage import segment_writer
from tests.storage.model_disk import ModelDisk
from tests.storage.world import OF_THE_NOTE, PROMPTS, World

from .history import History
from .invariants import WINDOW
from .sharded import ShardedHistory

SHARE_OF_SHARDED = 0.15
SMALL_BATCH = 7
"""Requests, so that a few rows make several batches."""


@dataclass(frozen=True, slots=True)
class Worlds:
    """Where histories happen: rows of one call each, and rows of three of which one needs another."""

    plain: World
    stepwise: World

    @classmethod
    def make(cls, directory: Path) -> "Worlds":
        """Make both, with their inputs in a real directory."""
        prompts = {
            **PROMPTS,
            "correct_reasoning_system": "Defend.",
            "correct_reasoning_user": "{original_note} {paraphrased_note}",
        }
        places = (directory / "plain", directory / "stepwise")
        for place in places:
            place.mkdir()
        same: Any = {"silent": frozenset({3}), "model": "parrot", "behind": f" {OF_THE_NOTE}"}
        return cls(
            World(places[0], **same),
            World(places[1], pairs=6, reasoning=True, prompts=prompts, **same),
        )


def play(worlds: Worlds, seed: int) -> None:
    """Play the history of a seed.

    Raises:
        Violation: an invariant does not hold.
    """
    rng = random.Random(seed)
    with _scaled(rng):
        world = rng.choice((worlds.plain, worlds.stepwise))
        if rng.random() < SHARE_OF_SHARDED:
            ShardedHistory(world, rng).play()
        else:
            History(world, rng).play()


@contextmanager
def _scaled(rng: random.Random) -> Iterator[None]:
    """Let what matters for millions of rows matter for a few; and nothing reach a real network."""
    with (
        patch.object(segment_writer, "SEGMENT_SIZE", rng.choice((900, segment_writer.SEGMENT_SIZE))),
        patch.object(rounds, "batch_provider", lambda _: BatchProvider("small", most_requests=SMALL_BATCH)),
        patch.object(pool, "JOURNAL_SYNC_INTERVAL", rng.choice((60.0, pool.JOURNAL_SYNC_INTERVAL))),
        patch.object(pool, "SAMPLE_INTERVAL", 20.0),
        patch.object(RunConfig, "window_slots", property(lambda _: WINDOW)),
        patch.object(ModelDisk, "call_seconds", rng.choice((1.0, ModelDisk.call_seconds))),
        patch.object(socket.socket, "connect", _refuse),
    ):
        yield


def _refuse(*_: Any) -> None:
    raise AssertionError("I7: something was sent past the wire")
