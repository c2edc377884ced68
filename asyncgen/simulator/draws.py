"""Chance that depends only on the request: hashes instead of a random generator.

A draw is a function of the seed, the body and the attempt, so neither the order of the requests nor their
concurrency changes who is hit, in this process or another.
"""

import math
from hashlib import blake2b
from statistics import NormalDist
from typing import NamedTuple

_STEPS = 2.0**52  # 52 bits of a hash are used
_NORMAL = NormalDist()


class Draws(NamedTuple):
    """Three independent numbers, each above 0 and below 1."""

    fault: float
    latency: float
    storm: float


def body_key(body: bytes) -> int:
    """The 64-bit key of a request body."""
    return int.from_bytes(blake2b(body, digest_size=8).digest(), "big")


def draw(seed: int, key: int, attempt: int) -> Draws:
    """The draws for this attempt (1 is the first) of the request with this key."""
    digest = blake2b(b"%d/%d/%d" % (seed, key, attempt), digest_size=24).digest()
    return Draws(_unit(digest[:8]), _unit(digest[8:16]), _unit(digest[16:]))


def pick(key: int, purpose: str, count: int) -> int:
    """A choice from 0 to count - 1, determined by the request and its purpose."""
    digest = blake2b(f"{key}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % count


def unit(seed: int, key: int, purpose: str) -> float:
    """A number above 0 and below 1, determined by the seed, the request and its purpose."""
    return _unit(blake2b(f"{seed}/{key}/{purpose}".encode(), digest_size=8).digest())


def lognormal(median_s: float, sigma: float, share: float) -> float:
    """The lognormal quantile, in seconds, of a number between 0 and 1."""
    return median_s * math.exp(sigma * _NORMAL.inv_cdf(share))


def _unit(raw: bytes) -> float:
    # 52 bits and a half: neither 0 nor 1 can result, at which the normal quantile is infinite.
    return ((int.from_bytes(raw, "big") >> 12) + 0.5) / _STEPS
