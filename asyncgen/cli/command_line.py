"""The command of this process as typed, to resume it: without the key and without --restart."""

import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from asyncgen.address import without_secrets
from asyncgen.cli.headers import is_name_of_variable
from asyncgen.cli.invocation import PROGRAM, asyncgen_here, python_here
from asyncgen.cli.shell_words import join, quote

KEY_IS_VISIBLE = "--openai-api-key can be seen by others in the process list; use OPENAI_API_KEY instead"
LARGER = "LARGER"  # a placeholder in a command for a number from the user
# Shortened ones too: earlier versions took them, and the commands of their runs stand in the directories.
_BUDGETS = {"max_cost": "--max-c[a-z]*", "max_total_tokens": "--max-tot[a-z-]*"}
_HEADER, _ADDRESS = "--header", "--base-url"
_SECRET = {"--openai-api-key", _HEADER, _ADDRESS}


def with_larger_budget(command: str, settings: Iterable[str]) -> str:
    """The command that resumes a run whose budget is used up: budgets in `settings` are left to the user."""
    for name in settings:
        if name in _BUDGETS:
            command = re.sub(rf"( {_BUDGETS[name]}[ =])\S+", rf"\g<1>{LARGER}", command)
            command = re.sub(rf"( {name}=)[\d._e+-]+", rf"\g<1>{LARGER}", command)  # a call from Python
    return command


def this_command_from_anywhere(argv: Sequence[str]) -> str:
    """The command for another time and shell: its relative paths depend on the current directory."""
    command = this_command(argv, quote(sys.executable))
    with suppress(OSError):  # the current directory may have been removed
        command = f"cd {quote(str(Path.cwd()))} && {command}"
    return command


def shown_words(words: Sequence[str]) -> list[str]:
    """The words of a command as typed, without the key and without --restart."""
    shown = list(words)
    for place, word in enumerate(words):
        flag, equals, value = word.partition("=")
        if flag not in _SECRET:
            continue
        if equals:
            shown[place] = f"{flag}={_hidden(flag, value)}"
        elif place + 1 < len(words):
            shown[place + 1] = _hidden(flag, words[place + 1])
    return [word for word in shown if word != "--restart"]


def is_typed(flag: str, words: Sequence[str]) -> bool:
    """Whether a flag stands in a command, rather than in a configuration file."""
    return any(word.partition("=")[0] == flag for word in words)


def has_key(words: Sequence[str]) -> bool:
    """Whether the key was typed, so that it stands in the process list."""
    return is_typed("--openai-api-key", words)


def without_flags(typed: Sequence[str], flags: Mapping[str, int]) -> list[str]:
    """The words of a command, without the key and without some flags.

    Args:
        typed: the words after the command's name.
        flags: the flags to leave out, with the number of words of each one's value.
    """
    words = shown_words(typed)
    for flag, values in flags.items():
        for place in reversed([n for n, word in enumerate(words) if word.partition("=")[0] == flag]):
            del words[place : place + 1 + (values if "=" not in words[place] else 0)]
    return words


def command(program: str, *words: str) -> str:
    """A command as typed, without the key and without --restart."""
    return f"{program} {join(shown_words(words))}".strip()


def _hidden(flag: str, value: str) -> str:
    """A value without secrets: of a header, the name and the source of its value are shown."""
    if flag == _ADDRESS:
        return without_secrets(value)
    if flag != _HEADER:
        return "…"
    name, _, said = value.partition("=")
    is_shown = said.startswith("env:") and is_name_of_variable(said.removeprefix("env:"))
    return value if is_shown else f"{name}=…"


def this_command(argv: Sequence[str], python: str | None = None) -> str:
    """The command of this process, to be pasted here.

    Args:
        argv: of this process.
        python: the interpreter's name; None: as it can be called from here.
    """
    called = Path(argv[0]).name
    if called == "__main__.py" and python is not None:
        program = f"{python} -m asyncgen"
    elif called == "__main__.py" or (called == PROGRAM and python is None):
        program = asyncgen_here()
    elif called.endswith(".py"):
        program = f"{python or python_here()} {quote(argv[0])}"
    else:
        program = quote(argv[0])
    return command(program, *argv[1:])
