"""Requests to the chat API and its answers, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as fast_dataclass
else:

    def fast_dataclass(*, frozen: bool, slots: bool) -> type:
        """A dataclass that only the type checker holds to be frozen, for values of which a call makes several.

        Python's own frozen ones take 0.1 microseconds longer for each field of each new value: for these, 3 % of a
        run's CPU.
        """
        return dataclass(slots=slots, unsafe_hash=frozen)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are sampled: the fields of a request beside its messages; None leaves a field out.

    `max_tokens` bounds the answer, reasoning included. `more` holds other API fields as JSON text, by name.
    """

    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """A JSON schema of an object that the server enforces on the answer; the API requires a name for it.

    `strict` is set if servers can enforce this schema without exception.
    """

    name: str
    schema: Mapping[str, Any]
    strict: bool = True


@dataclass(frozen=True, slots=True)
class WholeBody:
    """A request taken over as it is: its bytes as they are sent.

    `attachments` are the non-text parts of its messages (images, audio, files).
    """

    data: bytes
    attachments: int = 0


ROLES = ("system", "user", "assistant")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """A message of a conversation; `role` is one of `ROLES`."""

    role: str
    content: str


@fast_dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call: a system and a user message, and what was said `before` the latter: examples, or a conversation.

    With `json_object` the answer must be a JSON object in which none of `required_keys` is missing or empty;
    `response_schema` is the schema sent to the server. A different `seed` or `sample` (the number, from 0, of one
    of several answers to the same question) asks for a different answer. `check` returns why a text is not
    accepted, in a word, or None; a rejected answer is asked for again. With `keep_thinking`, what the model thinks
    before its answer is kept in the completion, whatever the run's setting.

    With `whole`, those bytes are sent unchanged and the answer is kept unchanged; then `user` (its text) and
    `sampling` (its limit) serve only for planning, and the other fields are ignored.
    """

    system: str
    user: str
    sampling: Sampling
    json_object: bool = False
    required_keys: tuple[str, ...] = ()
    response_schema: ResponseSchema | None = None
    seed: int | None = None
    sample: int = 0
    check: Callable[[str], str | None] | None = None
    whole: WholeBody | None = None
    keep_thinking: bool = False
    before: tuple[ChatMessage, ...] = ()

    @property
    def characters(self) -> int:
        """How many all its messages have."""
        of_prompts = len(self.system) + len(self.user)
        return of_prompts + sum(len(turn.content) for turn in self.before) if self.before else of_prompts


_MOST_TOKENS = 2**53  # as a limit more than any answer has, and still a whole number in every JSON
LIMIT_FIELDS = ("max_tokens", "max_completion_tokens")
"""The API's two names for the limit of an answer."""


def answer_limit(fields: Mapping[str, Any]) -> int | None:
    """The most tokens of the answer to a request with these fields; None: unlimited.

    If both names are set, the larger one: servers differ in which they obey.
    """
    limits = (fields.get(name) for name in LIMIT_FIELDS)
    numbers = (limit for limit in limits if isinstance(limit, int | float) and not isinstance(limit, bool))
    return max((min(int(number), _MOST_TOKENS) for number in numbers if number >= 1), default=None)


NOT_ACCEPTED = "check_"
"""The error class of an answer that the recipe rejects begins with this."""

_SAMPLES_APART = 1_000  # ordinals stay distinct below so many generations
_ANSWERS_APART = 1_000_000  # and below 1,000 samples


def numbered(request: ChatRequest, generation: int, bad_answers: int) -> ChatRequest:
    """The request for one of the answers to a question, whose number is its seed; the first has none.

    Args:
        request: the question; its `sample` says which of several requested answers.
        generation: raised each time a flagged row is regenerated.
        bad_answers: how many answers were rejected so far.
    """
    number = generation + _SAMPLES_APART * request.sample + _ANSWERS_APART * bad_answers
    return replace(request, seed=number) if number else request


@fast_dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them (zeros where it does not count).

    `cached_tokens` is the part of the prompt that the server had cached and may charge less for; where it is
    larger than `prompt_tokens`, the server counts it beside the prompt. `reasoning_tokens` is the part of the
    completion that is not shown.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


NO_USAGE = Usage()


@fast_dataclass(frozen=True, slots=True)
class Completion:
    """A usable answer: non-empty `text`, not cut off.

    `model` and `finish_reason` are as returned (None: journaled by an earlier version); `request` is the hash
    (hex) of the request, if known; `thinking` is what the model wrote before its answer, if that is kept.
    `choices` are the server's own, unchanged, for a request with `whole`; its `text` may be empty. `removed` names
    what was cut off the text (`thinking`, `special_tokens`); it is not journaled.
    """

    text: str
    usage: Usage
    model: str
    finish_reason: str | None = None
    request: str = ""
    thinking: str = ""
    choices: tuple[Mapping[str, Any], ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfBatch:
    """An answer came out of a batch (its number in the directory), for a request (its hash).

    `most` is the most that the request could cost; `id` is the server's id of the batch.
    """

    batch: int
    id: str
    request: str
    most: Usage


@dataclass(frozen=True, slots=True)
class ModelWays:
    """What is known of a model's requests before the first one is sent.

    `max_tokens_field` is its name for the limit of an answer (None: as configured); `sampling` says when it
    accepts temperature and top_p ("always", "without-reasoning", "never"); `reasons` says whether it reasons by
    default; `can_be_switched_off` whether `reasoning_effort` "none" stops that.
    """

    max_tokens_field: str | None = None
    sampling: str = "always"
    reasons: bool = False
    can_be_switched_off: bool = False

    def beside(self, max_tokens_field: str | None) -> "ModelWays":
        """The same, but for the limit's name if the user has set it."""
        return self if max_tokens_field is None else replace(self, max_tokens_field=None)

    def with_effort_of(self, params: Mapping[str, Any]) -> "ModelWays":
        """The same, but that reasoning is not switched off if the user leaves the effort to the model."""
        return replace(self, can_be_switched_off=False) if leaves_effort_out(params) else self


def leaves_effort_out(params: Mapping[str, Any]) -> bool:
    """Whether the user's fields for all requests say that `reasoning_effort` is not sent."""
    return params.get("reasoning_effort", "") is None


@dataclass(frozen=True, slots=True)
class RequestShape:
    """The requests of a step to an endpoint that have the same fields: `fields` are the field names, sorted."""

    endpoint: str
    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A field that an endpoint refuses in the requests of a step: it is sent as `renamed`, or left out (None).

    Of a role of messages, `renamed` is the role whose message begins with its text.

    `fields` are the names of all fields of these requests as configured, sorted.
    """

    endpoint: str
    step: str
    fields: tuple[str, ...]
    name: str
    renamed: str | None

    @property
    def shape(self) -> RequestShape:
        """The shape of the requests that this adaptation applies to."""
        return RequestShape(self.endpoint, self.step, self.fields)


@dataclass(frozen=True, slots=True)
class Findings:
    """What calls have shown about the requests that endpoints accept: `proven` shapes were answered."""

    adaptations: tuple[Adaptation, ...] = ()
    proven: frozenset[RequestShape] = frozenset()


NO_FINDINGS = Findings()
