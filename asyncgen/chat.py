"""What is asked of the chat API and what comes back, as values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Sampling:
    """How answers are drawn: the fields of a request beside its messages; None: the field is left out.

    `max_tokens` bounds the answer, reasoning included. `more` has other fields of the API, as JSON texts by name.
    """

    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    more: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ResponseSchema:
    """A JSON schema (of an object) that the server holds the answer to; the API wants a name with it.

    `strict` where it is of the kind that servers can hold answers to without exception.
    """

    name: str
    schema: Mapping[str, Any]
    strict: bool = True


@dataclass(frozen=True, slots=True)
class WholeBody:
    """A request that somebody else has made: its bytes as they go over the wire.

    `attachments` are the parts of its messages that are no text (images, sound, files).
    """

    data: bytes
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One call: a system and a user message.

    With `json_object` the answer must be a JSON object, in which none of `required_keys` is missing or empty;
    `response_schema` is what the server is told of its form. `seed` asks for another answer than without it, and
    so does `sample`, the number (from 0) of one of several answers to the same question. `check` says in a word
    why a text is not accepted (None: it is); then another answer is asked for.

    With `whole`, that is sent as it stands, and its answer comes whole: `user` is the text in it and `sampling`
    its limit, for whoever plans; nothing else counts.
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


NOT_ACCEPTED = "check_"
"""How the error class of an answer begins that the recipe does not accept."""

_SAMPLES_APART = 1_000
_ANSWERS_APART = 1_000_000


def ordinal(generation: int, sample: int, bad_answers: int) -> int:
    """The number of an answer to a question; 0 is the first one.

    Args:
        generation: raised when a flagged row is asked again.
        sample: of several answers that are wanted.
        bad_answers: that were not accepted so far.
    """
    return generation + _SAMPLES_APART * sample + _ANSWERS_APART * bad_answers


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call as the server counted them (zeros where it does not count).

    `cached_tokens` are those of the prompt that it had in its cache, and may charge less for; `reasoning_tokens`
    are those of the completion that nobody sees.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0


NO_USAGE = Usage()


@dataclass(frozen=True, slots=True)
class Completion:
    """A usable answer: non-empty `text`, finished by itself.

    `model` and `finish_reason` are as returned (None: from the journal of an earlier version); `request` is the
    hash (hex) of what was asked, set where it is known; `thinking` is what the model wrote before its answer,
    where that is kept. `choices` are those of the server as they came, for a request that was sent whole; its
    `text` may be empty.
    """

    text: str
    usage: Usage
    model: str
    finish_reason: str | None = None
    request: str = ""
    thinking: str = ""
    choices: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class OutOfBatch:
    """That something came out of a batch (by its number in the directory): for a request (by its hash).

    `most` is what the request could cost; `id` is what the server calls the batch.
    """

    batch: int
    id: str
    request: str
    most: Usage


@dataclass(frozen=True, slots=True)
class ModelWays:
    """What is known of a model's requests before the first one.

    `max_tokens_field` is its name for the limit of an answer (None: as configured); `sampling` says when it takes
    temperature and top_p ("always", "without-reasoning", "never"); it `reasons` when nothing is sent, and does not
    when `reasoning_effort` "none" is, where that `can_be_switched_off`.
    """

    max_tokens_field: str | None = None
    sampling: str = "always"
    reasons: bool = False
    can_be_switched_off: bool = False


@dataclass(frozen=True, slots=True)
class RequestShape:
    """The requests of a step to an endpoint that have the same fields: `fields` are their names, sorted."""

    endpoint: str
    step: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Adaptation:
    """A field that an endpoint has refused in the requests of a step: it is sent as `renamed`, or left out (None).

    `fields` are the names of all fields of these requests as configured, sorted.
    """

    endpoint: str
    step: str
    fields: tuple[str, ...]
    name: str
    renamed: str | None

    @property
    def shape(self) -> RequestShape:
        """Of the requests that it is about."""
        return RequestShape(self.endpoint, self.step, self.fields)


@dataclass(frozen=True, slots=True)
class Findings:
    """What calls have shown of the requests that endpoints take: `proven` are the shapes that were answered."""

    adaptations: tuple[Adaptation, ...] = ()
    proven: frozenset[RequestShape] = frozenset()


NO_FINDINGS = Findings()
