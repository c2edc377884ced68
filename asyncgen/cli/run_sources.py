"""The sources of a run, for a command on its directory that is not given them."""

from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.paths import absolute_input
from asyncgen.monitor.history import History
from asyncgen.recipes.made_by import record_of
from asyncgen.storage.disk import lines_of
from asyncgen.storage.layout import RunDirectory

if TYPE_CHECKING:
    from asyncgen.storage.checkpoint import RunState


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
    history = History()
    for line in lines_of(directory.disk, directory.events):
        history.feed(line)
    said = [str(session.settings["input"]) for session in history.sessions if session.settings.get("input")]
    return next((Path(path) for path in reversed(said) if Path(path).exists()), None)
