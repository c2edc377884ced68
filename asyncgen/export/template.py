"""Templates: the prompt and the answers of the trained model, from TOML.

    system = "…"                       # optional
    instruction = "…"                  # the note stands where {note} is; without it, behind the instruction
    [answers]
    CORRECT = "…"                      # {reasoning}, {reasoning_json}, {reasoning.KEY}
    INCORRECT = "…"                    # these, and {error_type}, {error_sentence}, {corrected_sentence}

Placeholders are replaced in one pass: braces in a note are data. `{reasoning}` is the reasoning in readable lines,
`{reasoning_json}` the JSON object, `{reasoning.KEY}` one of its values.

The note is stripped of blanks at its ends. Paraphrases have none, while most notes of the corpus end with one: a
model would learn that a blank at the end means INCORRECT.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError, UsageError
from asyncgen.export.examples import Example
from asyncgen.medec.pair import CORRECT, INCORRECT
from asyncgen.recipes.prompt_template import Template
from asyncgen.small_files import read_toml

DEFAULT = "detection"
_KEYS = ("description", "system", "instruction", "answers")
_REASONING = ("reasoning", "reasoning_json")
_ALLOWED = {
    CORRECT: _REASONING,
    INCORRECT: (*_REASONING, "error_type", "error_sentence", "corrected_sentence"),
}
_VALUE = "reasoning."
_PLACEHOLDER = re.compile(r"{([A-Za-z_][\w.]*)}")


class LackingError(ValueError):
    """An example lacks what the template needs; the text names it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """An example as instruction and answer. `input` is the note if it stands apart, else empty."""

    system: str | None
    instruction: str
    input: str
    answer: str

    @property
    def user(self) -> str:
        """The user's message in a chat."""
        return "\n\n".join(filter(None, (self.instruction, self.input)))


@dataclass(frozen=True, slots=True)
class ExportTemplate:
    """A template; `name` is the user's name for it."""

    name: str
    system: str | None
    instruction: Template
    answers: Mapping[str, Template]

    @classmethod
    def load(cls, name: str) -> "ExportTemplate":
        """Load a template by the name of a shipped one, or by the path of a TOML file.

        Raises:
            UsageError: there is none, or it cannot be read.
            BadDataError: the file is not a template.
        """
        path = Path(name) if name.endswith(".toml") else shipped("export", f"{name}.toml")
        if not path.is_file():
            names = ", ".join(sorted(file.stem for file in shipped("export").glob("*.toml")))
            raise UsageError(f"no template {name!r}: give the path of a TOML file, or one of {names}")
        return _checked(read_toml(path, "the template", BadDataError), name, f"the template {path}")

    def render(self, example: Example) -> Turn:
        """Instruction and answer for an example.

        Raises:
            LackingError: the example lacks what the answer needs.
        """
        answer = self.answers[example.label]
        text = answer.render({name: _value(name, example) for name in answer.names})
        note = example.note.strip()
        return Turn(
            self.system, self.instruction.render({"note": note}), "" if self.instruction.names else note, text
        )


def _checked(document: dict[str, Any], name: str, where: str) -> ExportTemplate:
    unknown = [key for key in document if key not in _KEYS]
    if unknown:
        raise BadDataError(f"{where}: unknown key {unknown[0]!r}; known here: {', '.join(_KEYS)}")
    answers = document.get("answers")
    if not isinstance(answers, dict) or answers.keys() != {CORRECT, INCORRECT}:
        raise BadDataError(f"{where} must have a table [answers] with exactly {CORRECT} and {INCORRECT}")
    system = document.get("system")
    if system is not None:
        _template(system, (), f"{where}: system")
    return ExportTemplate(
        name,
        system,
        _template(document.get("instruction"), ("note",), f"{where}: instruction"),
        {label: _template(text, _ALLOWED[label], f"{where}: answers.{label}") for label, text in answers.items()},
    )


def _template(text: Any, allowed: tuple[str, ...], where: str) -> Template:
    if not isinstance(text, str) or not text.strip():
        raise BadDataError(f"{where} must be a text that is not empty")
    found = dict.fromkeys(_PLACEHOLDER.findall(text))
    known = [name for name in found if name in allowed or ("reasoning" in allowed and _is_value(name))]
    unknown = [name for name in found if name not in known]
    if unknown:
        there = " ".join(f"{{{name}}}" for name in allowed) or "none"
        raise BadDataError(f"{where}: no placeholder {{{unknown[0]}}} here; there are {there}")
    return Template.parse(text, tuple(known)) if known else Template((text,))


def _is_value(name: str) -> bool:
    return name.startswith(_VALUE) and len(name) > len(_VALUE)


def _value(name: str, example: Example) -> str:
    if not name.startswith("reasoning"):
        value = getattr(example, name)
        if not value:
            raise LackingError(f"it has no {name}")
        return str(value)
    reasoning = example.reasoning
    if not reasoning:
        raise LackingError("it has no reasoning")
    if name == "reasoning_json":
        return orjson.dumps(reasoning).decode()
    if name == "reasoning":
        return "\n".join(_section(key, value) for key, value in reasoning.items())
    key = name.removeprefix(_VALUE)
    text = _readable(reasoning.get(key))
    if not text.strip():
        raise LackingError(f"its reasoning has no {key!r}")
    return text


def _section(key: str, value: Any) -> str:
    """`key_findings` under "Key findings:": a text after it, a list below it."""
    words = key.replace("_", " ").strip()
    return words[:1].upper() + words[1:] + (":\n" if isinstance(value, list) else ": ") + _readable(value)


def _readable(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "\n".join(f"- {item}" for item in value)
    return orjson.dumps(value).decode()
