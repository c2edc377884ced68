"""What the files of a recipe file hold: values that come from the row, and places of answers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from asyncgen.medec.pair import CORRECT, INCORRECT
from asyncgen.recipes.answer_parts import covers
from asyncgen.recipes.contents import AnswerRule, Contents, Known, LineRule, ParaphraseRule, Place, Slice, Way
from asyncgen.recipes.line_maker import as_text, maker
from asyncgen.recipes.placeholders import CALLS, ID
from asyncgen.recipes.prompt_template import Reference, Template, spliced
from asyncgen.recipes.recipe_file import RecipeFile
from asyncgen.recipes.step import Step
from asyncgen.rows import Parse


def contents_of_file(file: RecipeFile, parse: Parse[Any], counter: str) -> Contents:
    """What the files hold; `counter` is the statistic that counts written rows."""
    reader = _Reader(file)
    files: dict[str, tuple[LineRule, ...]] = {}
    for output in file.outputs:
        rules = [reader.rule(Place(output.file, number, ()), line) for number, line in enumerate(output.lines)]
        files[output.file] = tuple(_told_apart(rules))
    _find_copies(file, files)
    first = file.outputs[0].file
    files[first] = (replace(files[first][0], counts={counter: lambda _record: True}), *files[first][1:])
    answers, unchecked = reader.answers()
    with_id = [name for name, rules in files.items() if rules[0].id_way is not None]
    return Contents(
        rows=file.rows,
        files=files,
        parse=parse,
        reference=next(iter(with_id), ""),
        paired=next((name for name, rules in files.items() if _come_in_pairs(rules)), ""),
        answers=tuple(answers),
        paraphrase=_paraphrase(file, reader, files),
        unchecked=tuple(unchecked),
        uncompared=tuple(reader.uncompared(answers)),
        value=_value,
    )


def _value(name: str, row: Any, answers: Mapping[str, Any]) -> Any:
    """The value of a placeholder, as far as row (None: unknown) and answers tell.

    Raises:
        LookupError: they do not.
    """
    reference = Reference.parse(name)
    if any(isinstance(part, Reference) for part in reference.way):
        raise LookupError(name)
    known = answers if row is None else {**row.values, ID: row.id, **answers}
    return reference.value(known)


@dataclass(frozen=True, slots=True)
class _Of:
    """Makes the value of a template from a row."""

    template: Any

    def __call__(self, row: Any) -> Any:
        return maker(self.template)({**row.values, ID: row.id})


class _Reader:
    """Reads the templates of lines, and records where each step's answers are."""

    def __init__(self, file: RecipeFile) -> None:
        self._file = file
        self._places: dict[tuple[str, str], dict[Way, Place]] = {}

    def rule(self, place: Place, line: Any) -> LineRule:
        """What is known of a line."""
        ids: list[Way] = []
        fixed: list[tuple[Way, Any]] = []
        known: list[Known] = []
        texts: list[Way] = []
        for way, leaf in _leaves(line):
            template = Template.parse_all(leaf) if isinstance(leaf, str) else None
            if template is None or not template.names:
                fixed.append((way, leaf if template is None else template.pieces[0]))
                continue
            references = [Reference.parse(name) for name in template.names]
            steps = {root for one in references for root in one.roots if root in self._file.steps}
            alone = len(references) == 1 and template.pieces[0] == template.pieces[-1] == ""
            if alone and not ids and self._is_id(references[0]):
                ids.append(way)
            elif steps:
                if not alone or self._answer(references[0], replace(place, way=way)):
                    texts.append(way)
            elif not (alone and references[0].root == CALLS) and CALLS not in template.names:
                known.append(Known(way, _Of(leaf)))
        return LineRule("", ids[0] if ids else None, (), tuple(fixed), tuple(known), tuple(texts))

    def _is_id(self, reference: Reference) -> bool:
        """Whether it refers to the row's id, under that name or the name of its field."""
        name = self._file.columns.get(reference.root, reference.root)
        return not reference.way and (reference.root == ID or name == self._file.id_column)

    def _answer(self, reference: Reference, place: Place) -> bool:
        """Record the place of a part of an answer; returns whether it is a text."""
        step = self._file.steps[reference.root]
        if self._file.names.is_thinking(reference):  # nothing that could be checked
            return step.samples == 1 or len(reference.way) > 1
        way: list[str] = []
        sample = ""
        for number, part in enumerate(reference.way):
            if number == 0 and step.samples > 1:
                sample = str(part)
            elif isinstance(part, str):
                way.append(part)
        if step.samples > 1 and not sample:
            self._places.setdefault((step.name, "each"), {}).setdefault((), place)
            return False
        self._places.setdefault((step.name, sample), {}).setdefault(tuple(way), place)
        return step.schema is None or all(one.get("type") == "string" for one in step.schema.follow(way))

    def place(self, step: str) -> Place | None:
        """The place of a step's whole answer."""
        return self._places.get((step, ""), {}).get(())

    def answers(self) -> tuple[list[AnswerRule], list[str]]:
        """The answers that can be read back, and the steps with checks that have none."""
        found = []
        for (name, sample), parts in self._places.items():
            step = self._file.steps[name]
            if covers(None if step.schema is None else step.schema.schema, set(parts)):
                found.append(
                    AnswerRule(
                        name,
                        tuple(parts.items()),
                        step.check,
                        step.schema,
                        each=sample == "each",
                        label=_label(step, sample),
                    )
                )
        there = {rule.step for rule in found}
        return found, [name for name, step in self._file.steps.items() if _asks(step) and name not in there]

    def uncompared(self, answers: Sequence[AnswerRule]) -> Iterator[tuple[str, str]]:
        """The steps among these whose answers are compared with what no line has, with its placeholder."""
        alone = {rule.step for rule in answers if not self._file.steps[rule.step].samples > 1}
        for step in dict.fromkeys(rule.step for rule in answers):
            for name in sorted(self._file.steps[step].check.names):
                reference = Reference.parse(name)
                of_a_step = reference.root in self._file.steps
                if of_a_step and (reference.root not in alone or self._file.names.is_thinking(reference)):
                    yield step, name


def _label(step: Step, sample: str) -> str:
    """The name of a sample's call; empty if it may be any of several."""
    if step.samples == 1:
        return step.name
    return step.labels[int(sample)] if sample.isdecimal() else ""


def _asks(step: Step) -> bool:
    return step.schema is not None or step.check.asks


def _leaves(value: Any, way: Way = ()) -> Iterator[tuple[Way, Any]]:
    """The values in the template of a line that are neither tables nor lists; of a part of a list as of one."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, (*way, key))
    elif isinstance(value, list):
        names = [spliced(inner) for inner in value]
        at = next((place for place, name in enumerate(names) if name is not None), len(value))
        for place, (inner, name) in enumerate(zip(value, names, strict=True)):
            if name is not None:
                yield (*way, Slice(place, len(value) - place - 1)), f"{{{name}}}"
            else:
                yield from _leaves(inner, (*way, place if place < at else place - len(value)))
    else:
        yield way, value


def _told_apart(rules: list[LineRule]) -> Iterator[LineRule]:
    """Give the lines of a row marks: values that are fixed in one and different in another."""
    for rule in rules:
        marks = tuple(
            (way, value)
            for way, value in rule.fixed
            if any(dict(other.fixed).get(way, value) != value for other in rules)
        )
        label = next((str(value) for _, value in marks if isinstance(value, str)), "")
        yield replace(rule, label=label, marks=marks, fixed=tuple(one for one in rule.fixed if one not in marks))


def _find_copies(file: RecipeFile, files: dict[str, tuple[LineRule, ...]]) -> None:
    """Find lines that are also in another file: a row with one line in each of two files has the same in both."""
    seen: list[tuple[Mapping[str, Any], tuple[str, int]]] = []
    for output in sorted(file.outputs, key=lambda one: len(one.lines)):
        rules = list(files[output.file])
        for number, line in enumerate(output.lines):
            twin = next((place for other, place in seen if other == line and place[0] != output.file), None)
            if twin is None:
                seen.append((line, (output.file, number)))
            else:
                rules[number] = replace(rules[number], copy_of=twin)
        files[output.file] = tuple(rules)


def _come_in_pairs(rules: tuple[LineRule, ...]) -> bool:
    """Whether a row has a CORRECT line, then an INCORRECT one."""
    said = [dict(rule.marks).get(("label",)) for rule in rules]
    return said == [CORRECT, INCORRECT]


def _paraphrase(
    file: RecipeFile, reader: _Reader, files: Mapping[str, tuple[LineRule, ...]]
) -> ParaphraseRule | None:
    said = file.paraphrase
    if said is None:
        return None
    place = reader.place(said.step)
    if place is None:
        said.table.fail(f"no line has {{{said.step}}} by itself: verify would not find it", "is")
    wrong = None if said.wrong is None else _text_of(said.wrong)
    copy_of = files[place.file][place.line].copy_of
    if copy_of is not None:
        place = Place(*copy_of, place.way)
    return ParaphraseRule(_text_of(said.original), place, wrong)


def _text_of(template: str) -> Any:
    make = _Of(template)
    return lambda row: as_text(make(row))
