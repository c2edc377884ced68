"""OpenAI's models as of 2026-11-26: what a family accepts, and when a model is shut down.

Sources: OpenAI's deprecations page, reasoning guide and deployment checklist. The table is the simulator's own, so
that a mistake in the program's table shows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

_TO_XHIGH = ("none", "low", "medium", "high", "xhigh")
_TO_MAX = (*_TO_XHIGH, "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What the models of a family accept.

    `efforts`: the reasoning efforts; empty for a family that does not reason. `strict_temperature`: a temperature
    is refused whatever its value, while other families accept the default of 1. `output_tokens`: the largest
    limit.
    """

    efforts: tuple[str, ...] = ()
    default_effort: str = "none"
    strict_temperature: bool = False
    flex: bool = False
    output_tokens: int = 128_000

    @property
    def reasons(self) -> bool:
        """Whether the family supports reasoning."""
        return bool(self.efforts)


_O_SERIES = Family(
    efforts=("low", "medium", "high"), default_effort="medium", strict_temperature=True, output_tokens=100_000
)
_GPT_6 = Family(efforts=_TO_MAX, default_effort="medium", flex=True)
_GPT_6_ALWAYS = replace(_GPT_6, efforts=_TO_MAX[1:])
_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "gpt-4o": Family(output_tokens=16_384),
        "gpt-4o-2024-05-13": Family(output_tokens=4096),
        "gpt-4.1": Family(output_tokens=32_768),
        "o1": _O_SERIES,
        "o3": replace(_O_SERIES, flex=True),
        "o3-mini": _O_SERIES,
        "o4": replace(_O_SERIES, flex=True),
        "gpt-5": Family(efforts=("minimal", "low", "medium", "high"), default_effort="medium", flex=True),
        "gpt-5.1": Family(efforts=("none", "low", "medium", "high"), flex=True),
        "gpt-5.2": Family(efforts=_TO_XHIGH, flex=True),
        "gpt-5.4": Family(efforts=_TO_XHIGH, flex=True),
        "gpt-5.5": Family(efforts=_TO_XHIGH, default_effort="medium", flex=True),
        "gpt-5.6": Family(efforts=_TO_MAX, default_effort="medium", flex=True),
        "gpt-6": _GPT_6,
        "gpt-6-astra": _GPT_6_ALWAYS,
        "gpt-6.1": _GPT_6,
        "gpt-6.1-sol": _GPT_6_ALWAYS,
        "gpt-6.2": replace(_GPT_6_ALWAYS, flex=False),
    }
)

SHUTDOWNS: Mapping[str, date | None] = MappingProxyType(
    {
        "gpt-6.2-sol": None,
        "gpt-6.2-astra": None,
        "gpt-6.1-sol": None,
        "gpt-6.1-terra": None,
        "gpt-6-astra": None,
        "gpt-6-sol": None,
        "gpt-6-luna": None,
        "gpt-5.6": None,
        "gpt-5.6-sol": None,
        "gpt-5.6-terra": None,
        "gpt-5.6-luna": None,
        "gpt-5.5": None,
        "gpt-5.4": None,
        "gpt-5.4-mini": None,
        "gpt-5.4-nano": date(2027, 4, 1),
        "gpt-5.2": None,
        "gpt-5.1": date(2027, 4, 1),
        "gpt-4o": date(2027, 1, 14),
        "gpt-4o-mini": date(2027, 1, 14),
        "gpt-4o-2024-08-06": date(2027, 1, 14),
        "gpt-4o-2024-11-20": date(2027, 1, 14),
        "gpt-4o-2024-05-13": date(2026, 10, 23),
        "gpt-4o-mini-2024-07-18": date(2027, 1, 14),
        "gpt-4.1": date(2027, 1, 14),
        "gpt-4.1-mini": date(2027, 1, 14),
        "gpt-5": date(2026, 12, 11),
        "gpt-5-mini": date(2026, 12, 11),
        "gpt-5-nano": date(2026, 12, 11),
        "o3": date(2026, 12, 11),
        "o1": date(2026, 10, 23),
        "o3-mini": date(2026, 10, 23),
        "o4-mini": date(2026, 10, 23),
        "gpt-4.1-nano": date(2026, 10, 23),
        "gpt-4-turbo": date(2026, 10, 23),
        "gpt-3.5-turbo": date(2026, 10, 23),
    }
)
"""Every model that OpenAI lists, and its shutdown day."""

NEVER = "no-such-model"
"""The one name that is unknown in every profile."""


def family_of(model: str) -> Family | None:
    """The family whose name is the longest prefix of the model's; None: not a model of OpenAI's.

    A vendor prefix (`openai/gpt-5`) is ignored.
    """
    name = model.rpartition("/")[2]
    return max(
        ((prefix, family) for prefix, family in _FAMILIES.items() if name.startswith(prefix)),
        key=lambda found: len(found[0]),
        default=(None, None),
    )[1]
