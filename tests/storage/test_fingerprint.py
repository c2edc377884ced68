"""The fingerprint: what it hides, what it tells apart, and how it names what changed."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.storage.fingerprint import differences, digest, fingerprint

PARTS: dict[str, Any] = {
    "model": "gpt-4o",
    "endpoint": "api.openai.com/v1",
    "add_reasoning": False,
    "correct_paraphrase_system": "You paraphrase.",
    "correct_paraphrase_user": "{note}",
    "generation_params.correct_paraphrase": [0.7, 0.9, 2048],
}
parts = st.dictionaries(
    st.text(min_size=1) | st.sampled_from(["tr", "tr_user", "recipe", "generation_params.tr", "x.jsonl"]),
    st.text(max_size=200) | st.booleans() | st.lists(st.floats(0, 2)),
    max_size=5,
)


def changed(**changes: Any) -> list[str]:
    """How a change of the parts is put into words."""
    return differences(fingerprint(PARTS), fingerprint({**PARTS, **changes}))


def test_short_values_are_kept_to_be_read() -> None:
    """A person may look at a checkpoint."""
    found = fingerprint(PARTS)
    assert (found["model"], found["add_reasoning"]) == ("gpt-4o", False)
    assert found["generation_params.correct_paraphrase"] == [0.7, 0.9, 2048]


def test_no_prompt_is_in_a_fingerprint() -> None:
    """Neither a short one nor any long text: hashes stand for them."""
    found = str(fingerprint({**PARTS, "model": "m" * 81}))
    for text in ("You paraphrase", "{note}", "mmm"):
        assert text not in found
    assert found.count("blake2b:") == 3


@given(one=parts, other=parts)
def test_fingerprints_are_equal_when_the_parts_are(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Then there is no difference."""
    is_same = one == other
    old, new = fingerprint(one), fingerprint(other)
    assert (old == new) is is_same
    assert (differences(old, new) == []) is is_same


@given(given_parts=parts)
def test_the_order_of_the_parts_does_not_count(given_parts: dict[str, Any]) -> None:
    """Nor does a round trip through a file."""
    found = fingerprint(given_parts)
    turned = fingerprint(dict(reversed(given_parts.items())))
    assert differences(found, turned) == []
    assert differences(found, orjson.loads(orjson.dumps(found))) == []


def test_a_changed_value_is_named_with_before_and_after() -> None:
    """So that the user sees which flag it was."""
    assert changed(model="gpt-4o-mini") == ["model was gpt-4o, now gpt-4o-mini"]


def test_a_changed_prompt_is_named_without_its_text() -> None:
    """Nor are hashes of any use to a person."""
    assert changed(correct_paraphrase_user="<{note}>") == ["correct_paraphrase_user changed"]
    assert changed(correct_paraphrase_system="x") == ["correct_paraphrase_system changed"]
    assert changed(model="m" * 81) == ["model changed"]


def test_parts_that_came_or_went_are_named() -> None:
    """A prompt that is used on one side only, a parameter likewise."""
    extra = {"reasoning_user": "{incorrect_note}", "seed": 7}
    old, new = fingerprint(PARTS), fingerprint({**PARTS, **extra})
    assert differences(old, new) == ["seed was unset, now 7", "reasoning_user changed"]
    assert differences(new, old) == ["seed was 7, now unset", "reasoning_user changed"]


def test_a_setting_of_a_step_is_named_by_itself() -> None:
    """However its step keeps it: a prompt file as a list, a recipe file as JSON or as a hash."""
    was = [0.7, 0.9, 2048, {"reasoning_effort": '"low"', "seed": "7"}]
    part = {"generation_params.p": was}
    assert differences(part, {"generation_params.p": [0.7, 1.0, 2048, {"seed": "7"}]}) == [
        'reasoning_effort of generation_params.p was "low", now unset',
        "top_p of generation_params.p was 0.9, now 1.0",
    ]
    step = {"tr_user": "blake2b:a", "tr": '{"check":{"max-words":9},"params":{"seed":1},"samples":2}'}
    assert differences(step, {**step, "tr": '{"params":{"seed":1}}'}) == [
        "max-words of tr was 9, now unset",
        "samples of tr was 2, now unset",
    ]
    for other in ("blake2b:b", '{"params":{}}{"type":"object"}'):
        assert differences(step, {**step, "tr": other}) == ["params, check or schema of tr changed"]
    assert differences(step, {**step, "x.jsonl": "[{}]"}) == ["the lines of x.jsonl changed"]


def test_of_two_servers_on_this_machine_the_paths_are_named() -> None:
    """They have one name: it would be said twice, and nothing of what differs."""
    [said] = differences({"endpoint": "loopback"}, {"endpoint": "loopback/other/v1"})
    assert said == "the path of the server on this machine was /, now it is /other/v1"


def test_another_recipe_is_one_sentence_and_of_many_settings_a_few_are_named() -> None:
    """Nobody compares two jobs step by step."""
    old, new = ({"recipe": name, f"{name}_user": name, f"{name}.jsonl": "x"} for name in ("file:a", "file:b"))
    assert differences(old, new) == ["recipe was file:a, now file:b"]
    many = {f"part{number}": number for number in range(5)}
    assert differences(many, {}) == [
        *(f"part{number} was {number}, now unset" for number in range(3)),
        "and 2 more",
    ]
    assert differences({"a": "x" * 50}, {}) == [f"a was {'x' * 40}…, now unset"]


def test_answers_made_up_are_not_continued_by_real_ones() -> None:
    """All servers on this machine have one name; a directory of a version that did not tell them apart goes on."""
    before = fingerprint({**PARTS, "endpoint": "loopback/v1"})
    real, simulated = ({**before, "simulated": made_up} for made_up in (False, True))
    assert differences(simulated, real) == [
        "the server on this machine was the run's own simulator, now it is another"
    ]
    assert differences(real, simulated) == [
        "the server on this machine was another, now it is the run's own simulator"
    ]
    for one in (real, simulated):
        assert (differences(before, one), differences(one, before), differences(one, dict(one))) == ([], [], [])


def test_every_change_is_named() -> None:
    """Server and model first: they are never among those that are only counted."""
    assert changed(model="m", endpoint="e", add_reasoning=True) == [
        "endpoint was api.openai.com/v1, now e",
        "model was gpt-4o, now m",
        "add_reasoning was False, now True",
    ]


@pytest.mark.parametrize(
    ("data", "expected"), [(b"", "cae66941d9efbd404e4d88758ea67670"), (b"abc", "cf4ab791c62b8d2b2109c90275287816")]
)
def test_the_hash_stays_what_it_is(data: bytes, expected: str) -> None:
    """Checkpoints of earlier versions hold it."""
    assert digest(data) == expected
