"""Read the body of an error in the forms of many servers: its names, and its sentence. Pure.

Names (code, type, param) are short and made of letters, digits, dots, dashes, underscores and brackets: they may
be shown. The sentence may quote the request, and must pass `scrub` before it is shown.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from json import JSONDecoder
from typing import Any

_NAME = re.compile(r"[\w.\[\]-]{1,64}", re.ASCII)
_GENERATED = ("failed_generation", "choices", "output", "generated_text", "partial_response")
# In an error that a gateway hands on as text: JSON, JSON in JSON, or as Python prints it.
_QUOTED = re.compile(rf"""\\*["'](?:{"|".join(_GENERATED)})\\*["']\s*:""")
_PAGE = re.compile(r"\s*<(?:!doctype|html|head|body|\?xml)", re.IGNORECASE)
_TITLE = re.compile(r"<(?:title|h1)[^<>]*>([^<]*)<", re.IGNORECASE)
HTML, NOT_JSON = "html", "not_json"
_EXTRA = {"extra_forbidden", "value_error.extra"}
# Cerebras, whose `param` then names no field.
_PROPERTY = re.compile(r"\s*([\w.]{1,64}): property '\1' is unsupported\b", re.ASCII)
_MOST_WORDS = 2000  # characters; more is a page, not a sentence
_RAISED = r"(?:litellm\.)?\w+Error: "  # once for each time that the error was raised anew
_LITELLM = (
    rf"(?:{_RAISED})*(?:litellm\.)?\w+(?:Exception|Error)(?: \w+Error)? - (?:Error code: \d{{3}} - )?(?:b')?"
)
_BODY = r"\{['\"](?:type|error|object)['\"].{0,80}?['\"]message['\"]: ?['\"]"
_PORTKEY = r"[\w-]{2,40} error: "  # behind the name of the server
GATEWAY = rf"(?:{_LITELLM}(?:{_BODY})?|(?:{_RAISED})+|{_PORTKEY})?"
"""A pattern of what gateways put before the sentence of the server behind them; LiteLLM leaves its whole body."""
# What gateways write before the error of their server; what servers write before a text that they quote is none.
_BEFORE_ERROR = re.compile(
    rf"\s*|{_LITELLM}"
    r"|Error from provider ?(?:\([^{}]{0,120}\))?: "  # claude-code-router
    r"|An error occurred when calling [\w ]{1,40}: Server responded with status \d{3}\. Error message: "  # Azure
    r"|Error code: \d{3} - "
)
_AFTER_ERROR = re.compile(r"'?\s*(?:\. ?(?:Received Model|Available Model|Handle with).*)?", re.DOTALL)  # LiteLLM
_JSON = JSONDecoder(strict=False)
_WORDS_OF_A_STATUS = 4  # Internal Server Error
_DEPTH = 6  # levels: gateways wrap the body of the server a few times


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """The content of an error body: names, or None if missing or not a name; `sentence` in the server's words.

    `refuses_field`: its form says that the field `param` is not accepted (pydantic's `extra_forbidden`). `inner`
    are the names of an error in it that a gateway hands on as text.
    """

    code: str | None = None
    type: str | None = None
    param: str | None = None
    sentence: str | None = None
    refuses_field: bool = False
    inner: tuple[str, ...] = ()

    @property
    def own(self) -> tuple[str, ...]:
        """Code and type, as far as they are given."""
        return tuple(name for name in (self.code, self.type) if name is not None)

    @property
    def all(self) -> tuple[str, ...]:
        """Code and type, as far as they are given, and those of an error in it."""
        return self.own + self.inner


def read_error(body: Any) -> ErrorBody:
    """Read `{"error": {…}}`, `{"error": "text"}`, `{…}`, a list of one (Gemini), `{"detail": […]}` (FastAPI)."""
    text = body if isinstance(body, str) else page_of_portkey(body)
    if text is not None:
        return _of_text(text)
    found = next(_details(body, _DEPTH), None)
    if found is not None:
        return found
    error = _first(body)
    if isinstance(error, dict):
        error = _unwrapped(error)
    if not isinstance(error, dict):
        return ErrorBody(code=_name(error), sentence=_sentence(error))
    generated = any(name in holder for holder in (error, *_levels(body)) for name in _GENERATED)
    code, type_, param = (_name(error.get(name)) for name in ("code", "type", "param"))
    type_ = type_ or _name(error.get("__type"))  # AWS
    if refused := _PROPERTY.match(_words(error) or ""):
        param = refused[1]
    inside = None if generated else _inside(error)
    if inside is not None:
        return replace(
            inside,
            code=_moderated(error) or code or type_ or inside.code,
            type=type_,
            param=param or inside.param,
            sentence=inside.sentence or _sentence(_words(error)),
            inner=inside.all,
        )
    return ErrorBody(
        code=_moderated(error) or code or type_ or _reason(error),
        type=type_,
        param=param,
        sentence=None if generated else _sentence(_words(error)),
    )


def page_of_portkey(body: Any) -> str | None:
    """The page of a server that Portkey's gateway hands on as JSON."""
    page = body.get("html-message") if isinstance(body, dict) else None
    return page if isinstance(page, str) else None


def has_form(body: Any) -> bool:
    """Whether a body has the form of an API's error; fronts that fail themselves have forms of their own."""
    body = _first(body)
    return isinstance(body, dict) and ("error" in body or "errors" in body or body.get("object") == "error")


def _levels(body: Any) -> Iterator[dict[str, Any]]:
    """The body, and what is in it under `detail` (FastAPI, around anything)."""
    while isinstance(body, dict):
        yield body
        body = body.get("detail")


def _unwrapped(body: dict[str, Any]) -> Any:
    """The error in a body: an object, or a text."""
    *_, body = _levels(body)
    error = _first(body.get("error")) or _first(body.get("errors")) or body
    message = body.get("message")
    of_status = isinstance(error, str) and len(error.split()) <= _WORDS_OF_A_STATUS
    if of_status and isinstance(message, str) and message:
        return {"type": error, **body}  # `{"error": "Bad Request", "message": "…"}`: of many frameworks
    return error


def _inside(error: dict[str, Any]) -> ErrorBody | None:
    """The server's own error, as JSON in the text of its gateway's."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    for text in (raw, error.get("message")):
        if not isinstance(text, str):
            continue
        place = max(text.find("{"), 0)
        if not _BEFORE_ERROR.fullmatch(text, 0, place):
            continue
        try:
            found, end = _JSON.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if _AFTER_ERROR.fullmatch(text, end) and isinstance(found, dict) and isinstance(found.get("error"), dict):
            return read_error(found)
    return None


def _first(errors: Any) -> Any:
    """The first of several (Gemini, Cloudflare), or the only one."""
    while isinstance(errors, list):
        errors = errors[0] if errors else None
    return errors


def _reason(error: dict[str, Any]) -> str | None:
    """The name in Google's `details`, such as API_KEY_INVALID, or in OpenRouter's `metadata`."""
    metadata = error.get("metadata")
    if isinstance(metadata, dict) and (reason := _name(metadata.get("reason"))) is not None:
        return reason
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and (reason := _name(detail.get("reason"))) is not None:
            return reason
    return None


def _moderated(error: dict[str, Any]) -> str | None:
    """OpenRouter names the reasons for which it has not handed a request on."""
    metadata = error.get("metadata")
    return "content_filter" if isinstance(metadata, dict) and "flagged_input" in metadata else None


def _words(error: dict[str, Any]) -> Any:
    """The sentence; behind a gateway, that of the server, which says more."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    message = error.get("message")
    if isinstance(message, dict):  # LiteLLM
        message = message.get("error")
    said = [text for text in (message, error.get("detail"), raw) if isinstance(text, str) and text]
    return ": ".join(dict.fromkeys(said)) or error.get("title")  # RFC 9457


def _details(body: Any, depth: int) -> Iterator[ErrorBody]:
    """What validators say about fields: `{"type": "extra_forbidden", "loc": ["body", "NAME"], "msg": "…"}`."""
    if depth == 0:
        return
    if isinstance(body, dict):
        place = body.get("loc")
        if isinstance(place, list) and place:
            kind = _name(body.get("type"))
            yield ErrorBody(
                code=kind,
                type=kind,
                param=_name(".".join(map(str, place))),
                sentence=_sentence(body.get("msg")),
                refuses_field=kind in _EXTRA,
            )
        for value in body.values():
            yield from _details(value, depth - 1)
    elif isinstance(body, list):
        for value in body:
            yield from _details(value, depth - 1)


def _of_text(body: str) -> ErrorBody:
    """A body that is not JSON was written by something in front of the API; the title of a page is enough."""
    if not _PAGE.match(body):
        return ErrorBody(code=_name(body) or (NOT_JSON if body.strip() else None), sentence=_sentence(body))
    title = _TITLE.search(body)
    return ErrorBody(code=HTML, sentence=None if title is None else _sentence(" ".join(title[1].split())))


def _name(value: Any) -> str | None:
    # LiteLLM writes Python's None as a text.
    return value if isinstance(value, str) and _NAME.fullmatch(value) and value != "None" else None


def _sentence(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    if _QUOTED.search(value):
        return None
    # Behind the special token of a template stands what the model has written (llama.cpp).
    said = value[:_MOST_WORDS].partition("<|")[0]
    return said if said.strip() else None
