"""Flags go by their whole names: a script that abbreviates one would mean another the day a flag is added."""

import pytest

from asyncgen.cli.main import COMMANDS, main

WORDS = {
    "run": ["--num-pair", "3", "--input-jsonl", "x", "--output-dir", "x"],
    "status": ["--wat", "x"],
    "verify": ["--regen", "x"],
}


@pytest.mark.parametrize("command", WORDS)
def test_a_flag_cannot_be_abbreviated(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest is named."""
    with pytest.raises(SystemExit) as ended:
        main([command, *WORDS[command]])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert f"asyncgen {command}: unrecognized arguments: {WORDS[command][0]}" in said
    assert "did you mean --" in said


def test_an_abbreviation_names_the_flag_that_begins_so(capsys: pytest.CaptureFixture[str]) -> None:
    """However long it is: --config has more letters in common with the word."""
    with pytest.raises(SystemExit):
        main(["run", "--conc", "3"])
    assert "did you mean --concurrency?" in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_knows_the_beginning_of_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """As of any flag."""
    with pytest.raises(SystemExit) as ended:
        main([command, "--hel"])
    assert ended.value.code == 2
    assert "usage" not in capsys.readouterr().out


def test_two_dashes_alone_begin_no_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """They end the flags; every flag begins so."""
    with pytest.raises(SystemExit):
        main(["run", "--input", "x", "--output-dir", "out", "--", "more"])
    assert "unrecognized arguments: -- more\n" in capsys.readouterr().err


def test_an_unknown_command_names_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of all that there are."""
    with pytest.raises(SystemExit) as ended:
        main(["satus", "out"])
    assert ended.value.code == 2
    assert capsys.readouterr().err == (
        "asyncgen: there is no command satus; did you mean status?\nsee asyncgen --help\n"
    )


def test_without_a_word_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr: it is an error of usage all the same."""
    with pytest.raises(SystemExit) as ended:
        main([])
    said = capsys.readouterr()
    assert (ended.value.code, said.out) == (2, "")
    assert "COMMAND" in said.err
    assert "status" in said.err
