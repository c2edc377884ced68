"""Headers that a gateway wants."""

import shlex

import pytest

from asyncgen.cli.command_line import command
from asyncgen.cli.headers import resolve_headers
from asyncgen.errors import AsyncgenError, KeyOrQuotaError, UsageError


def test_a_secret_comes_from_the_environment() -> None:
    """Everything else is sent as it stands there."""
    said = [("X-Team", "a b"), ("X-Secret", "env:SECRET")]
    assert resolve_headers(said, environment={"SECRET": "s3cret"}) == {"X-Team": "a b", "X-Secret": "s3cret"}


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("X-Secret", "env:MISSING", KeyOrQuotaError),
        ("X Secret", "sekret", UsageError),
        ("Content-Length", "7", UsageError),
        ("X-Secret", "sekret\r\nX-Other: 1", UsageError),
        ("X-Secret", "sekret\udce9", UsageError),
        ("X-Secret", "env:BROKEN", UsageError),
        ("X-Secret", "env:sk-sekret", UsageError),  # the value, where the name of its variable belongs
        ("X-Secret", "env:gsk_sekret0123456789", UsageError),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(name: str, value: str, error: type[AsyncgenError]) -> None:
    """By its name or its variable, never with its value."""
    with pytest.raises(error) as caught:
        resolve_headers([(name, value)], environment={"BROKEN": "sekret\n"})
    assert "sekret" not in str(caught.value)


def test_a_variable_that_is_set_is_shown_whatever_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command to go on would lack it."""
    words = ("run", "--header", "X-A=env:proxy_token_of_team_2")
    assert command("asyncgen", *words) == "asyncgen run --header 'X-A=…'"
    monkeypatch.setenv("proxy_token_of_team_2", "sekret")
    assert command("asyncgen", *words) == f"asyncgen {shlex.join(words)}"


def test_the_command_to_go_on_hides_what_a_header_holds() -> None:
    """But not the variable that holds it."""
    words = (
        "run",
        "--header",
        "X-A=sekret",
        "--header=X-B=sekret",
        "--head",
        "X-C=env:C",
        "--header",
        "X-D=env:sk-sekret",
    )
    shown = ["run", "--header", "X-A=…", "--header=X-B=…", "--head", "X-C=env:C", "--header", "X-D=…"]
    assert command("asyncgen", *words) == f"asyncgen {shlex.join(shown)}"
