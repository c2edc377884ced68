"""`[verify]` of a recipe file: which answer is a paraphrase of what, so that `asyncgen verify` can judge it.

[verify]
paraphrase = { of = "{text}", is = "{rewritten}" }      # wrong = "{…}": a text it must not come near to
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from asyncgen.recipes.prompt_template import Reference, Template, nearest
from asyncgen.recipes.step import Step
from asyncgen.recipes.table import Table


@dataclass(frozen=True, slots=True)
class DeclaredParaphrase:
    """The step whose answer has the meaning of the template `original`, and must not have that of `wrong`."""

    original: str
    step: str
    wrong: str | None
    table: Table


def paraphrase_of(verify: Table, steps: Mapping[str, Step], fields: AbstractSet[str]) -> DeclaredParaphrase | None:
    """The paraphrase that the table declares; None if it declares none.

    Args:
        verify: the table.
        steps: of the recipe.
        fields: of a row, that the recipe uses.

    Raises:
        BadDataError: the table is invalid.
    """
    verify.allow("paraphrase")
    if "paraphrase" not in verify.content:
        return None
    table = verify.table("paraphrase", "paraphrase of [verify]")
    table.allow("of", "is", "wrong")
    said = Template.parse_all(table.text("is"))
    step = steps.get(said.pieces[1]) if len(said.pieces) == 3 and said.pieces[::2] == ("", "") else None  # noqa: PLR2004 - text, name, text
    if step is None or step.schema is not None or step.samples > 1:
        texts = ", ".join(f"{{{one.name}}}" for one in steps.values() if one.schema is None and one.samples == 1)
        table.fail(f"is must be the answer of a step that answers with one text: {texts or 'there is none'}", "is")
    _check_fields(table, "of", fields)
    if "wrong" in table.content:
        _check_fields(table, "wrong", fields)
    wrong = table.text("wrong") if "wrong" in table.content else None
    return DeclaredParaphrase(table.text("of"), step.name, wrong, table)


def _check_fields(table: Table, key: str, fields: AbstractSet[str]) -> None:
    """Refuse a placeholder that is not a field of every row."""
    names = Template.parse_all(table.text(key)).names
    if not names:
        table.fail(f"{key} must name a field of the row, such as {{text}}", key)
    for name in sorted(names):
        if Reference.parse(name).root not in fields:
            near = nearest(name, fields)
            hint = f"did you mean {{{near}}}?" if near else f"there are {', '.join(sorted(fields))}"
            table.fail(f"{{{name}}}: no prompt and no line names such a field; {hint}", key, quoted=f"{{{name}}}")
