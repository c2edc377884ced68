"""The lines of an output file of a recipe file: a value that is a single placeholder keeps its type. Pure."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from asyncgen.recipes.prompt_template import PlacedText, Reference, Template, spliced

Make = Callable[[Mapping[str, Any]], Any]
"""Makes a value from those of fields and steps."""


def as_json(value: Any) -> str:
    """A value as JSON; equal values give equal text."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def as_text(value: Any) -> str:
    """A value as a prompt shows it: a text unchanged, anything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def texts_of(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The texts in a decoded value, each with its place."""
    if isinstance(value, str):
        yield (), value
    elif isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            for place, text in texts_of(inner):
                yield (key, *place), text


def templates_of(value: Any) -> Iterator[PlacedText]:
    """The templates in the description of a line; the text of an item that puts others there is a placeholder."""
    for place, text in texts_of(value):
        name = spliced(text) if place and isinstance(place[-1], int) else None
        yield PlacedText(place, text if name is None else f"{{{name}}}", name is not None)


def several_spliced(value: Any) -> list[tuple[str | int, ...]]:
    """The places of lists in the description of lines that take the items of more than one other."""
    lists = Counter(one.place[:-1] for one in templates_of(value) if one.as_list)
    return [place for place, number in lists.items() if number > 1]


def maker(value: Any, reference: Callable[[str], Reference] = Reference.parse) -> Make:
    """A function that makes a line, or a part of it, as a recipe file describes it.

    Args:
        value: the description.
        reference: says what a placeholder refers to.
    """
    if isinstance(value, dict):
        fields = [(key, maker(inner, reference)) for key, inner in value.items()]
        return lambda values: {key: make(values) for key, make in fields}
    if isinstance(value, list):
        names = [spliced(inner) for inner in value]
        items = [
            maker(inner, reference) if name is None else reference(name).value
            for inner, name in zip(value, names, strict=True)
        ]
        if not any(names):
            return lambda values: [make(values) for make in items]
        made = [(make, name is not None) for make, name in zip(items, names, strict=True)]
        return lambda values: [
            item for make, several in made for item in (make(values) if several else (make(values),))
        ]
    if not isinstance(value, str):
        return lambda _values: value
    template = Template.parse_all(value)
    references = {name: reference(name) for name in template.names}
    match template.pieces:
        case [text]:
            return lambda _values: text
        case ["", name, ""]:
            return references[name].value
    return lambda values: template.render({name: as_text(one.value(values)) for name, one in references.items()})
