"""Which parameter of a request OpenAI's models refuse, in OpenAI's words; one at a time, as the API does."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from asyncgen.simulator.model_families import Family

KNOWN = frozenset(
    [
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    ]
)
"""The fields of a chat completion request (the SDK's `CompletionCreateParams`)."""

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
TIERS = ("auto", "default", "flex", "priority", "scale")
_LIMITS = ("max_tokens", "max_completion_tokens")
_SAMPLING = ("top_p", "logprobs", "top_logprobs", "presence_penalty", "frequency_penalty", "logit_bias")


class Complaint(NamedTuple):
    """Why a request is refused: the sentence, the parameter and the code (either may be missing)."""

    message: str
    param: str | None = None
    code: str | None = None


def complaint(fields: Mapping[str, Any], family: Family) -> Complaint | None:
    """What a model of this family refuses about the request; None: nothing. A null counts as absent."""
    given = {name: value for name, value in fields.items() if value is not None}
    return (
        _unknown(given, family)
        or _limit(given, family)
        or _effort(given, family)
        or _sampling(given, family)
        or _tier(given, family)
        or _verbosity(given, family)
    )


def effort_of(fields: Mapping[str, Any], family: Family) -> str:
    """The reasoning effort of this request: the requested one if supported, else the family's default."""
    effort = fields.get("reasoning_effort")
    return effort if effort in family.efforts else family.default_effort


def _unknown(given: Mapping[str, Any], family: Family) -> Complaint | None:
    # A family that does not reason does not know the field: the refusal has no `param` and no code.
    known = KNOWN if family.reasons else KNOWN - {"reasoning_effort"}
    unknown = [name for name in given if name not in known]
    if not unknown:
        return None
    arguments = "argument" if len(unknown) == 1 else "arguments"
    return Complaint(f"Unrecognized request {arguments} supplied: {', '.join(unknown)}")


def _limit(given: Mapping[str, Any], family: Family) -> Complaint | None:
    if all(name in given for name in _LIMITS):
        message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
        return Complaint(message, "max_tokens", "invalid_parameter_combination")
    if family.reasons and "max_tokens" in given:
        return unsupported("max_tokens", " Use 'max_completion_tokens' instead.")
    for name in _LIMITS:
        if given.get(name, 0) > family.output_tokens:
            return Complaint(
                f"{name} is too large: {given[name]}. This model supports at most {family.output_tokens} "
                f"completion tokens, whereas you provided {given[name]}.",
                name,
                "invalid_value",
            )
    return None


def _effort(given: Mapping[str, Any], family: Family) -> Complaint | None:
    effort = given.get("reasoning_effort")
    if effort is None or effort in family.efforts:
        return None
    if effort not in EFFORTS:
        message = f"Invalid value: '{effort}'. Supported values are: {_listed(EFFORTS)}."
        return Complaint(message, "reasoning_effort", "invalid_value")
    message = (
        f"Unsupported value: 'reasoning_effort' does not support '{effort}' with this model. "
        f"Supported values are: {_listed(family.efforts)}."
    )
    return Complaint(message, "reasoning_effort", "unsupported_value")


def _sampling(given: Mapping[str, Any], family: Family) -> Complaint | None:
    if effort_of(given, family) == "none":
        return None
    if "temperature" in given and family.strict_temperature:
        return unsupported("temperature")
    if given.get("temperature", 1) != 1:
        message = (
            f"Unsupported value: 'temperature' does not support {given['temperature']} with this model. "
            "Only the default (1) value is supported."
        )
        return Complaint(message, "temperature", "unsupported_value")
    refused = next((name for name in _SAMPLING if given.get(name)), None)
    return unsupported(refused) if refused else None


def _tier(given: Mapping[str, Any], family: Family) -> Complaint | None:
    tier = given.get("service_tier", "auto")
    if tier not in TIERS:
        message = f"Invalid value: '{tier}'. Supported values are: {_listed(TIERS)}."
        return Complaint(message, "service_tier", "invalid_value")
    if tier == "flex" and not family.flex:
        return Complaint("Flex is not available for this model.", "service_tier", "invalid_service_tier")
    return None


def _verbosity(given: Mapping[str, Any], family: Family) -> Complaint | None:
    supported = ("low", "medium", "high") if family.reasons else ("medium",)
    verbosity = given.get("verbosity", "medium")
    if verbosity in supported:
        return None
    message = f"Unsupported value: '{verbosity}' is not supported with this model. Supported values are: "
    return Complaint(f"{message}{_listed(supported)}.", "verbosity", "unsupported_value")


def unsupported(name: str, advice: str = "") -> Complaint:
    """The refusal of a parameter for its mere presence."""
    message = f"Unsupported parameter: '{name}' is not supported with this model.{advice}"
    return Complaint(message, name, "unsupported_parameter")


def _listed(names: Iterable[str]) -> str:
    *most, last = (f"'{name}'" for name in names)
    return f"{', '.join(most)}, and {last}" if most else last
