"""Recognise by a server's words that it does not serve the model, if no status or code says it.

Patterns match whole sentences of servers from their beginning: a text that quotes a row does not begin like that.
"""

import re

from asyncgen.client.error_body import GATEWAY, ErrorBody

STATUSES = {400, 422}  # 404 says it by itself
_MODEL = r"[`'\"]?[^\s`'\"]{0,200}[`'\"]?"
_SENTENCES = (
    rf"{_MODEL} is not a valid model ID",  # OpenRouter
    r"invalid model ID\b",  # OpenAI, for names that can be none
    r"Model Not Exist\b",  # DeepSeek
    rf"The supported API model names are .{{1,400}}, but you passed {_MODEL}",  # DeepSeek, later
    r"Model does not exist\b",  # SiliconFlow
    rf"(?:The )?(?:requested )?model:? {_MODEL} (?:does not exist|(?:was |is )?not found|is not supported)\b",
    r"The requested model is not supported\b",  # GitHub Copilot
    r"(?:/\S+: )?(?:400: {'error': ')?Invalid model name passed in\b",  # LiteLLM
    rf"Invalid model:? {_MODEL}",  # Mistral, Perplexity
    rf"Invalid model identifier {_MODEL}",  # LM Studio
    r"No models? (?:is )?loaded\b",  # LM Studio
    rf"Unknown model:? {_MODEL}",  # GitHub Models
    r"The provided model identifier is invalid\b",  # Bedrock
    rf"Unable to access (?:non-serverless )?model {_MODEL}",  # Together
    r"no model id could be identified\b",  # llama-swap
    r"could not find real modelID\b",  # llama-swap, earlier
    r"(?:\[1211\]\[)?模型不存在",  # Zhipu
)
_UNKNOWN = re.compile(rf"\s*{GATEWAY}(?:Validation error: )?(?:{'|'.join(_SENTENCES)})", re.IGNORECASE)


def says_unknown_model(status: int, said: ErrorBody) -> bool:
    """Whether a refusal is about the model: by the parameter that it names, or by its sentence."""
    if status not in STATUSES:
        return False
    about = (said.param or "").rpartition(".")[2]
    return about == "model" or _UNKNOWN.match(said.sentence or "") is not None
