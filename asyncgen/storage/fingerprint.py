"""The identity of a run: everything that decides the bytes of its outputs.

Kept part by part, so that a refusal can name what changed. Texts are kept as hashes: a checkpoint holds no prompt.
The input is not part of it: it is identified by the chain of its line hashes, up to the watermark.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from itertools import chain
from typing import Any

import orjson

from asyncgen.config import NAMED_ENDPOINTS

Fingerprint = dict[str, Any]

MOST_SHOWN = 3  # settings: more are another job, and nobody compares them
_SHOWN = {NAMED_ENDPOINTS: "named ones", "None": "unset"}
PROMPTS = ("_system", "_user")
"""What the names of parts that are prompts end with, behind that of their step."""
SIMULATED = "simulated"
"""The part that tells whether a run brought a simulator of its own: all servers on a machine have one name."""
_FIRST = ("model", "endpoint")  # never among those that are only counted
_THIS_MACHINE = "loopback"  # how the name of an endpoint begins that is on the machine of the run
_SAMPLING = "generation_params"
_PLACES = ("temperature", "top_p", "max_tokens")
_MOST_CHARACTERS = 40  # of a value
_MAX_PLAIN = 80  # characters: longer texts may be prompts, and are kept as hashes


def fingerprint(parts: Mapping[str, Any]) -> Fingerprint:
    """The parts of a run by name; long texts as hashes."""
    return {
        name: f"blake2b:{digest(value.encode())}"
        if isinstance(value, str) and (len(value) > _MAX_PLAIN or name.endswith(PROMPTS))
        else value
        for name, value in sorted(parts.items())
    }


def digest(data: bytes) -> str:
    """A short hash, 16 bytes in hex."""
    return blake2b(data, digest_size=16).hexdigest()


def on_this_machine(endpoint: object) -> bool:
    """Whether this value of the part `endpoint` stands for a server on the machine of the run."""
    return str(endpoint).startswith(_THIS_MACHINE)


def differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What changed from `old` to `new`, a phrase for each setting, the first few; another recipe is one."""
    names = sorted({*old, *new}, key=lambda name: (name not in _FIRST, name.endswith(PROMPTS), name))
    changed = [name for name in names if old.get(name) != new.get(name)]
    if not (SIMULATED in old and SIMULATED in new):  # one is of a version that did not tell
        changed = [name for name in changed if name != SIMULATED]
    if "recipe" in changed:
        changed = ["recipe"]  # all its steps and outputs differ, too
    phrases = [phrase for name in changed for phrase in _phrases(name, old, new)]
    more = len(phrases) - MOST_SHOWN
    return phrases if more <= 0 else [*phrases[:MOST_SHOWN], f"and {more} more"]


def _phrases(name: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """What is to be said of a part that differs."""
    before, after = old.get(name), new.get(name)
    kind, _, of = name.partition(".")
    is_step = f"{name}_user" in {*old, *new}
    if name == SIMULATED:
        was, now = (("the run's own simulator" if simulated else "another") for simulated in (before, after))
        yield f"the server on this machine was {was}, now it is {now}"
    elif on_this_machine(before) and on_this_machine(after):
        was, now = (str(one).removeprefix(_THIS_MACHINE) or "/" for one in (before, after))
        yield f"the path of the server on this machine was {was}, now it is {now}"
    elif is_step or kind == _SAMPLING:
        old_settings, new_settings = (_settings(value) for value in (before, after))
        if old_settings is None or new_settings is None or old_settings == new_settings:
            yield f"params, check or schema of {name} changed"
            return
        for setting in sorted({*old_settings, *new_settings}):
            one, other = old_settings.get(setting), new_settings.get(setting)
            if one != other:
                yield f"{setting} of {name} was {_shown(one)}, now {_shown(other)}"
    elif of == "jsonl":
        yield f"the lines of {name} changed"
    elif name.endswith(PROMPTS) or "blake2b:" in f"{before}{after}":
        yield f"{name} changed"
    else:
        yield f"{name} was {_shown(before)}, now {_shown(after)}"


def _settings(value: Any) -> dict[str, Any] | None:
    """The settings of a step by name, from its part; None if that is a hash, or has a schema behind it."""
    if value is None:
        return {}
    if isinstance(value, list):  # of a prompt file: three by their places, then the others by name
        more = [each for each in value[len(_PLACES) :] if isinstance(each, dict)]
        return {
            **dict(zip(_PLACES, value, strict=False)),
            **dict(chain.from_iterable(one.items() for one in more)),
        }
    try:
        parts = orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(parts, dict):
        return None
    inner = (said.items() for said in parts.values() if isinstance(said, dict))
    return {name: said for name, said in parts.items() if not isinstance(said, dict)} | dict(
        chain.from_iterable(inner)
    )


def _shown(value: Any) -> Any:
    if on_this_machine(value):
        return "a server on this machine, simulated or real"
    text = _SHOWN.get(str(value), str(value))
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…"
