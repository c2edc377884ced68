"""JSON and text from outside: lone surrogates, fences, odd separators, what is not JSON."""

import json

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asyncgen.client.response_body import read_body
from asyncgen.text import json_in, loads, make_room, object_in, strip_fence

texts = st.text(st.characters(exclude_categories=()))  # surrogates too
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def repaired(value: object) -> object:
    """The same value with U+FFFD for each surrogate that has no partner."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [repaired(item) for item in value]
    return {key: repaired(item) for key, item in value.items()} if isinstance(value, dict) else value


@given(value=values)
def test_whatever_a_writer_escaped_is_read_and_can_be_written(value: object) -> None:
    """Everything comes back as it was, except surrogates without a partner."""
    read = loads(json.dumps(value))
    assert read == repaired(value)
    assert orjson.loads(orjson.dumps(read)) == read


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rb'"a\ud83d"', "a\ufffd"),
        (rb'"\uDE00\uD83D"', "\ufffd\ufffd"),
        (rb'"\ud83d\ude00\ud83d"', "\U0001f600\ufffd"),
        (rb'"\\ud83d"', r"\ud83d"),
    ],
    ids=["high", "two in the wrong order", "a pair and a half", "an escaped backslash"],
)
def test_lone_surrogates_become_the_replacement_character(data: bytes, text: str) -> None:
    """Pairs stay characters, and text that only looks like an escape stays text."""
    assert loads(data) == text
    assert loads(data.decode()) == text


def test_surrogates_in_keys_are_replaced_too() -> None:
    """A key must be written as well."""
    assert loads(rb'{"\ud800": [{"\udfff": "\ud800"}]}') == {"\ufffd": [{"\ufffd": "\ufffd"}]}


@given(number=st.integers() | st.integers(-(2**70), 2**70) | st.sampled_from([-(2**63), 2**64 - 1]))
@example(number=-(2**63) - 1)
@example(number=2**64)
def test_an_integer_is_read_the_same_whatever_stands_beside_it(number: int) -> None:
    """One of more than 64 bits becomes a float, or it could not be written."""
    alone = orjson.loads(str(number))
    for read in (loads(rf'[{number}, "\ud800"]'), read_body(f"[{number}, NaN]".encode())):
        assert (read[0], type(read[0])) == (alone, type(alone))
        assert orjson.loads(orjson.dumps(read)) == read


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "°", "\ufeff"])
def test_odd_characters_inside_a_string_stay(character: str) -> None:
    """What some tools take for a line break is text here."""
    assert loads(f'"a{character}b"'.encode()) == f"a{character}b"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{'a': 1}",
        b'{"a": 1} {"b": 2}',
        b"NaN",
        b"[-Infinity]",
        b'{"a": NaN, "b": "\\ud800"}',
        b'{"a": Infinity, "b": "\\ud800"}',
        b'{"a": 1e999}',
        b'{"a": 1e999, "b": "\\ud800"}',
        b'{"a": 1%s, "b": "\\ud800"}' % (b"0" * 400),
        b'{"a": 1%s, "b": "\\ud800"}' % (b"0" * 5000),
        b'"\xff"',
        b'"\xff \\ud800"',
        b'"\xed\xa0\x80"',
        b'"\\ud800',
    ],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    """NaN and infinities are none, nor is text that is not UTF-8, with or without a surrogate beside."""
    with pytest.raises(ValueError, match=r"."):
        loads(data)


@pytest.mark.parametrize("innermost", [b"", rb'"\ud800"'], ids=["plain", "with a lone surrogate"])
def test_json_that_is_nested_too_deeply_is_refused_as_no_json(innermost: bytes) -> None:
    """A hostile line or answer is a bad line or answer, not a crash."""
    with pytest.raises(ValueError, match=r"."):
        loads(b"[" * 100_000 + innermost + b"]" * 100_000)


@pytest.mark.parametrize(
    "fenced",
    [
        '```\n{"a": 1}\n```',
        '```json\n{"a": 1}\n```',
        '```JSON  \n{"a": 1}\n```\n',
        '\n  ```json\n{"a": 1}```  ',
        '```json\r\n{"a": 1}\n```',
    ],
)
def test_a_fence_around_the_whole_text_is_taken_off(fenced: str) -> None:
    """With or without a language, blanks around it or not."""
    assert strip_fence(fenced) == '{"a": 1}'


@pytest.mark.parametrize("before", ["", "Here is the JSON:\n", "\n\nSure!\n\n"])
@pytest.mark.parametrize("behind", ["", "\n", "\n\nHope this helps."])
@pytest.mark.parametrize("language", ["", "json", "JSON "])
def test_the_only_fence_in_a_text_is_what_was_asked_for(before: str, behind: str, language: str) -> None:
    """Whatever the model says around it."""
    assert strip_fence(f'{before}```{language}\n{{"a":\n1}}\n```{behind}') == '{"a":\n1}'


@pytest.mark.timeout(3)
def test_a_thousand_fences_take_no_time() -> None:
    """A search from each of them to the end would."""
    text = "```a\n" * 50_000
    assert strip_fence(text) == text


def test_line_breaks_inside_a_fence_stay() -> None:
    """Only the fence goes."""
    assert strip_fence("```\na\n\nb\n```") == "a\n\nb"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "Here is:\n```\na\n```\nor:\n```\nb\n```",
        "Here is ```a``` and more",
        "Here is:\n```\na```",
        "```\na",
        "a\n```",
        "``\na\n``",
        "``` a ```",
    ],
)
def test_a_text_that_is_not_wholly_fenced_is_left_alone(text: str) -> None:
    """Nothing is guessed."""
    assert strip_fence(text) == text


OBJECT = '{"a": {"b": [1]}}'


@pytest.mark.parametrize(
    "text",
    [
        OBJECT,
        f"```json\n{OBJECT}\n```",
        f"```json\n{OBJECT}",
        f"~~~json\n{OBJECT}\n~~~",
        f"`{OBJECT}`",
        f"json\n{OBJECT}",
        f"\n  {OBJECT}\n```\n",
    ],
)
def test_an_object_between_marks_of_a_fence_is_the_answer(text: str) -> None:
    """Models without a grammar leave one open, or write only its language."""
    assert json_in(text) == {"a": {"b": [1]}}


def test_line_breaks_may_stand_inside_the_strings_of_an_answer() -> None:
    """Strictly they are escaped; what is meant is clear."""
    assert json_in('{"a": "b\n\tc"}') == {"a": "b\n\tc"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "No.",
        "} {",
        f"{OBJECT}\n{OBJECT}",
        f"Here is: {OBJECT}",
        f"{OBJECT} is it.",
        f"[{OBJECT}, {OBJECT[:-3]}",
        OBJECT[:-1],
        f"Text: {OBJECT[:-1]} and more",
        "{x}",
        '{"a": NaN}',
        '{"a": 1,}',
        '{"a": "b\0c"}',
        '{"a": "b\x1bc"}',
    ],
)
def test_an_answer_without_json_or_with_words_is_none(text: str) -> None:
    """Nothing is guessed, and what was cut off stays unusable."""
    with pytest.raises(ValueError, match=r"."):
        json_in(text)


@given(text=texts)
def test_a_text_without_backticks_is_never_changed(text: str) -> None:
    """There is no fence to take off."""
    plain = text.replace("`", "'")
    assert strip_fence(plain) == plain


@pytest.mark.timeout(3)
@pytest.mark.parametrize("blank", ["\n", " ", "\n "])
def test_an_open_fence_before_endless_blanks_takes_no_time(blank: str) -> None:
    """Models do run into endless blanks in JSON mode, and the event loop must not stand still for them."""
    text = "```json\n" + blank * 20_000 + "{"
    assert strip_fence(text) == text
    with pytest.raises(ValueError, match=r"."):
        json_in(text)


def test_json_for_which_there_is_no_memory_is_an_error_and_no_crash() -> None:
    """The decoder would end the process without a word."""
    with pytest.raises(MemoryError):
        make_room(1 << 58)
    make_room(1 << 10)


@pytest.mark.parametrize(
    ("line", "found"), [(b'{"a": 1}\n', {"a": 1}), (b'{"a": ', {}), (b"[1]", {}), (b"\xff", {}), (b"", {})]
)
def test_a_line_without_an_object_is_an_empty_one(line: bytes, found: dict[str, int]) -> None:
    """A crash tears lines, and other programs write other values."""
    assert object_in(line) == found
