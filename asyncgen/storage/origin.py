"""What a directory was begun with: model and recipe, and whether by a version that sent only three fields."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from asyncgen.errors import Message, Setting, UsageError
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import CHECKPOINT, RunDirectory

ORIGINAL_MODEL = "gpt-4o"  # the original tool's; its directories do not name the model


@dataclass(frozen=True, slots=True)
class BegunWith:
    """The model that a run was begun with, the one that is to finish it, and whether an older version began it.

    `recipe` and `prompts` are the name or path and the prompt file of its recipe; empty: not recorded, or none.
    """

    model: str
    finishes: str
    three_fields: bool
    recipe: str = ""
    prompts: str = ""


def begun_with(directory: RunDirectory) -> BegunWith | None:
    """What the run in a directory was begun with; None if there is none, or nothing records it."""
    places = [directory.checkpoint, directory.statistics, directory.division]
    for shard in (*directory.shard_directories(), directory.merged):
        places += [shard.checkpoint, shard.statistics]
    return next((found for path in places if (found := _read(directory.disk, path)) is not None), None)


def _read(disk: Disk, path: Path) -> BegunWith | None:
    """What a file records. A damaged one counts as none here: resuming the run refuses it."""
    try:
        content = orjson.loads(disk.read(path) or b"null")
    except orjson.JSONDecodeError:
        return None
    if not isinstance(content, dict):
        return None
    fingerprint = content.get("fingerprint")
    if isinstance(fingerprint, dict):
        return _of_ours(content, fingerprint)
    if path.name == CHECKPOINT and "last_completed_idx" in content:
        return BegunWith(ORIGINAL_MODEL, ORIGINAL_MODEL, three_fields=True)
    return None


def _of_ours(content: Mapping[str, Any], fingerprint: Mapping[str, Any]) -> BegunWith | None:
    model = fingerprint.get("model")
    if not isinstance(model, str):
        return None
    finishes = content.get("finished_with")
    recipe = content.get("recipe")
    said = recipe if isinstance(recipe, dict) else {}
    return BegunWith(
        model,
        finishes if isinstance(finishes, str) else model,
        three_fields="ways" not in content,
        recipe=str(said.get("name", "")),
        prompts=str(said.get("prompts", "")),
    )


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model to use; `began_with` is the directory's if that is another one."""

    name: str
    began_with: str = ""
    three_fields: bool = False


def choose_model(begun: BegunWith | None, named: str | None, takes_over: str | None, default: str) -> ChosenModel:
    """The model of a run: the one that the user names, that of its directory, or the default.

    Args:
        begun: what the directory was begun with, if it was.
        named: the model that the user names.
        takes_over: the model with which the user wants the directory finished.
        default: for a new directory.

    Raises:
        UsageError: there is nothing to take over, or two models are named.
    """
    if takes_over is not None:
        if begun is None or named is not None:
            both = Message(Setting("continue_with_model"), " and ", Setting("model"), " both name one")
            problem = "there is no run to continue" if begun is None else both
            raise UsageError(problem, ": name the model with ", Setting("model"), " alone")
        return ChosenModel(takes_over, begun.model if takes_over != begun.model else "", begun.three_fields)
    if begun is None:
        return ChosenModel(default if named is None else named)
    if named is not None:
        return ChosenModel(
            named, begun.model if named == begun.finishes != begun.model else "", begun.three_fields
        )
    return ChosenModel(begun.finishes, begun.model if begun.finishes != begun.model else "", begun.three_fields)
