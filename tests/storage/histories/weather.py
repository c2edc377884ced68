"""How bad the network of a start is, and how its server behaves: drawn, and then only looked at."""

import random
from dataclasses import dataclass

HONEST = "truth"
TALES = (HONEST, HONEST, "nothing", "zero", "minus", "more", "less", "day", "rubbish")
"""What a server says of its limits: all but the first is no use, or wrong."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Shares of the calls by what becomes of them, the seconds that the slowest takes, and storms in seconds.

    Args:
        refused: the connection is: nothing is sent.
        reset: the connection is, behind the request: the answer is billed and lost.
        dropped: the request or its answer, without a word.
        failed: 500, and the server repeats the request and the key in its message.
        gateway: 504, and the answer is billed.
        garbled: the body is cut, comes twice, or is a page.
        empty: an answer without text; of every second one nobody says what it cost.
        rejected: 400: never to be asked again for this pair.
        doubled: lines of a batch's results that come twice.
        longest: seconds of the slowest answer.
        storms: from when to when all is refused.
    """

    refused: float = 0.0
    reset: float = 0.0
    dropped: float = 0.0
    failed: float = 0.0
    gateway: float = 0.0
    garbled: float = 0.0
    empty: float = 0.0
    rejected: float = 0.0
    doubled: float = 0.0
    longest: float = 1.0
    storms: tuple[tuple[float, float], ...] = ()

    @classmethod
    def draw(cls, rng: random.Random) -> "Weather":
        """Some weather; every third time it is fine."""
        if rng.random() < 1 / 3:
            return cls()
        starts = sorted(rng.uniform(0, 20) for _ in range(rng.choice((0, 0, 1, 2))))
        return cls(
            refused=rng.choice((0, 0.1, 0.3)),
            reset=rng.choice((0, 0.1, 0.2)),
            dropped=rng.choice((0, 0, 0.1)),
            failed=rng.choice((0, 0.1, 0.5)),
            gateway=rng.choice((0, 0, 0.1)),
            garbled=rng.choice((0, 0, 0.1)),
            empty=rng.choice((0, 0.1, 0.3)),
            rejected=rng.choice((0, 0, 0.05)),
            doubled=rng.choice((0, 0.3)),
            longest=rng.choice((1.0, 10.0, 80.0)),
            storms=tuple((start, start + rng.uniform(0.5, 30)) for start in starts),
        )

    def becomes(self, draw: float) -> str:
        """What becomes of a call, by a number from 0 to 1; `answered` where the weather leaves it alone."""
        for name in ("refused", "reset", "dropped", "failed", "gateway", "garbled", "empty", "rejected"):
            share: float = getattr(self, name)
            if draw < share:
                return name
            draw -= share
        return "answered"

    def is_stormy(self, now: float) -> bool:
        """Whether all is refused now."""
        return any(begin <= now < end for begin, end in self.storms)


@dataclass(frozen=True, slots=True)
class Rules:
    """What a server takes, in truth: requests a minute, calls at once (None: any), and what it says of that.

    `unknown` is a field that it refuses; none where that is empty.
    """

    requests: int | None = None
    at_once: int | None = None
    tale: str = HONEST
    unknown: str = ""

    @classmethod
    def draw(cls, rng: random.Random, unknown: str) -> "Rules":
        """Some rules; every other server has no limits."""
        if rng.random() < 1 / 2:
            return cls(unknown=unknown)
        return cls(rng.choice((None, 20, 120)), rng.choice((None, None, 2)), rng.choice(TALES), unknown)
