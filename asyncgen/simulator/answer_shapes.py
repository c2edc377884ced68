"""The JSON object that a prompt asks for, read from the example in it, and filled with sentences.

Examples in prompts are seldom valid JSON ("...", 0.0-1.0, <text>), so the parser works on tokens and tolerates
errors.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from asyncgen.simulator.draws import pick

Shape: TypeAlias = "str | Mapping[str, Shape]"
"""`text`, `list`, `number`, `boolean`, or the keys of an object."""

_OBJECT = re.compile(r'\{\s*"[^"\n]+"\s*:')
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]:,]|[^\s"{}\[\]:,]+|"')
_NUMBER = re.compile(r"-?\d")
_WORDS = re.compile(r"\b[A-Za-z]{3,}(?: [a-z]{2,}){2,5}")
_DEFAULT: Mapping[str, Shape] = {"reasoning": "text"}
_SENTENCES = (
    'The wording "{}" fits the rest of the presentation.',
    'The key detail is "{}", which supports this reading.',
    'Taken together with "{}", the findings are consistent.',
    'A reader should weigh "{}" before drawing a conclusion.',
    'The passage "{}" decides the question here.',
    'Nothing in the note contradicts "{}".',
    'The plan follows from "{}" and the recorded history.',
)


def shape_of_prompt(system: str, user: str) -> Mapping[str, Shape]:
    """The object shown in the system prompt, else in the user prompt; without any, one with `reasoning`."""
    return _shape_of_text(system) or _shape_of_text(user) or _DEFAULT


def fill(shape: Mapping[str, Shape], text: str, key: int) -> dict[str, Any]:
    """An object of this shape whose sentences quote the text, chosen by the key of the request."""
    return {name: _value(kind, text, key, name) for name, kind in shape.items()}


@lru_cache(maxsize=64)
def _shape_of_text(text: str) -> Mapping[str, Shape]:
    match = _OBJECT.search(text)
    return _read_object(_TOKEN.findall(text, match.start()), 1)[0] if match else {}


def _read_object(tokens: list[str], at: int) -> tuple[dict[str, Shape], int]:
    """The keys from after an opening brace to its closing one (or the end), and the position after that."""
    shape: dict[str, Shape] = {}
    while at < len(tokens) and tokens[at] != "}":
        token = tokens[at]
        if token.startswith('"') and tokens[at + 1 : at + 2] == [":"]:
            kind, at = _read_value(tokens, at + 2)
            shape.setdefault(token.strip('"'), kind)
        else:
            at = _behind(tokens, at)
    return shape, at + 1


def _read_value(tokens: list[str], at: int) -> tuple[Shape, int]:
    first = tokens[at] if at < len(tokens) else ""
    if first == "{":
        inner, at = _read_object(tokens, at + 1)
        return inner or "text", at
    if first == "[":
        return "list", _behind(tokens, at)
    if _NUMBER.match(first):
        return "number", at
    return "boolean" if first in ("true", "false") else "text", at


def _behind(tokens: list[str], at: int) -> int:
    """The position after a token, or after the bracket that closes it."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += (tokens[index] in ("{", "[")) - (tokens[index] in ("}", "]"))
        if depth <= 0:
            return index + 1
    return len(tokens)


def _value(kind: Shape, text: str, key: int, path: str) -> Any:
    if isinstance(kind, Mapping):
        return {name: _value(inner, text, key, f"{path}.{name}") for name, inner in kind.items()}
    if kind == "list":
        return [sentence(text, key, f"{path}.{index}") for index in range(2)]
    if kind == "number":
        return 1
    return True if kind == "boolean" else sentence(text, key, path)


def sentence(text: str, key: int, path: str) -> str:
    """A sentence that quotes the text, chosen by the key and the path (its place in the answer)."""
    start = pick(key, f"words/{path}", len(text) + 1)
    words = _WORDS.search(text, start) or _WORDS.search(text)
    return _SENTENCES[pick(key, path, len(_SENTENCES))].format(words[0] if words else "the request")
