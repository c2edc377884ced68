"""Shares with 95 % intervals, counted or estimated. Pure; draws are seeded."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from random import Random
from typing import NamedTuple

_Z = 1.959964  # standard deviations on either side that hold 95 %
_DRAWS, _BURN_IN = 800, 200  # the 2.5 % ends rest on 20 draws each; the chain forgets its start
_PRIOR = 0.5  # Jeffreys'
_FEW = 16  # events: below it, drawing each is as fast


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its 95 % interval; all from 0 to 1."""

    value: float
    low: float
    high: float


class Outcomes(NamedTuple):
    """How many cases were judged to have the same meaning, left open, or judged to differ."""

    same: int
    open: int
    different: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimate for a set: the share of bad ones in it, and among those judged to have the same meaning."""

    bad: Share
    bad_in_same: Share


def wilson(hits: int, of: int) -> Share:
    """The share of hits in a sample, by Wilson's score interval."""
    if not of:
        return Share(0.0, 0.0, 1.0)
    share = hits / of
    spread = _Z * sqrt(share * (1 - share) / of + _Z**2 / (4 * of**2))
    middle, scale = share + _Z**2 / (2 * of), 1 + _Z**2 / of
    low = 0.0 if not hits else (middle - spread) / scale
    high = 1.0 if hits == of else (middle + spread) / scale
    return Share(share, low, high)


def estimate(judged: Outcomes, bad: Outcomes, good: Outcomes, seed: int = 0) -> Estimate | None:
    """Estimate a set from how the judge did on known cases.

    The values are those of Rogan and Gladen; the intervals come from the exact posterior of all unknowns together
    (how the judge errs, the share of bad ones, which of the set are bad), sampled step by step (Gibbs).

    Args:
        judged: the set.
        bad: the known cases with another meaning.
        good: those with the same one.
        seed: of the draws.

    Returns:
        None if nothing was judged, a kind of known cases is missing, or the judge rejects no more of the bad ones
        than of the good ones.
    """
    total = sum(judged)
    if not (total and sum(bad) and sum(good)):
        return None
    found, alarms = bad.different / sum(bad), good.different / sum(good)
    if found <= alarms:
        return None
    draws = list(_posterior(judged, bad, good, Random(seed)))  # noqa: S311 - no secret
    prevalence = (judged.different / total - alarms) / (found - alarms)
    prevalence = min(1.0, max(0.0, prevalence))
    within = prevalence * bad.same / sum(bad) * total / judged.same if judged.same else 0.0
    return Estimate(
        _share(prevalence, [sum(one.bads) / total for one in draws], [one.prevalence for one in draws]),
        _share(
            within,
            [one.bads[0] / judged.same if judged.same else 0.0 for one in draws],
            [one.bad_in_same for one in draws],
        ),
    )


class _Draw(NamedTuple):
    """How many of the set are bad, by how they were judged; and the probabilities of the draw."""

    bads: list[int]
    prevalence: float
    bad_in_same: float


def _posterior(judged: Outcomes, bad: Outcomes, good: Outcomes, rng: Random) -> Iterator[_Draw]:
    prevalence, of_bad, of_good = 0.5, _dirichlet(bad, rng), _dirichlet(good, rng)
    for turn in range(_BURN_IN + _DRAWS):
        shares = [
            prevalence * one / (prevalence * one + (1 - prevalence) * other)
            for one, other in zip(of_bad, of_good, strict=True)
        ]
        bads = [_binomial(number, share, rng) for number, share in zip(judged, shares, strict=True)]
        if turn >= _BURN_IN:
            yield _Draw(bads, prevalence, shares[0])
        prevalence = rng.betavariate(1 + sum(bads), 1 + sum(judged) - sum(bads))
        of_bad = _dirichlet(Outcomes(*(a + b for a, b in zip(bad, bads, strict=True))), rng)
        of_good = _dirichlet(Outcomes(*(a + n - b for a, n, b in zip(good, judged, bads, strict=True))), rng)


def _dirichlet(counts: Outcomes, rng: Random) -> list[float]:
    drawn = [max(rng.gammavariate(count + _PRIOR, 1), 1e-300) for count in counts]
    return [one / sum(drawn) for one in drawn]


def _binomial(number: int, chance: float, rng: Random) -> int:
    """Draw how many of so many events occur, each with this chance; by the median of uniforms if many do."""
    hits = 0
    while number > _FEW:
        half = number // 2 + 1
        middle = rng.betavariate(half, number + 1 - half)
        if middle <= chance:
            hits, number, chance = hits + half, number - half, (chance - middle) / (1 - middle)
        else:
            number, chance = half - 1, chance / middle
    return hits + sum(rng.random() < chance for _ in range(number))


def _share(value: float, *draws: list[float]) -> Share:
    """The interval that holds 95 % of the draws: of the value, and of what it derives from."""
    low, high = 1.0, 0.0
    for drawn in draws:
        drawn.sort()
        cut = round(0.025 * len(drawn))
        low, high = min(low, drawn[cut]), max(high, drawn[-1 - cut])
    return Share(min(high, max(low, value)), low, high)
