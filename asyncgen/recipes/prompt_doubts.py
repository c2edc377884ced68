"""What a recipe file sends as it stands, though it was probably meant for a placeholder."""

import re
from collections.abc import Collection, Iterator

from asyncgen.recipes.placeholders import ID
from asyncgen.recipes.prompt_template import Template, without_placeholders
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.text import strings

_LIKE_ONE = re.compile(
    r"\{{1,2}[ \t]*([A-Za-z_]\w*)(?:[^\s{}\w][^\s{}]*)?[ \t]*\}{1,2}"  # { text }, {{text}}, {text!r}, {text-a}
    r"|\{([A-Za-z_]\w*)\b(?![^{}\n]*\})",  # {text, which nothing closes
    re.ASCII,
)
_LIKE_COLUMN = re.compile(r"(?<![\w\\}{])\{[ \t]*([^\W\d_]\w+(?:[ -]\w{2,}|[ ]\d+){0,4})[ \t]*\}(?!\})")
"""One to five words in braces: the name of a column, if JSON, formulas and sets have more than words."""


def doubts_of(file: RecipeFile) -> Iterator[str]:
    """A sentence for each step that asks the same of every row, and for what is almost a placeholder."""
    known = {*file.steps, *file.columns, *file.defaults, *file.names.fields, ID}
    for step in file.steps.values():
        prompts = (file.systems[step.name], Template.parse_all(step.user))
        used = {root for prompt in prompts for root in file.names.roots(prompt)}
        alike = {
            found[0]: found[1] or found[2]
            for text in (step.system, step.user)
            for found in _LIKE_ONE.finditer(without_placeholders(text))
        }
        if used:  # {{text}} is how a recipe writes a brace, and {…} is text: only a name that is known was meant
            meant = {
                text: name
                for text, name in alike.items()
                if name in known and not (name in used and text == f"{{{{{name}}}}}")
            }
        else:
            meant = alike
        same = "" if used else f"step {step.name} asks the same of every row: no field and no other step is in it"
        # A name that nothing else has mentioned is text in a system prompt.
        fixed = Template.parse_all(step.system).names - file.systems[step.name].names
        if fixed:
            written = ", ".join(f"{{{name}}}" for name in sorted(fixed))
            yield (
                f"step {step.name}; sent as it stands in the system prompt: {written}; a field is known there if "
                "[input.fields], a user prompt or an output names it too"
            )
        if meant:
            written = ", ".join(dict.fromkeys(f"{{{name}}}" for name in meant.values()))
            stands = (
                f"sent as it stands, for it is no placeholder: {', '.join(meant)}; a field is written {written}"
            )
            yield f"{same or f'step {step.name}'}; {stands}"
        elif same:
            yield same
        yield from _columns(f"step {step.name}; sent", [step.system, step.user], said=meant)
    for output in file.outputs:
        texts = [text for line in output.lines for text in strings(line)]
        yield from _columns(f"output {output.file}; written", texts)


def _columns(what: str, texts: list[str], *, said: Collection[str] = ()) -> Iterator[str]:
    """A sentence if the texts hold what looks like the name of a column and cannot be that of a field."""
    found = [match for text in texts for match in _LIKE_COLUMN.finditer(without_placeholders(text))]
    columns = {match[0]: match[1] for match in found if match[0] not in said}
    written = {text: name for text, name in columns.items() if not (name.isascii() and name.isidentifier())}
    if written:
        column = next(iter(written.values()))
        name = re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_") or "text"
        yield (
            f"{what} as it stands, for a name has letters from a to z, digits and _ only: {', '.join(written)}; "
            f'a column gets a name in [input.fields], as {name} = "{column}"'
        )
