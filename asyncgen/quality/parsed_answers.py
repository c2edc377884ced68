"""Check the answers in the files once more against the schemas and checks of their recipe."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from asyncgen.quality.checks.finding import Finding
from asyncgen.quality.structure import Made
from asyncgen.recipes.answer_checks import AnswerCheck
from asyncgen.recipes.answer_parts import assemble
from asyncgen.recipes.contents import MISSING, AnswerRule, Contents, value_at
from asyncgen.recipes.line_maker import as_text, texts_of


class AnswerChecks:
    """Checks the answers of one row after the other."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    def findings(self, made: Made) -> Iterator[Finding]:
        """The problems in the answers of a row, each kind with the step."""
        answers = [(rule, self._answer(rule, made)) for rule in self._contents.answers]
        by_step = {rule.step: answer for rule, answer in answers if not rule.each and answer is not MISSING}
        for rule, answer in answers:
            if rule.schema is None and not rule.check.asks:
                continue
            for one in answer if rule.each and isinstance(answer, list) else [answer]:
                kind = self._problem(rule, one, made.row, by_step)
                if kind is not None:
                    yield Finding(kind, rule.step)

    def _answer(self, rule: AnswerRule, made: Made) -> Any:
        """The answer, put together from its parts; MISSING if one of them is."""
        parts = {}
        for way, place in rule.parts:
            record = self._record(place.file, place.line, made)
            parts[way] = value_at(record, place.way)
            if parts[way] is MISSING:
                return MISSING
        return assemble(None if rule.schema is None or rule.each else rule.schema.schema, parts)

    def _record(self, file: str, line: int, made: Made) -> Any:
        copy_of = self._contents.files[file][line].copy_of
        return made.records.get((file, line) if copy_of is None else copy_of)

    def _problem(self, rule: AnswerRule, answer: Any, row: Any, by_step: Mapping[str, Any]) -> str | None:
        if rule.schema is not None:
            if answer is MISSING or not rule.schema.fits(answer):
                return "schema"
            words = " ".join(text for _, text in texts_of(answer))
        elif isinstance(answer, str):
            words = answer
        else:
            return "schema"
        check, values = self._with_values(rule.check, row, by_step)
        return check.problem(words, values)

    def _with_values(
        self, check: AnswerCheck, row: Any, by_step: Mapping[str, Any]
    ) -> tuple[AnswerCheck, dict[str, str]]:
        """The check and the values that it names; without those that are unknown by now."""
        values: dict[str, str] = {}
        value = self._contents.value
        if value is not None:
            for name in check.names:
                with suppress(LookupError):
                    values[name] = as_text(value(name, row, by_step))
        return check.where_known(values.keys()), values
