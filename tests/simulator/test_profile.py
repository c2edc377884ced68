"""Profiles: what ships loads, and what is wrong is said so that it can be put right."""

from dataclasses import replace
from pathlib import Path

import pytest

from asyncgen.simulator import Faults, Limits, Profile, ProfileError, Storm, load_profile
from asyncgen.simulator.profile import PROVIDER_NAMES, THINKING_STYLES

PROFILES = Path(__file__).parents[2] / "configs" / "profiles"


def write(tmp_path: Path, text: str) -> Path:
    """A profile file with this text."""
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(path.stem for path in PROFILES.glob("*.toml")))
def test_shipped_profiles_load_under_their_name(name: str) -> None:
    """Every profile that ships loads, says what it is, and bears the name of its file."""
    profile = load_profile(PROFILES / f"{name}.toml")
    assert profile.name == name
    assert profile.description


def test_every_provider_and_way_of_thinking_ships() -> None:
    """Each provider has a profile of its name, and each place for thoughts one that shows it."""
    for provider in PROVIDER_NAMES:
        assert load_profile(PROFILES / f"{provider}.toml").provider == provider
    styles = {load_profile(path).thinking.style for path in PROFILES.glob("thinking-*.toml")}
    assert styles == set(THINKING_STYLES) - {"reasoning"}


def test_the_default_in_code_is_the_default_file() -> None:
    """No profile and default.toml behave alike."""
    shipped = load_profile(PROFILES / "default.toml")
    ours = load_profile(None)
    assert replace(shipped, description="") == ours


def test_tables_become_values(tmp_path: Path) -> None:
    """Each table of the file fills its part; integers do where numbers are wanted."""
    path = write(
        tmp_path,
        "seed = 7\n[limits]\nrpm = 60\nburst_s = 1\n[faults]\nonce = true\ndrop = 1\n[storm]\nshare = 0.5\n",
    )
    assert load_profile(path) == Profile(
        name="mine",
        seed=7,
        limits=Limits(rpm=60, burst_s=1.0),
        faults=Faults(once=True, drop=1.0),
        storm=Storm(share=0.5),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[limits]\nrmp = 1", "unknown key limits.rmp; did you mean limits.rpm"),
        ("[latencies]", "unknown key latencies; did you mean latency"),
        ("[faults]\nzzzzzzzz = 1", "unknown key faults.zzzzzzzz; known here: rate_limit"),
        ("latency = 3", "latency must be a table, written as [latency]"),
        ("[limits]\nrpm = 'many'", "limits.rpm must be an integer, not 'many'"),
        ("[limits]\nrpm = true", "limits.rpm must be an integer, not True"),
        ("[faults]\nonce = 1", "faults.once must be true or false, not 1"),
        ("[latency]\nmedian_s = -1", "latency.median_s must be zero or more"),
        ("[latency]\nmedian_s = nan", "latency.median_s must be zero or more"),
        ("[limits]\nburst_s = 0", "limits.burst_s must be above 0 and at most 60"),
        ("[faults]\ndrop = 0.6\nhang = 0.6", "add up to 1.2"),
        ("[faults]\nfail_kind = 'dorp'", "did you mean 'drop'"),
        ("[storm]\nkind = '???'", "storm.kind = '???' is no kind of fault; one of: rate_limit"),
        ("provider = 'opnai'", "provider = 'opnai' is no provider; did you mean 'openai'?"),
        ("[thinking]\nstyle = 'x'", "thinking.style = 'x' is no style of thinking; one of: tags, unclosed"),
        ("[models]\ndate = '14.1.2027'", "models.date must be a day such as 2027-01-14"),
        ("[models]\ncontext = -1", "models.context must be zero or more"),
        ("[storm]\nshare = 2", "storm.share is a share from 0 to 1"),
        ("[batch]\nexpire = 1.5", "batch.expire is a share from 0 to 1, not 1.5"),
        ("[batch]\nworking_s = -1", "batch.working_s must be zero or more"),
        ("[batch]\nexpires = 1", "unknown key batch.expires; did you mean batch.expire"),
        ("seed = ", "is not TOML"),
    ],
)
def test_mistakes_are_taught(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file, the key and the way out."""
    path = write(tmp_path, text)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert message in str(caught.value)
    assert "mine.toml" in str(caught.value)


def test_a_missing_file_is_a_profile_error(tmp_path: Path) -> None:
    """A file that cannot be read is reported like any other mistake."""
    with pytest.raises(ProfileError, match=r"cannot read the profile .*nowhere\.toml"):
        load_profile(tmp_path / "nowhere.toml")
