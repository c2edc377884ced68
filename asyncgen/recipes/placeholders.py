"""The meaning of the placeholders in a recipe file, and whether each will have a value."""

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, Protocol

from asyncgen.recipes.answer_schema import AnswerSchema, SchemaProblemError
from asyncgen.recipes.prompt_template import Reference, Template, nearest
from asyncgen.recipes.table import Table

ID = "id"
CALLS = "calls"
"""The requests that a record was made from; in outputs only."""
THINKING = "thinking"
"""`{step.thinking}` is what the model thought before its answer, unless the answer itself has such a key."""


def thinking_key(step: str) -> str:
    """Under this name the values of a row hold what was thought before a step's answer; no placeholder has it."""
    return f"{step}.{THINKING}"


class Answers(Protocol):
    """What this module needs to know of a step."""

    @property
    def schema(self) -> AnswerSchema | None: ...  # noqa: D102
    @property
    def samples(self) -> int: ...  # noqa: D102


class Names:
    """The names of a recipe file: steps, declared fields, and all others, which are fields of the same name.

    `fields` collects the fields that occur, `used` the steps, `thinking` the steps whose thinking is named;
    `asked_ways` placeholders with a way into a field in prompts, `ways` those in outputs; `lists` are those of
    fields that must be lists, `talks` those of them that are sent as messages.

    Args:
        steps: by name.
        declared: fields of [input.fields] and [input.defaults].
    """

    def __init__(self, steps: Mapping[str, Answers], declared: AbstractSet[str]) -> None:
        self._steps = steps
        self._declared = declared
        self.fields: set[str] = set()
        self.used: set[str] = set()
        self.thinking: set[str] = set()
        self.lists: set[str] = set()
        self.talks: set[str] = set()
        self.ways: set[str] = set()
        self.asked_ways: set[str] = set()

    def check(
        self, table: Table, key: Sequence[str | int], text: str, *, in_output: bool = False, as_list: bool = False
    ) -> None:
        """Check the placeholders in the text under a key.

        Args:
            table: has the key.
            key: where the text is.
            text: a template.
            in_output: it is part of a line.
            as_list: it is one placeholder, whose value must be a list.

        Raises:
            BadDataError: one has no meaning, or its value may be missing.
        """
        for name in sorted(Template.parse_all(text).names):
            reference = Reference.parse(name)
            if in_output and name == CALLS:
                continue
            problem = self._problem(reference)
            if problem:
                table.fail(f"{{{name}}}: {problem}", *key, quoted=f"{{{name}}}")
            roots = set(reference.roots)
            self.used |= roots & self._steps.keys()
            if self.is_thinking(reference):
                self.thinking.add(reference.root)
            self.fields |= roots - self._steps.keys()
            if reference.way and reference.root not in self._steps:
                (self.ways if in_output else self.asked_ways).add(name)
            if as_list:
                self._check_list(table, key, reference, in_output=in_output)

    def _check_list(
        self, table: Table, key: Sequence[str | int], reference: Reference, *, in_output: bool
    ) -> None:
        """Check that a value is a list, as far as the recipe tells; rows are checked one by one."""
        step = self._steps.get(reference.root)
        if reference.root == ID:
            table.fail(f"{{*{reference}}}: an id is not a list", *key)
        if step is None:
            self.lists.add(str(reference))
            if not in_output:
                self.talks.add(str(reference))
            return
        if not in_output:
            table.fail(f"{{*{reference}}}: only a field of the row is a list of messages", *key)
        schemas = self._follow(reference)
        if not (step.samples > 1 and not reference.way) and not (
            schemas and all(schema.get("type") == "array" for schema in schemas)
        ):
            table.fail(f"{{*{reference}}}: there is no list in the answer", *key)

    def check_system(self, table: Table, key: Sequence[str | int], text: str) -> Template:
        """Parse a system prompt, in which only names known by then are placeholders.

        Raises:
            BadDataError: one is almost a known name.
        """
        for name in sorted(Template.parse_all(text).names):
            if Reference.parse(name).root not in self._known:
                near = nearest(Reference.parse(name).root, self._known)
                if near:
                    hint = f"did you mean {{{near}}}? (As text it is written {{{{{name}}}}}.)"
                    table.fail(f"{{{name}}} in the system prompt: {hint}", *key, quoted=f"{{{name}}}")
        template = Template.parse_all(text).only(lambda name: Reference.parse(name).root in self._known)
        self.check(table, key, "".join(f"{{{name}}}" for name in template.names))
        return template

    def reference(self, name: str) -> Reference:
        """What a placeholder refers to among the values of a row."""
        reference = Reference.parse(name)
        if self.is_thinking(reference):
            return Reference(thinking_key(reference.root), reference.way[:-1])
        return reference

    def is_thinking(self, reference: Reference) -> bool:
        """Whether it refers to what the model thought, and to no answer."""
        step = self._steps.get(reference.root)
        if step is None or reference.way[-1:] != (THINKING,):
            return False
        if step.schema is not None and step.schema.has(THINKING):
            return False
        before = reference.way[:-1]
        return not before[1:] if step.samples > 1 else not before  # of all samples, or of one

    def roots(self, template: Template) -> Iterator[str]:
        """The fields and steps that a template needs."""
        for name in template.names:
            yield from Reference.parse(name).roots

    @property
    def _known(self) -> set[str]:
        return {*self._steps, *self._declared, *self.fields, ID}

    def _problem(self, reference: Reference) -> str | None:
        """What is wrong with a placeholder."""
        for root in reference.roots:
            known = {*self._steps, *self._declared, ID}
            if root == CALLS:
                return "it stands for the calls of a row, and for nothing but an output's value"
            near = None if root in known else nearest(root, known)
            if near:
                declared = f'{root} = "{root}" in [input.fields]'
                return f"did you mean {{{near}}}? (If it is a field, declare it: {declared}.)"
        if reference.root not in self._steps:
            inner = any(isinstance(part, Reference) for part in reference.way)
            return "only the samples of a step have a place that an answer names" if inner else None
        try:
            self._follow(reference)
        except SchemaProblemError as error:
            return str(error)
        return None

    def _follow(self, reference: Reference) -> list[Mapping[str, Any]]:
        """The schemas of the value to which it leads in a step's answer.

        Raises:
            SchemaProblemError: it may be missing.
        """
        step, way = self._steps[reference.root], list(reference.way)
        if self.is_thinking(reference):
            way.pop()
            if way:
                self._check_sample(way[0], step.samples)
            return [{"type": "array" if step.samples > 1 and not way else "string"}]
        if step.samples > 1 and way:
            self._check_sample(way.pop(0), step.samples)
        if not way:
            return [] if step.schema is None or step.samples > 1 else [step.schema.schema]
        if any(isinstance(part, Reference) for part in way):
            raise SchemaProblemError("only the samples of a step have a place that an answer names")
        if step.schema is None:
            thinking = f"{{{thinking_key(reference.root)}}} is what the model thought"
            raise SchemaProblemError(
                f"step {reference.root} answers text: with a schema it has keys, and {thinking}"
            )
        return step.schema.follow(way)

    def _check_sample(self, part: "str | Reference", samples: int) -> None:
        if isinstance(part, str):
            if not (part.isdecimal() and int(part) < samples):
                raise SchemaProblemError(f"the samples are numbered from 0 to {samples - 1}")
            return
        if part.root not in self._steps:
            raise SchemaProblemError(f"{part.root} is not a step")
        for schema in self._follow(part) or [{}]:
            places = schema.get("enum", [schema["const"]] if "const" in schema else [])
            if not places or not all(type(place) is int and 0 <= place < samples for place in places):
                numbers = ", ".join(map(str, range(samples)))
                raise SchemaProblemError(f"the schema must say which sample it is: enum = [{numbers}]")
