"""Requests as they are sent: bytes, put together from parts that many calls share.

The parts before and after a call's user text are encoded and hashed once, however many calls there are.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import orjson

from asyncgen.chat import (
    LIMIT_FIELDS,
    ChatRequest,
    ResponseSchema,
    Sampling,
    Usage,
    WholeBody,
    answer_limit,
    fast_dataclass,
)

CHARACTERS_PER_TOKEN = 4  # OpenAI's rule of thumb for English, by which it charges in advance
# An image by URL costs up to 2,833 + 8 x 5,667 with the most expensive model so far (gpt-4o-mini).
ATTACHMENT_TOKENS = 50_000
MOST_FRAMES = 64  # a recipe has a few steps, and two seeds of each: more are prompts that differ by row
_END_OF_SIGNED = 2**63
_USER = b'{"role":"user","content":'


@fast_dataclass(frozen=True, slots=True)
class Prepared:
    """A request as it will be sent: `hash` (hex) names it in the journal, `step` is the recipe's name for it.

    Its body may have been adapted already; the hash never is.


    `tokens` is what it is charged against a limit, `most` the most that it can cost; `limit` is the most tokens of
    its answer (None: unlimited); from byte `fields_at` of the body on are its fields beside model and messages. A
    `whole` one was made elsewhere: it is sent unchanged, and so is its answer kept. `keep_thinking` asks to keep
    what the model thinks with its answer. Of a `conversation` any message may be the row's own.
    """

    step: str
    body: bytes
    hash: str
    tokens: int
    most: Usage
    json_object: bool
    required_keys: tuple[str, ...]
    limit: int | None
    fields_at: int
    shape: bytes
    check: Callable[[str], str | None] | None = None
    whole: bool = False
    keep_thinking: bool = False
    conversation: bool = False

    def with_body(self, body: bytes) -> "Prepared":
        """The same request with another body. By hand: `replace` takes three times as long."""
        return Prepared(
            self.step,
            body,
            self.hash,
            self.tokens,
            self.most,
            self.json_object,
            self.required_keys,
            self.limit,
            self.fields_at,
            self.shape,
            self.check,
            self.whole,
            self.keep_thinking,
            self.conversation,
        )


@dataclass(frozen=True, slots=True)
class _Frame:
    """The body of a request around its user text, and the hash of the part before that: both made once.

    `schema` is the schema in it, `limit` the most tokens of its answer (None: unlimited), whichever of its fields
    says so. The server's name for the answer's limit changes no answer, so it is hashed as `max_tokens`
    (`after_hashed`): records and journal hold for either name.
    """

    before: bytes
    after: bytes
    after_hashed: bytes
    hashed: Any
    schema: ResponseSchema | None
    limit: int | None

    def around(self, user: str) -> tuple[bytes, str]:
        """The whole body around a user text, and its hash."""
        text = orjson.dumps(user)
        hashed = self.hashed.copy()
        hashed.update(text + self.after_hashed)
        return self.before + text + self.after, hashed.hexdigest()

    def in_conversation(self, request: ChatRequest) -> tuple[bytes, str]:
        """The whole body around what was said before the user's text and that, and its hash."""
        said = b"".join(orjson.dumps(message) + b"," for message in request.before)
        before = self.before.removesuffix(_USER) + said + _USER + orjson.dumps(request.user)
        return before + self.after, _hash_of(before + self.after_hashed).hexdigest()


class Encoder:
    """Encodes the requests of one run.

    Args:
        model: its name.
        max_tokens_field: the server's name for the limit of an answer.
        longest_answer: tokens that the model writes at most, for requests that set no limit.
    """

    def __init__(self, model: str, max_tokens_field: str, longest_answer: int = 0) -> None:
        self._model = model
        self._max_tokens_field = max_tokens_field
        self._longest_answer = longest_answer
        self._frames: dict[tuple[str, Sampling, bool, int | None], _Frame] = {}

    def prepare(self, step: str, request: ChatRequest) -> Prepared:
        """Encode the request of a step as it is sent."""
        if request.whole is not None:
            return self._as_it_stands(step, request, request.whole)
        key = request.system, request.sampling, request.json_object, request.seed
        frame = self._frames.get(key)
        if frame is None or frame.schema is not request.response_schema:
            if len(self._frames) >= MOST_FRAMES:
                self._frames.clear()  # a recipe whose system prompts differ by row gains nothing from them
            frame = self._frames[key] = self._frame(request)
        body, hashed = frame.in_conversation(request) if request.before else frame.around(request.user)
        limit = frame.limit
        most = self._longest_answer if limit is None else limit
        return Prepared(
            step=step,
            body=body,
            hash=hashed,
            # What OpenAI charges against the tokens per minute.
            tokens=max(limit or 0, request.characters // CHARACTERS_PER_TOKEN, 1),
            # Each token holds a byte or more of text; the rest of the body covers what frames the messages.
            most=Usage(len(body), most, len(body) + most),
            json_object=request.json_object,
            required_keys=request.required_keys,
            limit=limit,
            fields_at=len(body) - len(frame.after),
            shape=frame.after,
            check=request.check,
            keep_thinking=request.keep_thinking,
            conversation=request.before != (),
        )

    def _as_it_stands(self, step: str, request: ChatRequest, whole: WholeBody) -> Prepared:
        limit = request.sampling.max_tokens
        most = self._longest_answer if limit is None else limit
        prompt = len(whole.data) + ATTACHMENT_TOKENS * whole.attachments
        return Prepared(
            step=step,
            body=whole.data,
            hash=blake2b(whole.data, digest_size=16).hexdigest(),
            tokens=max(limit or 0, len(request.user) // CHARACTERS_PER_TOKEN, 1),
            most=Usage(prompt, most, prompt + most),
            json_object=False,
            required_keys=(),
            limit=limit,
            fields_at=len(whole.data),
            shape=b"",
            whole=True,
        )

    def with_limit(self, request: Prepared, limit: int) -> Prepared:
        """The same request, under the same hash, with another limit of its answer.

        For an answer that was cut off: a request is named by what the user configured.
        """
        assert request.limit is not None
        fields = fields_of(request.shape)
        # Each whatever it was: servers differ in which they obey.
        after = tail_of(
            fields | {name: limit for name in LIMIT_FIELDS if isinstance(fields.get(name), int | float)}
        )
        body = request.body[: request.fields_at] + after
        return replace(
            request,
            body=body,
            shape=after,
            limit=limit,
            tokens=max(limit, request.tokens),
            most=Usage(len(body), limit, len(body) + limit),
        )

    def _frame(self, request: ChatRequest) -> _Frame:
        fields: dict[str, Any] = {
            "model": self._model,
            "messages": [
                *([{"role": "system", "content": request.system}] if request.system else []),
                {"role": "user", "content": ""},
            ],
            "temperature": request.sampling.temperature,
            "top_p": request.sampling.top_p,
            self._max_tokens_field: request.sampling.max_tokens,
        }
        fields = {name: value for name, value in fields.items() if value is not None}
        more = {name: orjson.loads(text) for name, text in request.sampling.more}
        if request.seed is not None:
            fields["seed"] = _varied(more.pop("seed", 0), request.seed)
        if request.response_schema is not None:
            asked = request.response_schema
            described = {"name": asked.name, "strict": asked.strict, "schema": asked.schema}
            fields["response_format"] = {"type": "json_schema", "json_schema": described}
        elif request.json_object:
            fields["response_format"] = {"type": "json_object"}
        fields |= more.pop("extra_body", {}) if isinstance(more.get("extra_body"), dict) else {}
        fields |= more
        # The first match: in the system prompt, as in any other text, the quotes would be escaped.
        before, _, after = orjson.dumps(fields).partition(_USER + b'""')
        named = after.replace(f'"{self._max_tokens_field}":'.encode(), b'"max_tokens":', 1)
        before += _USER
        return _Frame(before, after, named, _hash_of(before), request.response_schema, answer_limit(fields))


def _hash_of(before: bytes) -> Any:
    """The hash of the beginning of a body, to be continued."""
    return blake2b(before, digest_size=16)


def fields_of(tail: bytes) -> dict[str, Any]:
    """The fields behind the messages: `tail` is what follows the user text, `}],"temperature":…}`."""
    behind = tail.partition(b"]")[2].removeprefix(b",")
    return dict(orjson.loads(b"{" + behind)) if behind != b"}" else {}


def tail_of(fields: dict[str, Any]) -> bytes:
    """What follows the user text in a request with these fields."""
    inside = orjson.dumps(fields)[1:]
    return b"}]" + (b"," + inside if fields else inside)


def _varied(seed: int, number: int) -> int:
    """Another seed for each number; where 63 or 64 bits end, it goes on from 0: servers take no larger ones."""
    end = _END_OF_SIGNED if seed < _END_OF_SIGNED else 2 * _END_OF_SIGNED
    return seed + number if seed + number < end else seed + number - end
