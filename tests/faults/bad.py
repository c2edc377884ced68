"""Malformed inputs, by the file that holds them: bytes or values, each with a name."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from .command import PAIRS, good_line
from .world import PROMPTS

Named = dict[str, bytes]
WRONG_TEXTS: dict[str, Any] = {
    "null": None,
    "a number": 7,
    "a float": 1.5,
    "true": True,
    "a list": ["text"],
    "an object": {"text": "text"},
    "empty": "",
    "blank": " \t\u2003\n",
    "with NUL": "a\x00b",
}
REQUIRED = ("note_id", "correct_note", "incorrect_note")
OPTIONAL = ("error_type", "error_sentence", "corrected_sentence")

_GOOD = good_line().rstrip(b"\n")


def _without(name: str) -> bytes:
    fields = orjson.loads(_GOOD)
    del fields[name]
    return orjson.dumps(fields)


LINES: Named = {
    "a word": b"hello",
    "CSV": b"n0,right,wrong",
    "a number": b"7",
    "null": b"null",
    "true": b"true",
    "a text": b'"text"',
    "a list": b"[]",
    "a list of a pair": b"[" + _GOOD + b"]",
    "an empty object": b"{}",
    "an open brace": b"{",
    "a cut line": _GOOD[:-20],
    "a line cut within an escape": b'{"note_id": "n\\u00',
    "two objects": _GOOD + _GOOD,
    "a comma behind": _GOOD + b",",
    "a comma within": _GOOD[:-1] + b",}",
    "single quotes": _GOOD.replace(b'"', b"'"),
    "a comment": b"// " + _GOOD,
    "NaN": _GOOD[:-1] + b',"x":NaN}',
    "Infinity": _GOOD[:-1] + b',"x":-Infinity}',
    "NaN beside a lone surrogate": _GOOD[:-1] + b',"x":NaN,"y":"\\ud800"}',
    "an infinite number beside a lone surrogate": _GOOD[:-1] + b',"x":1e999,"y":"\\ud800"}',
    "a control character": _GOOD.replace(b"right", b"ri\x07ght"),
    "a NUL byte": _GOOD.replace(b"right", b"ri\x00ght"),
    "NUL bytes alone": bytes(200),
    "Latin-1": _GOOD.replace(b"right", b"caf\xe9"),
    "overlong UTF-8": _GOOD.replace(b"right", b"\xc0\xaf"),
    "a surrogate in UTF-8": _GOOD.replace(b"right", b"\xed\xa0\x80"),
    "UTF-16": _GOOD.decode().encode("utf-16"),
    "a BOM in the middle": b"\xef\xbb\xbf" + _GOOD,
    "nested too deep": b"[" * 100_000,
    "objects nested too deep": b'{"a":' * 100_000,
    "nested too deep beside a lone surrogate": b'["\\ud800",' + b"[" * 5000 + b"]" * 5001,
    "a key without a value": b'{"note_id"}',
    "a key that is a number": b'{1: "x"}',
    "a bad escape": b'{"note_id": "\\x41"}',
    "a wrong case of null": b'{"note_id": None}',
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "HTML": b"<html><body>404</body></html>",
    "a line separator for a line break": b"{" + "\u2028".encode() + b"}x",
    **{f"{name} missing": _without(name) for name in REQUIRED},
    **{
        f"{name} {wrong}": good_line(**{name: value}).rstrip(b"\n")
        for name in REQUIRED
        for wrong, value in WRONG_TEXTS.items()
    },
    **{
        f"{name} {wrong}": good_line(**{name: value}).rstrip(b"\n")
        for name in OPTIONAL
        for wrong, value in WRONG_TEXTS.items()
        if wrong not in {"null", "empty", "blank"}
    },
}

FILES: Named = {
    "empty": b"",
    "a line break": b"\n",
    "blank lines": b"\n \n\t\n\r\n" * 50,
    "a BOM": b"\xef\xbb\xbf",
    "a BOM and blank lines": b"\xef\xbb\xbf\n\n",
    "UTF-16 with a BOM": b"".join(map(good_line, range(PAIRS))).decode().encode("utf-16"),
    "UTF-32": b"".join(map(good_line, range(PAIRS))).decode().encode("utf-32"),
    "zeros": bytes(4096),
    "one JSON array": b"[" + b",".join(good_line(i).rstrip() for i in range(3)) + b"]",
    "an indented object": json.dumps(orjson.loads(_GOOD), indent=2).encode(),
    "CR for line breaks": b"\r".join(good_line(i).rstrip() for i in range(3)),
    "a cut last line": good_line() + good_line(1)[:-10],
    "every byte": bytes(range(256)) * 20,
    "a thousand bad lines": b"x\n" * 1200,
}


def _prompts(**changes: Any) -> bytes:
    return orjson.dumps({name: value for name, value in (PROMPTS | changes).items() if value is not ...})


_SAMPLING = {"a text": "0.5", "true": True, "a list": [0.5], "negative": -0.1, "too large": 1e12}
PROMPT_FILES: Named = {
    "empty": b"",
    "blank": b" \n",
    "an open brace": b"{",
    "a list": b"[]",
    "null": b"null",
    "a number": b"7",
    "a text": b'"prompt"',
    "an empty object": b"{}",
    "YAML": b"correct_paraphrase_system: hello\n",
    "two objects": b"{}{}",
    "NaN": b'{"a": NaN}',
    "not UTF-8": _prompts().replace(b"Paraphrase", b"Paraphras\xe9"),
    "UTF-16": _prompts().decode().encode("utf-16"),
    "a NUL byte": _prompts() + b"\x00",
    "nested too deep": b"[" * 100_000,
    "nested too deep beside a lone surrogate": b'["\\ud800",' + b"[" * 5000 + b"]" * 5001,
    "cut": _prompts()[:-10],
    "no {note}": _prompts(correct_paraphrase_user="Paraphrase it."),
    "{ note }": _prompts(correct_paraphrase_user="{ note }"),
    "no {incorrect_note}": _prompts(reasoning_user="Explain it."),
    "no {paraphrased_note}": _prompts(correct_reasoning_user="{original_note}"),
    **{
        f"{name} {wrong}": _prompts(**{name: value})
        for name in ("correct_paraphrase_system", "correct_paraphrase_user")
        for wrong, value in {**WRONG_TEXTS, "missing": ...}.items()
        if wrong != "with NUL"
    },
    **{
        f"{name} {wrong}": _prompts(**{name: value})
        for name in ("reasoning_system", "reasoning_user", "correct_reasoning_system", "correct_reasoning_user")
        for wrong, value in {"missing": ..., "a number": 7, "blank": "  ", "a list": ["x"]}.items()
    },
    **{
        f"{step} {name} {wrong}": _prompts(generation_params={step: {name: value}})
        for step in ("correct_paraphrase", "reasoning")
        for name in ("temperature", "top_p", "max_tokens")
        for wrong, value in _SAMPLING.items()
    },
    "max_tokens 0": _prompts(generation_params={"reasoning": {"max_tokens": 0}}),
    **{
        f"required_keys {wrong}": _prompts(required_keys=value)
        for wrong, value in {
            "null": None,
            "a list": ["why"],
            "a text": "why",
            "a text for a step": {"error_reasoning": "why"},
            "numbers for a step": {"error_reasoning": [1, 2]},
            "an empty name": {"error_reasoning": [""]},
        }.items()
    },
}

TIERS: dict[str, str] = {
    "empty": "",
    "not TOML": "[models",
    "no models": "dated = 2026-01-01\n",
    "models a list": "models = []",
    "models of a number": "[models]\nm = 7",
    "a tier of a number": '[models."*"]\nt = 7',
    "a tier of a text": '[models."*"]\nt = "fast"',
    "an unknown limit": '[models."*".t]\nrps = 5',
    **{
        f"{name} = {value}": f'[models."*".t]\n{name} = {value}'
        for name in ("rpm", "tpd")
        for value in ("0", "-1", "nan", "inf", '"500"', "true", "[]", "{}", "0.5")
    },
    "another model": "[models.other.t]\nrpm = 500",
    "another tier": '[models."*".u]\nrpm = 500',
    "the same table twice": '[models."*".t]\nrpm = 1\n[models."*".t]\nrpm = 2',
    "a control character in the name of a model": '[models."\\u001b[31m".t]\nrpm = 500',
    "a control character in the name of a tier": '[models."*"."\\u001b[31m"]\nrpm = 500',
    "a control character in the name of a limit": '[models."*".t]\n"\\u001b[31m" = 500',
    "a control character": '[models."*".t]\nrpm = 500\nx = "\x1b[31m"',
}

PROFILES: dict[str, str] = {
    "not TOML": "seed = ",
    "an unknown table": "[weather]\nrain = 1",
    "an unknown key": "[faults]\nthunder = 0.5",
    "a table for a number": "[seed]\nx = 1",
    "a number for a table": "faults = 7",
    "a control character in a key": '"\\u001b[31m" = 5',
    "a control character in a kind": '[storm]\nkind = "\\u009b31m"',
    "seed a text": 'seed = "x"',
    "seed true": "seed = true",
    "seed a date": "seed = 2026-01-01",
    "name a number": "name = 7",
    "shares beyond one": "[faults]\nrate_limit = 0.7\nserver_error = 0.7",
    "an unknown kind": '[faults]\nfail_kind = "thunder"',
    "a storm of an unknown kind": '[storm]\nkind = "thunder"',
    "a storm of all and more": "[storm]\nshare = 1.5",
    **{
        f"{table}.{name} = {value}": f"[{table}]\n{name} = {value}"
        for table, name in (("limits", "rpm"), ("faults", "hang"), ("storm", "duration_s"), ("limits", "burst_s"))
        for value in ("-1", "nan", "inf", '"x"', "true", "[]", "99999999999999999999")
        if (table, value) != ("limits", "99999999999999999999") or name == "burst_s"
        if (table, name, value) != ("storm", "duration_s", "99999999999999999999")
    },
}

FLAGS: list[list[str]] = [
    *(
        [f"--{name}", value]
        for name in ("num-pairs", "batch-size", "save-every", "max-attempts", "concurrency")
        for value in ("0", "-1", "1.5", "x", "", "nan", "1e3", "9" * 5000)
    ),
    *(
        [f"--{name}", value]
        for name in ("rpm", "tpm", "timeout", "pair-timeout", "patience")
        for value in ("0", "-1", "x", "", "nan", "-inf")
    ),
    *(["--share", value] for value in ("0", "2", "-1/8", "1/0", "half", "101%", "nan", "")),
    *(["--max-failures", value] for value in ("-1", "x", "101%", "-1%", "%", "nan%", "1.5", "")),
    *(
        ["--base-url", value]
        for value in (
            "api.openai.com",
            "ftp://host/v1",
            "https://",
            "https://me:secret@host/v1",
            "https://me@host/v1",
            "https://:secret@host/v1",
            "http://[::1/v1",
            "https://host:port/v1",
            "https://host:99999/v1",
            "https://host:0/v1",
            "file:///etc/passwd",
            "http://api.example/v1",
            "http://127.0.0.1.example/v1",
            "http://localhost.example/v1",
            "http://0x7f.example",
            "http://10.0.0.1/v1",
            "http://[2001:db8::1]/v1",
            "https://ho st/v1",
            "https://host/\x00",
            "https://host\n.example/v1",
            "https://\x1b[31mhost",
        )
    ),
    *(["--tier", value] for value in ("", ":", "nobody:tier-1", "openai:", "openai:tier-99", "../x.toml:t")),
    *(["--simulate", value] for value in ("nobody", "", "../x", "/", "no.toml")),
    ["--max-tokens-field", "tokens"],
    ["--no-such-flag"],
    ["--num-pairs"],
    ["a word"],
    ["--log-file", "/no/such/directory/log"],
    ["--log-file", "/"],
    ["--log-file", ""],
    ["--input-jsonl", "/no/such/file"],
    ["--input-jsonl", "/"],
    ["--input-jsonl", ""],
    ["--input-jsonl", "x" * 5000],
    ["--input-jsonl", "/dev/null"],
    ["--prompt-file", "/no/such/file"],
    ["--prompt-file", "/"],
    ["--prompt-file", ""],
    ["--prompt-file", "/dev/null"],
    ["--output-dir", "/dev/null"],
    ["--output-dir", "/proc/nowhere"],
    ["--output-dir", "x" * 5000],
]

KEYS: dict[str, str] = {
    "a blank within": "sk-a b",
    "a line break": "sk-a\n",
    "a control character": "sk-\x1b[31m",
    "not ASCII": "sk-é",
    "a no-break space": "sk-\u00a0",
    "a lone surrogate": "sk-\udcff",
}

STATES: Named = {
    "empty": b"",
    "cut": b'{"last_completed_idx": 3, "stats": {',
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "a text": b'"x"',
    "an empty object": b"{}",
    "not UTF-8": b"\xff\xfe{}",
    "zeros": bytes(50),
    "only a version": b'{"version": 1}',
    "a later version": b'{"version": 2}',
    "a version of text": b'{"version": "1"}',
    "version true": b'{"version": true}',
    "nested too deep": b"[" * 10_000,
    "NaN": b"NaN",
    "the keys of the original tool": b'{"last_completed_idx": 3, "stats": {}, "timestamp": "x"}',
    "the original tool, with a text": b'{"last_completed_idx":3,"stats":{"correct_generated":"x"},"timestamp":""}',
    "the original tool, with nulls": b'{"last_completed_idx": null, "stats": null, "timestamp": null}',
    "the original tool, too far": b'{"last_completed_idx":99999999,"stats":{"correct_generated":3},"timestamp":1}',
    "the original tool, negative": b'{"last_completed_idx":-5,"stats":{"correct_generated":-1},"timestamp":"x"}',
    "the original tool, infinite": b'{"last_completed_idx":1e400,"stats":{"correct_generated":3},"timestamp":""}',
}


def edits(content: Any) -> Iterator[tuple[str, Any]]:
    """The content with one value changed or gone, everywhere; with what was done."""
    values: tuple[Any, ...] = (..., None, "x", -7, 3, 1e30, [{"number": 1}])
    if not isinstance(content, dict):
        return
    for key, old in content.items():
        for value in values:
            if value != old or type(value) is not type(old):
                rest = {name: there for name, there in content.items() if name != key}
                yield (
                    f"{key} {'gone' if value is ... else value}",
                    rest if value is ... else content | {key: value},
                )
        yield from ((f"{key}.{what}", content | {key: inside}) for what, inside in edits(old))
