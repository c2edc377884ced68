"""What is shown of the names that a server gives."""

from dataclasses import replace

import pytest

from asyncgen.chat import ChatMessage, ChatRequest, Sampling
from asyncgen.client.classify import judge_error
from asyncgen.client.encoding import Encoder
from asyncgen.client.explanations import Explanations

KEY = "my-plain-password"
REQUEST = Encoder("m", "max_tokens").prepare(
    "paraphrase",
    ChatRequest("Paraphrase.", "Margarethe Quillfeather, born 1947-03-12, is well.", Sampling(None, None, None)),
)
FAILURE = judge_error(401, {}, {"error": {"message": f"Incorrect key: {KEY.upper()} and {KEY}"}}, 0.0)


@pytest.mark.parametrize(
    "request_id",
    [
        "req_011CUtPz8dGkYc4qV2fQ7XyZ",
        "0190f3a2-7b1c-7d43-9f0e-5a1b2c3d4e5f",
        "1-67891233-abcdef012345678912345678",
        "8f2c1e3d4a5b6c7d-FRA",
    ],
)
def test_a_request_id_is_shown(request_id: str) -> None:
    """It is what the provider's support asks for."""
    shown = Explanations([KEY])
    assert shown.request_id(request_id, REQUEST, []) == request_id
    assert shown.request_id(request_id, None, []) == request_id


@pytest.mark.parametrize(
    "request_id",
    [
        KEY,
        f"req-{KEY}-1",
        "Margarethe Quillfeather",
        "MARGARETHE_QUILLFEATHER",
        "born-1947-03-12",
        "quillfeather",
        "TWFyZ2FyZXRoZSBRdWlsbGZlYXRoZXI" * 4,
        "\x1b[31mred",
        "",
    ],
)
def test_a_request_id_that_holds_the_key_or_the_row_is_not_shown(request_id: str) -> None:
    """A gateway may put anything there."""
    assert Explanations([KEY]).request_id(request_id, REQUEST, []) is None


def test_of_an_answered_request_the_id_holds_no_key() -> None:
    """It goes into the list of calls."""
    assert Explanations([KEY]).request_id(KEY, None, []) is None


def test_a_short_value_of_a_header_hides_nothing() -> None:
    """A team's number is in many ids."""
    assert Explanations(["7", ""]).request_id("req_7", None, []) == "req_7"


def test_the_key_is_cut_whatever_it_looks_like() -> None:
    """Local servers take any word as a key."""
    shown = Explanations([KEY])
    sentence = shown.sentence(FAILURE, REQUEST, [], (None, None))
    assert sentence is not None
    assert "password" not in sentence.lower()


def test_a_reason_to_stop_names_neither_the_key_nor_the_row() -> None:
    """Code and request id stand in the run's last line too."""
    failure = replace(FAILURE, code=KEY, param="Margarethe_Quillfeather", request_id=KEY)
    named = Explanations([KEY]).named(failure, REQUEST, [])
    assert (named.code, named.param, named.request_id, named.status) == (None, None, None, 401)


def test_a_daily_limit_is_explained_though_one_a_minute_of_the_same_names_was() -> None:
    """The sentence is the only difference."""
    shown, names = Explanations([]), ("rate_limit_exceeded", None)
    minute, day = (
        judge_error(
            429, {}, {"error": {"message": f"Limit of requests per {span} reached", "code": names[0]}}, 0.0
        )
        for span in ("minute", "day")
    )
    assert shown.sentence(minute, REQUEST, [], names) == "Limit of requests per minute reached"
    assert shown.sentence(day, REQUEST, [], names) == "Limit of requests per day reached"
    assert shown.sentence(day, REQUEST, [], names) is None


@pytest.mark.parametrize("system", ["", "Answer."])
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("at", [0, -1])
def test_no_message_of_a_conversation_is_shown(system: str, number: int, at: int) -> None:
    """Not only the last one is the row's, and it may be the first of all."""
    before = [ChatMessage("assistant", "Good.")] * number
    before[at] = ChatMessage("assistant", "My name is Margarethe Quill, call me.")
    request = Encoder("m", "max_tokens").prepare(
        "answer", ChatRequest(system, "And now?", Sampling(None, None, None), before=tuple(before))
    )
    error = {"message": "Invalid prompt: mentions Margarethe Quill", "code": "Margarethe", "param": "Margarethe"}
    failure = judge_error(400, {}, {"error": error}, 0.0)
    explanations = Explanations([KEY])

    assert explanations.names(failure, request, []) == (None, None)
    sentence = explanations.sentence(failure, request, [], (None, None))
    assert sentence is not None
    assert "Invalid prompt" in sentence
    assert "Quill" not in sentence
    assert "Margarethe" not in sentence
