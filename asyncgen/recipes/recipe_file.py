"""A recipe file, read and checked: everything that is wrong with it is found here, before any call.

name = "mails"
rows = "mails"                                   # what messages call its rows (default: rows)
[input]
id = "id"                                        # default: id, note_id, text_id, custom_id, else the row's number
fields = { text = "body" }                       # other fields keep their names
defaults = { subject = "(none)" }                # where a row has nothing
[[step]]
name = "summary"
system = "…"                                     # or system-file
user = "{subject}: {text}"                       # or messages, see `step_messages`
schema = "summary.schema.json"                   # or a table
params = { max_tokens = 400 }
check = { max-words = 60, differs-from = "{text}" }
samples = 1
[[output]]
file = "mails.jsonl"
line = { id = "{id}", summary = "{summary}" }    # or a list of lines
[verify]                                         # see `verify_table`
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from asyncgen.errors import UsageError
from asyncgen.recipes.line_maker import as_json, several_spliced, templates_of
from asyncgen.recipes.near_placeholders import like_placeholders
from asyncgen.recipes.order import CycleError, waves
from asyncgen.recipes.output_names import problem_of_output
from asyncgen.recipes.placeholders import CALLS, ID, Names
from asyncgen.recipes.prompt_template import Template
from asyncgen.recipes.step import COMPARED, NAME, Step, step_of
from asyncgen.recipes.table import Table
from asyncgen.recipes.verify_table import paraphrase_of
from asyncgen.text import strings

_RESERVED = (ID, CALLS)


@dataclass(frozen=True, slots=True)
class DeclaredOutput:
    """A file and the templates of its lines."""

    file: str
    lines: tuple[Mapping[str, Any], ...]
    table: Table

    @property
    def raw(self) -> str:
        """The lines as part of the fingerprint; before items of lists were put into lists, they were texts."""
        spliced = any(one.as_list for one in templates_of(list(self.lines)))
        return ("items of lists: " if spliced else "") + orjson.dumps(self.lines).decode()


class RecipeFile:
    """A recipe file.

    Args:
        path: the file.
        columns: the input's names for fields, which override those of the file.
        params: fields for the requests of all steps, which override those of the file.

    Raises:
        UsageError: a file cannot be read.
        BadDataError: the file is invalid; the message names the line.
    """

    def __init__(
        self, path: Path, columns: Mapping[str, str] | None = None, params: Mapping[str, Any] | None = None
    ) -> None:
        recipe = Table.load(path)
        recipe.allow("name", "description", "rows", "input", "step", "output", "verify")
        self.name = recipe.text("name", path.stem)
        self.rows = recipe.text("rows", "rows")
        source = recipe.table("input", "[input]")
        source.allow("id", "fields", "defaults")
        fields = source.table("fields", "[input.fields]")
        self.columns = {name: fields.text(name) for name in fields.content} | dict(columns or {})
        self.id_column = self.columns.pop(ID, None) or (source.text("id") if "id" in source.content else None)
        self.defaults = source.table("defaults", "[input.defaults]").content
        steps = [step_of(table, params or {}) for table in recipe.tables("step")]
        self.steps = {step.name: step for step in steps}
        self.outputs = [_output(table) for table in recipe.tables("output")]
        self._check_names(recipe, source)
        self.names = Names(self.steps, {*self.columns, *self.defaults})
        self.systems: dict[str, Template] = {}
        self._check_placeholders()
        self.waves = self._waves()
        self._check_use(source, columns or {})
        self.paraphrase = paraphrase_of(recipe.table("verify", "[verify]"), self.steps, self.fields)

    @cached_property
    def fields(self) -> frozenset[str]:
        """The fields that a row must have."""
        return frozenset(self.names.fields - {ID})

    @cached_property
    def prompted(self) -> frozenset[str]:
        """The fields that prompts show."""
        asked = [Template.parse_all(one.text) for step in self.steps.values() for one in step.asked]
        prompts = [*self.systems.values(), *asked]
        return frozenset(root for prompt in prompts for root in self.names.roots(prompt) if root not in self.steps)

    @property
    def names_calls(self) -> bool:
        """Whether a line says which requests it was made from."""
        texts = (one.text for output in self.outputs for one in templates_of(list(output.lines)))
        return any(CALLS in Template.parse_all(text).names for text in texts)

    @property
    def fingerprint(self) -> dict[str, Any]:
        """Everything that decides the bytes of the output."""
        parts: dict[str, Any] = {"recipe": f"file:{self.name}"}
        said = {"id": self.id_column, "fields": self.columns, "defaults": self.defaults}
        parts["input"] = as_json({key: value for key, value in said.items() if value})
        for step in self.steps.values():
            parts |= {f"{step.name}_system": step.system, f"{step.name}_user": step.prompt, step.name: step.raw}
        return parts | {output.file: output.raw for output in self.outputs}

    def _check_names(self, recipe: Table, source: Table) -> None:
        tables = recipe.tables("step")
        for number, table in enumerate(tables):
            name = table.text("name")
            if name in _RESERVED:
                table.fail(f"a step cannot be called {name}: {{{name}}} means something else", "name")
            if any(name == earlier.text("name") for earlier in tables[:number]):
                table.fail(f"there is another step {name}", "name")
        for number, output in enumerate(self.outputs):
            if any(output.file == earlier.file for earlier in self.outputs[:number]):
                output.table.fail(f"there is another output {output.file}", "file")
        self._check_field_names(source)

    def _check_field_names(self, source: Table) -> None:
        for kind in ("fields", "defaults"):
            for name in source.table(kind, "").content:
                if name in self.steps:
                    source.fail(f"{name} is both a field and a step: rename one of them", kind, name)
                if not NAME.fullmatch(name) or name == CALLS:
                    source.fail(f"{name!r} is not a valid name of a field: letters, digits and _", kind, name)
        for name in self.columns:
            if name in self.steps:
                source.fail(f"{name} is both a field and a step: rename one of them")

    def _check_placeholders(self) -> None:
        for step in self.steps.values():
            for key, text, as_list in step.asked:
                self.names.check(step.table, key, text, as_list=as_list)
            for compared in COMPARED:
                text = step.table.content.get("check", {}).get(compared, "")
                self.names.check(step.table, ("check", compared), text)
        for output in self.outputs:
            for place, text, as_list in templates_of(list(output.lines)):
                way = place if isinstance(output.table.content["line"], list) else place[1:]
                self.names.check(output.table, ("line", *way), text, in_output=True, as_list=as_list)
        # Last: a line that shows the system prompt must show what was sent.
        for step in self.steps.values():
            self.systems[step.name] = self.names.check_system(step.table, step.system_place, step.system)
        for step in self.steps.values():
            if step.name not in self.names.used:
                like = self._like(step.name)
                step.table.fail(f"no output and no other step uses the answer of step {step.name}{like}", "name")

    def _like(self, name: str) -> str:
        """Where an output has what is almost the placeholder of a step; empty: nowhere."""
        for output in self.outputs:
            for text in strings(list(output.lines)):
                found = next((like for like, meant in like_placeholders(text) if meant == name), None)
                if found is not None:
                    line = output.table.source.line((*output.table.place, "line"), found)
                    return f"; line {line} has {found}, which is text: the answer is written {{{name}}}"
        return ""

    def _check_use(self, source: Table, columns: Mapping[str, str]) -> None:
        for kind in ("fields", "defaults"):
            for name in source.table(kind, "").content:
                if name not in {*self.fields, ID}:
                    source.fail(f"no prompt and no output names {{{name}}}", kind, name)
        for name in columns:
            if name not in {*self.fields, ID}:
                there = ", ".join(sorted(self.fields))
                raise UsageError(f"the recipe {self.name} has no field {name}; it has {there}")

    def _waves(self) -> tuple[tuple[Step, ...], ...]:
        try:
            order = waves({name: frozenset(self._needs(step)) for name, step in self.steps.items()})
        except CycleError as error:
            table = self.steps[error.steps[0]].table
            if len(error.steps) == 1:
                table.fail(f"step {error.steps[0]} needs its own answer", "user")
            table.fail(f"these steps need each other: {error}", "user")
        return tuple(tuple(self.steps[name] for name in wave) for wave in order)

    def _needs(self, step: Step) -> Iterator[str]:
        asked = (Template.parse_all(one.text) for one in step.asked)
        for template in (self.systems[step.name], *asked, *step.check.templates):
            if template is not None:
                yield from (root for root in self.names.roots(template) if root in self.steps)


def _output(table: Table) -> DeclaredOutput:
    table.allow("file", "line")
    file = table.text("file")
    problem = problem_of_output(file)
    if problem:
        table.fail(problem, "file")
    table = table.named(f"output {file}")
    lines = table.content.get("line")
    lines = lines if isinstance(lines, list) else [table.table("line", f"line of {file}").content]
    if not lines or not all(isinstance(line, dict) and line for line in lines):
        table.fail(f'line of {table.what} must say what is written: {{ id = "{{id}}", … }}', "line")
    for place in several_spliced(lines):
        way = place if isinstance(table.content["line"], list) else place[1:]
        table.fail(
            "a list takes the items of one other list at most: of two, nobody could tell where one ends",
            "line",
            *way,
        )
    return DeclaredOutput(file, tuple(lines), table)
