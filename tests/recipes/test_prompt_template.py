"""Templates of recipe files."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.recipes.line_maker import as_text, maker
from asyncgen.recipes.prompt_template import Reference, Template, nearest

TEXT = st.text(st.characters(exclude_characters="{", exclude_categories=["Cs"]))
ANY = st.text(st.one_of(st.sampled_from("{}ab.[]01"), st.characters(exclude_categories=["Cs"])))
NAMES = st.sampled_from(["text", "a", "_x1", "step.key", "step.list.0", "step[judge.best].key", "a.b-c"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.lists(st.tuples(TEXT, NAMES)), TEXT, st.data())
def test_each_placeholder_is_replaced_once_and_values_are_never_templates(parts, end, data):
    """Whatever the values hold, braces and names of others included."""
    values = {name: data.draw(ANY) for name in {name for _, name in parts}}
    template = Template.parse_all("".join(f"{text}{{{name}}}" for text, name in parts) + end)

    assert template.names == set(values)
    assert template.render(values) == "".join(f"{text}{values[name]}" for text, name in parts) + end


@given(ANY)
def test_a_text_is_given_back_when_its_braces_are_doubled(text):
    """A closing brace needs no doubling."""
    template = Template.parse_all(text.replace("{", "{{"))

    assert template.names == set()
    assert template.render({}) == text


@given(ANY)
def test_cutting_loses_nothing(text):
    """With all names left out as text, only escapes are gone."""
    kept = Template.parse_all(text).only(lambda _: False)

    assert kept.render({}).replace("{", "") == text.replace("{{", "{").replace("{", "") or "}}" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{{a}}", "{a}"),
        ("{{a", "{a"),
        ('{"a": {"b": 1}}', '{"a": {"b": 1}}'),
        ("{ a }", "{ a }"),
        ("{1}", "{1}"),
        ("{}", "{}"),
        ("{{{a}}", "{1}"),
        ("{a}}", "1}"),
        ("{{s.k}}", "{s.k}"),
        ("{ä}", "{ä}"),
    ],
)
def test_what_is_a_placeholder(text, shown):
    """A name in single braces, and nothing else."""
    assert Template.parse_all(text).render({"a": "1", "s.k": "2"}) == shown


@given(NAMES)
def test_a_reference_is_written_as_it_was_read(name):
    """Keys, places and other references."""
    assert str(Reference.parse(name)) == name


def test_a_reference_leads_into_a_value():
    """By keys and places, which another value may say."""
    values = {"step": [{"key": 1}, {"key": [2, 3]}], "judge": {"best": 1}}

    assert Reference.parse("step.0.key").value(values) == 1
    assert Reference.parse("step[judge.best].key.1").value(values) == 3
    assert list(Reference.parse("step[judge.best]").roots) == ["step", "judge"]
    for name in ("step.2", "step.x", "step.0.none", "judge.best.x", "judge.best.0"):
        with pytest.raises(LookupError):
            Reference.parse(name).value(values)


@given(JSON)
def test_a_value_that_is_one_placeholder_keeps_its_type(value):
    """Inside of a text it is text: JSON, where it is none."""
    line = maker({"alone": "{x}", "inside": "<{x}>", "list": ["{x}", 1, True], "text": "{{x}}"})({"x": value})

    assert line == {
        "alone": value,
        "inside": f"<{as_text(value)}>",
        "list": [value, 1, True],
        "text": "{x}",
    }


@pytest.mark.parametrize(
    ("name", "near"),
    [("txt", "text"), ("texts", "text"), ("sumary", "summary"), ("body", None), ("a", None), ("text", None)],
)
def test_a_name_is_near_within_two_edits(name, near):
    """Short names are near to none."""
    assert nearest(name, {"text", "summary", "b"}) == near
