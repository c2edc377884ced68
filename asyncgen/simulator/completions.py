"""The model's answers: a function of the request body and of nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import orjson

from asyncgen.simulator.answer_shapes import fill, shape_of_prompt
from asyncgen.simulator.draws import unit
from asyncgen.simulator.judging import asks_for_judgement, judgement
from asyncgen.simulator.paraphrase import add_finding, reply
from asyncgen.simulator.profile import Profile
from asyncgen.simulator.schemas import value_of
from asyncgen.simulator.simulated_requests import SimulatedRequest
from asyncgen.simulator.tokens import count_tokens, cut_to_tokens

_PLAIN = Profile()


@dataclass(frozen=True, slots=True)
class SimulatedCompletion:
    """An answer and its cost, in tokens; reasoning is part of the completion's.

    `thoughts` are what a model says beside its answer, by field name.
    """

    content: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int = 0
    thoughts: Mapping[str, str] = field(default_factory=dict)


def complete(request: SimulatedRequest, key: int, profile: Profile = _PLAIN) -> SimulatedCompletion:
    """Answer a request with this body key: a paraphrase of its note, or the requested JSON object."""
    content = _object(request, key, profile) if request.wants_json else _text(request, key, profile)
    tokens = count_tokens(content)
    if request.max_tokens is not None and tokens > request.max_tokens:
        content = cut_to_tokens(content, request.max_tokens)
        return SimulatedCompletion(content, "length", request.prompt_tokens, request.max_tokens)
    return SimulatedCompletion(content, "stop", request.prompt_tokens, tokens)


def _text(request: SimulatedRequest, key: int, profile: Profile) -> str:
    answer = reply(request.user, key)
    return add_finding(answer, key) if unit(profile.seed, key, "paraphrase") < profile.paraphrase.error else answer


def _object(request: SimulatedRequest, key: int, profile: Profile) -> str:
    if request.schema is not None:
        answer = value_of(request.schema, request.user, key)
        if asks_for_judgement(request.schema):
            errs = unit(profile.seed, key, "judge") < profile.judge.error
            answer |= judgement(request.user, answer, errs=errs)
    else:
        answer = fill(shape_of_prompt(request.system, request.user), request.user, key)
    return orjson.dumps(answer).decode()
