"""The recipe medec_safe and the recipe file with its steps send the same requests in the same order."""

import asyncio
import json

import pytest

from asyncgen.chat import Completion, Usage
from asyncgen.client.encoding import Encoder
from asyncgen.config import RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.recipes import build
from asyncgen.recipes.schema_example import example

ODD = [
    {"note_id": "a", "correct_note": "Plain { {{ }} {note} \u2028 text.", "incorrect_note": "{error_type}"},
    {"note_id": "b", "correct_note": "x", "incorrect_note": "y", "error_sentence": None, "error_type": ""},
    {
        "text_id": "c",
        "note_id": "d",
        "correct_note": " ends with a blank ",
        "incorrect_note": "y",
        "error_type": "z",
    },
]


async def walk(recipe, fields):
    """What is asked for a row, in order: each request's body when it is sent, and the step when it is answered."""
    encoder, seen = Encoder("some-model", "max_tokens"), []

    async def generate(step, request):
        prepared = encoder.prepare(step, request)
        seen.append((step, prepared.body, prepared.hash))
        await asyncio.sleep(0.01 if step == "error_reasoning" else 0.02)
        seen.append((step, "answered"))
        text = f" {step} of {request.user[:40]} "
        if request.response_schema is not None:
            text = json.dumps(example(request.response_schema.schema))
        return Completion(text, Usage(1, 2, 3), "some-model")

    examples = await recipe.run(recipe.parse(fields), generate)
    return seen, [json.loads(line) for blob in examples.blobs for line in blob.splitlines()]


def recipes(tmp_path):
    """The class and the file."""
    paths = {"input_jsonl": tmp_path / "in.jsonl", "output_dir": tmp_path / "out"}
    prompts = shipped("prompts", "medec_safe.json")
    one = build(RunConfig(**paths, prompt_file=prompts, add_reasoning=True))
    return one, build(RunConfig(**paths, recipe=str(shipped("recipes", "medec_safe.toml"))))


@pytest.mark.virtual_clock
@pytest.mark.parametrize("fields", ODD, ids=[row["note_id"] for row in ODD])
async def test_odd_pairs_are_asked_about_in_the_same_bytes(tmp_path, fields):
    """Braces, missing fields and blanks at the ends."""
    by_class, by_file = recipes(tmp_path)

    assert (await walk(by_class, fields))[0] == (await walk(by_file, fields))[0]


@pytest.mark.virtual_clock
async def test_own_pairs_are_asked_about_in_the_same_bytes_and_written_alike(tmp_path):
    """Step by step; the notes, labels and reasonings are the same, too."""
    by_class, by_file = recipes(tmp_path)
    for line in shipped("samples", "pairs.jsonl").read_text().splitlines():
        (asked, wrote), (asked_by_file, wrote_by_file) = [
            await walk(recipe, json.loads(line)) for recipe in (by_class, by_file)
        ]

        assert asked == asked_by_file
        assert len(asked) == 6
        for one, other in zip(wrote, wrote_by_file, strict=True):
            assert {key: one[key] for key in other} == other


@pytest.mark.virtual_clock
async def test_real_pairs_are_asked_about_in_the_same_bytes(tmp_path, medec_pairs):
    """All of them."""
    by_class, by_file = recipes(tmp_path)
    number = 0
    with medec_pairs.open("rb") as lines:
        for line in lines:
            number += 1
            fields = json.loads(line)
            assert (await walk(by_class, fields))[0] == (await walk(by_file, fields))[0]
    assert number == len(medec_pairs.read_bytes().splitlines()) >= 400
