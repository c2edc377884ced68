"""A program that uses the public face, for the type checker alone: it is never run.

What must be an error is marked as one: an unused mark is an error too.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, assert_type

import asyncgen
from asyncgen.recipes import (
    BadFieldError,
    ChatRequest,
    Examples,
    Generate,
    OutputFile,
    PromptFile,
    Recipe,
    Sampling,
    together,
)


class Word:
    """What the recipe works on."""

    note_id = "1"


class Mine:
    """A recipe of one's own."""

    outputs = (OutputFile("mine.jsonl", 1),)
    counters = ("mine",)
    failure_counters: Mapping[str, str] = {}
    fingerprint: Mapping[str, Any] = {"recipe": "mine/1"}

    def __init__(self, prompts: PromptFile) -> None:
        self.prompts = prompts

    def parse(self, fields: Mapping[str, Any]) -> Word:
        """Take a word."""
        if "word" not in fields:
            raise BadFieldError("no word")
        return Word()

    async def run(self, pair: Word, generate: Generate) -> Examples:
        """Ask twice."""
        request = ChatRequest("system", pair.note_id, Sampling(0.7, 0.9, 100))
        first, second = await together(generate("a", request), generate("b", request))
        return Examples(((first.text + second.text).encode(),), {"mine": 1})

    def recognise(self, pair: Word, blobs: tuple[bytes, ...]) -> Mapping[str, int] | None:
        """Nobody else writes these."""


made: Recipe[Word] = Mine(PromptFile.load(Path("prompts.json")))


def watched(progress: asyncgen.Progress) -> None:
    """Read how far a run is."""
    assert_type(progress.done, int)
    assert_type(progress.total_cost_usd, float | None)


def once() -> asyncgen.Summary:
    """Call the plain function."""
    try:
        summary = asyncgen.run(
            input_jsonl="words.jsonl",
            output_dir=Path("out"),
            prompt_file="prompts.json",
            recipe=Mine,
            num_pairs=5,
            max_cost=0.5,
            share=1 / 8,
            shard="3/8",
            endpoints=[asyncgen.EndpointConfig(name="a", base_url="http://127.0.0.1:1/v1")],
            progress=watched,
        )
    except asyncgen.BudgetError as error:
        assert_type(error.needed, dict[str, float])
        raise SystemExit(error.exit_code) from None
    assert_type(summary, asyncgen.Summary)
    assert_type(summary.cost_usd, float | None)
    return summary


async def awaited() -> None:
    """Call the two others."""
    paths = asyncgen.run_async(input_jsonl="a", output_dir="b", prompt_file="c", rpm=500)
    assert_type(await paths, asyncgen.Summary)
    examples = asyncgen.stream(input_jsonl="a", output_dir="b", prompt_file="c", output="mine.jsonl")
    assert_type(examples, AsyncGenerator[dict[str, Any], None])
    async with aclosing(examples):
        async for example in examples:
            assert_type(example, dict[str, Any])


def mistaken() -> None:
    """Each of these is refused by the type checker."""
    asyncgen.run(input_jsonl="a")  # type: ignore[call-arg]
    asyncgen.run(input_jsonl="a", output_dir="b", prompt_file="c", num_pair=5)  # type: ignore[call-arg]
    asyncgen.run(input_jsonl="a", output_dir="b", prompt_file="c", num_pairs="5")  # type: ignore[arg-type]
    asyncgen.run(input_jsonl="a", output_dir="b", prompt_file="c", output="x")  # type: ignore[call-arg]
    asyncgen.stream("a", "b", "c")  # type: ignore[call-arg, arg-type]
    asyncgen.Run  # type: ignore[attr-defined] # noqa: B018
