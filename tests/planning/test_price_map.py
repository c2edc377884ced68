"""Price maps in the format of litellm's model_prices_and_context_window.json."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asyncgen.cost import Price
from asyncgen.errors import UsageError
from asyncgen.planning.prices import load_price

ENTRY = {
    "input_cost_per_token": 1e-07,
    "input_cost_per_token_flex": 5e-08,
    "input_cost_per_token_batches": 5e-08,
    "input_cost_per_token_above_272k_tokens": 2e-07,
    "output_cost_per_token": 5e-07,
    "output_cost_per_token_flex": 2.5e-07,
    "output_cost_per_token_batches": 2.5e-07,
    "cache_read_input_token_cost": 1e-08,
    "cache_read_input_token_cost_flex": 5e-09,
    "cache_creation_input_token_cost": 1.25e-07,
    "litellm_provider": "openai",
    "max_output_tokens": 128000,
    "mode": "chat",
}
SPECIMEN = {"input_cost_per_token": 0.0, "max_tokens": "an explanation", "mode": "one of: chat, embedding"}

reused = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # the file is written anew each time
rates = st.integers(0, 10**8).map(lambda micros: micros / 1e5)  # USD for a million tokens
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
fields = st.dictionaries(st.sampled_from(sorted(ENTRY)), documents, max_size=6)


def written(tmp_path: Path, document: Any) -> Path:
    """A map in a file."""
    path = tmp_path / "prices.json"
    path.write_bytes(orjson.dumps(document))
    return path


def test_an_entry_is_read_by_service_tier(tmp_path: Path) -> None:
    """A million tokens each; a cached price that is missing is that of the prompt."""
    path = written(tmp_path, {"sample_spec": SPECIMEN, "gpt-6-luna": ENTRY})
    common: dict[str, Any] = {"model": "gpt-6-luna", "source": "prices.json"}
    assert load_price("gpt-6-luna", path) == Price(
        prompt=0.1, cached=0.01, completion=0.5, cache_write=0.125, **common
    )
    assert load_price("gpt-6-luna", path, "flex") == Price(prompt=0.05, cached=0.005, completion=0.25, **common)
    assert load_price("gpt-6-luna", path, "batch") == Price(prompt=0.05, cached=0.05, completion=0.25, **common)
    assert load_price("gpt-6-luna", path, "priority") is None
    assert load_price("gpt-6-luna", path, "scale") is None


@pytest.mark.parametrize("name", ["gpt-6-luna", "openai/gpt-6-luna", "gpt-6-luna-2026-09-22"])
def test_a_model_is_found_by_its_snapshots_and_prefixes(tmp_path: Path, name: str) -> None:
    """As in the table that ships."""
    price = load_price(name, written(tmp_path, {"gpt-6-luna": ENTRY}))
    assert price is not None
    assert price.model == name


def test_a_model_behind_a_providers_prefix_is_found(tmp_path: Path) -> None:
    """Unless providers differ in price: then the user says which one."""
    dearer = ENTRY | {"output_cost_per_token": 1e-06}
    path = written(tmp_path, {"groq/m": ENTRY, "far/m": ENTRY, "far/mm": dearer})
    price = load_price("m", path)
    assert price is not None
    assert (price.model, price.completion) == ("m", 0.5)
    path = written(tmp_path, {"groq/m": ENTRY, "far/m": dearer})
    with pytest.raises(UsageError, match=r"several providers \(far/m, groq/m\): copy the right entry to 'm'"):
        load_price("m", path)
    assert load_price("groq/m", path) is not None
    assert load_price("none-such", path) is None


@given(prompt=rates, cached=rates, completion=rates)
@reused
def test_what_was_written_is_read(tmp_path: Path, prompt: float, cached: float, completion: float) -> None:
    """The noise of the conversion between one token and a million is gone."""
    entry = {
        "input_cost_per_token": prompt / 1e6,
        "cache_read_input_token_cost": cached / 1e6,
        "output_cost_per_token": completion / 1e6,
    }
    price = load_price("m", written(tmp_path, {"m": entry}))
    assert price == Price(model="m", prompt=prompt, cached=cached, completion=completion, source="prices.json")


@given(document=documents | st.dictionaries(st.sampled_from(["m", "a/m", "b/m"]), documents | fields))
@reused
def test_any_document_gives_a_price_none_or_an_error_for_the_user(tmp_path: Path, document: Any) -> None:
    """Nothing else is raised, and what is read can be computed with."""
    path = written(tmp_path, document)
    for tier in (None, "flex", "batch"):
        try:
            price = load_price("m", path, tier)
        except UsageError:
            continue
        if price is not None:
            assert all(0 <= rate < float("inf") for rate in (price.prompt, price.cached, price.completion))


def test_a_byte_order_mark_in_front_is_skipped(tmp_path: Path) -> None:
    """Notepad and PowerShell write one."""
    path = tmp_path / "prices.json"
    path.write_bytes(b"\xef\xbb\xbf" + orjson.dumps({"m": ENTRY}))
    assert load_price("m", path, "default") is not None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b'{"m": {"input_cost_per_token": NaN}}', "not JSON"),
        (b"[]", "must be a JSON object of models by name"),
        (b'{"m": 3}', "m must be an object with input_cost_per_token and output_cost_per_token"),
        (b'{"m": {"input_cost_per_token": "1e-7"}}', "input_cost_per_token must be a number of USD for one token"),
        (b'{"m": {"input_cost_per_token": -1}}', "input_cost_per_token must be a number of USD for one token"),
        (b'{"m": {"input_cost_per_token": true}}', "input_cost_per_token must be a number of USD for one token"),
    ],
)
def test_a_map_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, words: str) -> None:
    """By file, model and field."""
    path = tmp_path / "prices.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load_price("m", path)
    assert words in str(caught.value)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    """With the reason that the system gives."""
    with pytest.raises(UsageError, match=r"cannot read the prices .*No such file"):
        load_price("m", tmp_path / "none.json")
