"""What a recipe file sends as it stands, though it was probably meant for a placeholder."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from asyncgen.recipes.line_maker import templates_of
from asyncgen.recipes.near_placeholders import in_more, like_items, like_placeholders, of_other_languages
from asyncgen.recipes.placeholders import ID
from asyncgen.recipes.prompt_template import Reference, Template, without_placeholders
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.recipes.step import BYTE_ORDER_MARK, Step
from asyncgen.storage.file_kinds import kind_of

_LIKE_COLUMN = re.compile(r"(?<![\w\\}{])\{[ \t]*([^\W\d_]\w+(?:[ -]\w{2,}|[ ]\d+){0,4})[ \t]*\}(?!\})")
"""One to five words in braces: the name of a column, if JSON, formulas and sets have more than words."""


def doubts_of(file: RecipeFile, columns: Collection[str] = ()) -> Iterator[str]:
    """A sentence for each step that asks the same of every row, and for what is almost a placeholder.

    Args:
        file: the recipe.
        columns: those of the rows, as far as they are known: more may have been meant than the recipe names.
    """
    named = {*file.steps, *file.columns, *file.defaults, *file.names.fields, ID}
    known = {**dict.fromkeys(columns, False), **dict.fromkeys(named, True)}
    for step in file.steps.values():
        yield from _doubts_of_step(file, step, known)
    for output in file.outputs:
        texts = [one.text for line in output.lines for one in templates_of(line)]
        used = {root for text in texts for root in file.names.roots(Template.parse_all(text))}
        meant = _meant(texts, known, used)
        if meant:
            yield f"output {output.file}; {_stands('written', meant)}"
        yield from _columns(f"output {output.file}; written", texts, said=meant)
        yield from _in_more(f"output {output.file}", texts, "written")
        yield from _items(f"output {output.file}", texts, known)


def _doubts_of_step(file: RecipeFile, step: Step, known: Mapping[str, bool]) -> Iterator[str]:
    yield from _unseen(step)
    yield from _in_patterns(step, known)
    asked = [one.text for one in step.asked]
    texts = [step.system, *asked]
    used = {
        root
        for prompt in (file.systems[step.name], *map(Template.parse_all, asked))
        for root in file.names.roots(prompt)
    }
    same = "" if used else f"step {step.name} asks the same of every row: no field and no other step is in it"
    # A name that nothing else has mentioned is text in a system prompt.
    fixed = Template.parse_all(step.system).names - file.systems[step.name].names
    if fixed:
        written = ", ".join(f"{{{name}}}" for name in sorted(fixed))
        named = ", ".join(f'{name} = "{name}"' for name in sorted(fixed))
        yield (
            f"step {step.name}; sent as it stands in the system prompt: {written}; a field is known there if "
            f"another prompt or an output names it too, or [input] has fields = {{ {named} }}"
        )
    meant = _meant(texts, known, used)
    if meant:
        yield f"{same or f'step {step.name}'}; {_stands('sent', meant)}"
    elif same:
        yield same
    yield from _columns(f"step {step.name}; sent", texts, said=meant)
    yield from _in_more(f"step {step.name}", texts, "sent")
    yield from _items(f"step {step.name}", texts, known)


def _in_patterns(step: Step, known: Mapping[str, bool]) -> Iterator[str]:
    """Sentences on placeholders in regular expressions, which never have a value."""
    for key, pattern in (("matches", step.check.matches), ("not-matches", step.check.not_matches)):
        names = [] if pattern is None else sorted(Template.parse_all(pattern.pattern).names)
        meant = [name for name in names if Reference.parse(name).root in known]
        if meant:
            yield (
                f"step {step.name}; check.{key} has {', '.join(f'{{{name}}}' for name in meant)}, which is text "
                f"there: only differs-from and contains take values; as text it is written \\{{{meant[0]}\\}}"
            )


def _unseen(step: Step) -> Iterator[str]:
    """Sentences on characters that no terminal shows.

    They are part of the fingerprint and of each request's hash: refused or left out, a directory that began with
    them could not be resumed.
    """
    file = step.table.content.get("system-file")
    if step.system.startswith(BYTE_ORDER_MARK):
        where = file or "the recipe"
        yield (
            f"step {step.name}; sent before the system prompt: the byte order mark of {where}; save it as UTF-8 "
            "without one"
        )
    others = ((" ".join(map(str, place[:2])), text) for place, text, _ in step.asked)
    with_nul = [name for name, text in ((file or "system", step.system), *others) if "\0" in text]
    if with_nul:
        kind = kind_of(step.system.encode())
        encoded = "" if kind is None else f"; it is {kind}"
        yield f"step {step.name}; sent with NUL characters: {', '.join(with_nul)}{encoded}"


def _meant(texts: Sequence[str], known: Mapping[str, bool], used: set[str]) -> dict[str, str]:
    """What was probably meant for a placeholder, and its name; empty if it has none.

    `known` says of each name whether the recipe itself has it: of a column alone, code may have an open brace.
    """
    inside = [without_placeholders(text) for text in texts]
    alike = {found: name for text in inside for found, name in like_placeholders(text)}
    others = {found: name for text in inside for found, name in of_other_languages(text)}
    if not used:
        return alike | others
    # {{text}} is how a recipe writes a brace, and {…} is text: only a name that is known was meant.
    meant = {
        text: name
        for text, name in alike.items()
        if name in known
        and (known[name] or text.endswith("}"))
        and not (name in used and text == f"{{{{{name}}}}}")
    }
    return meant | {text: name for text, name in others.items() if not name or name in known}


def _stands(how: str, meant: dict[str, str]) -> str:
    names = list(dict.fromkeys(f"{{{name}}}" for name in meant.values() if name)) or ["{name}"]
    texts = ", ".join(" ".join(text.split()) for text in meant)
    return f"{how} as it stands, for it is no placeholder: {texts}; a field is written {', '.join(names)}"


def _items(where: str, texts: Sequence[str], known: Collection[str]) -> Iterator[str]:
    """A sentence if the items of a list are meant where there is no list to take them."""
    found = dict.fromkeys(whole for text in texts for whole, name in like_items(text) if name in known)
    if found:
        yield f"{where}; {', '.join(found)} is text there: it takes the items of a list only as an item by itself"


def _in_more(where: str, texts: Sequence[str], how: str) -> Iterator[str]:
    """A sentence if a placeholder stands in the braces or behind the sign of another language."""
    found = {whole: name for text in texts for whole, name in in_more(text)}
    if found:
        names = ", ".join(dict.fromkeys(f"{{{name}}}" for name in found.values()))
        yield f"{where}; what is around the value is {how} too: {', '.join(found)}; a field is written {names}"


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
