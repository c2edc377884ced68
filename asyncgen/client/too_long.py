"""Recognise by a server's words that prompt and answer exceed the context, if no code says it.

Patterns match whole sentences of servers from their beginning: a text that quotes a row does not begin like that.
"""

import re

from asyncgen.client.error_body import GATEWAY, ErrorBody

STATUSES = {400, 403, 422, 500}
_SENTENCES = (
    r"This (?:model|endpoint)'s maximum (?:context|prompt) length is \d",  # OpenAI, vLLM, OpenRouter, xAI
    r"'max_tokens' or 'max_completion_tokens' is too large: \d+\. ?This model's maximum context length\b",  # vLLM
    r"The input token count \(\d+\) exceeds\b",  # Gemini
    r"max_tokens=\d+ cannot be greater than max_model_len=\d",  # vLLM
    r"Prompt contains \d+ tokens\b",  # Mistral
    r"Input is too long for requested model\b",  # Bedrock
    r"Requested token count exceeds the model's maximum context length\b",  # SGLang
    r"You passed \d+ input \w+ and requested \d+ output tokens\. However, the model's context length\b",  # vLLM
    r"request \(\d+ tokens\) exceeds the available context size\b",  # llama.cpp
    r"Context size has been exceeded\b",  # llama.cpp, with 500
    r"prompt is too long: \d",  # Anthropic
    r"The (?:input|prompt) \(\d+ tokens\) is longer than the model's context length\b",  # SGLang
    r"input length and `max_tokens` exceed context limit\b",  # Anthropic
    r"(?:<400> )?(?:InternalError\.Algo\.InvalidParameter: )?Range of input length should be\b",  # DashScope
    r"(?:Invalid request: )?Your request exceeded model token limit\b",  # Moonshot
    r"The prompt is too long: \d",  # Fireworks
    r"Trying to keep the first \d+ tokens when context the overflows\b",  # LM Studio
    r"The number of tokens to keep from the initial prompt is greater than the context length\b",  # the same
    r"The (?:decoder|encoder) prompt \(length \d+\) is longer than the maximum model length\b",  # vLLM
    r"too many tokens: total number of tokens in the prompt cannot exceed\b",  # Cohere
    r"Input length \d+ exceeds the maximum length\b",  # Volcengine
    r"context window exceeds limit\b",  # MiniMax
    r"Input tokens exceed the configured limit of\b",  # Azure
    r"length of prompt_tokens \(\d+\) must be less than max_seq_len\b",  # SiliconFlow
    r"Total tokens of image and text exceed max message tokens\b",  # Volcengine
    r"prompt token count of \d+ exceeds the limit\b",  # GitHub Copilot
    r"(?:the )?input length exceeds (?:the|maximum) context length\b",  # Ollama
    r"litellm\.ContextWindowExceededError: ",  # LiteLLM, of any server
    r"(?:Input validation error: )?`inputs` (?:tokens \+ `max_new_tokens` )?must (?:be|have less)\b",  # TGI
)
_LONG_STRING = "string_above_max_length"  # OpenAI, of any field
_OF_MESSAGES = re.compile(r"messages\b")
_TOO_LONG = rf"\s*{GATEWAY}(?:{'|'.join(_SENTENCES)})"  # compiled when first used: most runs need it never


def says_too_long(status: int, said: ErrorBody) -> bool:
    """Whether a refusal is about the length of the request, by its sentence, or by its code and field."""
    if _LONG_STRING in said.all and _OF_MESSAGES.match(said.param or "messages"):
        return True
    return status in STATUSES and re.match(_TOO_LONG, said.sentence or "", re.IGNORECASE) is not None
