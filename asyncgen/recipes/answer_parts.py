"""JSON answers that a line holds in parts: whether the parts are complete, and the answer made from them. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from asyncgen.recipes.contents import Way


def covers(schema: Mapping[str, Any] | None, ways: AbstractSet[Way]) -> bool:
    """Whether parts at these ways make up the whole answer (schema None: a text)."""
    if () in ways:
        return True
    if schema is None:
        return False
    inner = _parts(schema)
    return bool(inner) and all(
        covers(part, {way[1:] for way in ways if way and way[0] == key}) for key, part in inner.items()
    )


def assemble(schema: Mapping[str, Any] | None, parts: Mapping[Way, Any]) -> Any:
    """The answer with these parts, which are complete."""
    if () in parts or schema is None:
        return parts[()]
    values = {
        key: assemble(part, {way[1:]: value for way, value in parts.items() if way and way[0] == key})
        for key, part in _parts(schema).items()
    }
    return values if isinstance(schema.get("properties"), dict) else list(values.values())


def _parts(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """The schemas of an answer's parts, by key or place; empty if they are not the same for all answers."""
    properties, items = schema.get("properties"), schema.get("items")
    if isinstance(properties, dict):
        closed = schema.get("additionalProperties") is False
        every = set(schema.get("required", ())) >= properties.keys()
        return properties if closed and every and all(isinstance(one, dict) for one in properties.values()) else {}
    number = schema.get("minItems", -1)
    if isinstance(items, dict) and number == schema.get("maxItems"):
        return {str(place): items for place in range(number)}
    return {}
