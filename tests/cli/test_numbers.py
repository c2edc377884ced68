"""Numbers in flags: one that JSON cannot hold is refused while the flags are read, by one line."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.cli.api_flags import add_api_arguments
from asyncgen.cli.config_file import with_settings
from asyncgen.cli.flag_types import (
    a_concurrency,
    a_count,
    a_duration,
    a_number,
    a_share,
    a_tolerance,
    a_whole_number,
)
from asyncgen.cli.main import COMMANDS, build_parser, main

NO_NUMBERS = ("1e400", "-1e400", "inf", "nan", "x", "")
TYPES = (a_concurrency, a_count, a_number, a_share, a_tolerance, a_whole_number)


@pytest.mark.parametrize("text", NO_NUMBERS)
@pytest.mark.parametrize("kind", TYPES)
def test_what_is_not_finite_is_not_a_number(kind: Callable[[str], object], text: str) -> None:
    """It passed where nothing compared it, and was written as null."""
    with pytest.raises(argparse.ArgumentTypeError):
        kind(text)


@pytest.mark.parametrize("kind", [a_concurrency, a_count, a_whole_number])
def test_a_whole_number_is_one_of_64_bits(kind: Callable[[str], object]) -> None:
    """A larger one ended as a bug, in the checkpoint."""
    assert kind("9223372036854775807") == 2**63 - 1
    with pytest.raises(argparse.ArgumentTypeError, match="must be at most 9,223,372,036,854,775,807"):
        kind("9" * 400)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_flag_takes_any_number_there_is(name: str) -> None:
    """But a seed, which may have any number of digits."""
    commands = build_parser([name])._subparsers
    assert commands is not None
    choices = commands._group_actions[0].choices
    assert isinstance(choices, dict)
    actions = choices[name]._actions
    assert [action.dest for action in actions if action.type in {int, float} and action.dest != "seed"] == []


@pytest.mark.parametrize("flag", ["--timeout", "--pair-timeout", "--patience"])
def test_a_duration_may_have_no_end(flag: str, tmp_path: Path) -> None:
    """As from Python: earlier versions took it, and the commands of their runs stand in the directories."""
    file = tmp_path / "run.toml"
    file.write_text(f"{flag.removeprefix('--')} = inf\n")
    parser = argparse.ArgumentParser()
    add_api_arguments(parser)
    for words in ([flag, "inf"], with_settings(parser, ["--config", str(file)], list)):
        assert list(vars(parser.parse_args(words)).values()).count(math.inf) == 1


@pytest.mark.parametrize("text", ["1e400", "-inf", "nan", "x", ""])
def test_what_is_no_number_is_no_duration(text: str) -> None:
    """An end that nobody can wait for is more likely a typing error than none."""
    with pytest.raises(argparse.ArgumentTypeError):
        a_duration(text)


def test_a_timeout_without_an_end_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """With its flag."""
    with pytest.raises(SystemExit) as ended:
        main(["run", "--timeout", "1e400"])
    assert ended.value.code == 2
    assert "argument --timeout: must be a finite number, not 1e400" in capsys.readouterr().err
