"""A step of a recipe file: its table, checked."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from asyncgen.chat import Sampling
from asyncgen.recipes.answer_checks import AnswerCheck
from asyncgen.recipes.answer_schema import AnswerSchema, SchemaProblemError
from asyncgen.recipes.line_maker import as_json
from asyncgen.recipes.prompt_template import PlacedText, Template, spliced
from asyncgen.recipes.request_fields import NAMES, RESERVED, problem_of, sampling_of
from asyncgen.recipes.step_messages import KEY as MESSAGES
from asyncgen.recipes.step_messages import SYSTEM, read_messages
from asyncgen.recipes.table import Table
from asyncgen.recipes.text_file import read_text_file
from asyncgen.recipes.toml_places import KeyPath
from asyncgen.storage.file_kinds import why_no_text

MOST_SAMPLES = 16  # they are asked one after the other, so many would take long
BYTE_ORDER_MARK = "\ufeff"
COMPARED = ("differs-from", "contains")  # keys of a check that take values
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Step:
    """A step; `raw` is its table without the texts, as part of the fingerprint.

    With `messages` (empty: it has none), `system` is the first of them if it is the system's, and `user` the last;
    "" if that comes from the row.
    """

    name: str
    system: str
    user: str
    messages: Sequence[Any]
    schema: AnswerSchema | None
    check: AnswerCheck
    samples: int
    sampling: Sampling
    raw: str
    table: Table

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of its calls, one for each sample."""
        return (self.name, *(f"{self.name}.{number}" for number in range(2, self.samples + 1)))

    @property
    def prompt(self) -> str:
        """All that it asks beside the system prompt, as one text that tells it from others."""
        return as_json(self.messages) if self.messages else self.user

    @property
    def system_place(self) -> KeyPath:
        """Where the table has the system prompt."""
        return (MESSAGES, 0, "content") if self.messages else ("system",)

    @property
    def asked(self) -> Iterator[PlacedText]:
        """The templates of all other messages; a list of messages is one placeholder."""
        if not self.messages:
            yield PlacedText(("user",), self.user)
        for number, message in enumerate(self.messages):
            name = spliced(message)
            if name is not None:
                yield PlacedText((MESSAGES, number), f"{{{name}}}", as_list=True)
            elif number or message["role"] != SYSTEM:
                yield PlacedText((MESSAGES, number, "content"), message["content"])


def step_of(table: Table, params: Mapping[str, Any]) -> Step:
    """Read the step in a table.

    Args:
        table: the table.
        params: fields for the requests of all steps, which override those of the table; the value None leaves a
            field out.

    Raises:
        BadDataError: the table is invalid.
    """
    name = table.text("name")
    if not NAME.fullmatch(name):
        table.fail(f"{name!r} is not a valid name of a step: letters, digits and _", "name")
    table = table.named(f"step {name}")
    table.allow("name", "system", "system-file", "user", MESSAGES, "schema", "params", "check", "samples")
    with_messages = MESSAGES in table.content
    system, user = read_messages(table) if with_messages else (_system(table), table.text("user"))
    schema = _schema(table)
    fields = _fields(table.table("params", f"params of step {name}"), params)
    raw = {key: value for key, value in table.content.items() if key in {"check", "samples"}} | {"params": fields}
    return Step(
        name=name,
        system=system,
        user=user,
        messages=table.content.get(MESSAGES, ()),
        schema=schema,
        check=_check(table.table("check", f"check of step {name}")),
        samples=table.number("samples", 1, 1, MOST_SAMPLES),
        sampling=sampling_of(fields),
        # The schema in its own order: the order of the properties is that of the answer.
        raw=as_json(raw) + ("" if schema is None else orjson.dumps(schema.schema).decode()),
        table=table,
    )


def _system(table: Table) -> str:
    if "system-file" not in table.content:
        return table.text("system", "")
    if "system" in table.content:
        table.fail(f"{table.what} has both system and system-file: leave one out", "system-file")
    return _read(table, "system-file")


def _schema(table: Table) -> AnswerSchema | None:
    schema = table.content.get("schema")
    if schema is None:
        return None
    what = f"schema of {table.what}"
    if isinstance(schema, str):
        what += f" ({schema})"
        try:
            schema = orjson.loads(_read(table, "schema").removeprefix(BYTE_ORDER_MARK))
        except ValueError as error:
            table.fail(f"{table.content['schema']} is not JSON: {error}", "schema")
    if not isinstance(schema, dict):
        table.fail(f"{what} must be a JSON schema: a table, or the name of a file", "schema")
    inner = schema.get("json_schema", schema)  # a response_format, or what stands in one
    if schema.get("type") != "object" and isinstance(inner, dict) and isinstance(inner.get("schema"), dict):
        table.fail(f'{what}: it is wrapped for the API; give what is under "schema" in it alone', "schema")
    try:
        return AnswerSchema(schema)
    except SchemaProblemError as error:
        table.fail(f"{what}: {error}", "schema")


def _read(table: Table, key: str) -> str:
    """The text of a file beside the recipe file."""
    name = table.text(key)
    path = table.source.path.parent / name
    try:
        # Line breaks as Python's text files have them: they count in the fingerprint.
        text = read_text_file(path).decode().replace("\r\n", "\n").replace("\r", "\n")
    except OSError as error:
        if "://" in name:  # of which the path has one slash less
            table.fail(f"cannot read {name}: it is an address: give a file", key)
        table.fail(f"cannot read {path}: {error.strerror}", key)
    except UnicodeDecodeError as error:
        table.fail(f"{path}: {why_no_text(error.object)}", key)
    if not text.strip():
        table.fail(f"{path} is empty", key)
    return text


def _fields(table: Table, params: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the requests beside their messages; `params` override those of the table."""
    reserved = next((name for name in RESERVED if name in table.content), None)
    if reserved is not None:
        table.fail(f"{reserved} cannot be set in {table.what}: the recipe and the run say it", reserved)
    table.allow(*NAMES)
    for name, value in table.content.items():
        problem = problem_of(name, value)
        if problem:
            table.fail(f"{name} of {table.what} must be {problem}", name)
    return {**table.content, **params}


def _check(table: Table) -> AnswerCheck:
    table.allow("max-words", "min-words", "matches", "not-matches", *COMPARED)
    words = {
        key: table.number(key, 1, 1, 1_000_000) if key in table.content else None
        for key in ("max-words", "min-words")
    }
    if words["max-words"] and words["min-words"] and words["min-words"] > words["max-words"]:
        table.fail(f"min-words of {table.what} is more than max-words", "min-words")
    return AnswerCheck(
        max_words=words["max-words"],
        min_words=words["min-words"],
        matches=_pattern(table, "matches"),
        not_matches=_pattern(table, "not-matches"),
        differs_from=_template(table, "differs-from"),
        contains=_template(table, "contains"),
    )


def _template(table: Table, key: str) -> Template | None:
    return Template.parse_all(table.text(key)) if key in table.content else None


def _pattern(table: Table, key: str) -> re.Pattern[str] | None:
    if key not in table.content:
        return None
    try:
        return re.compile(table.text(key))
    except re.error as error:
        table.fail(f"{key} of {table.what} is not a regular expression: {error}", key)
