"""Prices: of the listed models, of a user's own file, and by service tier."""

from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.errors import UsageError
from asyncgen.planning.prices import load_price


def file(tmp_path: Path, text: str, name: str = "prices.toml") -> Path:
    """A file of prices."""
    path = tmp_path / name
    path.write_text(text)
    return path


def test_a_price_is_found_by_the_name_of_the_model_with_or_without_its_date() -> None:
    """An entry of its own goes before; the price says which model was asked for."""
    general, dated, old = (load_price(f"gpt-4o{date}") for date in ("", "-2024-08-06", "-2024-05-13"))
    assert general is not None
    assert dated is not None
    assert old is not None
    assert dated.model == "gpt-4o-2024-08-06"
    assert (dated.prompt, dated.completion) == (general.prompt, general.completion) != (old.prompt, old.completion)
    assert load_price("my-own-model") is None


def test_a_service_tier_has_its_own_price() -> None:
    """Half price for flex and batch; a tier that is not listed is not known."""
    ordinary, flex, batch = (load_price("gpt-6-luna", None, tier) for tier in (None, "flex", "batch"))
    assert ordinary is not None
    assert flex is not None
    assert batch is not None
    assert flex.prompt == batch.prompt == ordinary.prompt / 2
    assert flex.completion == batch.completion == ordinary.completion / 2
    assert load_price("gpt-6-luna", None, "auto") == load_price("gpt-6-luna", None, "default") == ordinary
    assert load_price("gpt-6-luna", None, "priority") is None
    assert load_price("gpt-4o", None, "flex") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("models = 1", "lack the table"),
        ("[models]\nm = 1", "must have prompt and completion"),
        ("[models]\nm = { prompt = 1 }", "must have prompt and completion"),
        ("[models]\nm = { prompt = 1, completion = 1, input = 1 }", "must have prompt and completion"),
        ("[models]\nm = { prompt = -1, completion = 1 }", "prompt must be a number"),
        ("[models]\nm = { prompt = nan, completion = 1 }", "prompt must be a number"),
        ("[models]\nm = { prompt = true, completion = 1 }", "prompt must be a number"),
        ("models = [", "not TOML"),
    ],
)
def test_prices_that_cannot_be_read_are_refused(tmp_path: Path, content: str, message: str) -> None:
    """With the file and what it should say."""
    with pytest.raises(UsageError, match=message):
        load_price("m", file(tmp_path, content))


def test_a_file_with_one_price_a_model_stands_for_flex_and_batch(tmp_path: Path) -> None:
    """A missing cached price is that of the prompt, and a dearer tier is not known: never less than is asked."""
    path = file(tmp_path, 'dated = "2026-01-02"\n[models]\nm = { prompt = 3, completion = 4 }\n')
    price = load_price("m", path)
    assert price is not None
    assert (price.prompt, price.cached, price.completion, price.dated) == (3, 3, 4, "2026-01-02")
    assert load_price("m", path, "flex") == load_price("m", path, "batch") == price
    assert load_price("m", path, "priority") is None
    assert load_price("far/m-2026-01-01", path) is not None
    assert load_price("other", path) is None


def test_a_copy_of_the_shipped_table_is_read(tmp_path: Path) -> None:
    """What its header tells the user to do."""
    text = shipped("models.toml").read_text().replace("cached = 0.01, ", "cached = 0.03, ", 1)
    path = file(tmp_path, text, "mine.toml")
    price = load_price("gpt-6-luna", path)
    assert price is not None
    assert price.cached == 0.03
    assert load_price("gpt-6-luna", path, "flex") == load_price("gpt-6-luna", None, "flex")
