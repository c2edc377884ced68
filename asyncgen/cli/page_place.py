"""Where a command writes its page: in the place of another page, and of nothing else."""

from pathlib import Path

from asyncgen.cli.paths import absolute
from asyncgen.errors import UsageError
from asyncgen.storage.layout import STATE_DIRECTORY

_BEGINNING = b"<!doctype html>"  # of every page of ours


def page_place(named: Path | None, directory: Path, name: str) -> Path:
    """The place of a page about a run.

    Args:
        named: with -o.
        directory: of the run.
        name: the page's own in that directory.

    Raises:
        UsageError: it is a directory, another file than a page, or has a name that a file of the run may have.
    """
    target = (named or directory / name).absolute()
    if target.is_dir():
        raise UsageError(f"{target} is a directory: give the name of a file with -o")
    run = absolute(directory, "the directory")
    place = absolute(target.parent, "-o")
    own = place.is_relative_to(run / STATE_DIRECTORY) or target.suffix in {".json", ".jsonl"}
    if own and place.is_relative_to(run):
        raise UsageError(f"{target} would be among the files of the run: give a name that ends in .html with -o")
    if target.exists() and not _is_page(target):
        raise UsageError(f"{target} exists and is not a page: give the name of another file with -o")
    return target


def _is_page(path: Path) -> bool:
    if not path.is_file():  # a pipe or a device, which is not to be read
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_BEGINNING)).lower() in {b"", _BEGINNING}  # nothing is lost of an empty file
    except OSError:
        return False
