"""What is learned from refusals, and how a request is sent then."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import ChatMessage, ChatRequest, ModelWays, Sampling
from asyncgen.client.adaptations import Adaptations, refused_field, told
from asyncgen.client.classify import Failure, judge_error
from asyncgen.client.encoding import Encoder, Prepared

PLAIN = Sampling(0.7, 0.9, 100)
LUNA = ModelWays("max_completion_tokens", "without-reasoning", reasons=True, can_be_switched_off=True)


def prepared(sampling: Sampling = PLAIN, step: str = "paraphrase", **changes: Any) -> Prepared:
    """A request as a recipe asks for it."""
    request = ChatRequest('System "]}, text', 'A note with ]} and "quotes".', sampling, **changes)
    return Encoder("m", "max_tokens").prepare(step, request)


def sent(adaptations: Adaptations, request: Prepared, endpoint: str = "") -> dict[str, Any]:
    """The fields as an endpoint gets them, without model and messages."""
    body = orjson.loads(adaptations.body(endpoint, request))
    return {name: value for name, value in body.items() if name not in {"model", "messages"}}


def openai(param: str, code: str = "unsupported_parameter", message: str = "") -> Failure:
    """A refusal in OpenAI's shape."""
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return judge_error(400, {}, {"error": error}, 0)


def said(message: str, status: int = 400) -> Failure:
    """A refusal that only a sentence explains."""
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return judge_error(status, {}, {"error": error}, 0)


def cerebras(*names: str) -> Failure:
    """A refusal in the shape of Cerebras, whose `param` names no field."""
    message = "\n".join(f"body.{name}: property 'body.{name}' is unsupported" for name in names)
    error = {"message": message, "type": "invalid_request_error", "param": "validation_error"}
    return judge_error(422, {}, error | {"code": "wrong_api_format"}, 0)


def forbidden(*place: str) -> Failure:
    """A refusal in the shape of pydantic, as Mistral wraps it."""
    detail = [{"type": "extra_forbidden", "loc": list(place), "msg": "Extra inputs are not permitted", "input": 1}]
    return judge_error(422, {}, {"object": "error", "message": {"detail": detail}}, 0)


def test_what_is_not_refused_is_sent_byte_for_byte() -> None:
    """A model that takes everything sees what it always saw."""
    request = prepared()
    assert Adaptations(None).body("", request) is request.body
    assert Adaptations(ModelWays()).body("", request) is request.body


def test_a_listed_model_is_asked_in_its_way_from_the_first_call_on() -> None:
    """The limit by its name, and no reasoning where none was asked for; the user text is untouched."""
    request = prepared()
    adaptations = Adaptations(LUNA)
    assert sent(adaptations, request) == {
        "temperature": 0.7,
        "top_p": 0.9,
        "max_completion_tokens": 100,
        "reasoning_effort": "none",
    }
    messages = orjson.loads(adaptations.body("", request))["messages"]
    assert messages == orjson.loads(request.body)["messages"]


def test_with_an_effort_a_model_that_then_takes_no_sampling_gets_none() -> None:
    """The effort is the user's."""
    request = prepared(Sampling(0.7, 0.9, 100, (("reasoning_effort", '"low"'),)))
    assert sent(Adaptations(LUNA), request) == {"max_completion_tokens": 100, "reasoning_effort": "low"}


def test_an_effort_that_the_user_leaves_out_is_left_to_the_model() -> None:
    """`--param reasoning_effort=null`: it reasons, and then takes no sampling; another null changes nothing."""
    request = prepared()
    assert sent(Adaptations(LUNA.with_effort_of({"reasoning_effort": None})), request) == {
        "max_completion_tokens": 100
    }
    for params in ({}, {"seed": None}, {"reasoning_effort": "low"}):
        assert LUNA.with_effort_of(params) == LUNA


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (openai("temperature"), "temperature"),
        (openai("top_p", "unsupported_value"), "top_p"),
        (forbidden("body", "top_p"), "top_p"),
        (forbidden("top_p"), "top_p"),
        (cerebras("top_p"), "top_p"),
        (cerebras("top_p", "temperature"), "top_p"),
        (said("Unrecognized request argument supplied: top_p"), "top_p"),
        (said("property 'temperature' is unsupported"), "temperature"),
        (said("`temperature` and `top_p` cannot both be specified for this model"), "top_p"),
        (said("temperature and top_p cannot be set at the same time"), "top_p"),
        (said("invalid temperature: only 1 is allowed for this model"), "temperature"),
        (said("不支持参数 top_p"), "top_p"),
        (said("Input validation error: `top_p` must be > 0.0 and < 1.0", 422), "top_p"),
        (said("`temperature` may only be set to 1 when thinking is enabled."), "temperature"),
        (said("temperature: only temperature=1 is supported for this model."), "temperature"),
        (said("Argument not supported on this model: topP"), "top_p"),
        (
            judge_error(
                400,
                {},
                {"error": {"message": "models don't support temperature=0.7", "param": "None", "code": "400"}},
                0,
            ),
            "temperature",
        ),
        (judge_error(500, {}, {"error": {"code": "unsupported_parameter", "param": "top_p"}}, 0), "top_p"),
        (
            said("litellm.UnsupportedParamsError: x does not support parameters: ['top_p'], for model=m", 500),
            "top_p",
        ),
        (judge_error(400, {}, {"errors": [{"message": "top_p is not supported"}]}, 0), "top_p"),
        (
            openai("temperature", "invalid_request_error", "Only the default (1) value is supported."),
            "temperature",
        ),
    ],
)
def test_a_refused_field_is_left_out(failure: Failure, name: str) -> None:
    """However a server says it."""
    request, adaptations = prepared(), Adaptations(None)
    learned = adaptations.learn("", request, failure)
    assert learned is not None
    assert (learned.name, learned.renamed) == (name, None)
    assert name not in sent(adaptations, request)


@pytest.mark.parametrize(
    "sentence", ['"llama3.2:3b" does not support thinking', 'think value "medium" is not supported for this model']
)
def test_an_effort_that_is_called_thinking_is_left_out(sentence: str) -> None:
    """Ollama has its own name for it."""
    assert refused_field(said(sentence), ["temperature", "reasoning_effort"]) == "reasoning_effort"
    assert refused_field(said(sentence), ["temperature"]) is None


def test_calls_that_were_in_flight_together_leave_out_one_of_two_fields() -> None:
    """Each of them is refused with both fields, when the first has left one out already."""
    request, adaptations = prepared(), Adaptations(None)
    body, refusal = request.body, said("`temperature` and `top_p` cannot both be specified for this model")
    assert adaptations.learn("", request, refusal, body) is not None
    assert adaptations.learn("", request, refusal, body) is None
    assert sent(adaptations, request) == {"temperature": 0.7, "max_tokens": 100}


@pytest.mark.parametrize(
    "failure",
    [
        openai("max_tokens"),
        forbidden("body", "max_tokens"),
        said("max_tokens is not supported; use max_completion_tokens"),
    ],
)
def test_the_names_of_the_limit_are_exchanged_once(failure: Failure) -> None:
    """A server that refuses both is not asked a third way."""
    request, adaptations = prepared(), Adaptations(None)
    assert adaptations.learn("", request, failure) is not None
    assert sent(adaptations, request)["max_completion_tokens"] == 100
    assert adaptations.learn("", request, openai("max_completion_tokens")) is None


@pytest.mark.parametrize(
    "failure",
    [
        openai("messages"),
        openai("response_format"),
        openai("model", "model_not_found"),
        openai(
            "max_tokens", "invalid_value", "max_tokens is too large: 100. This model writes at most 50 tokens."
        ),
        openai("stop"),
        cerebras("messages.1.temperature.top"),
        cerebras("response_format"),
        openai("presence_penalty"),
        said("The temperature of the patient is unknown", 500),
        said("Your prompt is too long"),
    ],
)
def test_what_is_no_refusal_of_a_field_that_can_go_teaches_nothing(failure: Failure) -> None:
    """What the recipe needs, what was not sent, what is about a value, and what is no refusal."""
    request, adaptations = prepared(json_object=True), Adaptations(None)
    assert adaptations.learn("", request, failure) is None
    assert adaptations.body("", request) is request.body


def test_what_one_endpoint_refuses_goes_to_the_others_and_to_other_shapes() -> None:
    """Each endpoint and each set of fields is learned for itself."""
    plain, with_json, adaptations = prepared(), prepared(json_object=True), Adaptations(None)
    adaptations.learn("a", plain, openai("temperature"))
    assert "temperature" not in sent(adaptations, plain, "a")
    assert "temperature" in sent(adaptations, plain, "b")
    assert "temperature" in sent(adaptations, with_json, "a")


def test_what_was_learned_in_an_earlier_start_is_applied_from_the_first_call_on() -> None:
    """A resumed run does not ask again."""
    request, before = prepared(), Adaptations(None)
    learned = [before.learn("", request, openai(name)) for name in ("temperature", "max_tokens")]
    now = Adaptations(None, [one for one in learned if one is not None])
    assert now.body("", request) == before.body("", request)
    assert now.learn("", request, openai("temperature")) is None


@given(st.permutations(["temperature", "top_p", "max_tokens", "seed"]), st.booleans())
def test_refusals_in_any_order_come_to_the_same(order: list[str], json_object: bool) -> None:
    """What is left is what no refusal named; the hash of the request is that of what was configured."""
    sampling = Sampling(0.7, 0.9, 100, (("seed", "7"),))
    request, adaptations = prepared(sampling, json_object=json_object), Adaptations(None)
    for name in order:
        assert adaptations.learn("", request, openai(name)) is not None
    left = sent(adaptations, request)
    assert {name: value for name, value in left.items() if name != "response_format"} == {
        "max_completion_tokens": 100
    }
    assert ("response_format" in left) == json_object


TEMPLATE_REFUSES = {
    "vLLM": (
        400,
        {"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400},
    ),
    "TGI": (422, {"error": "Template error: template error: System role not supported (in <string>:1)"}),
    "llama.cpp": (500, {"error": {"code": 500, "message": "System role not supported at row 1, column 41:"}}),
    "Mistral's template": (
        400,
        {"message": "Conversation roles must alternate user/assistant/user/assistant/... None", "code": 400},
    ),
    "TGI, later": (422, {"error": "Template error: invalid operation: System role not supported (in <string>:1)"}),
    "llama.cpp, later": (
        500,
        {
            "error": {
                "code": 500,
                "message": "\n------------\nWhile executing CallExpression at line 1, column 67 in source:\n"
                "...'system' %}{{ raise_exception('System role not supported') }}\n  ^\n"
                "Error: Jinja Exception: System role not supported",
            }
        },
    ),
    "mistral.rs": (
        500,
        {"message": "invalid operation: Conversation roles must alternate user/assistant/user/... (in x:1)"},
    ),
    "LiteLLM": (
        400,
        {
            "error": {
                "message": "litellm.BadRequestError: OpenAIException - Error code: 400 - {'object': 'error', "
                "'message': 'System role not supported', 'type': 'BadRequestError', 'param': None, 'code': 400}",
                "code": "400",
            }
        },
    ),
    "Gemini": (
        400,
        [{"error": {"code": 400, "message": "Developer instruction is not enabled for models/gemma-3"}}],
    ),
    "OpenAI": (
        400,
        {
            "error": {
                "message": "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
                "type": "invalid_request_error",
                "param": "messages[0].role",
                "code": "unsupported_value",
            }
        },
    ),
}


@pytest.mark.parametrize("server", TEMPLATE_REFUSES)
def test_where_there_is_no_system_message_the_users_begins_with_its_text(server: str) -> None:
    """Not a word is lost, and other fields are sent and learned as ever."""
    status, body = TEMPLATE_REFUSES[server]
    request, adaptations = prepared(), Adaptations(None)

    learned = adaptations.learn("", request, judge_error(status, {}, body, 0))

    assert learned is not None
    assert told("m", learned) == "Model m takes no system message: the user's begins with its text"
    changed = orjson.loads(adaptations.body("", request))
    was = orjson.loads(request.body)
    text = "\n\n".join(message["content"] for message in was["messages"])
    assert changed == was | {"messages": [{"role": "user", "content": text}]}
    now = adaptations.body("", request)
    assert adaptations.learn("", request, judge_error(status, {}, body, 0), now) is None
    assert adaptations.known("", request, judge_error(status, {}, body, 0)) == "system"
    assert adaptations.learn("", request, openai("top_p"), now) is not None
    assert sent(adaptations, request) == {"temperature": 0.7, "max_tokens": 100}
    assert adaptations.body("other", adaptations.with_fields("", request)) == request.body
    again = adaptations.with_fields("", request)
    assert adaptations.body("", again) == adaptations.body("", request)
    assert Adaptations(None, [learned]).body("", request) == now


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("user", "assistant"), [("user", "S\n\n0"), ("assistant", "1"), ("user", "U")]),
        (("assistant",), [("user", "S"), ("assistant", "0"), ("user", "U")]),
    ],
)
def test_in_a_conversation_the_first_message_of_the_user_begins_with_the_systems(
    before: tuple[str, ...], after: list[tuple[str, str]]
) -> None:
    """Roles alternate as before; where the assistant speaks first, the system's becomes the user's."""
    turns = tuple(ChatMessage(role, str(number)) for number, role in enumerate(before))
    request = Encoder("m", "max_tokens").prepare("x", ChatRequest("S", "U", PLAIN, before=turns))
    adaptations = Adaptations(None)

    assert adaptations.learn("", request, said("System role not supported")) is not None

    messages = orjson.loads(adaptations.body("", request))["messages"]
    assert [(message["role"], message["content"]) for message in messages] == after
    assert adaptations.learn("", request, said("System role not supported"), adaptations.body("", request)) is None


def test_a_conversation_without_a_system_message_is_none_to_change() -> None:
    """Though the user's message stands behind another one."""
    turns = (ChatMessage("user", "a"), ChatMessage("assistant", "b"))
    request = Encoder("m", "max_tokens").prepare("x", ChatRequest("", "U", PLAIN, before=turns))
    adaptations = Adaptations(None)

    assert adaptations.learn("", request, said("System role not supported")) is None
    assert adaptations.body("", request) is request.body


def test_a_request_without_a_system_message_is_none_to_change() -> None:
    """The template wants something else."""
    request = Encoder("m", "max_tokens").prepare("x", ChatRequest("", 'A "},{"role":"user","content":"', PLAIN))
    adaptations = Adaptations(None)
    assert adaptations.learn("", request, said("System role not supported")) is None
    assert adaptations.body("", request) is request.body


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (500, "Failed to parse input at pos 0: this server does not support system messages, why?"),
        (400, "This model does not support system prompt caching"),
        (400, "The model is temporarily unavailable, lower the temperature"),
        (400, "max_tokens must be one of 512, 1024"),
    ],
)
def test_what_only_names_a_message_or_a_field_teaches_nothing(status: int, message: str) -> None:
    """A row that is quoted, something else about it, a wrong value."""
    assert Adaptations(None).learn("", prepared(), said(message, status)) is None


@given(st.text(min_size=1), st.text())
def test_whatever_the_texts_hold_one_message_has_both(system: str, user: str) -> None:
    """The boundary between them is found, and nothing that looks like it."""
    request = Encoder("m", "max_tokens").prepare("x", ChatRequest(system, user, PLAIN))
    adaptations = Adaptations(None)
    assert adaptations.learn("", request, said("System role not supported")) is not None
    [message] = orjson.loads(adaptations.body("", request))["messages"]
    assert message == {"role": "user", "content": f"{system}\n\n{user}"}
