"""Keys of a prompt file: misspelt, without effect, standing twice, or missing for what is wanted."""

import json
from pathlib import Path
from typing import Any

import pytest

from asyncgen.config import RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError
from asyncgen.recipes import build
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile

from .prompt_contents import COMPLETE, ERROR_REASONING, PARAPHRASE, PATH


def shipped_file() -> dict[str, Any]:
    """The prompt file that ships, decoded."""
    content: dict[str, Any] = json.loads(shipped("prompts", "medec_safe.json").read_text("utf-8"))
    return content


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("correct_paraphrase_usr", "correct_paraphrase_user"),
        ("reasonning_system", "reasoning_system"),
        ("generation_param", "generation_params"),
        ("response_schema", "response_schemas"),
    ],
)
def test_a_misspelt_key_is_refused_where_the_right_one_is_missing(key: str, meant: str) -> None:
    """It was meant: without it the run would ask something else than the user has written."""
    content = {name: value for name, value in shipped_file().items() if name != meant} | {
        key: shipped_file()[meant]
    }
    with pytest.raises(BadDataError, match=f"unknown key {key}; did you mean {meant}?"):
        MedecSafe(PromptFile(content, PATH), add_reasoning=False)


def test_a_misspelt_step_is_refused_and_any_other_key_is_the_users() -> None:
    """Beside the right key a similar one is doubtful, and no more."""
    with pytest.raises(BadDataError, match=r"unknown key generation_params\.reasonig; did you mean"):
        MedecSafe(PromptFile({**shipped_file(), "generation_params": {"reasonig": {}}}, PATH), add_reasoning=True)
    prompts = PromptFile({**shipped_file(), "reasoning_users": "x", "examples": [], "note": 1}, PATH)
    MedecSafe(prompts, add_reasoning=False)
    assert prompts.doubtful == ["reasoning_users: did you mean reasoning_user?"]


STEPS = "the steps are correct_reasoning, error_reasoning"
KINDS = "the steps are correct_paraphrase, reasoning"


@pytest.mark.parametrize(
    ("more", "doubts"),
    [
        (
            {"response_schemas": {"reasoning": {"type": "object"}}},
            [f"response_schemas.reasoning is not used ({STEPS})"],
        ),
        ({"required_keys": {"correct_reason": ["a"]}}, [f"required_keys.correct_reason is not used ({STEPS})"]),
        (
            {"generation_params": {"correct_reasoning": {"temperature": 0}}},
            [f"generation_params.correct_reasoning is not used ({KINDS})"],
        ),
        (
            {"generation_params": {"temperature": 0.1, "max_tokens": 50}},
            [
                f"generation_params.temperature is not used: it belongs to a step ({KINDS})",
                f"generation_params.max_tokens is not used: it belongs to a step ({KINDS})",
            ],
        ),
        ({"generation_params": [{"temperature": 0}]}, ["generation_params is not used: it is not an object"]),
        ({"retry_with_reason": "Do better."}, ["retry_with_reason lacks {reason}"]),
        ({"retry_with_reason": "It was bad: {reason}"}, []),
        # Notes, and the parameters of prompts for another program.
        ({"generation_params": {"notes": "by hand", "note": None}, "required_keys": {"note": "x"}}, []),
        ({"generation_params": {"invent": {"temperature": 1}}, "invent_system": "s", "invent_user": "u"}, []),
        ({}, []),
    ],
    ids=str,
)
def test_a_key_that_does_not_count_is_named(more: dict[str, Any], doubts: list[str]) -> None:
    """It is not refused, for older versions took it."""
    prompts = PromptFile({**COMPLETE, **more}, PATH)
    MedecSafe(prompts, add_reasoning=False)
    assert (prompts.doubts, prompts.doubtful) == (doubts, [])


def test_a_misspelt_key_that_a_file_may_lack_is_named_and_not_refused() -> None:
    """Older versions took it."""
    prompts = PromptFile({**COMPLETE, "retry_with_reasn": "{reason}"}, PATH)
    MedecSafe(prompts, add_reasoning=False)
    assert prompts.doubtful == ["retry_with_reasn: did you mean retry_with_reason?"]


def test_a_key_that_stands_twice_in_an_object_is_named(tmp_path: Path) -> None:
    """The last one counts."""
    path = tmp_path / "prompts.json"
    text = json.dumps(COMPLETE).replace('"reasoning_user"', '"reasoning_user": "", "reasoning_user"')
    path.write_text(text.removesuffix("}") + ', "a": {"b": [{"c": 1, "c": 1, "c": 2}], "reasoning_user": 0}}')
    warned: list[str] = []

    build(RunConfig(input_jsonl=path, output_dir=tmp_path, prompt_file=path), warned.append)

    said = "of the key c only the last counts; of the key reasoning_user only the last counts"
    assert warned == [f"in the prompt file: {said}"]


@pytest.mark.parametrize(
    ("prompts", "add_reasoning", "doubts"),
    [
        (PARAPHRASE, True, ["no key of a reasoning prompt (reasoning_user, …), so no reasoning is asked for"]),
        (PARAPHRASE, False, []),
        ({**PARAPHRASE, **ERROR_REASONING}, True, []),
    ],
    ids=["none", "none wanted", "the older kind"],
)
def test_reasoning_that_the_file_has_no_prompts_for_is_named(
    prompts: dict[str, str], add_reasoning: bool, doubts: list[str]
) -> None:
    """A file of the older kind has those for the errors."""
    file = PromptFile(prompts, PATH)
    MedecSafe(file, add_reasoning=add_reasoning)
    assert file.doubts == doubts
