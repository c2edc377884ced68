"""A configuration file says what flags can say, and flags win."""

import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

import pytest

from asyncgen.cli.endpoint_tables import endpoint_tables
from asyncgen.cli.main import main
from asyncgen.cli.request_field_flags import params_of
from asyncgen.errors import Exit, UsageError


@pytest.fixture
def parse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Parse `run` with a configuration and flags; the arguments."""
    found = {}
    monkeypatch.setattr("asyncgen.cli.commands.run.prepare", lambda args: found.update(vars(args)))
    monkeypatch.setattr("asyncgen.cli.run_job.prepare", lambda args: found.update(vars(args)))
    monkeypatch.setattr("asyncgen.cli.commands.run.carry_out", lambda _job, _args: Exit.DONE)

    def parse(content: str, *flags: str) -> dict[str, object]:
        path = tmp_path / "run.toml"
        path.write_text(content, encoding="utf-8")
        assert main(["run", "--config", str(path), *flags]) == Exit.DONE
        return found

    return parse


PATHS = 'input-jsonl = "in.jsonl"\noutput-dir = "out"\nprompt-file = "p.json"\n'


def test_required_flags_switches_and_numbers_may_all_stand_in_the_file(parse) -> None:
    """With dashes or underscores."""
    args = parse(PATHS + 'add_reasoning = true\nskip-bad = false\nrpm = 500\nmodel = "m"\nsimulate = true\n')
    assert args["input_jsonl"] == Path("in.jsonl")
    assert (args["add_reasoning"], args["skip_bad"], args["rpm"], args["model"]) == (True, False, 500.0, "m")
    assert args["simulate"] == "default"


def test_a_flag_that_is_typed_goes_before_the_file(parse) -> None:
    """Wherever --config stands."""
    args = parse(PATHS + 'model = "m"\nconcurrency = "auto"\n', "--model", "n", "--concurrency=7")
    assert (args["model"], args["concurrency"]) == ("n", 7)


@pytest.mark.parametrize("typed", [["--input", "b"], ["--input-jsonl=b"]])
def test_an_input_that_is_typed_is_the_only_one(
    parse, typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The file's is not there then, by whichever name, and nothing is said of it."""
    assert parse(PATHS, *typed)["input_jsonl"] == Path("b")
    assert capsys.readouterr().err == ""


def test_of_two_inputs_none_is_left_out_without_a_word(parse, capsys: pytest.CaptureFixture[str]) -> None:
    """The last one is read, as with any flag."""
    found = parse(PATHS, "--input", "a", "--input-jsonl", "b")

    assert found["input_jsonl"] == Path("b")
    assert "--input-jsonl takes one file: a is not read; to read several, join" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('modle = "m"', "unknown key modle; did you mean model?"),
        ("xyzzy = 1", "unknown key xyzzy; the keys are the long flags"),
        ("config = 'a.toml'", "unknown key config"),
        ("model = true", "model needs a value"),
        ("skip-bad = 1", "skip-bad must be true or false"),
        ("model = ['a']", "must be one value"),
        ("[run]\nmodel = 'm'", "unknown key run"),
        ("model =", "not TOML"),
        ('rpm = "fast"', "run.toml: rpm must be a number, not 'fast'"),
        ("max-attempts = 1.5", "run.toml: max-attempts must be a whole number, not '1.5'"),
        ('shard = "4/3"', "run.toml: shard: there is no shard 4/3"),
        ('reasoning-effort = "lo"', "run.toml: reasoning-effort must be one of none, minimal, low"),
    ],
)
def test_what_is_no_flag_is_refused_with_the_nearest_right_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, message: str
) -> None:
    """Before anything else is looked at."""
    path = tmp_path / "run.toml"
    path.write_text(content)
    assert main(["run", f"--config={path}"]) == Exit.USAGE
    assert message in capsys.readouterr().err


def test_a_configuration_in_the_home_directory_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also by the one word in which a shell leaves the tilde."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "run.toml").write_text("rmp = 3")
    assert main(["run", "--config=~/run.toml"]) == 2
    assert f"{tmp_path}/run.toml: unknown key rmp" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["preview"], ["trace", "out", "1"], ["verify", "out"]], ids=lambda words: words[0]
)
def test_the_file_of_a_run_serves_the_commands_that_look_at_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """What only the run uses is no error there; what is no flag of the run either still is."""
    path = tmp_path / "run.toml"
    path.write_text(
        "input-jsonl = '/nowhere.jsonl'\noutput-dir = 'out'\nbatch = true\nbatch_detach = true\nshard = '1/2'\n"
        "engine = 'ray'\nsave-every = 3\nquiet = true\n[param]\nseed = 1\n[endpoint.a]\nrpm = 5\n"
    )
    main([*words, "--config", str(path)])
    assert "unknown key" not in capsys.readouterr().err
    path.write_text("batsh = true\n")
    assert main([*words, "--config", str(path)]) == Exit.USAGE
    assert "unknown key batsh; did you mean batch?" in capsys.readouterr().err


def test_verify_asks_nothing_because_a_run_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """How a run asks is no matter of a verify without a judge; what is typed is, with it or without."""
    path = tmp_path / "run.toml"
    path.write_text("batch = true\ndry-run = true\n")
    words = ["verify", str(tmp_path), "--config", str(path)]
    assert main(words) == Exit.BAD_DATA
    assert "holds no run" in capsys.readouterr().err
    for flag in ("--batch", "--dry-run"):
        monkeypatch.setattr(sys, "argv", ["asyncgen", *words, flag])
        assert main() == Exit.USAGE


def test_the_file_of_a_run_is_none_of_requests(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What would change a request is refused there, for requests are sent as they stand."""
    path = tmp_path / "run.toml"
    path.write_text("service-tier = 'flex'\n")
    assert main(["requests", "in.jsonl", "-o", "out.jsonl", "--config", str(path)]) == Exit.USAGE
    assert "unknown key service-tier" in capsys.readouterr().err


def test_a_configuration_that_is_not_there_is_an_error_of_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """In one line."""
    assert main(["plan", "--config", "/nowhere/run.toml"]) == Exit.USAGE
    assert (
        capsys.readouterr().err
        == "❌ cannot read the configuration /nowhere/run.toml: No such file or directory\n"
    )


@pytest.mark.parametrize("read", [endpoint_tables, lambda path: params_of(Namespace(config=path, param=[]))])
def test_whatever_is_read_from_a_broken_file_says_which_file_and_line(
    tmp_path: Path, read: Callable[[Path], object]
) -> None:
    """The tables are read later than the flags: the file may have changed."""
    path = tmp_path / "run.toml"
    path.write_text("rpm = 5\nmodel =\n")
    with pytest.raises(UsageError, match=rf"the configuration {path}: not TOML in UTF-8: .*\(at line 2"):
        read(path)
    path.unlink()
    with pytest.raises(UsageError, match=f"cannot read the configuration {path}: No such file"):
        read(path)
