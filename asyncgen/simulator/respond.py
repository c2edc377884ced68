"""An answer to a chat request, the same alone or in a batch."""

import time
from typing import NamedTuple

from asyncgen.simulator import simulated_answers as answers
from asyncgen.simulator.completions import SimulatedCompletion, complete
from asyncgen.simulator.profile import Profile
from asyncgen.simulator.providers import OpenAI
from asyncgen.simulator.simulated_requests import SimulatedRequest
from asyncgen.simulator.thoughts import after_reasoning


class SimulatedResponse(NamedTuple):
    """What the model said, and the body of the answer."""

    completion: SimulatedCompletion
    body: bytes


def respond(
    chat: SimulatedRequest, key: int, fault: str | None, provider: OpenAI, profile: Profile, answer_id: str
) -> SimulatedResponse:
    """Answer the request with this body key, altered by the fault if that affects the content."""
    completion = complete(provider.fit(chat), key, profile)
    completion = after_reasoning(completion, chat, provider.family(chat.model), profile.thinking, key)
    completion = answers.spoil(completion, fault)
    created = int(time.time())
    return SimulatedResponse(completion, answers.encode(completion, fault, chat, provider, answer_id, created))
