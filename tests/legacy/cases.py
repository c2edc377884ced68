"""The directories that an old version leaves, and the commands that finish each of them.

Beside this file is an archive for each old version, named by its commit, with `<case>/before/` (what it left),
`<case>/missing.json` (the calls that are not paid for yet) and `expected/<name>/` (what it makes when nothing
interrupts it). `make.py` writes it. An archive keeps the modes of the files, which a checkout does not.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
OUTPUTS = ("sft_correct.jsonl", "sft_incorrect.jsonl", "sft_combined_safe.jsonl")
STATISTICS = "generation_stats_safe.json"
INPUTS = ("pairs.jsonl", "prompts.json")

_JOB = "--input-jsonl {work}/pairs.jsonl --prompt-file {work}/prompts.json"
RUN = f"run {_JOB} --add-reasoning --output-dir {{work}}/out"
SHARD = f"run {_JOB} --add-reasoning --output-dir {{work}}/shard-{{number}} --shard {{number}}/3"
RAY = f"{RUN} --engine ray --actors 1"
REGENERATE = f"verify {{work}}/out {_JOB} --regenerate"
MERGE = "merge {work}/shard-1 {work}/shard-2 {work}/shard-3 --output-dir {work}/out"


def shard(number: int) -> str:
    """The command of one shard."""
    return SHARD.replace("{number}", str(number))


@dataclass(frozen=True, slots=True)
class Case:
    """How a directory is finished: the commands, what the files must then be, what the first command says."""

    commands: tuple[str, ...] = (RUN,)
    expected: str = "whole"
    says: str = ""


CASES = {
    "finished": Case(says="Already complete: 12 pairs"),
    "killed": Case(says="Resuming from pair 2 (checkpoint found)"),
    "killed-in-commit": Case(says="Resuming from pair"),
    "failed": Case(),
    "repairing": Case(),
    "merge-intended": Case(says="Finished a merge that the last run had begun"),
    "merge-halfway": Case(says="Finished a merge that the last run had begun"),
    "regenerating": Case((REGENERATE,), "regenerated"),
    # Only the merge is finished: today's rules may flag other pairs, which another round would ask about.
    "regeneration-merge": Case(expected="regenerated", says="Finished a merge that the last run had begun"),
    "shards": Case((shard(2), shard(3), MERGE)),
    "extending": Case(says="Resuming from pair 5 (checkpoint found)"),
    "extended": Case(says="Resuming from pair"),
    "ray": Case((RAY,)),
}


def words(command: str, work: Path, base_url: str) -> list[str]:
    """The words of a command that works in a directory, and asks a server if it asks one at all."""
    given = [word.format(work=work) for word in command.split()]
    return given if given[0] == "merge" else [*given, "--base-url", base_url, "--no-progress"]


def lay_out(source: Path, work: Path) -> None:
    """Copy what an old version left, and its input, into a new directory."""
    shutil.copytree(source, work)
    for name in INPUTS:
        shutil.copy(HERE / name, work)
