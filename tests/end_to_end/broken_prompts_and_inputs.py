"""Prompt files and inputs with one mistake each, and words of what is said of it."""

import gzip
import json
from typing import Any

from asyncgen.config.shipped import shipped

from .conftest import SAMPLES

RIGHT: dict[str, Any] = json.loads(shipped("prompts", "medec_safe.json").read_bytes())
ROWS = SAMPLES.read_bytes().splitlines(keepends=True)
ROW: dict[str, Any] = json.loads(ROWS[0])
HEADER = b"note_id,correct_note,incorrect_note\n"


def prompts(**changed: Any) -> bytes:
    """The prompt file that ships, with other values under some keys; None leaves a key out."""
    return json.dumps({name: value for name, value in (RIGHT | changed).items() if value is not None}).encode()


def sampled(**fields: Any) -> bytes:
    """The same with other parameters of the paraphrase."""
    params = RIGHT["generation_params"]
    return prompts(generation_params=params | {"correct_paraphrase": params["correct_paraphrase"] | fields})


def row(**changed: Any) -> bytes:
    """A row with other values; None leaves a field out."""
    fields = {name: value for name, value in (ROW | changed).items() if value is not None}
    return json.dumps(fields).encode() + b"\n"


PROMPTS: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "it is empty"),
    "blank": (b" \n", "it is empty"),
    "cut off": (b"{", "line 1, column 2"),
    "a comma too many": (b'{"a": 1,\n}', "line 1, column 8"),
    "two objects": (prompts() + b"\n{}", "line 2, column 1"),
    "a list": (b"[]", "must hold a JSON object"),
    "a text": (b'"x"', "must hold a JSON object"),
    "a number": (b"5", "must hold a JSON object"),
    "null": (b"null", "must hold a JSON object"),
    "NaN": (b'{"a": NaN}', "line 1, column 7"),
    "nested without end": (b"[" * 5000, "is not valid JSON"),
    "Latin-1": (b'{\n"a": "\xe4"}', "line 2 is not UTF-8"),
    "UTF-16": ('{"a": "b"}'.encode("utf-16"), "this is text in UTF-16"),
    "gzip": (gzip.compress(b"{}"), "this is gzip: unpack it first"),
    "zip": (b"PK\x03\x04", "this is a zip archive"),
    "PDF": (b"%PDF-1.7", "this is a PDF"),
    "YAML": (b"correct_paraphrase_system: hello\n", "line 1, column 1"),
    "no system prompt": (prompts(correct_paraphrase_system=None), "lacks the key correct_paraphrase_system"),
    "no user prompt": (prompts(correct_paraphrase_user=None), "lacks the key correct_paraphrase_user"),
    "an empty prompt": (prompts(correct_paraphrase_system=""), "no text under the key correct_paraphrase_system"),
    "a blank prompt": (prompts(reasoning_system=" \n"), "no text under the key reasoning_system"),
    "a list as prompt": (prompts(reasoning_user=["a"]), "no text under the key reasoning_user"),
    "a number as prompt": (prompts(correct_paraphrase_user=5), "no text under the key correct_paraphrase_user"),
    "no placeholder": (prompts(correct_paraphrase_user="Rewrite."), "lacks the placeholder {note}"),
    "another placeholder": (prompts(correct_paraphrase_user="{notes}"), "lacks the placeholder {note}"),
    "a blank in it": (prompts(correct_paraphrase_user="{ note }"), "lacks the placeholder {note}"),
    "no placeholder of a reasoning": (prompts(reasoning_user="Why?"), "lacks the placeholder {incorrect_note}"),
    "one half of a reasoning": (prompts(reasoning_system=None), "lacks the key reasoning_system"),
    "one half of the other": (prompts(correct_reasoning_user=None), "lacks the key correct_reasoning_user"),
    "a misspelt key": (
        prompts(correct_paraphrase_user=None, correct_paraphrase_usr="{note}"),
        "unknown key correct_paraphrase_usr; did you mean correct_paraphrase_user?",
    ),
    "temperature as text": (sampled(temperature="hot"), "temperature must be a number from 0 to 2"),
    "temperature too high": (sampled(temperature=9), "temperature must be a number from 0 to 2"),
    "temperature true": (sampled(temperature=True), "temperature must be a number from 0 to 2"),
    "top_p too high": (sampled(top_p=2), "top_p must be a number from 0 to 1"),
    "top_p below zero": (sampled(top_p=-0.1), "top_p must be a number from 0 to 1"),
    "no tokens": (sampled(max_tokens=0), "max_tokens must be a number from 1"),
    "less than none": (sampled(max_tokens=-5), "max_tokens must be a number from 1"),
    "half a token": (sampled(max_tokens=1.5), "max_tokens must be a whole number"),
    "tokens as text": (sampled(max_tokens="2048"), "max_tokens must be a number from 1"),
    "another model": (sampled(model="x"), "model cannot be set"),
    "a stream": (sampled(stream=True), "stream cannot be set"),
    "schemas as a list": (prompts(response_schemas=["a"]), "response_schemas must hold JSON schemas by step"),
    "a schema as text": (
        prompts(response_schemas={"error_reasoning": "x"}),
        "response_schemas.error_reasoning must be a JSON schema",
    ),
    "a schema of a list": (
        prompts(response_schemas={"error_reasoning": {"type": "array"}}),
        "response_schemas.error_reasoning must be a JSON schema",
    ),
    "keys as text": (prompts(required_keys="a"), "required_keys must be an object with lists of names"),
    "keys that are no names": (
        prompts(required_keys={"error_reasoning": [5]}),
        "required_keys must be an object with lists of names",
    ),
    "a reason that is no text": (prompts(retry_with_reason=5), "no text under the key retry_with_reason"),
}
"""By what is wrong: the content of the file, and what is said."""

INPUTS: dict[str, tuple[str, bytes, str]] = {
    "empty": ("a.jsonl", b"", "holds no pair"),
    "blank lines": ("a.jsonl", b"\n \n\n", "holds no pair"),
    "text": ("a.jsonl", b"hello\n", "line 1: not JSON"),
    "cut off": ("a.jsonl", row() + row()[:200], "line 2: not JSON"),
    "two objects in a line": ("a.jsonl", row().strip() + row(), "line 1: not JSON"),
    "single quotation marks": ("a.jsonl", row().replace(b'"', b"'"), "line 1: not JSON"),
    "a comment": ("a.jsonl", b"// pairs\n" + row(), "line 1: not JSON"),
    "NaN": ("a.jsonl", b'{"note_id": NaN}\n', "line 1: not JSON"),
    "nested without end": ("a.jsonl", b"[" * 5000 + b"\n", "line 1: not JSON"),
    "a list in a line": ("a.jsonl", b"[1]\n", "line 1: not a JSON object"),
    "a table with semicolons": ("a.txt", b"id;text\n1;x\n", "give the file a name that ends in .csv"),
    "an array of rows": ("a.json", json.dumps([ROW, ROW], indent=1).encode(), "make it that first (jq -c '.[]')"),
    "a row over lines": ("a.jsonl", json.dumps(ROW, indent=1).encode(), "make it that first (jq -c '.')"),
    "no note": ("a.jsonl", row(correct_note=None), "no correct_note; the fields here are note_id,"),
    "no other note": ("a.jsonl", row(incorrect_note=None), "no incorrect_note; the fields here are note_id,"),
    "no id": ("a.jsonl", row(note_id=None), "no note_id; the fields here are"),
    "a misspelt field": ("a.jsonl", row(correct_note=None, corect_note="x"), "did you mean corect_note?"),
    "null": (
        "a.jsonl",
        b'{"note_id": "a", "correct_note": null, "incorrect_note": "x"}',
        "line 1: no correct_note",
    ),
    "an empty note": ("a.jsonl", row(correct_note=""), "line 1: correct_note is empty"),
    "a blank note": ("a.jsonl", row(incorrect_note=" "), "line 1: incorrect_note is empty"),
    "a number": ("a.jsonl", row(correct_note=5), "line 1: correct_note is not a string"),
    "an id that is a list": ("a.jsonl", row(note_id=[1]), "line 1: note_id is not a string"),
    "NUL": ("a.jsonl", row(correct_note="a\0b"), "line 1: NUL character in correct_note"),
    "a NUL byte": ("a.jsonl", b'{"note_id": "\0"}\n', "line 1: NUL byte"),
    "Latin-1": ("a.jsonl", b'{"note_id": "\xe4"}\n', "line 1: not UTF-8"),
    "UTF-16": ("a.jsonl", row().decode().encode("utf-16"), "this is text in UTF-16"),
    "zip": ("a.xlsx", b"PK\x03\x04", "this is a zip archive, or an Excel file"),
    "PDF": ("a.pdf", b"%PDF-1.7\n", "this is a PDF"),
    "SQLite": ("a.db", b"SQLite format 3\0", "this is an SQLite database"),
    "gzip that ends early": ("a.jsonl.gz", gzip.compress(row() * 50)[:-20], "this gzip file ends in the middle"),
    "gzip in name only": ("a.gz", b"hel\0lo", "this gzip file is damaged"),
    "unpacked on the way": ("a.jsonl.gz", b"hello\n", "line 1: not JSON"),
    "damaged Zstandard": ("a.zst", b"\x28\xb5\x2f\xfdxx", "this Zstandard file"),
    "damaged Parquet": ("a.parquet", b"PAR1xxxxPAR1", "Parquet"),
    "Parquet in name only": ("a.parquet", b"hello\n", "Parquet"),
    "a table that is empty": ("a.csv", b"", "holds no pair"),
    "a header alone": ("a.csv", HEADER, "holds no pair"),
    "a cell too few": ("a.csv", HEADER + b"a,b\n", "line 2: 2 cells in this row, and 3 columns in the header"),
    "a cell too many": ("a.csv", HEADER + b"a,b,c,d\n", "line 2: 4 cells in this row"),
    "an open quotation": (
        "a.csv",
        HEADER + b'a,"b,c\n',
        "line 2: a quoted cell begins in this record and never ends",
    ),
    "a column twice": ("a.csv", b"note_id,note_id\n1,2\n", "has the column note_id more than once"),
    "a column without name": ("a.csv", b"note_id,,x\n1,2,3\n", "column 2 of its header has no name"),
    "no header": (
        "a.csv",
        f"1,{ROW['correct_note']!r},x\n".replace(", ", "; ").encode(),
        "its first line holds a row",
    ),
    "semicolons": ("a.csv", HEADER.replace(b",", b";"), "separated by ';': separate them by commas"),
    "tabs": (
        "a.csv",
        HEADER.replace(b",", b"\t"),
        "separated by tabs: give the file a name that ends in .tsv",
    ),
    "Latin-1 in a table": ("a.csv", HEADER + b"1,\xe4,c\n", "line 2 is not UTF-8"),
    "CR alone": ("a.csv", HEADER.replace(b"\n", b"\r") + b"1,a,b\r", "its lines end in CR alone"),
    "other columns": ("a.csv", b"id,good,bad\n1,a,b\n", "no note_id; the fields here are id, good, bad"),
}
"""By what is wrong: a name for the file, its content, and what is said."""
