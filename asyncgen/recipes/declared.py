"""The recipe that a recipe file describes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, ClassVar

import orjson

from asyncgen.chat import ChatMessage, ChatRequest, Completion, ResponseSchema
from asyncgen.errors import Message, missing_field
from asyncgen.recipe import Examples, Generate, OutputFile, together
from asyncgen.recipes.answer_checks import same_words
from asyncgen.recipes.declared_contents import contents_of_file
from asyncgen.recipes.line_maker import as_text, maker, texts_of
from asyncgen.recipes.placeholders import CALLS, ID, thinking_key
from asyncgen.recipes.prompt_template import Reference, Template
from asyncgen.recipes.prompts import Prompt
from asyncgen.recipes.provenance import Origin
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.recipes.step import Step
from asyncgen.recipes.step_messages import SYSTEM, Conversation, is_sharegpt, read_conversation
from asyncgen.rows import ID_FIELDS, BadFieldError
from asyncgen.text import json_in, strings

WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Fields:
    """A row: its name, the value of its id field, and the fields that the recipe needs.

    `empty_field` is one that a prompt shows and that has only blanks; empty: there is none.
    """

    note_id: str
    id: Any
    values: Mapping[str, Any]
    empty_field: str = ""
    guesses_length: ClassVar[bool] = True

    @property
    def rewritten(self) -> str:
        """A text about as long as an answer in text, if nothing better is known: the longest field."""
        return max((value for value in self.values.values() if isinstance(value, str)), key=len, default="")

    @property
    def has_nul(self) -> bool:
        """Whether a NUL character is in one of its texts."""
        return any("\0" in text for text in strings(self.values))

    def numbered(self, number: int) -> "Fields":
        """A row without a name, named by its number; where ids are texts, that is one too."""
        return replace(self, note_id=str(number), id=number if self.id is None else str(number))


class Declared:
    """Runs the steps of a recipe file, wave by wave, and writes its outputs."""

    def __init__(self, file: RecipeFile) -> None:
        self._file = file
        self.rows = file.rows
        self._columns = [(name, file.columns.get(name, name)) for name in sorted(file.fields)]
        self.outputs = tuple(OutputFile(output.file, len(output.lines)) for output in file.outputs)
        self.failure_counters = {
            label: f"{step.name}_failed" for step in file.steps.values() for label in step.labels
        }
        self.counters = (WRITTEN, *(f"{name}_failed" for name in file.steps))
        self.fingerprint: Mapping[str, Any] = file.fingerprint
        steps = {name: _Asking(file, step) for name, step in file.steps.items()}
        self._steps = steps
        self._waves = [[steps[step.name] for step in wave] for wave in file.waves]
        # A line in several files is made once; compared as JSON, because True equals 1.
        lines = {orjson.dumps(line): line for output in file.outputs for line in output.lines}
        places = {text: place for place, text in enumerate(lines)}
        self._makers = [maker(line, file.names.reference) for line in lines.values()]
        self._places = [[places[orjson.dumps(line)] for line in output.lines] for output in file.outputs]
        self._traced = file.names_calls
        self._asked = sorted(file.prompted - {ID})
        asked = file.names.asked_ways
        self._ways = [(Reference.parse(name), name in asked) for name in sorted(asked | file.names.ways)]
        self._conversations = [step.conversation for step in steps.values() if step.conversation is not None]
        self._lists = [Reference.parse(name) for name in sorted(file.names.lists)]
        self._talks = {Reference.parse(name) for name in file.names.talks}
        self.contents = contents_of_file(file, self.parse, WRITTEN)

    def parse(self, fields: Mapping[str, Any]) -> Fields:
        """Take the fields that the recipe needs.

        Raises:
            BadFieldError: one is missing.
        """
        values = {name: self._field(name, column, fields) for name, column in self._columns}
        for way, is_asked in self._ways:
            try:
                value = way.value(values)
            except LookupError:
                raise BadFieldError(f"no {way}") from None
            if value is None and is_asked:  # an output may hold a null, and a prompt not the word
                raise BadFieldError(f"no {way}")
        for way in self._lists:
            found = way.value(values)
            if not isinstance(found, list):
                text = "is a text, not a list" if isinstance(found, str) else "is not a list"
                raise BadFieldError(f"{way} {text}: JSON lines and Parquet have lists")
            if way in self._talks and any(map(is_sharegpt, found)):
                # By the same names as what a line puts behind them.
                said = [asdict(message) for message in read_conversation(found, str(way))]
                values = way.replaced(values, said)
        for conversation in self._conversations:
            conversation.check_row(values)
        column = self._file.id_column or next((name for name in ID_FIELDS if fields.get(name) is not None), "")
        value = fields.get(column)
        if value is None and self._file.id_column:
            raise BadFieldError(missing_field(column, ID, fields, self._file.fields))
        if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
            raise BadFieldError(f"{column} is neither text nor a whole number")
        # A default that is empty was meant so.
        empty = next(
            (
                name
                for name in self._asked
                if _is_blank(values[name]) and values[name] != self._file.defaults.get(name)
            ),
            "",
        )
        return Fields("" if value is None else str(value), value, values, empty)

    async def run(self, pair: Fields, generate: Generate) -> Examples:
        """Run each step once the waves before it are answered."""
        values: dict[str, Any] = {**pair.values, ID: pair.id}
        calls: dict[str, list[dict[str, Any]]] = {}
        for wave in self._waves:
            if len(wave) == 1:
                found = [await wave[0].ask(values, generate)]
            else:
                found = await together(*[step.ask(values, generate) for step in wave])
            for step, (answers, value) in zip(wave, found, strict=True):
                values[step.name] = value
                if step.keeps_thinking:
                    thoughts = [completion.thinking for completion in answers]
                    values[thinking_key(step.name)] = thoughts if isinstance(value, list) else thoughts[0]
                if self._traced:
                    calls[step.name] = [step.trace(completion) | _thinking(completion) for completion in answers]
        values[CALLS] = [call for name in self._steps for call in calls.get(name, ())]
        made = [orjson.dumps(make(values), option=orjson.OPT_APPEND_NEWLINE) for make in self._makers]
        blobs = tuple(b"".join([made[place] for place in places]) for places in self._places)
        return Examples(blobs, {WRITTEN: 1})

    def recognise(self, pair: Fields, blobs: tuple[bytes, ...]) -> None:  # noqa: ARG002 - the protocol's
        """Recognise nothing: no other tool writes these files."""
        return

    def _field(self, name: str, column: str, fields: Mapping[str, Any]) -> Any:
        value = fields.get(column)
        if value is None or value == "":
            value = self._file.defaults.get(name, value)
        if value is None:
            raise BadFieldError(self._missing(name, column, fields))
        return value

    def _missing(self, name: str, column: str, fields: Mapping[str, Any]) -> str | Message:
        if column in fields:
            return f"no {column}: it is null; [input.defaults] gives such rows another value"
        whole = column.partition(".")[0]
        if isinstance(fields.get(whole), dict | list):
            return f"no {column}; a part of {whole} is named in the recipe itself, as {{{column}}}"
        declared = name in self._file.columns or name in self._file.defaults
        as_text = "" if declared else f"; for the text {{{name}}} itself, write {{{{{name}}}}} in the recipe"
        return missing_field(column, name, fields, self._file.fields, as_text)


class _Asking:
    """A step, ready to run for any row."""

    def __init__(self, file: RecipeFile, step: Step) -> None:
        self._step = step
        self.name = step.name
        self.keeps_thinking = step.name in file.names.thinking
        self._system = system = file.systems[step.name]
        self._user = Template.parse_all(step.user)
        self.conversation = Conversation(step.messages, system) if step.messages else None
        asked = (Template.parse_all(one.text) for one in step.asked if not one.as_list)
        names = frozenset[str]().union(*(one.names for one in asked), system.names, step.check.names)
        self._references = [(name, file.names.reference(name)) for name in sorted(names)]
        self._answer_schema, self._check = step.schema, step.check if step.check.asks else None
        schema = step.schema
        self._schema = None if schema is None else ResponseSchema(step.name, schema.schema, schema.is_strict)
        self._checked = schema is not None or step.check.asks or step.samples > 1
        self.trace = Origin.of(step.name, Prompt(step.system, Template((step.prompt,))), step.sampling).trace

    async def ask(self, values: Mapping[str, Any], generate: Generate) -> tuple[list[Completion], Any]:
        """The answers to this step, as many as it has samples, and the value of its name in templates."""
        texts = {name: as_text(reference.value(values)) for name, reference in self._references}
        earlier: list[str] = []
        # Not decoded again after the check: answers may be large.
        decoded: dict[str, Any] = {}
        system, before, user = self._messages(values, texts)
        request = ChatRequest(
            system,
            user,
            self._step.sampling,
            json_object=self._schema is not None,
            response_schema=self._schema,
            check=partial(self._problem, texts, earlier, decoded) if self._checked else None,
            keep_thinking=self.keeps_thinking,
            before=before,
        )
        if self._step.samples == 1:
            answer = await generate(self.name, request)
            return [answer], self._value(answer, decoded)
        answers = []
        # In sequence, so that each can be checked to differ from those before it.
        for number, label in enumerate(self._step.labels):
            answers.append(await generate(label, replace(request, sample=number)))
            earlier.append(answers[-1].text)
        return answers, [self._value(answer, decoded) for answer in answers]

    def _messages(
        self, values: Mapping[str, Any], texts: Mapping[str, str]
    ) -> tuple[str, tuple[ChatMessage, ...], str]:
        """The system prompt, what was said before the user's text, and that."""
        if self.conversation is None:
            return (
                self._system.render(texts) if self._system.names else self._system.pieces[0],
                (),
                self._user.render(texts),
            )
        *before, last = self.conversation.messages(values, texts)
        system = before.pop(0).content if before and before[0].role == SYSTEM else ""
        return system, tuple(before), last.content

    def _value(self, answer: Completion, decoded: Mapping[str, Any]) -> Any:
        if self._schema is None:
            return answer.text.strip()
        return decoded[answer.text] if answer.text in decoded else _decoded(answer.text)

    def _problem(
        self, texts: Mapping[str, str], earlier: list[str], decoded: dict[str, Any], text: str
    ) -> str | None:
        """Why an answer is rejected, in a word."""
        words = text
        if self._answer_schema is not None:
            answer = decoded[text] = _decoded(text)
            if not self._answer_schema.fits(answer):
                return "schema"
            words = "" if self._check is None else " ".join(inner for _, inner in texts_of(answer))
        if earlier and any(same_words(text, one) for one in earlier):
            return "same_as_before"
        return None if self._check is None else self._check.problem(words, texts)


def _thinking(answer: Completion) -> dict[str, str]:
    """What the model thought before its answer, if that is kept (`keep_thinking`)."""
    return {"thinking": answer.thinking} if answer.thinking else {}


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _decoded(text: str) -> Any:
    return json_in(text)
