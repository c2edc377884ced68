"""The flags that name rows and the recipe for them."""

import argparse

from asyncgen.cli.flag_types import a_field, a_recipe
from asyncgen.cli.one_file import OneFile
from asyncgen.cli.paths import a_path, a_prompt_file, a_run
from asyncgen.config import DEFAULT_RECIPE
from asyncgen.config.shipped import shipped


def add_input_arguments(job: argparse._ArgumentGroup) -> None:
    """Add the rows, and the recipe for each."""
    job.add_argument(
        "--input-jsonl",
        "--input",
        action=OneFile,
        type=a_path,
        required=True,
        metavar="P",
        help="rows: JSON lines (.gz, .zst), CSV, TSV or Parquet; - is standard input",
    )
    job.add_argument(
        "--prompt-file", type=a_prompt_file, metavar="P", help=f"prompts (JSON); {DEFAULT_RECIPE} needs it"
    )
    add_recipe_arguments(job, "what is made: ", DEFAULT_RECIPE)
    job.add_argument("--add-reasoning", action="store_true", help="ask for the reasoning of both examples too")
    job.add_argument("--skip-bad", action="store_true", help="skip input lines that are not rows")


def add_recipe_arguments(group: argparse._ActionsContainer, what: str, default: str | None = None) -> None:
    """Add the recipe and the input's names for its fields; `what` it is for, `default` without the flag."""
    group.add_argument(
        "--recipe",
        type=a_recipe,
        default=default,
        metavar="R",
        help=f"{what}a name in configs/recipes, FILE.toml, or module:Class"
        + (" (%(default)s)" if default else ""),
    )
    group.add_argument(
        "--field",
        type=a_field,
        action="append",
        default=[],
        metavar="NAME=COLUMN",
        help="the column of the input that is the recipe's field NAME (repeated for other fields)",
    )


def add_sample_arguments(group: argparse._ActionsContainer) -> None:
    """Add a job for commands that only try something: by default the samples and the prompts that ship."""
    samples, prompts = shipped("samples", "pairs.jsonl"), shipped("prompts", f"{DEFAULT_RECIPE}.json")
    group.add_argument(
        "--input-jsonl",
        "--input",
        action=OneFile,
        type=a_path,
        default=samples,
        metavar="P",
        help="rows (default: the samples)",
    )
    group.add_argument(
        "--prompt-file",
        type=a_prompt_file,
        default=prompts,
        metavar="P",
        help="prompts (default: those that ship)",
    )
    group.add_argument("--add-reasoning", action="store_true", help="with the reasoning of both examples")


def add_source_arguments(parser: argparse._ActionsContainer, rows: str, prompts: str) -> None:
    """Add a run's directory, and its sources for a command that needs them; the others are their help texts."""
    parser.add_argument("directory", type=a_run, metavar="DIR", help="output directory, of an unfinished run too")
    parser.add_argument("--input-jsonl", "--input", action=OneFile, type=a_path, metavar="P", help=rows)
    parser.add_argument("--prompt-file", type=a_prompt_file, metavar="P", help=prompts)
