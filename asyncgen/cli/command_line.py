"""The command of this process as it was typed, for going on: without the key and without --restart."""

import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from asyncgen.cli.shell_words import join, quote

LARGER = "LARGER"  # stands in a command where the user is to put a number
_BUDGETS = {"max_cost": "--max-c[a-z]*", "max_total_tokens": "--max-tot[a-z-]*"}  # flags may be shortened
_SECRET = ("--op", "--hea")  # --openai-api-key, --header


def with_larger_budget(command: str, settings: Iterable[str]) -> str:
    """The command that goes on after a budget was used up: the budgets among `settings` are left to the user."""
    for name in settings:
        if name in _BUDGETS:
            command = re.sub(rf"( {_BUDGETS[name]}[ =])\S+", rf"\g<1>{LARGER}", command)
    return command


def this_command_from_anywhere(argv: Sequence[str]) -> str:
    """The command for another day and another shell: its paths may be relative to where we are."""
    command = this_command(argv, sys.executable)
    with suppress(OSError):  # where we are may have been removed
        command = f"cd {quote(str(Path.cwd()))} && {command}"
    return command


def shown_words(words: Sequence[str]) -> list[str]:
    """The words of a command as typed, without the key and without --restart."""
    shown = list(words)
    for place, word in enumerate(words):
        if not word.startswith(_SECRET):  # flags may be shortened
            continue
        flag, equals, value = word.partition("=")
        if equals:
            shown[place] = f"{flag}={_hidden(flag, value)}"
        elif place + 1 < len(words):
            shown[place + 1] = _hidden(flag, words[place + 1])
    return [word for word in shown if word != "--restart"]


def command(program: str, *words: str) -> str:
    """A command as typed, without the key and without --restart."""
    return f"{program} {join(shown_words(words))}".strip()


def _hidden(flag: str, value: str) -> str:
    """A value without what nobody may see: of a header its name can be shown, and where its value comes from."""
    name, _, said = value.partition("=")
    if not flag.startswith("--hea"):
        return "…"
    return value if said.startswith("env:") else f"{name}=…"


def this_command(argv: Sequence[str], python: str = "python") -> str:
    """The command of this process; the interpreter is named for a script, or python -m asyncgen."""
    program = quote(argv[0])
    if argv[0].endswith(".py"):
        module = Path(argv[0]).name == "__main__.py"
        program = join([python, "-m", "asyncgen"] if module else [python, argv[0]])
    return command(program, *argv[1:])
