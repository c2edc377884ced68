"""Recognise by a server's words that the account has no credit left: where no code does, or one does wrongly.

Patterns match whole sentences of servers from their beginning: a text that quotes a row does not begin like that.
"""

import re

from asyncgen.client.error_body import GATEWAY, ErrorBody

STATUSES = {400, 403, 412, 429}  # 402 needs no words
_SENTENCES = (
    r"Your credit balance is too low\b",  # Anthropic
    r"You have reached your specified API usage limits\b",  # the same
    r"Account \S{1,80} is suspended\b",  # Fireworks, with 412
    r"Your (?:\w+ ){0,3}team \S{1,80} has either used all available credits\b",  # xAI, with 403 and 429
    r"Key limit exceeded\b",  # OpenRouter
    r"Your prepayment credits are depleted\b",  # Gemini
    r"Budget has been exceeded!",  # LiteLLM
    r"ExceededBudget: ",  # LiteLLM, of a user or team
    r"Insufficient Balance\b",  # DeepSeek, behind a gateway
    r"(?:\[1113\]\[)?余额不足",  # Zhipu
)
_NO_CREDIT = re.compile(rf"\s*{GATEWAY}(?:{'|'.join(_SENTENCES)})", re.IGNORECASE)
# DashScope's code for a limit of tokens a minute is OpenAI's for an account without credit.
_TOKENS_A_MINUTE = re.compile(
    rf"\s*{GATEWAY}(?:Allocated quota exceeded\b|You exceeded your current quota\b.{{0,200}}#token-limit\b)",
    re.IGNORECASE | re.DOTALL,
)
_TOO_MANY_REQUESTS = 429


def says_no_credit(status: int, said: ErrorBody) -> bool:
    """Whether a refusal is about the account's credit, by its sentence."""
    return status in STATUSES and _NO_CREDIT.match(said.sentence or "") is not None


def says_rate(status: int, said: ErrorBody) -> bool:
    """Whether a refusal is for rate by its sentence, whatever its code says."""
    return status == _TOO_MANY_REQUESTS and _TOKENS_A_MINUTE.match(said.sentence or "") is not None
