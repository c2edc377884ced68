"""The pairs of a corpus, and what a good model makes of them."""

from pathlib import Path
from random import Random

import orjson
import pytest

from asyncgen.medec.pair import Pair, parse_pair
from asyncgen.quality.checks.reasoning_form import Expected, expect
from tests.quality.defects import Example, clean_example


@pytest.fixture(scope="session")
def pairs(medec_pairs: Path) -> list[Pair]:
    """All pairs."""
    return [parse_pair(orjson.loads(line)) for line in medec_pairs.read_bytes().splitlines()]


@pytest.fixture(scope="session")
def clean(pairs: list[Pair]) -> list[Example]:
    """A clean example of each pair, with four other pairs of the file."""
    draw = Random("clean")
    examples = []
    for pair in pairs:
        others = [other for other in draw.sample(pairs, 5) if other is not pair]
        examples.append(clean_example(pair, tuple(others[:4]), draw))
    return examples


@pytest.fixture(scope="session")
def expected(clean: list[Example]) -> dict[str, Expected]:
    """What the reasonings of these examples are like, learnt from the first ones."""
    return {
        "CORRECT": expect(example.correct for example in clean[:200]),
        "INCORRECT": expect(example.incorrect for example in clean[:200]),
    }
