"""A model that a server does not serve, in the bodies that servers send: the run ends, not each row."""

from typing import Any

import pytest

from asyncgen.client.classify import Action, judge_error

NOTE = "The patient, a model of good health, does not exist on any list and was not found to be ill."


def openai(message: Any, code: Any = None, param: str | None = None, **more: Any) -> dict[str, Any]:
    """In OpenAI's shape."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code} | more}


BODIES: dict[str, tuple[int, Any]] = {
    "OpenAI": (
        404,
        openai("The model `x` does not exist or you do not have access to it.", "model_not_found"),
    ),
    "OpenAI, no name": (400, openai("invalid model ID")),
    "Azure": (404, {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}}),
    "Azure, another kind": (
        400,
        {
            "error": {
                "code": "OperationNotSupported",
                "message": "The chatCompletion operation does not work with the specified model, x.",
            }
        },
    ),
    "OpenRouter": (400, {"error": {"message": "a/x:free is not a valid model ID", "code": 400}, "user_id": "u"}),
    "OpenRouter, no provider": (404, {"error": {"message": "No endpoints found for a/x.", "code": 404}}),
    "LM Studio, no room": (400, {"error": 'Failed to load model "x". Error: Error loading model.'}),
    "DeepSeek": (400, openai("Model Not Exist", "invalid_request_error")),
    "DeepSeek, later": (
        400,
        openai(
            "The supported API model names are deepseek-v4-pro or deepseek-v4-flash, but you passed x.",
            "invalid_request_error",
        ),
    ),
    "SiliconFlow": (
        400,
        {"code": 20012, "message": "Model does not exist. Please check it carefully.", "data": None},
    ),
    "Ollama": (404, openai("model 'x' not found, try pulling it first", type="api_error")),
    "Ollama, its own": (404, {"error": 'model "x" not found, try pulling it first'}),
    "vLLM": (
        404,
        {
            "object": "error",
            "message": "The model `/data/x` does not exist.",
            "type": "NotFoundError",
            "param": None,
            "code": 404,
        },
    ),
    "Groq": (
        404,
        openai("The model `x` does not exist or you do not have access to it.", "model_not_found"),
    ),
    "Groq, gone": (
        400,
        openai("The model `x` has been decommissioned and is no longer supported.", "model_decommissioned"),
    ),
    "Mistral": (
        400,
        {
            "object": "error",
            "message": "Invalid model: x",
            "type": "invalid_model",
            "param": None,
            "code": "1500",
        },
    ),
    "Together": (404, openai("Unable to access model a/x.", "model_not_found")),
    "Together, no server": (
        400,
        {"id": "o-1"} | openai("Unable to access non-serverless model a/x.", "model_not_available"),
    ),
    "Together, asleep": (
        400,
        openai("The dedicated endpoint for a/x is not running.", "dedicated_endpoint_not_running"),
    ),
    "LM Studio": (
        400,
        openai(
            'Invalid model identifier "x". Please specify a valid downloaded model.', "model_not_found", "model"
        ),
    ),
    "LM Studio, none": (
        400,
        openai("No models loaded. Please load a model in the developer page.", param="model"),
    ),
    "LM Studio, earlier": (400, {"error": "No models loaded. Please load a model in the developer page."}),
    "llama-swap": (404, {"error": "no model id could be identified", "src": "llama-swap"}),
    "Hugging Face": (
        400,
        openai("The requested model 'a/x' does not exist.", "model_not_found", "model"),
    ),
    "Hugging Face, no provider": (
        400,
        openai("The requested model 'a/x' is not supported by any provider you have enabled."),
    ),
    "GitHub Models": (
        400,
        {"error": {"code": "unknown_model", "message": "Unknown model: a/x", "details": "Unknown model: a/x"}},
    ),
    "GitHub Copilot": (400, openai("The requested model is not supported.", "model_not_supported", "model")),
    "xAI": (
        404,
        {
            "code": "Some requested entity was not found",
            "error": "The model x does not exist or your team 1 does not have access to it.",
        },
    ),
    "xAI, later": (
        400,
        {"code": "Client specified an invalid argument", "error": "Model not found: grok-2-latest"},
    ),
    "Cloudflare": (
        400,
        {
            "result": None,
            "success": False,
            "errors": [{"message": "No such model @cf/meta/x or task", "code": 5007}],
            "messages": [],
        },
    ),
    "Cloudflare, of its own": (
        400,
        {"errors": [{"message": "AiError: AiError: No such model @cf/meta/x or task (0f-1)", "code": 5007}]},
    ),
    "MiniMax": (
        400,
        {
            "type": "error",
            "error": {
                "type": "bad_request_error",
                "message": "invalid params, unknown model 'x' (2013)",
                "http_code": "400",
            },
            "request_id": "0660",
        },
    ),
    "Vertex": (
        400,
        [
            {
                "error": {
                    "code": 400,
                    "message": "Malformed publisher model (`model`: 'x') for the 'openapi' request endpoint ID; "
                    "expected '<publisher>/<model>'.",
                    "status": "INVALID_ARGUMENT",
                }
            }
        ],
    ),
    "Portkey": (
        400,
        {
            "status": "failure",
            "message": "Provider request failed",
            "error": {"type": "provider_error", "code": "model_not_found", "provider": "openai"},
        },
    ),
    "Portkey, of its own": (
        400,
        {
            "status": "failure",
            "message": "Portkey Error: No model found for the request. Error Code: 01",
            "error": {"message": "Portkey Error: No model found for the request. Error Code: 01", "code": "01"},
        },
    ),
    "Portkey before Mistral": (
        400,
        openai("mistral-ai error: Invalid model: x", type="invalid_request_error") | {"provider": "mistral-ai"},
    ),
    "Portkey before xAI": (400, openai("x-ai error: Model not found: x", type=None) | {"provider": "x-ai"}),
    "GitHub Models, gone": (400, {"error": {"code": "unavailable_model", "message": "Unavailable model: x"}}),
    "Ollama, of embeddings": (400, openai('"nomic-embed-text" does not support chat', None, type="api_error")),
    "Bedrock": (400, {"message": "The provided model identifier is invalid."}),
    "Zhipu": (400, {"error": {"code": "1211", "message": "模型不存在"}}),
    "Zhipu, numbered": (
        400,
        {
            "error": {
                "type": "invalid_request_error",
                "code": "1211",
                "message": "[1211][模型不存在][20]",
            }
        },
    ),
    "LiteLLM": (
        400,
        {
            "error": {
                "message": {
                    "error": "/chat/completions: Invalid model name passed in model=x. Call `/v1/models`."
                },
                "type": "None",
                "param": "None",
                "code": "400",
            }
        },
    ),
    "LiteLLM, earlier": (
        400,
        openai("400: {'error': 'Invalid model name passed in model=x'}", 400, type="None", param="None"),
    ),
    "LiteLLM before Perplexity": (
        400,
        openai(
            "litellm.BadRequestError: PerplexityException - Invalid model 'perplexity/x'. Permitted models", "400"
        ),
    ),
    "LiteLLM before OpenAI": (400, openai("litellm.BadRequestError: OpenAIException - Model Not Exist", "400")),
    "FastChat": (400, {"object": "error", "message": "Only a/b&&c allowed now, your model x", "code": 40301}),
    "FastChat without a worker": (
        400,
        {"object": "error", "message": "Only  allowed now, your model x", "code": 40301},
    ),
    "transformers serve": (400, {"detail": "Server is pinned to '/models/a b'; requested 'x'."}),
    "FastAPI": (
        422,
        {"detail": [{"type": "value_error", "loc": ["body", "model"], "msg": "unknown", "input": "x"}]},
    ),
}


@pytest.mark.parametrize("server", BODIES)
def test_a_model_that_is_not_served_ends_the_run_and_not_each_row(server: str) -> None:
    """However the server says it."""
    status, body = BODIES[server]
    failure = judge_error(status, {}, body, 0)
    assert (failure.kind, failure.action) == ("not_found", Action.STOP_IF_REPEATED)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, openai(NOTE), "bad_request"),
        (400, openai(f"'{NOTE}' is not a valid model ID of a disease"), "bad_request"),
        (400, openai("The model produced invalid content"), "bad_request"),
        (400, openai("maximum context length is 8192", "context_length_exceeded"), "context_length"),
        (400, openai("'temperature' does not support 0.7 with this model", param="temperature"),
         "bad_request"),
        (400, openai("'stop' does not support chat with tools", param="stop"), "bad_request"),
        (500, openai("Model does not exist"), "server_error"),
        (503, openai("No models loaded. It is loading.", param="model"), "overloaded"),
        (400, {"error": "Model is still loading. Please wait."}, "overloaded"),
        (400, openai('Model "a/x" is currently loading'), "overloaded"),
        (500, openai("llm server loading model", type="api_error"), "overloaded"),
        (400, {"error": "Model is unloaded."}, "server_error"),
        (400, openai("The model train is loading at the station, says the patient"), "bad_request"),
    ],
)  # fmt: skip
def test_what_only_speaks_of_models_is_what_it_was(status: int, body: Any, kind: str) -> None:
    """A row that is quoted, a limit, a field, and servers that may get better."""
    assert judge_error(status, {}, body, 0).kind == kind
