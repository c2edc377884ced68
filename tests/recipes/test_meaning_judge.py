"""The judge as a recipe: what it asks, and what it does not accept."""

import asyncio
from typing import Any

import orjson
import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion
from asyncgen.recipes.meaning_judge import BACKWARD, FORWARD, MeaningJudge
from asyncgen.rows import BadFieldError

ROW = {"id": "x", "first": "No fever\nfor 3 days.", "second": "No fever for 4 days.", "passages": [["3", "4"]]}
DIFFERS = {"before": "3 days", "after": "4 days", "kind": "number", "severity": "major", "same_meaning": False}
SAME = {"before": "", "after": "", "kind": "none", "severity": "none", "same_meaning": True}


def asked(row: dict[str, Any]) -> tuple[dict[str, ChatRequest], bytes]:
    """The requests by step, and the line."""
    requests: dict[str, ChatRequest] = {}

    async def generate(step: str, request: ChatRequest) -> Completion:
        requests[step] = request
        return Completion(orjson.dumps(SAME).decode(), NO_USAGE, "judge-1")

    recipe = MeaningJudge({})
    [line] = asyncio.run(recipe.run(recipe.parse(row), generate)).blobs
    return requests, line


def test_it_asks_in_both_orders_and_does_not_say_which_note_is_the_original() -> None:
    """What changed is shown in the same order as the notes."""
    requests, line = asked(ROW)
    assert requests.keys() == {FORWARD, BACKWARD}
    forward, backward = requests[FORWARD].user, requests[BACKWARD].user
    assert forward.index("3 days") < forward.index("4 days")
    assert backward.index("4 days") < backward.index("3 days")
    assert "- 3\n+ 4" in forward
    assert "- 4\n+ 3" in backward
    assert "original" not in forward + requests[FORWARD].system
    assert orjson.loads(line) == {"id": "x", "model": "judge-1", FORWARD: SAME, BACKWARD: SAME}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, None),
        (SAME, None),
        ({"before": "No fever for 3 days"}, None),  # a line break is a blank
        ({"before": "", "after": "4"}, None),
        ({"before": "fever for five days"}, "quote"),
        ({"before": "4 days", "after": "3 days"}, "quote"),
        ({"before": "", "after": ""}, "no_difference"),
        ({"before": "No fever", "after": "No fever"}, "no_difference"),
        ({"same_meaning": True}, "contradiction"),  # beside a major difference
        ({"same_meaning": True, "severity": "minor"}, None),
        ({"kind": "whatever"}, "schema"),
        ({"same_meaning": "yes"}, "schema"),
    ],
)
def test_quotes_must_be_verbatim_and_a_difference_show_and_count(
    change: dict[str, Any], problem: str | None
) -> None:
    """Else the answer is not accepted, and another one is asked for."""
    requests, _ = asked(ROW)
    check = requests[FORWARD].check
    assert check is not None
    assert check(orjson.dumps(DIFFERS | change).decode()) == problem


def test_a_note_is_never_read_as_a_template() -> None:
    """Braces are text."""
    requests, _ = asked(ROW | {"first": "{second} {passages}"})
    assert "<first>\n{second} {passages}\n</first>" in requests[FORWARD].user


def test_settings_are_a_part_of_what_it_is() -> None:
    """With another effort it is another judge."""
    fingerprints = [MeaningJudge(params).fingerprint for params in ({}, {}, {"reasoning_effort": "low"})]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


@pytest.mark.parametrize("row", [{}, {"id": "x", "first": "a"}, {**ROW, "passages": [["a"]]}, {**ROW, "id": 3}])
def test_a_line_that_is_no_comparison_is_refused(row: dict[str, Any]) -> None:
    """By what it lacks."""
    with pytest.raises(BadFieldError):
        MeaningJudge({}).parse(row)
