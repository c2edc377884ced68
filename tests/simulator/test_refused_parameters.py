"""Parameters: each family of models takes and refuses what the real one does, in its words."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.simulator.model_families import SHUTDOWNS, family_of
from asyncgen.simulator.refused_parameters import EFFORTS, Complaint, complaint

FIELDS = {"model": "", "messages": []}
LISTED = tomllib.loads((Path(__file__).parents[2] / "configs" / "models.toml").read_text(encoding="utf-8"))[
    "models"
]


def refused(model: str, **fields: Any) -> Complaint | None:
    """What the model says to these fields."""
    family = family_of(model)
    assert family is not None
    return complaint({**FIELDS, **fields}, family)


@pytest.mark.parametrize("model", ["gpt-6-luna", "gpt-5", "gpt-5.1", "gpt-5.6-terra", "o3", "o4-mini"])
def test_models_that_can_reason_refuse_the_old_name_of_the_limit(model: str) -> None:
    """The sentence names the new one, and the code and the parameter are said."""
    assert refused(model, max_tokens=100) == Complaint(
        "Unsupported parameter: 'max_tokens' is not supported with this model. "
        "Use 'max_completion_tokens' instead.",
        "max_tokens",
        "unsupported_parameter",
    )
    assert refused(model, max_completion_tokens=100) is None


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4o-mini", "gpt-4.1-mini"])
def test_older_models_take_either_name_but_not_both(model: str) -> None:
    """Sampling is taken, too; an effort is an argument that they do not know, without param and code."""
    for limit in ("max_tokens", "max_completion_tokens"):
        assert refused(model, temperature=0.2, top_p=0.9, logprobs=True, seed=1, **{limit: 100}) is None
    both = refused(model, max_tokens=1, max_completion_tokens=1)
    assert (both.param, both.code) == ("max_tokens", "invalid_parameter_combination")
    assert refused(model, reasoning_effort="low") == Complaint(
        "Unrecognized request argument supplied: reasoning_effort"
    )


def test_sampling_is_refused_while_the_model_reasons() -> None:
    """By default or as asked; a temperature of 1 is the default and taken, other sampling is refused as such."""
    assert refused("gpt-6-luna", temperature=0.2) == Complaint(
        "Unsupported value: 'temperature' does not support 0.2 with this model. "
        "Only the default (1) value is supported.",
        "temperature",
        "unsupported_value",
    )
    assert refused("gpt-6-luna", temperature=1) is None
    for name in ("top_p", "logprobs", "presence_penalty"):
        found = refused("gpt-6-luna", **{name: 1})
        assert (found.param, found.code) == (name, "unsupported_parameter")
    assert refused("gpt-6-luna", temperature=0.2, top_p=0.5, reasoning_effort="none") is None
    assert refused("gpt-5.1", temperature=0.2) is None
    assert refused("gpt-5.1", temperature=0.2, reasoning_effort="low").param == "temperature"
    assert refused("o3", temperature=1).code == "unsupported_parameter"


@pytest.mark.parametrize(
    ("model", "effort", "code"),
    [
        ("gpt-6-luna", "max", None),
        ("gpt-6-luna", "minimal", "unsupported_value"),
        ("gpt-6-luna", "none", None),
        ("gpt-6-astra", "none", "unsupported_value"),
        ("gpt-6.1-sol", "none", "unsupported_value"),
        ("gpt-6.1-terra", "none", None),
        ("gpt-5", "minimal", None),
        ("gpt-5", "none", "unsupported_value"),
        ("o3", "xhigh", "unsupported_value"),
        ("gpt-5.5", "max", "unsupported_value"),
        ("gpt-5.6-luna", "max", None),
        ("gpt-6-luna", "hard", "invalid_value"),
    ],
)
def test_efforts_are_those_of_the_family(model: str, effort: str, code: str | None) -> None:
    """An effort of another family is not supported, any other word no value."""
    found = refused(model, reasoning_effort=effort)
    assert (found and found.code) == code
    if found:
        assert found.param == "reasoning_effort"
        assert effort in found.message


def test_other_fields() -> None:
    """What the API does not know is unrecognized; a tier, a verbosity or a limit that the model lacks is named."""
    assert refused("gpt-4o", top_k=1, foo=2).message == "Unrecognized request arguments supplied: top_k, foo"
    assert refused("gpt-6-luna", service_tier="flex") is None
    assert refused("gpt-4o", service_tier="flex").param == "service_tier"
    assert refused("gpt-4o", service_tier="cheap").code == "invalid_value"
    assert refused("gpt-4o", verbosity="low").param == "verbosity"
    assert refused("gpt-6-luna", verbosity="low") is None
    assert refused("gpt-4o", max_tokens=16_385).param == "max_tokens"


@given(
    model=st.sampled_from(sorted(SHUTDOWNS)),
    fields=st.dictionaries(
        st.sampled_from(["max_tokens", "temperature", "top_p", "reasoning_effort", "service_tier", "x"]), st.none()
    ),
)
def test_null_is_as_good_as_absent(model: str, fields: dict[str, None]) -> None:
    """No model refuses a field that is null."""
    if family_of(model):
        assert refused(model, **fields) is None


@given(
    model=st.sampled_from(["gpt-4o", "gpt-5", "gpt-5.1", "gpt-6-luna", "gpt-6-astra", "o3"]),
    fields=st.fixed_dictionaries(
        {},
        optional={
            "max_tokens": st.just(9),
            "max_completion_tokens": st.just(9),
            "temperature": st.sampled_from([0, 0.5, 1]),
            "top_p": st.just(0.5),
            "logprobs": st.booleans(),
            "reasoning_effort": st.sampled_from(EFFORTS),
            "service_tier": st.sampled_from(["auto", "flex"]),
            "verbosity": st.sampled_from(["low", "medium"]),
            "top_k": st.just(1),
        },
    ),
)
def test_leaving_out_what_is_named_ends_the_refusals(model: str, fields: dict[str, Any]) -> None:
    """Whoever drops each parameter that a refusal names, or the argument that it quotes, gets an answer."""
    left = dict(fields)
    while found := refused(model, **left):
        name = found.param or found.message.rpartition(" ")[2]
        assert left.pop(name, None) is not None


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("gpt-4o-2031-01-01", "gpt-4o"),
        ("gpt-5-nano-2025-08-07", "gpt-5"),
        ("gpt-5.45", "gpt-5.4"),
        ("gpt-6.3-nova", "gpt-6-luna"),
        ("openai/gpt-6-luna", "gpt-6-luna"),
    ],
)
def test_an_unknown_name_belongs_to_the_nearest_family(name: str, like: str) -> None:
    """The longest beginning decides; a vendor in front does not count."""
    assert family_of(name) is family_of(like)


@pytest.mark.parametrize("name", sorted(set(SHUTDOWNS) & set(LISTED)))
def test_the_table_agrees_with_the_one_of_the_program(name: str) -> None:
    """The two are kept apart, so that a figure that is wrong in one of them shows here."""
    family, listed = family_of(name), LISTED[name]
    assert SHUTDOWNS[name] == listed.get("shutdown")
    if family:
        assert list(family.efforts) == listed["reasoning-efforts"]
        assert family.output_tokens == listed["max-output"]
        assert (family.default_effort != "none") == listed.get(
            "reasons-by-default", family.default_effort != "none"
        )
        assert family.flex or "flex" not in listed["price"]


@pytest.mark.parametrize("name", ["m", "my-own", "deepseek-r1", "qwen3:8b", ""])
def test_other_names_belong_to_none(name: str) -> None:
    """They are answered whatever the request says."""
    assert family_of(name) is None
