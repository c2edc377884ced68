"""Recognise by a server's words that the account has no credit left, if no code says it.

Patterns match whole sentences of servers from their beginning: a text that quotes a row does not begin like that.
"""

import re

from asyncgen.client.error_body import ErrorBody

STATUSES = {400, 403, 429}  # 402 needs no words
_SENTENCES = (
    r"Your credit balance is too low\b",  # Anthropic
    r"Budget has been exceeded!",  # LiteLLM
    r"ExceededBudget: ",  # LiteLLM, of a user or team
    r"Insufficient Balance\b",  # DeepSeek, behind a gateway
    r"(?:\[1113\]\[)?余额不足",  # Zhipu
)
# What gateways put before the sentence of the server behind them.
_GATEWAY = r"(?:litellm\.)?(?:\w+Error: )*(?:\w+Exception - )?"
_NO_CREDIT = re.compile(rf"\s*{_GATEWAY}(?:{'|'.join(_SENTENCES)})", re.IGNORECASE)


def says_no_credit(status: int, said: ErrorBody) -> bool:
    """Whether a refusal is about the account's credit, by its sentence."""
    return status in STATUSES and _NO_CREDIT.match(said.sentence or "") is not None
