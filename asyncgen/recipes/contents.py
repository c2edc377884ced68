"""What the files of a recipe hold, as far as it is known without a model: this is what `verify` checks.

A way leads into a decoded line: keys, and places in lists, which count from the end if they are negative. A row,
as an argument, is what the recipe's `parse` has made of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from asyncgen.recipe import Nouns, Recipe, nouns_of, rows_of_recipe
from asyncgen.recipes.answer_checks import AnswerCheck
from asyncgen.recipes.answer_schema import AnswerSchema
from asyncgen.rows import ROWS, Parse


@dataclass(frozen=True, slots=True)
class Slice:
    """The items of a list but for so many at its beginning and at its end."""

    before: int
    behind: int

    def __str__(self) -> str:
        return f"{self.before}:{-self.behind or ''}"


Part = str | int | Slice
Way = tuple[Part, ...]
MISSING = object()
"""The value of a way that leads nowhere."""


@dataclass(frozen=True, slots=True)
class Place:
    """A value in the lines of a row: file, line of the row in it (from 0), and the way into that."""

    file: str
    line: int
    way: Way


@dataclass(frozen=True, slots=True)
class Known:
    """A value that a line takes from its row; `kind` names the problem if it has another value."""

    way: Way
    value: Callable[[Any], Any]
    kind: str = "field"


@dataclass(frozen=True, slots=True)
class LineRule:
    """What is known of a line.

    `label` is its name in messages. It is identified by the id of its row, and by `marks` if a row has several
    lines. `fixed` values hold for every row, `known` ones come from the row, `texts` are texts whatever the model
    says. `counts` are the statistics that count such lines, by the part of them that counts. `copy_of` is the file
    and the line that it repeats.
    """

    label: str = ""
    id_way: Way | None = None
    marks: tuple[tuple[Way, Any], ...] = ()
    fixed: tuple[tuple[Way, Any], ...] = ()
    known: tuple[Known, ...] = ()
    texts: tuple[Way, ...] = ()
    counts: Mapping[str, Callable[[Mapping[str, Any]], bool]] = field(default_factory=dict)
    copy_of: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class AnswerRule:
    """An answer of a step that can be read back from the lines, and what was asked of it.

    `parts` are the ways into the answer and their places; one with the way () is the answer itself. `each`: this
    is a list of answers. `label` is the call's name; empty if it may be one of several.
    """

    step: str
    parts: tuple[tuple[Way, Place], ...]
    check: AnswerCheck
    schema: AnswerSchema | None = None
    each: bool = False
    label: str = ""


@dataclass(frozen=True, slots=True)
class ParaphraseRule:
    """A text with the same meaning as one of the row; `wrong` is a text of the row that it must not resemble."""

    original: Callable[[Any], str]
    text: Place
    wrong: Callable[[Any], str] | None = None


@dataclass(frozen=True, slots=True)
class ReasoningRule:
    """The reasoning about an example; `step` and `needed` are its key and placeholder in the prompt file."""

    label: str
    place: Place
    step: str
    needed: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What the files of a recipe hold.

    `files` has the rules of a row's lines, by file. `parse` None: the input cannot be understood. Without an
    input, `reference` is the file with whose ids the others are compared. `paired` is a file in which a row has a
    CORRECT line and then an INCORRECT one. `unchecked` are steps with checks whose answers are in no line
    unchanged; `uncompared` are steps whose answers should differ from a placeholder that no line tells, with it.
    `value` gives the value of a placeholder in a check, by row (None: unknown) and answers, or raises
    LookupError. `remark` says why less can be checked than should be.
    """

    rows: str
    files: Mapping[str, tuple[LineRule, ...]]
    parse: Parse[Any] | None
    reference: str = ""
    paired: str = ""
    answers: tuple[AnswerRule, ...] = ()
    paraphrase: ParaphraseRule | None = None
    reasonings: tuple[ReasoningRule, ...] = ()
    unchecked: tuple[str, ...] = ()
    uncompared: tuple[tuple[str, str], ...] = ()
    value: Callable[[str, Any, Mapping[str, Any]], Any] | None = None
    remark: str = ""

    @property
    def nouns(self) -> Nouns:
        """The words for its rows in messages."""
        return nouns_of(self.rows)

    @property
    def asks(self) -> bool:
        """Whether there is a schema or a check for answers."""
        return any(rule.schema is not None or rule.check.asks for rule in self.answers)


def contents_of_lines(outputs: Mapping[str, int], rows: str = ROWS, remark: str = "") -> Contents:
    """What the number of lines alone tells."""
    return Contents(rows, {name: (LineRule(),) * lines for name, lines in outputs.items()}, None, remark=remark)


def contents_of_recipe(recipe: Recipe[Any]) -> Contents:
    """A recipe's `contents`, if it has them, else what the number of lines tells."""
    said = getattr(recipe, "contents", None)
    if isinstance(said, Contents):
        return said
    outputs = {output.name: output.lines for output in recipe.outputs}
    return replace(contents_of_lines(outputs, rows_of_recipe(recipe)), parse=recipe.parse)


def value_at(record: Any, way: Way) -> Any:
    """The value at a way into a decoded line; MISSING if there is none."""
    for part in way:
        if isinstance(part, Slice):
            if not isinstance(record, list) or len(record) < part.before + part.behind:
                return MISSING
            record = record[part.before : len(record) - part.behind]
            continue
        inside = (
            part in record
            if isinstance(record, Mapping)
            else isinstance(record, list) and part in range(-len(record), len(record))
        )
        if not inside:
            return MISSING
        record = record[part]
    return record


def written(way: Way) -> str:
    """A way as in messages: `messages.0.content`, `messages[0:-1]`."""
    return "".join(f"[{part}]" if isinstance(part, Slice) else f".{part}" for part in way).removeprefix(".")


def trains_as(contents: Contents) -> tuple[str, str] | None:
    """The export format of lines that are trainable as they are, or of notes with labels; None for others.

    With it the file to name, which is the first one; "" where there are no others that can be trained on.
    """
    if contents.paired:
        return "openai", ""
    # Whole answers in JSON are exported as their texts.
    whole = [place for rule in contents.answers if not rule.each for way, place in rule.parts if not way]
    shapes = {"openai": {"messages"}, "trl-preference": {"chosen", "rejected"}}
    shapes["trl-prompt-completion"] = {"prompt", "completion"}
    found: dict[str, str] = {}
    for file, rules in contents.files.items():
        for number, rule in enumerate(rules):
            ways = (*rule.texts, *(way for way, _ in rule.fixed), *(one.way for one in rule.known))
            keys = {way[0] for way in ways if way}
            keys |= {place.way[0] for place in whole if (place.file, place.line) == (file, number) and place.way}
            fitting = next((form for form, shape in shapes.items() if shape <= keys), None)
            if fitting is not None:
                found.setdefault(file, fitting)
    return next(((form, file if len(found) > 1 else "") for file, form in found.items()), None)
