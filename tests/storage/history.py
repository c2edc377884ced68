"""Whole histories of a directory: start after start in bad weather, each ended by what may end one. A seed is one.

Every start is the real program on the model disk and a virtual clock. The network delays, drops, resets, refuses
in storms and fails; the process ends by itself, by Ctrl-C, is killed at some operation of the disk, or loses power
there. Some starts ask through batches, and some want more rows than those before. After each of them the directory
is held against the invariants, and a calm start at the end must leave the golden bytes.
"""

import asyncio
import random
from dataclasses import dataclass, replace
from unittest.mock import patch

from asyncgen.chat import Completion, Usage
from asyncgen.client.batch_providers import BatchProvider
from asyncgen.client.classify import Action, Failure
from asyncgen.client.encoding import Prepared
from asyncgen.engine import pool
from asyncgen.engine.batch import batch_rounds as rounds
from asyncgen.errors import AsyncgenError, DirectoryError
from asyncgen.storage import segment_writer

from .explore import Explorer, Violation
from .model_disk import Crash, ModelDisk
from .world import TOKENS, Call, Ended, Network, Phase, World

MOST_STARTS = 6
SMALL_BATCH = 7
"""Requests, so that a few rows make several batches."""
CALM_STARTS = 4
"""A calm start repairs what failed; the one behind it finds nothing to do."""


@dataclass(frozen=True, slots=True)
class Weather:
    """How bad the network is: shares of the calls that are dropped, reset, failed or empty; storms in seconds."""

    dropped: float = 0.0
    reset: float = 0.0
    failed: float = 0.0
    empty: float = 0.0
    longest: float = 1.0
    storms: tuple[tuple[float, float], ...] = ()

    @classmethod
    def draw(cls, rng: random.Random) -> "Weather":
        """Some weather; every third time it is fine."""
        if rng.random() < 1 / 3:
            return cls()
        starts = sorted(rng.uniform(0, 20) for _ in range(rng.choice((0, 0, 1, 2))))
        return cls(
            dropped=rng.choice((0, 0.1, 0.3)),
            reset=rng.choice((0, 0.1, 0.4)),
            failed=rng.choice((0, 0.1, 0.3)),
            empty=rng.choice((0, 0.1)),
            longest=rng.choice((1.0, 10.0, 200.0)),
            storms=tuple((start, start + rng.uniform(0.5, 30)) for start in starts),
        )


class StormyNetwork(Network):
    """Answers as the calm one does, when it answers."""

    def __init__(self, weather: Weather, seed: int) -> None:
        super().__init__()
        self._weather = weather
        self._rng = random.Random(seed)

    async def script(self, request: Prepared) -> Completion | Failure:
        """The answer to a request, or what the weather makes of it."""
        weather, draw = self._weather, self._rng.random()
        call = self.call_of(request)
        now = asyncio.get_running_loop().time()
        if any(begin <= now < end for begin, end in weather.storms):
            return self._lost(call, Failure("rate_limit", Action.WAIT, 429, retry_after=1.0))
        if draw < weather.reset:
            return self._lost(call, Failure("connection", Action.RETRY))
        self.sent(call)
        await asyncio.sleep(self._rng.uniform(0.01, weather.longest))
        draw -= weather.reset
        if draw < weather.dropped:
            return self._lost(call, Failure("timeout", Action.RETRY, unsaid=True))
        if draw < weather.dropped + weather.failed:
            return self._lost(call, Failure("server_error", Action.RETRY, 500))
        if draw < weather.dropped + weather.failed + weather.empty:
            return self._lost(call, Failure("empty_answer", Action.ASK_AGAIN, 200, usage=Usage(3, 4, TOKENS)))
        return self.answered(call, request)

    def _lost(self, call: Call, failure: Failure) -> Failure:
        assert self.disk is not None
        self.disk.note("refused", call)
        return failure


@dataclass(frozen=True, slots=True)
class Start:
    """One start of a history, for whoever reads of a violation."""

    phase: Phase
    weather: Weather
    end: str


class History(Explorer):
    """A history of one directory; `starts` are those that there were."""

    def __init__(self, world: World, seed: int, pairs: int) -> None:
        super().__init__(world, Phase(pairs), seed=seed)
        self._pairs = pairs
        self._rng = random.Random(seed)
        self.starts: list[Start] = []

    def play(self) -> None:
        """Play it to its end.

        Raises:
            Violation: an invariant does not hold; it says after which starts.
        """
        try:
            kept: frozenset[Call] = frozenset()
            pairs = 1
            for _ in range(self._rng.randint(1, MOST_STARTS)):
                pairs = self._rng.randint(pairs, self._pairs)
                kept = self._start(Phase(pairs, batch=self._rng.random() < 1 / 4), kept)
            self._calm(kept)
        except Violation as violation:
            told = "\n".join(f"  {start}" for start in self.starts)
            raise Violation(f"{violation}\nafter\n{told}") from violation

    def _start(self, phase: Phase, kept: frozenset[Call]) -> frozenset[Call]:
        """Start once, and end it somehow; the answers that are kept from then on."""
        rng, weather = self._rng, Weather.draw(self._rng)
        begun, moment = self.start, self.moment
        stop_after = rng.uniform(0, 30) if rng.random() < 1 / 4 else None
        seed = rng.randrange(1 << 30)
        store = begun.copy()
        ended = self.world.run(
            store, phase, remote=moment.remote, network=StormyNetwork(weather, seed), stop_after=stop_after
        )
        self._check_error(ended)
        record = ended.disk.record
        moments = self._known.after(begun, moment, record)
        how = rng.choice(("ended", "killed", "torn", "power"))
        place = len(record) if how == "ended" else rng.randrange(len(record) + 1)
        store = begun.copy()
        for operation in record[:place]:
            store.play(operation)
        following = record[place] if place < len(record) else ("end",)
        if how == "torn" and following[0] == "write" and len(following[2]) > 1:
            store.play((*following[:2], following[2][: len(following[2]) // 2], *following[3:]))
        after = moments[place]
        survived = after.written
        if how == "power":
            losses = list(store.losses(rng, 4))
            store, survived = rng.choice(losses), after.durable
        self.starts.append(Start(phase, weather, f"{how} at {place} of {len(record)} ({ended.error!r})"))
        self._check_asked(kept, [note[1] for note in record[:place] if note[0] == "asked"])
        self._check_state(store)
        self.start = store
        # What a kill leaves may still be lost with the power of a later start.
        self.moment = replace(after, in_flight=frozenset(), written=survived)
        return survived | self._known.committed(store)

    def _calm(self, kept: frozenset[Call]) -> None:
        """Start in fine weather until nothing is left to do."""
        phase = Phase(self._pairs)
        asked: list[Call] = []
        remote, error, failed = self.moment.remote, None, 0
        for _ in range(CALM_STARTS):
            ended = self.world.run(self.start, phase, remote=remote)
            remote, error, failed = ended.remote, ended.error, ended.failed_pairs
            asked += ended.asked
            if error is None and not failed:
                break
        self.starts.append(Start(phase, Weather(), "calm"))
        if error is not None or failed:
            raise Violation(f"a calm start ended with {error!r} and {failed} failed rows")
        self._check_asked(kept, asked)
        self._check_end(self.start, phase, 0)

    def _check_asked(self, kept: frozenset[Call], asked: list[Call]) -> None:
        twice = kept & set(asked)
        if twice:
            raise Violation(f"paid answers were asked again: {sorted(twice)}")

    def _check_error(self, ended: Ended) -> None:
        """A start ends by itself or with a reason that a user can act on, which is never the directory."""
        error = ended.error
        if isinstance(error, DirectoryError) or not (error is None or isinstance(error, AsyncgenError)):
            assert not isinstance(error, Crash)
            raise Violation(f"a start ended with {error!r}") from error


def play(world: World, seed: int, pairs: int) -> None:
    """Play the history of a seed.

    Raises:
        Violation: an invariant does not hold.
    """
    draw = random.Random(~seed)
    with (
        patch.object(segment_writer, "SEGMENT_SIZE", draw.choice((900, segment_writer.SEGMENT_SIZE))),
        patch.object(rounds, "batch_provider", lambda _: BatchProvider("small", most_requests=SMALL_BATCH)),
        patch.object(pool, "JOURNAL_SYNC_INTERVAL", draw.choice((60.0, pool.JOURNAL_SYNC_INTERVAL))),
        patch.object(ModelDisk, "call_seconds", draw.choice((1.0, ModelDisk.call_seconds))),
    ):
        History(world, seed, pairs).play()
