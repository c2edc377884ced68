"""The table of models: what ships is complete, names are found, and mistakes are named."""

from datetime import date
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.config.shipped import shipped
from asyncgen.errors import UsageError
from asyncgen.models import (
    _CHOICES,
    NO_REASONING,
    MaxTokensField,
    Model,
    ModelList,
    Sampling,
    load_models,
    spellings,
)

SHIPPED = load_models(shipped("models.toml"))
RECORD = """
[models.m]
dated = 2026-11-26
source = "somewhere"
price.ordinary = { prompt = 2, completion = 8 }
"""


def named(name: str) -> Model:
    """A model that ships."""
    model = SHIPPED.find(name)
    assert model is not None
    return model


@pytest.mark.parametrize("model", [*SHIPPED], ids=lambda model: model.name)
def test_every_listed_model_says_where_its_figures_are_from(model: Model) -> None:
    """Dated, sourced, priced, and with the field that limits the answer."""
    assert model.dated >= date(2026, 1, 1)
    assert model.source
    assert model.ordinary.prompt > 0
    assert 0 < model.ordinary.cached <= model.ordinary.prompt
    assert model.ordinary.completion >= model.ordinary.prompt
    assert model.max_tokens_field is not None
    assert model.context is None or model.max_output is None or model.max_output <= model.context


@pytest.mark.parametrize("model", [*SHIPPED], ids=lambda model: model.name)
def test_flex_and_batch_are_never_dearer(model: Model) -> None:
    """They trade speed for money."""
    for price in filter(None, (model.flex, model.batch)):
        assert price.prompt <= model.ordinary.prompt
        assert price.cached <= price.prompt
        assert price.completion <= model.ordinary.completion


@pytest.mark.parametrize("model", [*SHIPPED], ids=lambda model: model.name)
def test_what_is_said_of_reasoning_agrees(model: Model) -> None:
    """The default is one of the efforts, and sampling that depends on reasoning needs an effort that ends it."""
    efforts = model.reasoning_efforts
    if model.default_effort is not None:
        assert efforts is not None
        assert model.default_effort in {*efforts, NO_REASONING}
        assert model.reasons_by_default == (model.default_effort != NO_REASONING)
    if model.sampling == "without-reasoning":
        assert efforts is not None
        assert NO_REASONING in efforts
    if model.sampling == "never":
        assert model.reasons_by_default
        assert efforts
        assert NO_REASONING not in efforts


@pytest.mark.parametrize("model", [each for each in SHIPPED if each.replacement], ids=lambda model: model.name)
def test_a_replacement_is_listed_and_lives_longer(model: Model) -> None:
    """A user who follows the advice is not sent to another model that ends."""
    assert model.replacement is not None
    assert model.shutdown is not None
    assert named(model.replacement).shutdown is None


def test_a_name_stands_for_one_model() -> None:
    """Names and aliases are used once."""
    names = [name for model in SHIPPED for name in (model.name, *model.aliases)]
    assert len(names) == len(set(names))


def test_the_models_that_runs_use_by_default_are_known() -> None:
    """The figures of OpenAI's pages on 2026-11-26."""
    luna = named("gpt-6-luna")
    assert (luna.ordinary.prompt, luna.ordinary.cached, luna.ordinary.completion) == (0.10, 0.01, 0.50)
    assert (luna.flex, luna.batch) != (None, None)
    assert (luna.max_tokens_field, luna.sampling, luna.default_effort) == (
        "max_completion_tokens",
        "without-reasoning",
        "medium",
    )
    old = named("gpt-4o")
    assert (old.max_tokens_field, old.sampling, old.reasoning_efforts) == ("max_tokens", "always", ())
    assert (old.shutdown, old.replacement) == (date(2027, 1, 14), "gpt-6-luna")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("gpt-6-luna", "gpt-6-luna"),
        ("openai/gpt-6-luna", "gpt-6-luna"),
        ("openrouter/openai/gpt-6-luna", "gpt-6-luna"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("azure/gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("gpt-5.6", "gpt-5.6-sol"),
        ("deepseek/deepseek-v4-flash", "deepseek-flash"),
        ("ft:gpt-4o-mini-2024-07-18:me::1", None),
        ("gpt-6-luna-2", None),
        ("openai/gpt-oss-120b", None),
        ("", None),
    ],
)
def test_a_model_is_found_by_its_snapshots_and_prefixes(name: str, found: str | None) -> None:
    """A fine-tuned model costs something else, and is not found."""
    model = SHIPPED.find(name)
    assert (None if model is None else model.name) == found


@given(st.text())
def test_any_name_is_looked_up(name: str) -> None:
    """The name itself is tried first, and no other is longer."""
    tried = spellings(name)
    assert tried[0] == name
    assert all(name.startswith(each) or each in name for each in tried)
    SHIPPED.find(name)


def test_the_name_that_is_closest_wins(tmp_path: Path) -> None:
    """A prefix or date that is listed itself goes before the family."""
    record = RECORD.replace("models.m", 'models."{}"')
    text = "".join(record.replace("{}", name) for name in ("m", "m-2026-01-01", "far/m"))
    models = read(tmp_path, text)
    for name in ("m", "m-2026-01-01", "far/m"):
        model = models.find(name)
        assert model is not None
        assert model.name == name


def read(tmp_path: Path, text: str) -> ModelList:
    """The models in a file."""
    path = tmp_path / "models.toml"
    path.write_text(text)
    return load_models(path)


def test_a_short_record_leaves_the_rest_unknown(tmp_path: Path) -> None:
    """Not known is None, and no model takes a guess."""
    (model,) = read(tmp_path, RECORD)
    assert (model.ordinary.cached, model.ordinary.dated, model.ordinary.source) == (2, "2026-11-26", "somewhere")
    unknown = (model.flex, model.batch, model.context, model.sampling, model.reasoning_efforts, model.shutdown)
    assert unknown == (None,) * len(unknown)
    assert model.price(None) == model.price("ordinary") == model.ordinary
    assert model.price("flex") is None
    assert model.price("priority") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models = 1", 'lack tables such as [models."gpt-6-luna"]'),
        ("[models]\nm = 1", "m must be a table"),
        ("[models.m]\nsource = 'x'", "m must have dated, source and price.ordinary"),
        (RECORD + "context-window = 3", "unknown key context-window"),
        (RECORD + "max-outputs = 3", "unknown key max-outputs; did you mean max-output?"),
        (RECORD + "context = 0", "context must be a number of tokens, not 0"),
        (RECORD + "context = true", "context must be a number of tokens, not True"),
        (RECORD + "shutdown = '2027-01-14'", "shutdown must be a date such as 2026-11-26"),
        (RECORD + "shutdown = 2027-01-14T00:00:00", "shutdown must be a date such as 2026-11-26"),
        (RECORD + "reasons-by-default = 'yes'", "reasons-by-default must be true or false"),
        (RECORD + "replacement = 6", "replacement must be text, not 6"),
        (RECORD + "sampling = 'seldom'", "sampling must be one of always, without-reasoning, never"),
        (RECORD + "aliases = [1]", "aliases must be a list of names"),
        (RECORD + "reasoning-efforts = ['hard']", "reasoning-efforts may hold none, minimal"),
        (RECORD + "price.fast = { prompt = 1, completion = 1 }", "price must have ordinary, and may have flex"),
        (RECORD + "price.flex = { prompt = 1 }", "price.flex must have prompt and completion"),
        (
            RECORD + "price.flex = { prompt = 1, completion = '1' }",
            "price.flex: completion must be a number of USD",
        ),
    ],
)
def test_a_mistake_in_a_record_is_named(tmp_path: Path, text: str, words: str) -> None:
    """By file, model and key."""
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert words in str(caught.value)
    assert "models.toml" in str(caught.value)


def test_the_reader_takes_what_the_types_name() -> None:
    """No choice is known to one and not to the other."""
    assert _CHOICES["sampling"] == get_args(Sampling)
    assert _CHOICES["max-tokens-field"] == get_args(MaxTokensField)
