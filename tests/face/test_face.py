"""The public face: what `import asyncgen` gives. Who changes it here has decided to."""

import inspect
import json
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from mypy import api as mypy

import asyncgen
from asyncgen import errors, recipes
from asyncgen.api.settings import StreamSettings
from asyncgen.config import RunConfig

ROOT = Path(__file__).parents[2]
ERRORS = {
    "AsyncgenError",
    "BadDataError",
    "BudgetError",
    "DirectoryError",
    "DiskError",
    "Interrupted",
    "KeyOrQuotaError",
    "TryLaterError",
    "UsageError",
}
FACE = {"run", "run_async", "stream", "Summary", "Progress", "EndpointConfig", "Exit", "__version__", *ERRORS}
RECIPES = {
    *("Recipe", "Generate", "Examples", "OutputFile", "Item", "together", "build", "PromptFile"),
    *(
        "ChatMessage",
        "ChatRequest",
        "Sampling",
        "ResponseSchema",
        "Completion",
        "Usage",
        "BadFieldError",
        "CallFailed",
    ),
    *("MedecSafe", "SingleTurn"),
}
NEEDED = dict.fromkeys(("input_jsonl", "output_dir"), "str | pathlib.Path")
PATHS = dict.fromkeys(NEEDED, "never-opened")
SETTINGS: dict[str, Any] = {
    "num_pairs": ("int | None", None),
    "add_reasoning": ("bool", False),
    "batch_size": ("int", 10),
    "save_every": ("int", 5),
    "prompt_file": ("str | pathlib.Path | None", None),
    "fields": ("Mapping[str, str] | None", None),
    "model": ("str | None", None),
    "continue_with_model": ("str | None", None),
    "params": ("Mapping[str, Any] | None", None),
    "reasoning_effort": ("str | None", None),
    "service_tier": ("str | None", None),
    "prices": ("str | pathlib.Path | None", None),
    "tier": ("str | None", None),
    "headers": ("Mapping[str, str] | None", None),
    "max_tokens_field": ("str | None", None),
    "strict_params": ("bool", False),
    "keep_thinking": ("bool", False),
    "share": ("float", 1.0),
    "max_cost": ("float | None", None),
    "max_total_tokens": ("int | None", None),
    "max_attempts": ("int", 6),
    "max_failures": ("int | None", None),
    "max_failed_share": ("float", 0.9),
    "timeout": ("float | None", None),
    "pair_timeout": ("float | None", None),
    "patience": ("float", 600.0),
    "allow_http": ("bool", False),
    "restart": ("bool", False),
    "skip_bad": ("bool", False),
    "batch": ("bool", False),
    "batch_tokens": ("int | None", None),
    "batch_detach": ("bool", False),
    "batch_finish": ("int", 0),
    "batch_adopt": ("bool", False),
    "recipe": ("str | pathlib.Path | Callable[[PromptFile], Recipe[Any]] | None", None),
    "api_key": ("str | None", None),
    "base_url": ("str | None", None),
    "rpm": ("float | None", None),
    "tpm": ("float | None", None),
    "concurrency": ("int | None", None),
    "endpoints": ("Sequence[EndpointConfig]", ()),
    "cache": ("str | pathlib.Path | None", None),
    "shard": ("str | None", None),
    "progress": ("Callable[[Progress], None] | None", None),
}
FUNCTIONS = [
    (asyncgen.run, "asyncgen.engine.session.Summary", {}),
    (asyncgen.run_async, "asyncgen.engine.session.Summary", {}),
    (asyncgen.stream, "AsyncGenerator[dict[str, Any], None]", {"output": ("str | None", None)}),
]


def plain(annotation: object) -> str:
    """An annotation without the homes of generic types."""
    text = inspect.formatannotation(annotation).replace("pathlib._local.", "pathlib.")  # Python 3.13
    homes = (
        "collections.abc.",
        "typing.",
        "asyncgen.recipes.prompts.",
        "asyncgen.recipe.",
        "asyncgen.config.",
        "asyncgen.api.progress.",
    )
    for home in homes:
        text = text.replace(home, "")
    return text


def test_the_face_is_this() -> None:
    """Nothing more, and no module of the inside; each name is there."""
    assert set(asyncgen.__all__) == set(dir(asyncgen)) == FACE
    assert all(getattr(asyncgen, name) is not None for name in FACE)
    assert set(recipes.__all__) == RECIPES
    assert all(getattr(recipes, name) is not None for name in RECIPES)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        asyncgen.nothing  # noqa: B018


def test_every_error_that_ends_a_run_is_in_the_face() -> None:
    """Whoever calls `run` can name it."""
    ends = [
        one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.AsyncgenError)
    ]
    assert {one.__name__ for one in ends} == ERRORS


@pytest.mark.parametrize(("function", "gives", "more"), FUNCTIONS)
def test_every_setting_is_a_typed_keyword_argument_with_a_default(function: Any, gives: str, more: Any) -> None:
    """The three paths have none, and come first."""
    signature = inspect.signature(function)
    found = {one.name: (plain(one.annotation), one.default) for one in signature.parameters.values()}
    needed = {name: (kind, inspect.Parameter.empty) for name, kind in NEEDED.items()}
    assert found == needed | SETTINGS | more
    assert list(found)[: len(NEEDED)] == list(NEEDED)
    assert {one.kind for one in signature.parameters.values()} == {inspect.Parameter.KEYWORD_ONLY}
    assert plain(signature.return_annotation) == gives


@pytest.mark.parametrize("function", [function for function, *_ in FUNCTIONS])
def test_every_setting_is_documented(function: Any) -> None:
    """In the text that `help` shows, a line or more each."""
    said = inspect.getdoc(function) or ""
    arguments = re.split(r"\n(?=    \w)", said.partition("Args:\n")[2].rstrip())
    named = [argument.split(":")[0].strip() for argument in arguments]
    assert named == list(inspect.signature(function).parameters)
    assert all(argument.endswith(".") for argument in arguments)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (PATHS | {"num_pair": 5}, "unexpected keyword argument 'num_pair'"),
        (PATHS | {"output": "x"}, "unexpected keyword argument 'output'"),
        ({}, "missing a required( keyword-only)? argument: 'input_jsonl'"),
    ],
)
def test_what_is_no_setting_is_refused_at_once(words: dict[str, Any], said: str) -> None:
    """As Python refuses it for any function."""
    with pytest.raises(TypeError, match=said):
        asyncgen.run(**words)


def test_the_settings_do_not_show_the_key() -> None:
    """A traceback with the values of variables would."""
    assert "sk-secret" not in repr(StreamSettings(**PATHS, api_key="sk-secret"))


def test_what_the_run_takes_over_is_called_the_same_there() -> None:
    """A setting has one name, in messages too."""
    assert set(SETTINGS) - {one.name for one in fields(RunConfig)} == {
        *("api_key", "base_url", "rpm", "tpm", "concurrency", "tier", "prices", "headers"),
        *("continue_with_model", "reasoning_effort", "service_tier", "progress"),
    }
    assert {one.name for one in fields(StreamSettings)} == {*NEEDED, *SETTINGS, "output"}


def test_the_package_is_imported_without_what_only_a_run_needs() -> None:
    """An error can be caught without paying for the engine."""
    program = "import asyncgen, json, sys; asyncgen.UsageError; dir(asyncgen); print(json.dumps([*sys.modules]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    modules = json.loads(done.stdout)
    assert [
        name for name in ("openai", "aiohttp", "orjson", "asyncgen.engine.single_run") if name in modules
    ] == []


@pytest.mark.timeout(180)  # without a cache it reads the whole package
def test_a_program_that_uses_it_is_typed_and_one_that_misuses_it_is_refused() -> None:
    """See `use.py`."""
    said, trouble, code = mypy.run(
        ["--strict", "--config-file", str(ROOT / "pyproject.toml"), str(ROOT / "tests/face/use.py")]
    )
    assert (code, trouble) == (0, ""), said
