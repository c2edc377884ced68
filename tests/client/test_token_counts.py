"""The token counts of many servers."""

from typing import Any

import pytest

from asyncgen.chat import Usage
from asyncgen.client.token_counts import read_usage


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}, Usage(100, 20, 120)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 500,
                "completion_tokens_details": {"reasoning_tokens": 480},
            },
            Usage(100, 500, 600, 0, 480),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 20,
                "total_tokens": 2120,
                "completion_tokens_details": {"reasoning_tokens": 2000},
            },
            Usage(100, 2020, 2120, 0, 2000),
        ),
        (
            {"prompt_tokens": 100, "completion_tokens": 20, "reasoning_tokens": 2000},
            Usage(100, 2020, 2120, 0, 2000),
        ),
        ({"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 2120}, Usage(100, 2020, 2120)),
        ({"prompt_tokens": 100, "total_tokens": 120}, Usage(100, 20, 120)),
        ({"prompt_tokens": 9, "completion_tokens": 0, "total_tokens": 99}, Usage(9, 90, 99, 0, 90)),
        ({"total_tokens": 120}, Usage(0, 0, 120)),
        (
            {"prompt_tokens": 26, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 5400}},
            Usage(26, 5, 31, 5400),
        ),
        ({"prompt_tokens": 26, "completion_tokens": 5, "prompt_cache_hit_tokens": 20}, Usage(26, 5, 31, 20)),
        ({"prompt_tokens": 26, "completion_tokens": 5, "cached_tokens": 20}, Usage(26, 5, 31, 20)),
        ({"completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 5400}}, Usage(0, 5, 5)),
    ],
)
def test_reasoning_that_is_counted_beside_the_answer_is_paid_like_it(said: dict[str, Any], usage: Usage) -> None:
    """A budget that left it out would be exceeded."""
    assert read_usage(said) == usage


@pytest.mark.parametrize(
    "said",
    [
        {"cached_tokens": 64},  # Moonshot
        {"prompt_cache_hit_tokens": 64, "prompt_cache_miss_tokens": 36},  # DeepSeek
        {"prompt_cache_hit_tokens": 64, "prompt_tokens_details": {"cached_tokens": 64}},
        {"cached_tokens": 1, "prompt_tokens_details": {"cached_tokens": 64}},
        {"cached_tokens": 64, "prompt_tokens_details": None},
    ],
)
def test_what_was_cached_is_found_where_a_server_says_it(said: dict[str, Any]) -> None:
    """It is cheaper; of an unknown prompt nothing is."""
    counts = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
    assert read_usage(counts | said) == Usage(100, 20, 120, 64)
    assert read_usage({"completion_tokens": 20} | said).cached_tokens == 0
