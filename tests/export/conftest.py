"""Output directories as a run leaves them, without the run; and `datasets`, kept off the network."""

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import pytest

from asyncgen.export.examples import ExamplePairs
from asyncgen.export.run_files import RunFiles
from asyncgen.recipes.medec_contents import COMBINED_FILE, CORRECT_FILE, INCORRECT_FILE
from asyncgen.storage.checkpoint import FileMeter, RunState, encode_statistics, save_checkpoint
from asyncgen.storage.disk import Disk
from asyncgen.storage.layout import FAILED, STATISTICS, RunDirectory

REASONING = {"clinical_summary": "A {note}.", "key_findings": ["one", "two"], "conclusion": "Braces {} stay."}
Pair = tuple[dict[str, Any], dict[str, Any]]


def make_pair(number: int, **changes: Any) -> Pair:
    """The two examples of a pair; `changes` go to both."""
    shared = {"original_note_id": f"ms-train-{number}", "reasoning": REASONING}
    correct = {"note": f"Case {number}: {{note}} {{error_type}} is fine.", "label": "CORRECT", **shared}
    incorrect = {
        "note": f"Case {number}: {{note}} is wrong. ",
        "label": "INCORRECT",
        **shared,
        "error_type": "diagnosis",
        "error_location": "It {corrected_sentence}.",
        "correction": "It is fine.",
    }
    return correct | changes, incorrect | changes


def make_run(directory: Path, pairs: Iterable[Pair], *, finished: bool = True, behind: bytes = b"") -> Path:
    """A directory with these pairs; `behind` is what a run has written since its last checkpoint."""
    directory.mkdir()
    meters, done = {name: FileMeter() for name in (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE, FAILED)}, 0
    with ExitStack() as stack:
        files = {
            name: stack.enter_context((directory / name).open("wb"))
            for name in (CORRECT_FILE, INCORRECT_FILE, COMBINED_FILE)
        }
        for pair in pairs:
            lines = [orjson.dumps(example) + b"\n" for example in pair]
            for name, data in zip(files, (*lines, b"".join(lines)), strict=True):
                files[name].write(data)
                meters[name].advance(data)
            done += 1
        for file in files.values():
            file.write(behind)
    state = RunState(
        last_completed_idx=done - 1,
        input_end=0,
        input_chain="",
        files={name: meter.mark() for name, meter in meters.items()},
        stats={"total_pairs": done if finished else done + 7},
        fingerprint={
            "model": "gpt-4o",
            "endpoint": "loopback/v1",
            "recipe": "medec_safe/1",
            "add_reasoning": True,
        },
    )
    if finished:
        (directory / STATISTICS).write_bytes(encode_statistics(state))
    else:
        save_checkpoint(RunDirectory(Disk(), directory), state)
    return directory


def examples_in(directory: RunDirectory) -> ExamplePairs:
    """The examples of a run."""
    return ExamplePairs(RunFiles(directory), COMBINED_FILE)


@pytest.fixture(scope="session")
def load_dataset(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Any]:
    """`datasets.load_dataset` with a cache of its own; it must not ask anybody."""
    cache = tmp_path_factory.mktemp("hf")
    os.environ.update(
        HF_HOME=str(cache),
        HF_HUB_OFFLINE="1",
        HF_DATASETS_OFFLINE="1",
        HF_HUB_DISABLE_TELEMETRY="1",
        HF_DATASETS_DISABLE_PROGRESS_BARS="1",
    )
    import datasets  # noqa: PLC0415 - it reads its environment when it is imported

    def load(*args: Any, **kwargs: Any) -> Any:
        return datasets.load_dataset(*args, cache_dir=str(cache), **kwargs)

    return load
