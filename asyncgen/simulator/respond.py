"""An answer to a chat request: the same whether it comes alone or in a batch."""

import time
from typing import NamedTuple

from asyncgen.simulator import answers
from asyncgen.simulator.completions import Completion, complete
from asyncgen.simulator.profile import Thinking
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.reasoning import after_reasoning
from asyncgen.simulator.requests import ChatRequest


class Answered(NamedTuple):
    """What the model said and the body that says it."""

    completion: Completion
    body: bytes


def respond(
    chat: ChatRequest, key: int, fault: str | None, provider: OpenAI, thinking: Thinking, answer_id: str
) -> Answered:
    """Answer the request with this body key, spoiled by the fault where that touches the content."""
    completion = complete(provider.fit(chat), key)
    completion = after_reasoning(completion, chat, provider.family(chat.model), thinking, key)
    completion = answers.spoil(completion, fault)
    created = int(time.time())
    return Answered(completion, answers.encode(completion, fault, chat, provider, answer_id, created))
