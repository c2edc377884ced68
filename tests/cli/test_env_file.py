"""`--env-file`: variables out of a file, which the environment goes before."""

from pathlib import Path

import pytest

from asyncgen.cli.env_file import load_env_file
from asyncgen.cli.main import main
from asyncgen.errors import UsageError

pytest.importorskip("dotenv", reason="python-dotenv is not installed")


def test_what_is_not_set_comes_out_of_the_file(tmp_path: Path) -> None:
    """Quotes, comments and `export` are those of a shell; a name without a value sets nothing."""
    path = tmp_path / ".env"
    path.write_text(
        '\ufeff# keys\nexport OPENAI_API_KEY="sk-1"\nOPENAI_BASE_URL=http://x # here\nHOME_KEY=2\nNAME\n'
    )
    environment = {"HOME_KEY": "1"}
    load_env_file(path, environment)
    assert environment == {"HOME_KEY": "1", "OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": "http://x"}


def test_lines_that_set_nothing_of_ours_are_no_mistakes(tmp_path: Path) -> None:
    """Earlier versions read past them: a zero byte in a comment, and a name that no shell takes."""
    path = tmp_path / ".env"
    path.write_bytes(b"# a\0b\n$PREFIX_KEY=1\nA=2\n")
    environment: dict[str, str] = {}
    load_env_file(path, environment)
    assert environment["A"] == "2"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nsk-secret with blanks\n", "line 2 is not NAME=VALUE"),
        (b'A="sk-secret\n', "line 1 is not NAME=VALUE"),
        (b"A=1\nB=sk-secret\0\n", "line 2 is not NAME=VALUE"),
        (b'$Env:OPENAI_API_KEY="sk-secret"\n', "line 1 is not NAME=VALUE"),  # PowerShell
        (b"A=\xff\n", "is not UTF-8 text"),
        (None, "No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_refused_and_not_shown(tmp_path: Path, content: bytes | None, said: str) -> None:
    """It may be a key."""
    path = tmp_path / ".env"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        load_env_file(path, {})
    assert "secret" not in str(caught.value)


def test_a_run_finds_its_key_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also where a configuration names the file; without it the key is missing, and the message says how."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "")  # so that what the file sets goes with the test
    monkeypatch.delenv("OPENAI_API_KEY")
    Path(".env").write_text("OPENAI_API_KEY=sk 1\n")
    Path("run.toml").write_text('env-file = ".env"\n')
    Path("rows.jsonl").write_text('{"id": 1, "subject": "a", "text": "b"}\n')
    words = ["run", "--recipe", "mails", "--input", "rows.jsonl", "--output-dir", "out"]

    assert main(words) == 77
    assert "the file .env here is not read unless you add --env-file .env" in capsys.readouterr().err
    for flags in (["--env-file", ".env"], ["--config", "run.toml"]):
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        assert main([*words, *flags]) == 77  # such a key cannot be sent, so nothing is
        assert "the API key holds blanks" in capsys.readouterr().err
