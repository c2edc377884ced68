"""Recognise by a server's words what no status or code says, or what one says wrongly. Pure.

Patterns match whole sentences of servers from their beginning: a text that quotes a row does not begin like that.
They are compiled when first used, and kept by `re`: most runs meet no such sentence, and all pay for the start.
"""

import re
from typing import Any

from asyncgen.client.error_body import GATEWAY, ErrorBody

_MODEL = r"[`'\"]?[^\s`'\"]{0,200}[`'\"]?"
# DashScope's code for a limit of tokens a minute is OpenAI's for an account without credit.
_TOKENS_A_MINUTE = (
    r"Allocated quota exceeded\b",
    r"You exceeded your current quota\b.{0,200}#token-limit\b",
)
_RATE = (
    r"(?:API )?rate limit exceeded\b",  # DashScope's plans and GitHub, with 403
    r"You have exceeded a secondary rate limit\b",  # GitHub, with 403
    *_TOKENS_A_MINUTE,
    r"Out of call volume quota\b",  # Azure API Management, with 403
)
_NO_CREDIT = (
    r"Your credit balance is too low\b",  # Anthropic
    r"You have reached your specified API usage limits\b",  # the same
    r"Account \S{1,80} is suspended\b",  # Fireworks, with 412
    r"Your (?:\w+ ){0,3}team \S{1,80} has either used all available credits\b",  # xAI, with 403 and 429
    r"Your newly created team doesn't have any credits\b",  # the same, with 403
    r"Sorry, your account balance is insufficient\b",  # SiliconFlow, with 403
    r"Key limit exceeded\b",  # OpenRouter
    r"Your prepayment credits are depleted\b",  # Gemini
    r"You exceeded your current quota, please check your plan and billing details\. For more information on this "
    r"error, read the docs: https://platform\.openai\.com",  # OpenAI, behind gateways that drop its code
    r"You exceeded your current quota\b.{0,800}?\blimit: 0\b",  # Gemini, of a model that the plan has not
    r"Budget has been exceeded!",  # LiteLLM
    r"ExceededBudget: ",  # LiteLLM, of a user or team
    r"Insufficient Balance\b",  # DeepSeek behind a gateway; MiniMax, with 500
    r"You are using a Trial key, which is limited to \d+ API calls / month\b",  # Cohere
    r"You are past the per month request limit\b",  # the same
    r"you(?:'ve| \([^()]{1,80}\) have) reached your (?:weekly|monthly) usage limit\b",  # Ollama's cloud
    r"(?:\[1113\]\[)?余额不足",  # Zhipu
    r"资源包余量已用尽",  # Hunyuan
)
_NOT_SERVED = (
    rf"{_MODEL} is not a valid model ID",  # OpenRouter
    r"invalid model ID\b",  # OpenAI, for names that can be none
    r"Model Not Exist\b",  # DeepSeek
    rf"The supported API model names are .{{1,400}}, but you passed {_MODEL}",  # DeepSeek, later
    r"Model does not exist\b",  # SiliconFlow
    rf"(?:The )?(?:requested )?model:? {_MODEL} (?:does not exist|(?:was |is )?not found|is not supported)\b",
    rf"{_MODEL} does not support (?:chat|generate)\s*$",  # Ollama, of embeddings
    r"The requested model is not supported\b",  # GitHub Copilot
    r"(?:/\S{1,80}: |400: |{'error': '){0,3}Invalid model name passed in\b",  # LiteLLM
    rf"Invalid model:? {_MODEL}",  # Mistral, Perplexity
    rf"Invalid model identifier {_MODEL}",  # LM Studio
    r"No models? (?:is )?loaded\b",  # LM Studio
    r"Failed to load model\b",  # LM Studio, of one that is damaged or too large
    rf"Unknown model:? {_MODEL}",  # GitHub Models
    r"The provided model identifier is invalid\b",  # Bedrock
    rf"Invocation of model ID {_MODEL} with on-demand throughput isn\S{{1,2}}t supported\b",  # Bedrock
    rf"Unable to access (?:non-serverless )?model {_MODEL}",  # Together
    r"no model id could be identified\b",  # llama-swap
    r"could not find real modelID\b",  # llama-swap, earlier
    rf"(?:AiError: )*(?:5007: )?No such model {_MODEL}",  # Cloudflare
    rf"Model not found:? {_MODEL}",  # xAI
    r"invalid params, unknown model\b",  # MiniMax
    r"No model found for the request\b",  # Portkey
    r"Malformed publisher model\b",  # Vertex, of a name without its publisher
    r"(?:\[1211\]\[)?模型不存在",  # Zhipu
    r"Only \S{0,400} ?allowed now, your model \S{1,200}\s*$",  # FastChat
    r"Server is pinned to\b",  # transformers serve
)
_NO_ROUTE = (
    r"Unexpected endpoint or method\b",  # LM Studio, with 200
    r"Missing required query parameter: api-version\b",  # Azure
    r"API version not supported\b",  # the same
)
_NOT_ALLOWED = (
    r"User location is not supported\b",  # Gemini
    r"(?:aws-bedrock error: )?(?:The model returned the following errors: )?You have not filled out\b",  # Bedrock
    r"Your organization must be verified to use (?:this|the) model\b",  # OpenAI
)
_WRONG_KEY = (
    r"Incorrect API key provided\b",  # xAI, with 400
    r"Missing or invalid Authorization header\b",  # Gemini, with 400
)
_FILTERED = (
    r"Content violates usage guidelines\b",  # xAI, with 403
    r"The response was filtered due to the prompt triggering Azure OpenAI\b",  # where a gateway drops its code
    r"(?:Prompt|Response) blocked due to security configurations\b",  # Cloudflare, with 424
    r"Content Exists Risk\b",  # DeepSeek
    # OpenAI; its code alone is also that of a prompt in a wrong form.
    r"Invalid prompt: (?:your prompt was flagged|we've limited access to this content)\b",
    r"The prompt was blocked because it contain(?:s|ed) PROHIBITED_CONTENT\b",  # Gemini
    r"Output blocked by content filtering policy\b",  # Anthropic
    r"litellm\.ContentPolicyViolationError: ",  # LiteLLM, of any server
    r"(?:\{'error': ')?Violated (?:guardrail|content safety|OpenAI moderation) policy\b",  # LiteLLM
    r"bad request: prompt pattern is blocked\b",  # Kong
    r"Request failed content safety check\b",  # Azure API Management, with 403
)
_SICK = (
    r"Function id '\S{1,80}': DEGRADED\b",  # NVIDIA, with 400
    r"Timeout while downloading\b",  # OpenAI, of an image, with 400
    r"Model (?:is )?unloaded\b",  # LM Studio, with 400: it loads it again
)
_LOADING = (
    rf"(?:The )?model (?:{_MODEL} )?is (?:still |currently )?(?:being loaded|loading)\b(?! \w)",  # LM Studio
    r"Loading model\b",  # llama.cpp
    r"(?:an error was encountered while running the model: )?llm server loading model\b",  # Ollama
)


_INVALID = (r"\d+ validation errors?:\s+\{.{0,80}?'loc': \('body',",)  # llama-cpp-python, with 500


_UNREACHED = (
    r"Connection error\b",  # LiteLLM, of OpenAI's SDK
    r"error sending request for url\b",  # SGLang's router, of reqwest
    r"request to \S{1,200} failed, reason: ",  # of node-fetch
    r"fetch failed\b",  # of Node.js
    r"Cannot connect to host\b",  # LiteLLM, of aiohttp
)


# Anywhere in a text that is no JSON: as nginx, Go (Caddy, Traefik), Apache and Tomcat answer it.
_WANTS_TLS = re.compile(
    r"plain HTTP request was sent to HTTPS port|sent an HTTP request to an HTTPS server"
    r"|speaking plain HTTP to an SSL-enabled server port|combination of host and port requires TLS",
    re.IGNORECASE,
)


def _says(said: ErrorBody, sentences: tuple[str, ...]) -> bool:
    """Whether the sentence is one of these."""
    pattern = rf"\s*{GATEWAY}(?:Validation error: )?(?:{'|'.join(sentences)})"
    return re.match(pattern, said.sentence or "", re.IGNORECASE | re.DOTALL) is not None


_OF_MODELS = {400, 422}  # 404 needs no words
# The kind of failure, with the statuses with which it is said so.
_KINDS = (
    ("quota", {400, 403, 412, 429, 500}, _NO_CREDIT),  # nor does 402
    ("not_found", _OF_MODELS, _NOT_SERVED),
    ("not_found", {400, 404, 500}, _NO_ROUTE),
    ("rate_limit", {403}, _RATE),
    ("permission", {400}, _NOT_ALLOWED),
    ("authentication", {400}, _WRONG_KEY),
    ("content_filter", {400, 403, 424}, _FILTERED),
    ("server_error", {400}, _SICK),
    ("overloaded", {400, 404, 409, 422, 500}, _LOADING),  # nor does 503
    ("bad_request", {500}, _INVALID),
)


def says_tokens_a_minute(said: ErrorBody) -> bool:
    """Whether a refusal is for tokens a minute by its sentence, whatever its code says."""
    return _says(said, _TOKENS_A_MINUTE)


def wants_tls(body: Any) -> bool:
    """Whether a body is what a web server writes to a request without TLS at a port for it."""
    return isinstance(body, str) and _WANTS_TLS.search(body) is not None


def says_unreached(said: ErrorBody) -> bool:
    """Whether a front says that it did not reach the server behind it."""
    return _says(said, _UNREACHED)


def kind_said(status: int, said: ErrorBody) -> str | None:
    """The kind of a failure by its sentence, or by the parameter that it names; None: it says none."""
    about = (said.param or "").rpartition(".")[2]
    if about == "model" and status in _OF_MODELS:
        return "not_found"
    found = (kind for kind, statuses, sentences in _KINDS if status in statuses and _says(said, sentences))
    return next(found, None)
