"""The sources of a run and its server, for a command on its directory that is not given them."""

import shlex
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.paths import absolute_input
from asyncgen.monitor.history import History
from asyncgen.recipes.made_by import record_of
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of

if TYPE_CHECKING:
    from asyncgen.storage.checkpoint import RunState

_SERVERS = ("--simulate", "--local", "--base-url")


def prompts_of_run(named: Path | None, state: "RunState") -> Path | None:
    """The named prompt file, else that of the run, if it still exists."""
    if named is not None:
        return named
    said = record_of(state).prompts
    return Path(said) if said and Path(said).is_file() else None


def input_of_run(named: Path | None, directory: RunDirectory) -> Path | None:
    """The named input, else that of the run, if it still exists."""
    if named is not None:
        return absolute_input(named, directory=directory.path)
    if directory.disk.size(directory.standard_input) is not None:
        return directory.standard_input
    history = _history(directory)
    said = [str(session.settings["input"]) for session in history.sessions if session.settings.get("input")]
    return next((Path(path) for path in reversed(said) if Path(path).exists()), None)


def server_of_run(directory: RunDirectory) -> list[str]:
    """The words that named its server when it last worked; none if there were none, or Python called it."""
    sessions = _history(directory).sessions
    try:
        words = shlex.split(sessions[-1].command) if sessions else []
    except ValueError:
        return []
    found = []
    for word, value in pairwise([*words, "--"]):
        if word in _SERVERS and not value.startswith("-"):
            found += [word, value]
        elif word.partition("=")[0] in _SERVERS:
            found.append(word)
    return found


def _history(directory: RunDirectory) -> History:
    history = History()
    for line in lines_of(directory.disk, directory.events):
        history.feed(line)
    return history
