"""JSON schemas of `response_format`: whether the API would accept one, and a value that satisfies it.

The keywords of structured outputs: `type`, `properties`, `items`, `enum`, `const`, `anyOf`, `$ref` into `$defs`,
and the bounds of numbers, strings and arrays. `pattern` and `format` are ignored.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from asyncgen.simulator.answer_shapes import sentence
from asyncgen.simulator.draws import pick

_ITEMS = 2  # of an array without a minimum: one would not show a list
_DEEPEST = 5
"""The depth to which a recursive schema is followed: there, its arrays and alternatives end it."""


def strict_problem(schema: Any) -> str | None:
    """Why the API would refuse a schema with `strict`: an object that leaves keys open or optional; else None."""
    for part in _parts(schema):
        if not isinstance(properties := part.get("properties"), dict):
            continue
        if part.get("additionalProperties") is not False:
            return "'additionalProperties' is required to be supplied and to be false."
        required = part.get("required")
        if not isinstance(required, list) or set(required) != set(properties):
            return "'required' is required to be supplied and to be an array including every key in properties."
    return None


def value_of(schema: Mapping[str, Any], text: str, key: int) -> Any:
    """A value that satisfies the schema; its sentences quote the text, chosen by the key of the request."""
    return _Filler(schema, text, key).value(schema, "", 0)


class _Filler:
    """Fills one schema; `$ref` is resolved in its root."""

    def __init__(self, root: Mapping[str, Any], text: str, key: int) -> None:
        self._root = root
        self._text = text
        self._key = key

    def value(self, schema: Any, path: str, depth: int) -> Any:
        schema = self._resolved(schema, depth)
        if "const" in schema:
            return schema["const"]
        if choices := schema.get("enum"):
            return choices[pick(self._key, path, len(choices))]
        match _kind(schema):
            case "object":
                properties = schema.get("properties") or {}
                return {name: self.value(inner, f"{path}.{name}", depth + 1) for name, inner in properties.items()}
            case "array":
                wanted = _ITEMS if depth < _DEEPEST else 0
                number = max(schema.get("minItems", 0), min(wanted, schema.get("maxItems", wanted)))
                items = schema.get("items") or {}
                return [self.value(items, f"{path}.{index}", depth + 1) for index in range(number)]
            case "number" | "integer":
                return max(schema.get("minimum", 1), min(1, schema.get("maximum", 1)))
            case "boolean":
                return True
            case "null":
                return None
        return self._string(schema, path)

    def _resolved(self, schema: Any, depth: int) -> Mapping[str, Any]:
        """The schema after resolving references and alternatives: the first, deep down the last (perhaps null)."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict):
                return {}
            if isinstance(name := schema.get("$ref"), str):
                schema = self._root
                for part in name.removeprefix("#").strip("/").split("/"):
                    schema = schema.get(part, {}) if part and isinstance(schema, dict) else schema
            elif alternatives := schema.get("anyOf"):
                schema = alternatives[0 if depth < _DEEPEST else -1]
            else:
                return schema
        return {}

    def _string(self, schema: Mapping[str, Any], path: str) -> str:
        words = sentence(self._text, self._key, path)
        while len(words) < schema.get("minLength", 0):
            words += f" {words}"
        return words[: schema.get("maxLength")]


def _kind(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    return str(kind) if kind else ("object" if "properties" in schema else "string")


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and all schemas nested in it."""
    if isinstance(schema, list):
        for inner in schema:
            yield from _parts(inner)
    elif isinstance(schema, dict):
        yield schema
        for name, inner in schema.items():
            if name in {"properties", "$defs"}:
                yield from _parts([*inner.values()] if isinstance(inner, dict) else [])
            elif name in {"items", "anyOf"}:
                yield from _parts(inner)
