"""`asyncgen init`: a recipe, a run's flags and some rows, to start a new job."""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from asyncgen.cli.invocation import asyncgen_here
from asyncgen.cli.paths import a_path, absolute_output
from asyncgen.config.shipped import shipped
from asyncgen.errors import Exit, UsageError
from asyncgen.text import loads

EXAMPLE = "asyncgen init mails"
OWN = "my_job"
_FLAGS = Path("run.toml")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the name, and the target directory."""
    parser.add_argument(
        "name",
        nargs="?",
        default=OWN,
        metavar="NAME",
        help="of the recipe; a name in configs/recipes starts with a copy of that one (%(default)s)",
    )
    parser.add_argument(
        "--directory", type=a_path, default=Path(), metavar="P", help="where the files go (default: here)"
    )


def execute(args: argparse.Namespace) -> int:
    """Write the files, all or none, and say what to do with them."""
    # Not for `asyncgen --help`, which must stay fast.
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.staging import Staging  # noqa: PLC0415

    name = args.name
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not a valid name: use letters, digits, _ and -, starting with a letter")
    if name.lower() == _FLAGS.stem:
        raise UsageError(f"{name!r} cannot be a name: {_FLAGS} holds the flags of the run")
    directory = absolute_output(args.directory, "--directory")
    files = _files(name)
    there = [file for file in files if os.path.lexists(directory / file)]
    if there:
        another = "--directory" if str(_FLAGS) in there else "NAME or --directory"
        raise UsageError(f"{directory} already has {', '.join(there)}: choose another {another}")
    disk = Disk()
    try:
        disk.make_directory(directory)
        with Staging(disk, force=False) as staging:
            for file, content in files.items():
                staging.open(directory / file).write(content)
            staging.publish()
    finally:
        disk.close()
    where = "" if directory == Path.cwd() else f"cd {shlex.quote(str(args.directory))} && "
    sys.stdout.write(
        f"✓ {name}.toml: what is asked for each row, and what is written\n"
        f"✓ {_FLAGS}: the flags of the run\n"
        f"✓ {name}.rows.jsonl: sample rows; replace them with yours\n"
        f"next: {where}{asyncgen_here()} preview --config {_FLAGS} --simulate\n"
    )
    return Exit.DONE


def _files(name: str) -> dict[str, bytes]:
    """The files by their names."""
    # Not for `asyncgen --help`: it imports the recipes.
    from asyncgen.recipes import shipped_names  # noqa: PLC0415

    begun = shipped("init")
    recipe, rows = begun / "recipe.toml", begun / "rows.jsonl"
    if name in shipped_names():
        recipe = shipped("recipes", f"{name}.toml")
        rows = _rows_for(name)
    return {
        f"{name}.toml": recipe.read_text("utf-8").replace("NAME", name).encode(),
        str(_FLAGS): (begun / _FLAGS).read_text("utf-8").replace("NAME", name).encode(),
        f"{name}.rows.jsonl": b"".join(islice(_lines(rows), 10)),
    }


def _lines(path: Path) -> Iterable[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def _rows_for(name: str) -> Path:
    """The samples that fit a shipped recipe."""
    from asyncgen.recipes.declared import Declared  # noqa: PLC0415 - it brings a library
    from asyncgen.recipes.recipe_file import RecipeFile  # noqa: PLC0415
    from asyncgen.rows import BadFieldError  # noqa: PLC0415

    recipe = Declared(RecipeFile(shipped("recipes", f"{name}.toml"), {}, {}))
    for path in sorted(shipped("samples").glob("*.jsonl")):
        try:
            recipe.parse(loads(next(iter(_lines(path))).decode()))
        except BadFieldError:
            continue
        return path
    raise UsageError(f"no samples fit the recipe {name}")
