"""The simulated judge: what it knows, and how it errs."""

from typing import Any

import orjson
import pytest

from asyncgen.simulator import Profile, ProfileError
from asyncgen.simulator.completions import complete
from asyncgen.simulator.paraphrase import paraphrase
from asyncgen.simulator.profile import Judge
from asyncgen.simulator.simulated_requests import parse_request

from .helpers import NOTE, chat

_TEXT = {"type": "string"}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["before", "after", "kind", "severity", "same_meaning"],
    "properties": {
        "before": _TEXT,
        "after": _TEXT,
        "kind": {"type": "string", "enum": ["none", "other"]},
        "severity": {"type": "string", "enum": ["none", "major"]},
        "same_meaning": {"type": "boolean"},
    },
}


def judged(first: str, second: str, key: int = 1, error: float = 0.0) -> Any:
    """What is answered about two notes."""
    body = chat(
        messages=[{"role": "user", "content": f"<first>\n{first}\n</first>\n\n<second>\n{second}\n</second>"}],
        response_format={"type": "json_schema", "json_schema": {"name": "judge", "schema": SCHEMA}},
    )
    request = parse_request(orjson.dumps(body))
    return orjson.loads(complete(request, key, Profile(judge=Judge(error=error))).content)


@pytest.mark.parametrize("key", range(4))
def test_its_own_rewrites_say_the_same_in_both_orders(key: int) -> None:
    """And so does what is in another order, or not changed."""
    revised = paraphrase(NOTE, key)
    assert judged(NOTE, revised)["same_meaning"]
    assert judged(revised, NOTE)["same_meaning"]
    assert judged(NOTE, NOTE)["same_meaning"]
    assert judged("Pain and fever.", "Fever and pain.")["same_meaning"]


def test_anything_else_differs_and_is_quoted_verbatim() -> None:
    """From both notes, whatever came or went."""
    answer = judged("No fever for 3 days.", "No fever for 4 days.")
    assert answer == {"before": "3", "after": "4", "kind": "other", "severity": "major", "same_meaning": False}
    answer = judged("Pain.", "Pain. Fever.")
    assert (answer["before"], answer["after"], answer["same_meaning"]) == ("", "Fever.", False)


def test_it_errs_as_often_as_its_profile_says_and_by_its_seed() -> None:
    """The opposite of the truth, with quotes that stand there all the same."""
    wrong = [judged("A b.", "A c.", key, error=0.1)["same_meaning"] for key in range(1000)]
    assert 70 <= sum(wrong) <= 130
    assert wrong == [judged("A b.", "A c.", key, error=0.1)["same_meaning"] for key in range(1000)]
    assert judged("A b.", "A b.", error=1.0) | {"kind": "other"} == {
        "before": "A",
        "after": "",
        "kind": "other",
        "severity": "major",
        "same_meaning": False,
    }


@pytest.mark.parametrize("error", [-0.1, 1.1])
def test_a_share_that_is_none_is_refused(error: float) -> None:
    """By name."""
    with pytest.raises(ProfileError, match=r"judge\.error"):
        Judge(error=error)
