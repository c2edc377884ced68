"""What a user can do about a failure, by its kind: the flag or the prompt file's key that helps."""

import re
from dataclasses import dataclass

from asyncgen.config import REQUESTS, RunConfig
from asyncgen.events import WAITED_FOR, CallEnded
from asyncgen.recipes.request_fields import RESERVED

_OF_PROMPTS = {
    "length": "the answer reached its limit: raise max_tokens in {params}, or --param max_tokens=N",
    "reasoning_length": "reasoning used the limit of tokens up: raise max_tokens in {params}, or lower "
    "--reasoning-effort",
    "thinking": "only reasoning came (reasoning_content, or an open <think>), and no answer: raise max_tokens, or "
    "switch it off (--reasoning-effort none, or the server's own field in extra_body)",
    "invalid_json": "the answer is not a JSON object: {no_object}",
    "missing_keys": "the answer lacks keys that are required: {no_object}",
    "context_length": "prompt and answer are longer than the model's context: lower max_tokens",
}
_BY_KIND = {
    "too_large": "the request is larger than the server takes",
    "html": "HTML came instead of JSON: a login page or a gateway; check --base-url",
    "event_stream": "an event stream came instead of JSON: this server only streams; check --base-url",
    "plain_text": "text came instead of JSON: a gateway or another service answers there; check --base-url",
    "encoding": "the answer is damaged, or compressed in a way that was not asked for: a gateway changes it; "
    "check --base-url",
    "large_header": "the headers of the answer are too large: a gateway adds them; check --base-url",
    "bad_http": "the headers of the answer are not those of HTTP: a gateway or the server breaks its rules",
    "no_http": "what came is not HTTP: another service listens there; check --base-url",
    "content_filter": "the server's filter refuses this row",
    "refusal": "the model refuses this row",
}
_BY_CODE = {
    "html": "a page came instead of JSON: a gateway or another service answers there; check --base-url",
    "not_json": "text came instead of JSON: a gateway or another service answers there; check --base-url",
}
# A server in Python that failed at what it did not expect says this, and not a word more (Starlette).
_ITS_OWN_LOG = "the server itself failed, at something of this request: its log says at what"
_SAYS_NOTHING = "the server gives no reason: its log, or that of a gateway in between, may"
_FAILED = re.compile(r"\s*internal server error\W*", re.IGNORECASE)
_PROMPT_ALONE = re.compile(r"even without any output|messages resulted in|prompt is too long", re.IGNORECASE)
_SHORTER = "the prompt alone is longer than the model's context: shorten it, or take a model with a larger one"
_TOO_LONG = re.compile(r"context (?:length|size|window)|too long|max_new_tokens|reduce the length", re.IGNORECASE)
# What a refusal says in words, from the most particular to the most general.
_BY_WORDS = tuple(
    (re.compile(words, re.IGNORECASE | re.DOTALL), advice)
    for words, advice in (
        (
            r"enable.thinking.*(?:stream|非流式)",
            "this model thinks only in streams, which asyncgen does not ask for: --param "
            "extra_body='{{\"enable_thinking\": false}}'",
        ),
        (
            r"\bstream(?: mode|=|\W+must be)|must have stream|non-streaming",
            "this model only streams, which asyncgen does not ask for: choose another one",
        ),
        (r"must contain the word 'json'", "say in the prompt that the answer is JSON"),
        (
            r"json mode|json.?object\b.*not support",
            "this model has no JSON mode: choose another one, or a step without JSON",
        ),
        (
            r"response_format type is unavailable|should be 'text' or 'json_object'"
            r"|json.?schema.*not support|not support.*json.?schema",
            "this server takes no such schema of the answer: take it out of the prompts",
        ),
    )
)
_OF_ACCOUNTS = {"authentication", "quota"}  # their sentences speak of models, which are not to blame
_BY_FIELD = {
    "response_format": "this server wants a schema: {schemas} it to one",
    "max_tokens": "try --max-tokens-field max_completion_tokens, or another max_tokens in {params}",
    "max_completion_tokens": "try --max-tokens-field max_tokens, or another max_tokens in {params}",
    "service_tier": "leave --service-tier out, or service_tier in {params}: at the ordinary price",
    "model": "check --model",
}


@dataclass(frozen=True, slots=True)
class Prompts:
    """Where the user has the prompts of a run.

    `params` is the place of the request fields in it, `schemas` what holds a server to a schema, and `no_object`
    what helps where an answer is no object of the form that was asked for.
    """

    params: str
    schemas: str
    no_object: str


PROMPT_FILE = Prompts(
    "generation_params",
    "response_schemas in the prompt file hold",
    "response_schemas in the prompt file hold the server to the form",
)
# Only a schema makes a step ask for JSON there, so it was sent.
RECIPE_FILE = Prompts(
    "params of the step",
    "a schema of the step holds",
    "the server does not hold the model to the schema of the step: let the prompt of the step show the form too",
)


def prompts_of(config: RunConfig) -> Prompts | None:
    """Where the prompts of a run are; None: the user has none, or whole requests."""
    if config.recipe == REQUESTS:
        return None
    from_class = ":" in config.recipe and config.recipe_file is None
    return PROMPT_FILE if config.prompt_file is not None or from_class else RECIPE_FILE


def hint(event: CallEnded, prompts: Prompts | None = PROMPT_FILE) -> str:
    """Advice on a failed call; empty if there is none.

    Args:
        event: its end.
        prompts: where the prompts are; None: the user cannot change them.
    """
    if event.outcome in WAITED_FOR:
        return ""
    if event.outcome in _BY_KIND:
        return _BY_KIND[event.outcome]
    if event.code == "not_json" and _FAILED.fullmatch(event.sentence or ""):
        return _ITS_OWN_LOG
    if event.code in _BY_CODE:
        return _BY_CODE[event.code]
    if prompts is None:
        return ""
    return _about_prompts(event).format(
        params=prompts.params, schemas=prompts.schemas, no_object=prompts.no_object
    )


def _about_prompts(event: CallEnded) -> str:
    """What the prompt file and the flags for request fields can do."""
    if event.outcome == "context_length" and _PROMPT_ALONE.search(event.sentence or ""):
        return _SHORTER
    if event.outcome in _OF_PROMPTS:
        return _OF_PROMPTS[event.outcome]
    if event.outcome in {"bad_request", "server_error"} and _TOO_LONG.search(event.sentence or ""):
        return _OF_PROMPTS["context_length"]
    named = f"{event.param or ''} {event.sentence or ''}"
    found = next((text for words, text in _BY_WORDS if words.search(named)), "")
    field = (event.param or "").removeprefix("body.")  # where Mistral's `loc` begins
    own = field.isidentifier() and field not in RESERVED and field not in _BY_FIELD
    if event.outcome == "bad_request" and not found and own:
        return f"take {field} out of {{params}}, or --param {field}=null"
    if event.outcome not in _OF_ACCOUNTS:
        found = found or next((text for field, text in _BY_FIELD.items() if field in named), "")
    return found


def explanation(event: CallEnded, prompts: Prompts | None = PROMPT_FILE) -> str:
    """The server's explanation of a refusal, and what to do; empty if it says nothing useful.

    Args:
        event: the end of the call.
        prompts: as for `hint`.
    """
    names = [
        "" if event.status is None else f"status {event.status}",
        event.code or "",
        f"param {event.param}" if event.param else "",
        f"request {event.request_id}" if event.request_id else "",
    ]
    said = f": {event.sentence}" if event.sentence else ""
    advice = hint(event, prompts)
    if event.outcome == "bad_request" and not (said or advice or event.code or event.param):
        advice = _SAYS_NOTHING
    if not said and not advice and not event.code:
        return ""
    return f"{event.step}: {event.outcome} ({', '.join(filter(None, names))}){said}" + (
        f"; {advice}" if advice else ""
    )
