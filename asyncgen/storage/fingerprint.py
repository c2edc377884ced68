"""The identity of a run: everything that decides the bytes of its outputs.

Kept part by part, so that a refusal can name what changed. Texts are kept as hashes: a checkpoint holds no prompt.
The input is not part of it: it is identified by the chain of its line hashes, up to the watermark.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from asyncgen.config import NAMED_ENDPOINTS

Fingerprint = dict[str, Any]

_SHOWN = {NAMED_ENDPOINTS: "named ones"}
_MAX_PLAIN = 80  # characters: longer texts may be prompts, and are kept as hashes


def fingerprint(parts: Mapping[str, Any]) -> Fingerprint:
    """The parts of a run by name; long texts as hashes."""
    return {
        name: f"blake2b:{digest(value.encode())}"
        if isinstance(value, str) and (len(value) > _MAX_PLAIN or name.endswith(("_system", "_user")))
        else value
        for name, value in sorted(parts.items())
    }


def digest(data: bytes) -> str:
    """A short hash, 16 bytes in hex."""
    return blake2b(data, digest_size=16).hexdigest()


def fingerprint_digest(value: Fingerprint) -> str:
    """One hash for the whole fingerprint."""
    return digest(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed from `old` to `new`, one phrase for each part."""
    phrases = []
    for name in sorted({*old, *new}):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if name.endswith(("_system", "_user")) or "blake2b:" in f"{before}{after}":
            phrases.append(f"{name} changed")
        else:
            was, now = (_shown(name, value) for value in (before, after))
            phrases.append(f"{name} was {was}, now {now}")
    return phrases


def _shown(name: str, value: Any) -> Any:
    if name == "endpoint" and str(value).startswith("loopback"):
        return "a server on this machine, simulated or real"
    return _SHOWN.get(str(value), value)
