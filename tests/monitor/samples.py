"""Samples for tests, with everything that does not matter filled in."""

from dataclasses import replace
from typing import Any

from asyncgen.events import LimitUse, Sample

_NOTHING = Sample(
    done=0,
    failed=0,
    total=100,
    in_flight=0,
    concurrency=8,
    waiting=0,
    waiting_on=None,
    oldest=None,
    calls=0,
    refused=0,
    retried=0,
    prompt_tokens=0,
    completion_tokens=0,
    tokens=0,
    cost=None,
)


def sample(**fields: Any) -> Sample:
    """A sample; `requests` and `tokens_spent` are what was spent of limits of 600 and 60,000 a minute."""
    limits = [
        LimitUse(name, per_minute, fields.pop(key))
        for key, name, per_minute in (("requests", "requests", 600.0), ("tokens_spent", "tokens", 60_000.0))
        if key in fields
    ]
    return replace(_NOTHING, limits=tuple(limits), **fields)
