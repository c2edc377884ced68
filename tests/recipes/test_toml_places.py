"""Where keys of TOML files stand."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.config.shipped import shipped
from asyncgen.recipes.table import _unquoted
from asyncgen.recipes.toml_places import places_of

KEYS = st.sampled_from(["a", "b-c", "d_1", '"q x"', "'l'"])
VALUES = st.sampled_from(
    [
        "1",
        "1.5",
        "true",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        '"x = # [y]"',
        r'"\" = [k]"',
        "'a\\'",
        '"""\n[not.a.table]\nx = "1"\n"""""',
        "'''\nkey = ''\n'''",
        "[1, [2, 3],\n 4, # a ] comment\n]",
        '{ i = 1, j.k = { l = "}" } }',
        '[{ a = "1" }, { a = [[]] }]',
    ]
)


def ways(value, place=()):
    """The places of all values in a document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*place, key)
            yield from ways(inner, (*place, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield (*place, number)
            yield from ways(inner, (*place, number))


@st.composite
def documents(draw):
    """Valid TOML with tables and lists of tables."""
    lines = []
    for number in range(draw(st.integers(0, 5))):
        head = draw(st.sampled_from(["[t{}]", "[[items]]", "[[items]]\n[items.inner]", "# [comment]\n[t{}.u]"]))
        lines.append(head.format(number) if number else "")
        keys = draw(st.lists(KEYS, unique=True))
        lines += [f"{key} = {draw(VALUES)}{draw(st.sampled_from(['', '  # = x']))}" for key in keys]
    return "\n".join(lines)


@given(documents())
def test_every_value_has_a_place_and_there_its_key_stands(text):
    """For each key that the decoder finds, and no other."""
    content = tomllib.loads(text)

    found = places_of(text, _unquoted)

    assert set(ways(content)) == set(found)
    for place, offset in found.items():
        key = place[-1]
        if isinstance(key, str):
            rest = text[offset : offset + 40]
            assert key in rest.partition("\n")[0], (place, rest)


@pytest.mark.parametrize("path", sorted(shipped("recipes").glob("*.toml")), ids=lambda path: path.stem)
def test_the_places_of_real_recipes_are_complete(path):
    """Of long texts and nested schemas."""
    text = path.read_text()

    assert set(ways(tomllib.loads(text))) == set(places_of(text, _unquoted))
