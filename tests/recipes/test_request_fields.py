"""Fields of a request that users set: what fits."""

from typing import Any

import pytest

from asyncgen.recipes.request_fields import NAMES, meant, problem_of

NO_JSON = "JSON, with integers of at most 64 bits"


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("seed", 7, ""),
        ("seed", -(2**63), ""),
        ("seed", 2**64 - 1, ""),
        ("seed", 2**64, NO_JSON),
        ("seed", 10**30, NO_JSON),
        ("seed", 7.5, "a whole number"),
        ("logit_bias", {"50256": -100}, ""),
        ("logit_bias", {50256: -100}, NO_JSON),
        ("extra_body", {"top_k": [10**30]}, NO_JSON),
        ("stop", "\ud800", NO_JSON),
        ("of_another_server", {"a": [1, None]}, ""),
        ("of_another_server", {"a": {1}}, NO_JSON),
    ],
    ids=str,
)
def test_a_value_that_cannot_be_sent_is_a_problem(name: str, value: Any, problem: str) -> None:
    """Found before the run, whatever the field."""
    assert problem_of(name, value) == problem


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("max_token", "max_tokens"),
        ("maxTokens", "max_tokens"),
        ("top-p", "top_p"),
        ("temprature", "temperature"),
        ("tempreature", "temperature"),
        ("frequency_penality", "frequency_penalty"),
        ("top_k", None),
        ("min_p", None),
        ("max_completion_tokens", None),
        ("repetition_penalty", None),
        *((known, None) for known in NAMES),
    ],
)
def test_a_misspelt_name_is_told_from_a_field_of_another_server(name: str, field: str | None) -> None:
    """Which may be called much like one of ours."""
    assert meant(name) == field
