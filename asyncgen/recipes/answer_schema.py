"""The JSON schema of a step's answers: checked before any call, and then used to check each answer.

Nothing is fetched: a `$ref` must point into the schema itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from asyncgen.recipes.prompt_template import nearest

_DEEPEST = 32  # references and alternatives: deeper ones refer to themselves


class SchemaProblemError(ValueError):
    """A schema, or a way into the values that it describes, is invalid; the text is for the user."""


class AnswerSchema:
    """A schema of a JSON object.

    Raises:
        SchemaProblemError: it is invalid.
    """

    def __init__(self, schema: dict[str, Any]) -> None:
        if schema.get("type") != "object":
            raise SchemaProblemError('it must say type = "object": the answer is a JSON object')
        from jsonschema_rs import Draft202012Validator, ValidationError  # noqa: PLC0415 - many recipes have no schema

        try:
            self._validator = Draft202012Validator(schema, offline=True)
        except ValidationError as error:
            where = ".".join(map(str, error.instance_path))
            raise SchemaProblemError(f"{where}: {error.message}" if where else error.message) from None
        except ValueError as error:
            raise SchemaProblemError(str(error).partition("\n")[0]) from None
        self.schema = schema

    def fits(self, answer: Any) -> bool:
        """Whether a decoded answer matches the schema."""
        return self._validator.is_valid(answer)

    @property
    def is_strict(self) -> bool:
        """Whether the API accepts it as `strict`: each object lists all its keys, and requires them."""
        return all(
            part.get("additionalProperties") is False and set(part.get("required", ())) == set(part["properties"])
            for part in _parts(self.schema)
            if isinstance(part.get("properties"), dict)
        )

    def follow(self, way: Sequence[Any]) -> list[Mapping[str, Any]]:
        """The schemas of the value at the end of a way into an answer, which every answer has.

        Args:
            way: keys, and places in lists (from 0); of a part that is not text, only that it is a place is known.

        Raises:
            SchemaProblemError: an answer may lack the value.
        """
        found, name = self._alternatives(self.schema), ""
        for part in way:
            name += f".{part}" if isinstance(part, str) else "[…]"
            found = [inner for one in found for inner in self._alternatives(_inside(one, part, name[1:]))]
        return found

    def has(self, key: str) -> bool:
        """Whether it names a key of the answer, if only of some answers."""
        return self._has(key, self.schema)

    def _has(self, key: str, schema: Any, depth: int = 0) -> bool:
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return False
        inner = [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name, ())]
        if isinstance(name := schema.get("$ref"), str):
            inner.append(self._behind(name))
        return key in schema.get("properties", {}) or any(self._has(key, one, depth + 1) for one in inner)

    def _alternatives(self, schema: Any, depth: int = 0) -> list[Mapping[str, Any]]:
        """The schemas of which one applies, with references resolved."""
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return [{}]
        if isinstance(name := schema.get("$ref"), str):
            return self._alternatives(self._behind(name), depth + 1)
        inner = schema.get("anyOf") or schema.get("oneOf")
        if inner:
            return [one for each in inner for one in self._alternatives(each, depth + 1)]
        return [schema]

    def _behind(self, name: str) -> Any:
        found: Any = self.schema
        for part in name.removeprefix("#").strip("/").split("/"):
            if part:
                found = found.get(part, {}) if isinstance(found, dict) else {}
        return found


def _inside(schema: Mapping[str, Any], part: Any, name: str) -> Any:
    """The schema one step further in."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, dict) and isinstance(part, str):
        if part not in properties:
            near = nearest(part, set(properties))
            hint = f"did you mean {near}?" if near else f"there are {', '.join(properties)}"
            raise SchemaProblemError(f"the schema has no {name}; {hint}")
        if part not in schema.get("required", ()):
            raise SchemaProblemError(f"an answer may lack {name}: put {part} into required of the schema")
        return properties[part]
    if items is not None and (not isinstance(part, str) or part.isdecimal()):
        if isinstance(part, str) and int(part) >= schema.get("minItems", 0):
            raise SchemaProblemError(f"an answer may lack {name}: set minItems = {int(part) + 1} in the schema")
        return items
    raise SchemaProblemError(f"the schema says nothing of {name}")


def _parts(schema: Any) -> Iterator[Mapping[str, Any]]:
    """The schema and all schemas nested in it."""
    if isinstance(schema, dict):
        yield schema
        for key, inner in schema.items():
            if key in {"properties", "$defs"} and isinstance(inner, dict):
                for one in inner.values():
                    yield from _parts(one)
            elif key not in {"enum", "const", "default", "examples"}:
                yield from _parts(inner)
    elif isinstance(schema, list):
        for one in schema:
            yield from _parts(one)
