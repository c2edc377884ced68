"""`asyncgen prepare`: from published files to the input format."""

import argparse
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.invocation import asyncgen_command
from asyncgen.cli.lines import Lines
from asyncgen.cli.paths import a_new_file, a_path, prompt_file_here
from asyncgen.config.shipped import shipped
from asyncgen.errors import BadDataError, Exit, UsageError
from asyncgen.humanize import plural
from asyncgen.medec.splits import Groups, Split, side_path, vignette

if TYPE_CHECKING:
    from asyncgen.medec.corpus import Collection, Oddity

EXAMPLE = "asyncgen prepare medec MEDEC-MS-*.csv -o pairs.jsonl --split 80/10/10"

_HEAD = 1024  # bytes: they tell the kind of a file, and hold the header
ODD_ROWS_SHOWN = 5  # of each kind: enough to look one up; --verbose shows all


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: input files, output file, split."""
    parser.add_argument("corpus", choices=("medec",), help="the data set")
    parser.add_argument("csv", type=a_path, nargs="+", metavar="CSV", help="files with the ground truth")
    parser.add_argument(
        "-o", "--output", type=a_new_file, required=True, metavar="PAIRS", help="the file of pairs"
    )
    parser.add_argument(
        "--split",
        metavar="80/10/10",
        help="percentages of train/validation/test (or train/validation): PAIRS-train.jsonl and so on instead of "
        "one file; notes about the same case stay on one side",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the split (%(default)s)")
    parser.add_argument("--force", action="store_true", help="overwrite files that exist")
    parser.add_argument("-v", "--verbose", action="store_true", help="name every odd row, however many there are")
    parser.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")


def execute(args: argparse.Namespace) -> int:
    """Read the published files, report what is odd, and write the pairs."""
    from asyncgen.medec.csv_files import encode_pair  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.staging import Staging  # noqa: PLC0415

    lines = Lines(quiet=args.quiet)
    split = None if args.split is None else Split.parse(args.split, args.seed)
    if args.output.is_dir():
        raise UsageError(f"{args.output} is a directory: give the name of a file with -o")
    sides = (None,) if split is None else split.sides
    targets = {side: args.output if side is None else side_path(args.output, side) for side in sides}
    if any(csv.resolve() == target.resolve() for csv in args.csv for target in targets.values()):
        raise UsageError(f"-o {args.output} is one of the input files")
    with Staging(Disk(), force=args.force) as staging:
        staging.check(targets.values())
        collection = _collect(args.csv, lines)
        _report(collection.oddities, lines, shown=None if args.verbose else ODD_ROWS_SHOWN)
        if not collection.pairs:
            raise BadDataError("no pair was found: nothing is written")
        placed = _placed(collection, split)
        written = Counter(placed)
        if split is not None:
            split.refuse_empty({side: written[side] for side in split.sides})
        for side, target in targets.items():
            file = staging.open(target.absolute())
            for pair, its_side in zip(collection.pairs, placed, strict=True):
                if its_side == side:
                    file.write(encode_pair(pair, side))
        staging.publish()
    for side, target in targets.items():
        lines.say(f"✓ {written[side]:,} pairs in {target}")
    lines.say(f"next: {_next(next(iter(targets.values())))}")
    return Exit.DONE


def _csv_of(path: Path) -> bytes:
    """The content of a file; a pipe has it only once.

    Raises:
        OSError: it cannot be read.
        BadDataError: a spreadsheet has saved something else in place of a CSV file; with what makes it one.
    """
    from asyncgen.small_files import read_small_file  # noqa: PLC0415
    from asyncgen.storage.file_kinds import kind_of  # noqa: PLC0415
    from asyncgen.storage.input_formats.delimited import is_header, with_commas  # noqa: PLC0415

    content = read_small_file(path)
    first = content[:_HEAD]
    kind = kind_of(first)
    if kind is not None:
        raise BadDataError(f"{path}: this is {kind}")
    header = first.removeprefix(b"\xef\xbb\xbf").partition(b"\n")[0].decode(errors="replace")
    separator = None if is_header(header, ",") else next((one for one in ";\t" if is_header(header, one)), None)
    if separator is not None:
        raise BadDataError(f"{path}: {with_commas(separator)}")
    return content


def _collect(paths: list[Path], lines: Lines) -> "Collection":
    from asyncgen.medec.corpus import Collection  # noqa: PLC0415
    from asyncgen.medec.csv_files import read_csv  # noqa: PLC0415

    collection = Collection()
    names = Counter(path.name for path in paths)
    for path in paths:
        rows, pairs, clean, left_out = (
            collection.rows,
            len(collection.pairs),
            collection.clean,
            collection.left_out,
        )
        for found in read_csv(path, _csv_of):
            collection.add(path.name if names[path.name] == 1 else str(path), found)
        lines.say(
            f"{path}: {collection.rows - rows:,} rows, {len(collection.pairs) - pairs:,} pairs, "
            f"{collection.clean - clean:,} notes without an error, {collection.left_out - left_out:,} left out"
        )
    types = Counter(pair.error_type for pair in collection.pairs)
    if types:
        lines.say("  " + ", ".join(f"{kind} {number:,}" for kind, number in types.most_common()))
    return collection


def _report(oddities: "list[Oddity]", lines: Lines, shown: int | None) -> None:
    """Every kind of oddity with its number and its rows."""
    kinds: dict[tuple[bool, str], list[Oddity]] = {}
    for oddity in oddities:
        kinds.setdefault((not oddity.left_out, oddity.kind), []).append(oddity)
    for (kept, kind), found in sorted(kinds.items()):
        rows = plural(len(found), "row")
        lines.warn(f"{rows} {'kept' if kept else 'left out'}: {kind}")
        for oddity in found[:shown]:
            file, number, text_id = oddity.place
            again = "" if oddity.like is None else f", as in {oddity.like.file} row {oddity.like.number}"
            again += "" if oddity.like is None else f" ({oddity.like.text_id!r})"
            lines.warn(f"  {file} row {number} ({text_id!r}){again}")
        if shown is not None and len(found) > shown:
            lines.warn(f"  and {len(found) - shown:,} more: -v names them")


def _placed(collection: "Collection", split: Split | None) -> list[str | None]:
    """The side of each pair: all pairs that share a case, in either note, are on one."""
    if split is None:
        return [None] * len(collection.pairs)
    groups = Groups()
    for pair in collection.pairs:
        groups.join(vignette(pair.incorrect_note), vignette(pair.correct_note))
    return [split.side(groups.key(vignette(pair.incorrect_note))) for pair in collection.pairs]


def _next(pairs: Path) -> str:
    prompts = prompt_file_here(shipped("prompts", "medec_safe.json"))
    words = ["--input-jsonl", str(pairs), "--output-dir", "out", "--prompt-file", prompts, "--add-reasoning"]
    return asyncgen_command("plan", *words)
