"""What a run's servers accept of a request's fields, learned from their refusals. Pure.

Rules:

1. A request is prepared as the user configured it, and hashed so: adaptations change the body that is sent and
   nothing else.
2. A refusal that names a field changes it once, for one endpoint and all requests of that shape (step and set of
   fields): the limit's two names are exchanged, an optional field is left out. What a recipe needs
   (response_format, the text of messages) is never left out; where a model's template has no system message, the
   user's begins with its text.
3. What is known of a listed model is applied from the beginning (`ModelWays`).
4. A request with `whole` is never changed: it was made elsewhere, and its refusal is the answer to it.
"""

import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from asyncgen.chat import LIMIT_FIELDS, Adaptation, ModelWays, RequestShape
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared, fields_of, tail_of
from asyncgen.client.error_body import GATEWAY

SAMPLING_FIELDS = ("temperature", "top_p")
EFFORT = "reasoning_effort"
OPTIONAL_FIELDS = frozenset(
    {
        *SAMPLING_FIELDS,
        EFFORT,
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "min_p",
        "presence_penalty",
        "prompt_cache_key",
        "repetition_penalty",
        "seed",
        "top_k",
        "top_logprobs",
        "verbosity",
    }
)
"""Fields without which the answer to a request is still one to it."""
_REFUSING_STATUSES = {400, 404, 415, 422}
_REFUSING_CODES = {
    "extra_forbidden",
    "unknown_parameter",
    "unrecognized_parameter",
    "unsupported_parameter",
    "unsupported_value",
}
# Used only if no code says it: some servers name the field in a sentence alone.
_REFUSING_WORDS = re.compile(
    r"unsupported|n[o']t support|unrecogni[sz]ed|unknown|unexpected|not permitted|not allowed|forbidden|deprecated"
    r"|both|at the same time|only the default|only \S+ is (?:allowed|supported)|may only be|no longer"
    r"|not accept|not available|additional propert|incompatible|removed"
    r"|temperature\W{1,3}must be strictly positive|top_p\W{1,3}must be > 0\.0 and < 1\.0"  # TGI, of 0 and of 1
    r"|reasoning_effort\W{1,3}must be one of|不支持",
    re.IGNORECASE,
)


SYSTEM, USER = "system", "user"
# From the beginning of a sentence: behind it, servers quote what they were sent.
_NO_SYSTEM = re.compile(
    rf"\s*{GATEWAY}(?:[\w. ]{{0,60}}(?:template|parser|prompt|operation|value)[\w. ]{{0,40}}[:,] \"?){{0,4}}"
    r"(?:\s*-{4,}\s*While executing .{1,2000}?Error: )?(?:Jinja Exception: )?(?:"  # llama.cpp
    r"System (?:role|message|prompt|instruction)s?(?: is| are)? not (?:supported|allowed|enabled)\b"
    r"|(?:This|The) model (?:does not|doesn't) support (?:the )?system (?:role|message|prompt)s?(?!\s\w)"
    r"|Unsupported value: 'messages\[\d{1,3}\]\.role' does not support 'system' with this model"
    r"|Developer instruction is not enabled\b"  # Gemini, of Gemma
    r"|Conversation roles must alternate user/assistant\b)",  # templates of Mistral and others
    re.IGNORECASE | re.DOTALL,
)
_NO_SYSTEM_STATUSES = {400, 422, 500}  # a template that raises: vLLM and SGLang, TGI, llama.cpp
# Within a JSON text the first mark of these would stand behind a backslash.
_BEGINS_WITH_SYSTEM = b'"messages":[{"role":"system",'
_NEXT, _OF_USER = b'"},{"role":"', b'user","content":"'
_OF_LITELLM = re.compile(r"\s*litellm\.UnsupportedParamsError: ")  # of the gateway itself, with 500
_NO_THINKING = re.compile(r"not support thinking\b|\bthink value\b")  # Ollama
_NOT_BOTH = re.compile(r"\btemperature\W{1,3}and\W{1,3}top_p\b.{0,40}(?:both|same time)", re.IGNORECASE)


class Adaptations:
    """The adaptations of each endpoint.

    Args:
        ways: what is known of the model; None: nothing.
        learned: adaptations of earlier starts.
    """

    def __init__(self, ways: ModelWays | None, learned: Iterable[Adaptation] = ()) -> None:
        self._ways = ways
        self._learned = list(learned)
        self._forms: dict[tuple[str, str, bytes], tuple[bytes, bool]] = {}
        self._shapes: dict[tuple[str, str, bytes], RequestShape] = {}

    def shape(self, endpoint: str, request: Prepared) -> RequestShape:
        """The shape shared by all requests that are adapted alike."""
        key = endpoint, request.step, request.shape
        known = self._shapes.get(key)
        if known is None:
            known = self._shapes[key] = RequestShape(endpoint, request.step, shape_of(request))
        return known

    def body(self, endpoint: str, request: Prepared) -> bytes:
        """The body of a request as this endpoint accepts it."""
        if request.whole:
            return request.body
        fields, joined = self._form(endpoint, request)
        if joined:
            return _without_system_message(request.body[: request.fields_at]) + fields
        return _ending_in(fields, request)

    def with_fields(self, endpoint: str, request: Prepared) -> Prepared:
        """A request with its fields as this endpoint accepts them; other endpoints may accept its messages."""
        if request.whole:
            return request
        body = _ending_in(self._form(endpoint, request)[0], request)
        return request if body is request.body else request.with_body(body)

    def learn(
        self, endpoint: str, request: Prepared, failure: Failure, sent: bytes | None = None
    ) -> Adaptation | None:
        """The adaptation that a refusal teaches; None if it teaches nothing new.

        Args:
            endpoint: the one that refused.
            request: as prepared.
            failure: the refusal.
            sent: the body that was refused, if other calls may have changed the body meanwhile.
        """
        if request.whole:
            return None
        body = self.body(endpoint, request)
        name = refused_field(failure, _sent_fields(request, sent or body))
        if name is None or name not in _sent_fields(request, body):
            return None
        renamed = USER if name == SYSTEM else None
        if name in LIMIT_FIELDS:
            renamed = LIMIT_FIELDS[1 - LIMIT_FIELDS.index(name)]
        adaptation = Adaptation(endpoint, request.step, self.shape(endpoint, request).fields, name, renamed)
        return adaptation if not self._refused_before(adaptation) and self.add(adaptation) else None

    def add(self, adaptation: Adaptation) -> bool:
        """Apply an adaptation from now on; False if it was known."""
        if adaptation in self._learned:
            return False
        self._learned.append(adaptation)
        self._forms.clear()
        return True

    def known(self, endpoint: str, request: Prepared, failure: Failure) -> str | None:
        """The field that a refusal names, if it has been adapted since the request was sent; else None."""
        if request.whole:
            return None
        shape = self.shape(endpoint, request)
        adapted = [one.name for one in self._learned if one.shape == shape]
        name = refused_field(failure, adapted)
        return None if name in _sent_fields(request, self.body(endpoint, request)) else name

    def _refused_before(self, new: Adaptation) -> bool:
        """Whether the limit's other name was refused here too."""
        return any(
            (one.shape, one.renamed) == (new.shape, new.name) for one in self._learned if new.renamed is not None
        )

    def _form(self, endpoint: str, request: Prepared) -> tuple[bytes, bool]:
        """The fields of a request as an endpoint accepts them, and whether its messages become one."""
        key = endpoint, request.step, request.shape
        form = self._forms.get(key)
        if form is None:
            form = self._forms[key] = self._adapt(*key)
        return form

    def _adapt(self, endpoint: str, step: str, tail: bytes) -> tuple[bytes, bool]:
        configured = fields_of(tail)
        fields = configured if self._ways is None else _preselected(self._ways, configured)
        shape = RequestShape(endpoint, step, tuple(sorted(configured)))
        learned = [one for one in self._learned if one.shape == shape]
        for one in learned:
            fields = _changed(fields, one)
        joined = any(one.name == SYSTEM for one in learned)
        # Same fields, same bytes: nothing is re-encoded if nothing changed.
        same = fields == configured and list(fields) == list(configured)
        return tail if same else tail_of(fields), joined


def told(model: str, adaptation: Adaptation) -> str:
    """The notice about an adaptation, given once for each field of an endpoint."""
    where = f" at endpoint {adaptation.endpoint}" if adaptation.endpoint else ""
    if adaptation.name == SYSTEM:
        return f"Model {model}{where} takes no system message: the user's begins with its text"
    if adaptation.renamed is None:
        return f"Model {model}{where} takes no {adaptation.name}: left out"
    return f"Model {model}{where} takes {adaptation.renamed} for {adaptation.name}: sent so"


def shape_of(request: Prepared) -> tuple[str, ...]:
    """The names of a request's fields as configured, sorted: servers accept or refuse these alike.

    A request with `whole` has none that could be adapted.
    """
    return () if request.whole else tuple(sorted(fields_of(request.shape)))


def refused_field(failure: Failure, fields: Collection[str]) -> str | None:
    """The field that a refusal is about, or the role of a message, if it can be adapted; else None."""
    if SYSTEM in fields and failure.status in _NO_SYSTEM_STATUSES and _NO_SYSTEM.match(failure.sentence or ""):
        return SYSTEM
    said = failure.sentence or ""
    if not (failure.status in _REFUSING_STATUSES or _named_as_refused(failure) or _OF_LITELLM.match(said)):
        return None
    adaptable = [name for name in fields if name in OPTIONAL_FIELDS or name in LIMIT_FIELDS]
    if not (failure.code in _REFUSING_CODES or failure.refuses_field or _REFUSING_WORDS.search(said)):
        return None
    if failure.param is not None:
        last = failure.param.rpartition(".")[2]
        return last if last in adaptable else None
    if set(SAMPLING_FIELDS) <= set(adaptable) and _NOT_BOTH.search(said):
        return SAMPLING_FIELDS[1]  # users set the temperature on purpose more often
    if EFFORT in adaptable and _NO_THINKING.search(said):
        return EFFORT
    places = {name: found.start() for name in adaptable if (found := _mention(name).search(said))}
    return min(places, key=places.__getitem__, default=None)


@cache
def _mention(name: str) -> re.Pattern[str]:
    """A field in a sentence, as it is sent or in camel case (xAI)."""
    first, *others = name.split("_")
    return re.compile(rf"(?<!\w)(?:{name}|{first}{''.join(map(str.capitalize, others))})(?!\w)")


def _named_as_refused(failure: Failure) -> bool:
    """Whether code and param name the field, whatever the status: gateways answer 500, or 200 with an error."""
    return failure.code in _REFUSING_CODES and failure.param is not None


def _preselected(ways: ModelWays, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as a listed model accepts them."""
    field = ways.max_tokens_field
    renamed = {
        field if field is not None and name in LIMIT_FIELDS else name: value for name, value in fields.items()
    }
    if ways.reasons and ways.can_be_switched_off and EFFORT not in renamed:
        # Files that say nothing of reasoning were written for models that do not reason: this preserves the
        # meaning of their limits and their temperature.
        renamed[EFFORT] = "none"
    reasons = renamed[EFFORT] != "none" if EFFORT in renamed else ways.reasons
    if ways.sampling == "never" or (ways.sampling == "without-reasoning" and reasons):
        return {name: value for name, value in renamed.items() if name not in SAMPLING_FIELDS}
    return renamed


def _changed(fields: dict[str, Any], change: Adaptation) -> dict[str, Any]:
    return {
        change.renamed if name == change.name and change.renamed is not None else name: value
        for name, value in fields.items()
        if name != change.name or change.renamed is not None
    }


def _ending_in(tail: bytes, request: Prepared) -> bytes:
    """The body of a request with these fields: the same object if they are its own."""
    body, at = request.body, request.fields_at
    return body if len(body) == at + len(tail) and body.endswith(tail) else body[:at] + tail


def _without_system_message(before: bytes) -> bytes:
    """A body up to its fields, with the system message at the beginning of the user's.

    Where an answer of the assistant comes first, the system message becomes one of the user.
    """
    if _BEGINS_WITH_SYSTEM not in before:
        return before
    system, between, rest = before.partition(_NEXT)
    system = system.replace(b'"role":"system"', b'"role":"user"', 1)
    if not rest.startswith(_OF_USER):
        return system + between + rest
    return system + rb"\n\n" + rest.removeprefix(_OF_USER)


def _sent_fields(request: Prepared, sent: bytes) -> Collection[str]:
    """The names of the fields in a body as it was sent, and `SYSTEM` if it has a system message."""
    before = request.body[: request.fields_at]
    one = before if sent.startswith(before) else _without_system_message(before)
    roles = [SYSTEM] if one is before and _BEGINS_WITH_SYSTEM in before else []
    return [*fields_of(sent[len(one) :]), *roles]
