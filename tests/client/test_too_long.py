"""Prompts that do not fit, in the words of servers that give no code: named as such, and not asked in vain."""

from typing import Any

import pytest

from asyncgen.client.classify import Action, judge_error

SAYS: dict[str, tuple[int, Any]] = {
    "vLLM": (
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens.",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
    ),
    "vLLM since 0.12": (
        400,
        {
            "error": {
                "message": "You passed 5001 input tokens and requested 2048 output tokens. However, the model's "
                "context length is only 4096 tokens, resulting in a maximum input length of 2048 tokens.",
                "type": "BadRequestError",
                "param": "input_tokens",
                "code": 400,
            }
        },
    ),
    "Together": (
        403,
        {"error": {"message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8193."}},
    ),
    "Anthropic": (400, {"error": {"message": "prompt is too long: 9000 tokens > 8192 maximum"}}),
    "vLLM since 0.32": (
        400,
        {
            "error": {
                "message": "max_tokens=4000 cannot be greater than max_model_len=1024. Please request fewer "
                "output tokens. (parameter=max_tokens, value=4000)",
                "type": "BadRequestError",
                "param": "max_tokens",
                "code": 400,
            }
        },
    ),
    "TGI": (
        422,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 8192. Given: 9000",
            "error_type": "validation",
        },
    ),
    "LiteLLM": (
        400,
        {
            "error": {
                "message": "litellm.BadRequestError: OpenAIException - This model's maximum context length is 10.",
                "code": "400",
            }
        },
    ),
}


@pytest.mark.parametrize(("status", "body"), SAYS.values(), ids=SAYS)
def test_a_prompt_that_does_not_fit_is_named(status: int, body: Any) -> None:
    """And its pair fails after one call."""
    failure = judge_error(status, {}, body, 0.0)
    assert (failure.kind, failure.action) == ("context_length", Action.GIVE_UP)


def test_a_context_that_several_prompts_have_filled_is_tried_once_more() -> None:
    """llama.cpp says the same with 500 to all that share it: after the others one may pass."""
    body = {"error": {"code": 500, "message": "Context size has been exceeded.", "type": "server_error"}}
    failure = judge_error(500, {}, body, 0.0)
    assert (failure.kind, failure.action) == ("context_length", Action.ASK_AGAIN)


@pytest.mark.parametrize("status", [400, 500])
def test_a_row_that_is_quoted_does_not_decide(status: int) -> None:
    """Only how a sentence begins does."""
    body = {"error": {"message": "cannot parse: 'Context size has been exceeded, prompt is too long: 9'"}}
    assert judge_error(status, {}, body, 0.0).kind in {"bad_request", "server_error"}


@pytest.mark.parametrize(
    "sentence",
    [
        "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens",
        "This model's maximum prompt length is 131072 but the request contains 140000 tokens.",
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]",
        "Invalid request: Your request exceeded model token limit: 8192",
        "The prompt is too long: 140812, model maximum context length: 131071",
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000, decrease input length",
        "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded",
        "The number of tokens to keep from the initial prompt is greater than the context length.",
        "The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 9000.",
        "Input length 140000 exceeds the maximum length 131072.",
        "context window exceeds limit",
        "length of prompt_tokens (163280) must be less than max_seq_len (32768).",
        "Total tokens of image and text exceed max message tokens. Request id: 021",
        "prompt token count of 73911 exceeds the limit of 63836",
        "the input length exceeds the context length",
        "litellm.ContextWindowExceededError: litellm.BadRequestError: VllmException - too much",
        "Input tokens exceed the configured limit of 272000 tokens.",
        "'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is 4096",
        "The input token count (1100000) exceeds the maximum number of tokens allowed (1048576).",
        "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
        "Input is too long for requested model.",
        "Requested token count exceeds the model's maximum context length of 4096 tokens.",
    ],
)
def test_the_sentences_of_other_servers_are_known(sentence: str) -> None:
    """OpenRouter, xAI, vLLM, Gemini, Mistral, Bedrock and SGLang."""
    assert judge_error(400, {}, {"error": {"message": sentence}}, 0.0).kind == "context_length"


@pytest.mark.parametrize(("param", "kind"), [("messages.[1].content", "context_length"), ("user", "bad_request")])
def test_a_text_that_is_too_long_is_one_of_the_messages(param: str, kind: str) -> None:
    """OpenAI gives the same code to a value of any other field: settings are to blame, and no row."""
    error = {"message": "string too long", "code": "string_above_max_length", "param": param}
    assert judge_error(400, {}, {"error": error}, 0.0).kind == kind
