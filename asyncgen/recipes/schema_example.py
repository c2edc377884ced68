"""Make an answer that fits a JSON schema, for running a recipe without calls. Pure."""

from collections.abc import Mapping
from typing import Any

TEXT = "Some words of an answer, as many as there usually are in a sentence or two of one."
_DEEPEST = 16  # levels: a recursive schema is ended there


def example(schema: Mapping[str, Any]) -> Any:
    """A value with everything that the schema requires; patterns and formats are ignored."""
    return _value(schema, schema, 0)


def _value(schema: Any, root: Mapping[str, Any], depth: int) -> Any:
    schema = _resolved(schema, root)
    if "const" in schema or schema.get("enum"):
        return schema["const"] if "const" in schema else schema["enum"][0]
    if inner := schema.get("anyOf") or schema.get("oneOf"):
        return _value(inner[0 if depth < _DEEPEST else -1], root, depth + 1)
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    match kind or ("object" if "properties" in schema else "string"):
        case "object":
            properties, required = schema.get("properties", {}), schema.get("required", ())
            wanted = properties if depth < _DEEPEST else {}
            names = dict.fromkeys((*wanted, *required))  # in order, the same in each process
            return {name: _value(properties.get(name, {}), root, depth + 1) for name in names}
        case "array":
            number = max(schema.get("minItems", 0), min(2 if depth < _DEEPEST else 0, schema.get("maxItems", 2)))
            return [_value(schema.get("items", {}), root, depth + 1) for _ in range(number)]
        case "number" | "integer":
            return schema.get("minimum", 0)
        case "boolean":
            return True
        case "null":
            return None
    return TEXT[: schema.get("maxLength")]


def _resolved(schema: Any, root: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema after resolving references into its root."""
    for _ in range(_DEEPEST):
        if not isinstance(schema, dict):
            return {}
        if not isinstance(name := schema.get("$ref"), str):
            return schema
        schema = root
        for part in filter(None, name.removeprefix("#").split("/")):
            schema = schema.get(part, {}) if isinstance(schema, dict) else {}
    return {}
