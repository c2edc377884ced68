"""Flags whose value is a file: what cannot be one is refused while the flags are read, by one line."""

import argparse
import os
from pathlib import Path

import pytest

from asyncgen.cli.flag_types import a_recipe
from asyncgen.cli.paths import a_new_file, a_path, a_prompt_file


def test_a_recipe_whose_links_lead_in_a_circle_is_refused(tmp_path: Path) -> None:
    """As every other file is."""
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    with pytest.raises(argparse.ArgumentTypeError, match=r"loop\.toml: its links lead in a circle"):
        a_recipe(str(loop))


def test_a_recipe_is_known_by_its_absolute_path_and_a_name_stays(tmp_path: Path) -> None:
    """A missing one is named by what reads it."""
    assert a_recipe(str(tmp_path / "a" / ".." / "r.toml")) == str(tmp_path / "r.toml")
    assert a_recipe("mails") == "mails"


@pytest.mark.parametrize("flag", [a_prompt_file, a_recipe])
def test_a_pipe_of_prompts_is_refused_by_the_name_that_was_typed(flag: object, tmp_path: Path) -> None:
    """It would be read several times: the first would take it all, or wait for ever."""
    assert callable(flag)
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    with pytest.raises(argparse.ArgumentTypeError, match=r"pipe\.toml: a pipe or a device can be read only once"):
        flag(str(pipe))
    reader, writer = os.pipe()
    with pytest.raises(argparse.ArgumentTypeError, match=f"^/dev/fd/{reader}: a pipe or a device"):
        flag(f"/dev/fd/{reader}")  # <(cat r.toml)
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("flag", [a_path, a_prompt_file, a_recipe])
@pytest.mark.parametrize("address", ["https://example.com/r.toml", "s3://bucket/p.json"])
def test_an_address_is_no_path(flag: object, address: str) -> None:
    """It is named whole, and not with one slash less."""
    assert callable(flag)
    with pytest.raises(argparse.ArgumentTypeError, match=f"^{address} is an address"):
        flag(address)


def test_a_directory_that_is_named_like_an_address_is_still_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older versions made it."""
    monkeypatch.chdir(tmp_path)
    Path("s3:/bucket").mkdir(parents=True)
    assert a_path("s3://bucket") == Path("s3:/bucket")


@pytest.mark.parametrize("flag", [a_path, a_new_file, a_prompt_file, a_recipe])
def test_a_tilde_that_the_shell_has_left_is_the_home_directory(
    flag: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so in `--output-dir=~/out`, and nobody does it in a configuration file."""
    assert callable(flag)
    home, here = tmp_path / "home", tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(home))
    assert str(flag("~/r.toml")) == str(home / "r.toml")
    assert a_path("~") == home
    assert a_path("~no-such-user/out") == Path("~no-such-user/out")
    assert a_path("out~") == Path("out~")


def test_a_directory_called_tilde_is_still_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Older versions made it, and what is in it can be finished."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    Path("~/out").mkdir(parents=True)
    assert a_path("~/out") == Path("~/out")
    assert a_path("~/other") == tmp_path / "home" / "other"
