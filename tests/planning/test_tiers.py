"""Tiers: what ships, what a user's own file may hold, and which words name a mistake."""

import tomllib
from pathlib import Path

import pytest

from asyncgen.config.shipped import shipped
from asyncgen.errors import UsageError
from asyncgen.planning.tiers import Tier, known_tiers, load_tier


def own(tmp_path: Path, text: str) -> str:
    """A file of tiers; its name."""
    path = tmp_path / "my.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize(
    ("tier", "rpm", "tpm"),
    [
        ("tier-1", 500, 30_000),
        ("tier-2", 5_000, 450_000),
        ("tier-3", 5_000, 800_000),
        ("tier-4", 10_000, 2_000_000),
        ("tier-5", 10_000, 30_000_000),
    ],
)
def test_the_tiers_of_openai_are_those_published(tier: str, rpm: int, tpm: int) -> None:
    """With their date and source, for they age."""
    found = load_tier(f"openai:{tier}", "gpt-4o")
    assert (found.name, found.rpm, found.tpm, found.rpd, found.tpd) == (f"openai:{tier}", rpm, tpm, None, None)
    assert found.dated.startswith("20")
    assert found.source == "OpenAI's published rate limits page"
    assert f"{tpm:,} tokens/min" in str(found)


def test_a_limit_of_one_is_one() -> None:
    """Not of 1 tokens."""
    assert str(Tier(name="mine", rpm=1, tpm=2, tpd=1)).endswith("1 request/min, 2 tokens/min, 1 token/day")


def test_a_limit_that_is_not_known_is_none() -> None:
    """The headers tell it."""
    assert load_tier("openai:tier-1", "gpt-4o-mini").rpm is None


def test_every_shipped_tier_can_be_read_and_says_where_it_comes_from() -> None:
    """Whatever the model, where the file is for any."""
    names = known_tiers()
    assert {"openai:tier-5", "groq:example", "vllm:local", "llamacpp:local"} <= set(names)
    assert {name.split(":")[0] for name in names} == {path.stem for path in shipped("tiers").glob("*.toml")}
    for path in shipped("tiers").glob("*.toml"):
        for model, tiers in tomllib.loads(path.read_text())["models"].items():
            for tier in tiers.keys() - {"dated", "source", "note"}:
                found = load_tier(f"{path.stem}:{tier}", model)
                assert found.dated
                assert found.source


def test_a_model_may_have_its_own_date_and_source(tmp_path: Path) -> None:
    """They go before those of the file, and are no tiers."""
    text = "dated = '2026'\nsource = 'a'\n[models.m]\ndated = '2027'\nx = {}\n[models.n]\nx = {}"
    name = own(tmp_path, text)
    assert load_tier(f"{name}:x", "m") == Tier(name=f"{name}:x", dated="2027", source="a")
    assert load_tier(f"{name}:x", "n") == Tier(name=f"{name}:x", dated="2026", source="a")
    with pytest.raises(UsageError, match=r"no tier 'dated' of m in my\.toml; it has x"):
        load_tier(f"{name}:dated", "m")


def test_a_snapshot_or_a_prefix_has_the_tiers_of_its_model() -> None:
    """As it has its price."""
    assert load_tier("openai:tier-1", "openai/gpt-4o-2024-08-06") == load_tier("openai:tier-1", "gpt-4o")


def test_a_file_of_the_user_is_read_by_its_path(tmp_path: Path) -> None:
    """Its own model goes before any model."""
    name = own(tmp_path, '[models."*"]\nmine = { rpm = 60 }\n[models.big]\nmine = { tpm = 9, rpd = 8, tpd = 7 }\n')
    assert load_tier(f"{name}:mine", "big") == Tier(name=f"{name}:mine", tpm=9, rpd=8, tpd=7)
    assert load_tier(f"{name}:mine", "small") == Tier(name=f"{name}:mine", rpm=60)


@pytest.mark.parametrize(
    ("name", "model", "words"),
    [
        ("openai", "gpt-4o", "PROVIDER:TIER or FILE.toml:TIER; known here: azure:example"),
        ("opnai:tier-1", "gpt-4o", "openai:tier-1, openai:tier-2"),
        ("nowhere.toml:x", "gpt-4o", "no tier 'nowhere.toml:x'"),
        ("openai:tier-9", "gpt-4o", "no tier 'tier-9' of gpt-4o in openai.toml; it has tier-1, tier-2"),
        ("openai:", "gpt-4o", "it has tier-1"),
        ("openai:tier-1", "gpt-9", "the model 'gpt-9' is not in openai.toml; it has gpt-4o, gpt-4o-mini"),
    ],
)
def test_a_mistake_is_answered_by_what_there_is(name: str, model: str, words: str) -> None:
    """Names of tiers, or of models."""
    with pytest.raises(UsageError) as caught:
        load_tier(name, model)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("models = [", "not TOML"),
        ("dated = 'today'", "lack tables"),
        ("models = 3", "lack tables"),
        ("[models.m]\nx = 3", "must be a table"),
        ("[models.m]\nx = { rmp = 3 }", "unknown key rmp; known here: rpm, tpm, rpd, tpd"),
        ("[models.m]\nx = { rpm = 0 }", "rpm must be a number of at least 1, not 0"),
        ("[models.m]\nx = { rpm = nan }", "rpm must be a number"),
        ("[models.m]\nx = { tpm = true }", "tpm must be a number"),
        ("[models.m]\nx = { tpm = '3' }", "tpm must be a number"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path: Path, text: str, words: str) -> None:
    """By file and key."""
    name = own(tmp_path, text)
    with pytest.raises(UsageError, match=words):
        load_tier(f"{name}:x", "m")


def test_a_tier_that_no_model_has_is_named_before_the_model() -> None:
    """Which may be right."""
    with pytest.raises(UsageError, match=r"no tier 'tier-9' in openai\.toml; it has tier-1, tier-2, "):
        load_tier("openai:tier-9", "gpt-6-luna")
    with pytest.raises(UsageError, match=r"the model 'gpt-6-luna' is not in openai\.toml"):
        load_tier("openai:tier-2", "gpt-6-luna")
