"""Completions: what the body asks for, the same at every time."""

from typing import Any

import orjson
import pytest

from asyncgen.simulator.completions import complete
from asyncgen.simulator.paraphrase import find_note, paraphrase
from asyncgen.simulator.simulated_requests import InvalidRequestError, parse_request
from asyncgen.simulator.tokens import count_tokens, cut_to_tokens

from .helpers import NOTE, chat


def parsed(body: dict[str, Any]) -> Any:
    """The request as the server reads it."""
    return parse_request(orjson.dumps(body))


def asked_for_json(system: str, user: str = "The note says fever began yesterday.", **fields: Any) -> Any:
    """The JSON that is answered to these prompts."""
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    request = parsed({"response_format": {"type": "json_object"}, **chat(messages=messages), **fields})
    return orjson.loads(complete(request, 1).content)


@pytest.mark.parametrize(
    "message",
    [
        f"Rules: one change.\n<note>\n{NOTE}\n</note>\nReply with the note.",
        f"The note is between <note> and </note>.\n<note>{NOTE}</note>",
        f"Paraphrase:\n```\n{NOTE}\n```\nThanks",
        f"Paraphrase:\n```text\n{NOTE}\n```",
        f'Here it is """{NOTE}"""',
        f"Rules:\n- one change\nNote:\n{NOTE}",
        f"Do it with this: \n{NOTE}\n",
        f"  {NOTE}\n",
    ],
)
def test_the_note_is_found(message: str) -> None:
    """In tags, in a fence, behind a lead-in, or as the whole message."""
    assert find_note(message) == NOTE


def test_a_heading_in_the_note_is_no_lead_in() -> None:
    """Behind a lead-in that speaks of a note, a line that ends with a colon belongs to the note."""
    note = "Laboratory studies show:\nNa+ 128 mEq/L"
    assert find_note(f"Paraphrase this note:\n{note}") == note


def test_keys_choose_among_all_changes() -> None:
    """Different requests change the same note in different places, each in one."""
    found = {paraphrase(NOTE, key) for key in range(200)}
    assert found == {
        NOTE.replace("comes to", "presents to"),
        NOTE.replace("because of", "due to"),
        NOTE.replace("3-day", "72-hour"),
        NOTE.replace("shows", "reveals"),
    }


def test_one_of_several_occurrences_changes() -> None:
    """A phrase that occurs twice is replaced once."""
    found = {paraphrase("It shows that it shows.", key) for key in range(20)}
    assert found == {"It reveals that it shows.", "It shows that it reveals."}


@pytest.mark.parametrize(
    ("note", "changed"),
    [
        ("Pain for 2 weeks.", "Pain for 14 days."),
        ("Pain for 3 days.", "Pain for 72 hours."),
        ("Pain with a 2-week history of fever.", "Pain with a 14-day history of fever."),
        ("Pain for 2 to 3 days.", None),
        ("Pain for 5\u20137 days.", None),
        ("Pain for 2.5 days.", None),
        ("Pain on 3 days a week.", None),
        ("Born at 7 weeks' gestation.", None),
        ("Seen at 7 weeks gestation.", None),
        ("Pain for 30 days.", None),
        ("", None),
    ],
)
def test_spans_are_converted_only_where_it_is_legal(note: str, changed: str | None) -> None:
    """Days become hours and weeks days, never in ranges, frequencies, decimals or pregnancies."""
    assert paraphrase(note, 1) == (changed if changed is not None else "Per the chart: " + note)


def test_tokens_are_near_to_a_tokenizer() -> None:
    """Words, long words in pieces, numbers in threes, signs each."""
    assert count_tokens("He takes metoprolol 50 mg.") == 7
    assert count_tokens("12345") == 2
    assert count_tokens("") == 0
    assert cut_to_tokens("He takes metoprolol 50 mg.", 2) == "He takes"
    assert cut_to_tokens("He takes", 2) == "He takes"
    assert cut_to_tokens("He takes", 0) == ""


def test_usage_and_charge_are_different_estimates() -> None:
    """Usage counts tokens, the charge is the larger of max_tokens and a quarter of the characters."""
    request = parsed(chat())
    completion = complete(request, 1)
    assert completion.prompt_tokens == request.prompt_tokens > 40
    assert completion.completion_tokens == count_tokens(completion.content)
    assert request.charge == 500
    assert parsed(chat(max_tokens=None)).charge == -(-request.characters // 4)


@pytest.mark.parametrize("field", ["max_tokens", "max_completion_tokens"])
def test_long_answers_are_cut(field: str) -> None:
    """An answer above the limit ends there, and says so."""
    completion = complete(parsed(chat(**{"max_tokens": None, field: 10})), 1)
    assert completion.finish_reason == "length"
    assert completion.completion_tokens == count_tokens(completion.content) == 10


def test_json_has_the_keys_that_the_system_prompt_shows() -> None:
    """The example's keys in order, lists where it has lists, although it is no valid JSON."""
    answer = asked_for_json(
        'Only {braces} here. Return {\n "summary": "...", "key_points": ["a", ...], "certain": true,\n'
        ' "score": 0.0-1.0, "inner": {"why": "<text>"}, "open": <text>, "last": {x} }, not {"other": 1}'
    )
    assert [*answer] == ["summary", "key_points", "certain", "score", "inner", "open", "last"]
    assert isinstance(answer["summary"], str)
    assert all(isinstance(point, str) for point in answer["key_points"])
    assert answer["certain"] is True
    assert answer["score"] == 1
    assert [*answer["inner"]] == ["why"]
    assert isinstance(answer["open"], str)
    assert isinstance(answer["last"], str)


def test_json_sentences_mention_the_request() -> None:
    """What is answered quotes the user's message."""
    answer = asked_for_json('{"a": ""}', user="fever began yesterday")
    assert "fever began yesterday" in answer["a"]


def test_json_keys_come_from_the_user_prompt_else_by_default() -> None:
    """Without an example in the system prompt the user prompt is read; without any, one key remains."""
    assert [*asked_for_json("none", user='Like {"x": ["y"]} please')] == ["x"]
    assert [*asked_for_json("none")] == ["reasoning"]


def test_an_unfinished_example_still_shows_its_keys() -> None:
    """A brace that is never closed does no harm."""
    assert [*asked_for_json('Return {"a": "x", "b": ["y", "c": 1')] == ["a", "b"]


def test_a_json_schema_is_followed() -> None:
    """With a schema, its properties are the keys, of their types."""
    schema = {
        "properties": {
            "why": {"type": "string"},
            "tags": {"type": "array"},
            "sure": {"type": "boolean"},
            "count": {"type": "integer"},
            "inner": {"type": "object", "properties": {"x": {"type": "string"}}},
        }
    }
    answer = asked_for_json(
        '{"ignored": 1}',
        response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": schema}},
    )
    assert {name: type(value) for name, value in answer.items()} == {
        "why": str,
        "tags": list,
        "sure": bool,
        "count": int,
        "inner": dict,
    }


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{", None),
        (b"[]", "model"),
        (b'{"model": "m"}', "messages"),
        (b'{"model": "m", "messages": [1]}', "messages"),
        (b'{"model": "m", "messages": [{"role": "user"}]}', "messages"),
        (b'{"model": "m", "messages": [{"role": "user", "content": [{"text": 5}]}]}', "messages"),
        (b'{"model": "m", "stream": true, "messages": []}', "stream"),
        (b'{"model": "m", "max_tokens": 0, "messages": [{"role": "user", "content": ""}]}', "max_tokens"),
        (
            b'{"model":"m","response_format":{"type":"json_schema"},"messages":[{"role":"user","content":""}]}',
            "response_format",
        ),
    ],
)
def test_what_the_api_would_not_take_is_refused(body: bytes, param: str | None) -> None:
    """Malformed requests name the parameter at fault."""
    with pytest.raises(InvalidRequestError) as caught:
        parse_request(body)
    assert caught.value.param == param


def test_text_parts_are_joined() -> None:
    """A content given as a list of parts is read as one text."""
    parts = [{"type": "text", "text": "<note>It shows"}, {"type": "text", "text": " A.</note>"}]
    request = parsed(chat(messages=[{"role": "user", "content": parts}]))
    assert complete(request, 1).content == "It reveals A."
