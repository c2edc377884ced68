"""The recipe that made a directory, as far as it is needed to read the files there."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from asyncgen.config import DEFAULT_MODEL, DEFAULT_RECIPE, RunConfig
from asyncgen.errors import AsyncgenError, UsageError
from asyncgen.recipes import build, shipped_names
from asyncgen.recipes.contents import Contents, contents_of_lines, contents_of_recipe
from asyncgen.recipes.medec_contents import CONTENTS
from asyncgen.recipes.renamed import renamed
from asyncgen.storage.checkpoint import RunState
from asyncgen.storage.fingerprint import PROMPTS, Fingerprint, differences, fingerprint
from asyncgen.storage.layout import FAILED
from asyncgen.storage.recipe_record import RecipeRecord

_FILE = "file:"


def record_of(state: RunState | None) -> RecipeRecord:
    """The recorded recipe of a directory; an older version recorded only its fingerprint."""
    if state is None:
        return RecipeRecord(name=DEFAULT_RECIPE, rows=CONTENTS.rows)
    if state.recipe is not None:
        return state.recipe
    made = str(state.fingerprint.get("recipe", DEFAULT_RECIPE)).partition("/")[0]
    name = made.removeprefix(_FILE)
    if made == DEFAULT_RECIPE:
        return RecipeRecord(name=name, rows=CONTENTS.rows)
    return RecipeRecord(name=name if made != name and name in shipped_names() else "")


def paired_file(state: RunState) -> str | None:
    """The file in which each row has a CORRECT line and then an INCORRECT one, if its name is known."""
    return CONTENTS.paired if record_of(state).name == DEFAULT_RECIPE else None


def contents_of(
    state: RunState | None,
    named: str | None = None,
    prompt_file: Path | None = None,
    fields: Mapping[str, str] | None = None,
) -> Contents:
    """What the files of a directory hold, by its own recipe or by the named one.

    Args:
        state: of the directory; None: the original tool's, or missing.
        named: as `RunConfig.recipe`; None: that of the directory.
        prompt_file: the prompts of the recipe, if it needs any and they are not the run's.
        fields: the input's names for fields, if they are not the run's.

    Raises:
        UsageError, BadDataError: the named recipe cannot be read, or writes other files.
    """
    record = record_of(state)
    columns = fields or record.fields
    name = named or record.name
    files = {} if state is None else {file: 0 for file in state.files if file != FAILED}
    if name == DEFAULT_RECIPE:
        parse = CONTENTS.parse
        assert parse is not None
        found = replace(CONTENTS, parse=renamed(parse, columns)) if columns else CONTENTS
        return _fitting(found, files, name)
    if not name:
        why = "an older version of asyncgen began this directory, which does not say by which recipe: name it"
        return contents_of_lines(record.outputs or files, record.rows, why)
    of_run = record.prompts if name == record.name else ""
    prompts = prompt_file or (Path(of_run) if of_run else None)
    try:
        config = RunConfig(
            input_jsonl=Path(),
            output_dir=Path(),
            recipe=name,
            prompt_file=prompts,
            fields=tuple(columns.items()),
            params=record.params,
            model=DEFAULT_MODEL if state is None else str(state.fingerprint.get("model", DEFAULT_MODEL)),
        )
        recipe = build(config)
        found = _fitting(contents_of_recipe(recipe), files, name)
    except AsyncgenError as error:
        if named is not None or not record.outputs:
            raise
        return contents_of_lines(record.outputs, record.rows, f"{error}; so only the structure is checked")
    if named is not None or state is None or columns != record.fields:  # how to read it is the user's word
        return found
    before = {part: state.fingerprint.get(part) for part in recipe.fingerprint}
    unread = contents_of_lines(record.outputs or files, record.rows)
    return _as_far_as_it_holds(found, unread, before, fingerprint(recipe.fingerprint))


def _as_far_as_it_holds(found: Contents, unread: Contents, before: Fingerprint, now: Fingerprint) -> Contents:
    """What can be checked by a recipe that is not what it was in the run: nothing by what it says otherwise now.

    A recipe file says in which parts it differs: prompts are in no line, and the checks and the schema of a step
    are of its answers alone; its outputs and its input are in every line.
    """
    changed = {part for part in now if before[part] != now[part]}
    if not changed:
        return found
    remark = f"the recipe is not what it was in the run: {'; '.join(differences(before, now))}"
    steps = {part for part in changed if f"{part}_user" in now}
    prompts = {part for part in changed - steps if part.endswith(PROMPTS)}
    if str(now.get("recipe")).startswith(_FILE) and changed != steps | prompts:
        return replace(unread, remark=remark)
    answers = tuple(rule for rule in found.answers if rule.step not in steps)
    unchecked = tuple(name for name in found.unchecked if name not in steps)
    uncompared = tuple(one for one in found.uncompared if one[0] not in steps)
    return replace(found, answers=answers, unchecked=unchecked, uncompared=uncompared, remark=remark)


def _fitting(found: Contents, files: Mapping[str, int], name: str) -> Contents:
    if files and files.keys() != found.files.keys():
        theirs, ours = (", ".join(sorted(names)) for names in (files, found.files))
        raise UsageError(f"the recipe {name} writes {ours}, and this directory holds {theirs}")
    return found
