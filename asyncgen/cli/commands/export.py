"""`asyncgen export`: from the outputs of a run to a file for training."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.cli.export_work import DEFAULT_TEMPLATE, ExportWork, lines_work, paired_work, unmet_line
from asyncgen.cli.lines import Lines
from asyncgen.cli.one_file import OneFile
from asyncgen.cli.paths import a_new_file, a_path, a_prompt_file, a_run, absolute, from_here
from asyncgen.errors import BadDataError, Exit, UsageError
from asyncgen.export.formats import FORMATS, Format
from asyncgen.humanize import counted, plural
from asyncgen.medec.splits import SIDES, Split, side_path

if TYPE_CHECKING:
    from asyncgen.export.columns import Columns
    from asyncgen.export.export_run import Export, ExportTally, RecordSink
    from asyncgen.storage.checkpoint import RunState
    from asyncgen.storage.staging import Staging

EXAMPLE = "asyncgen export out --format trl-messages --template reasoning --split 90/10 --shuffle"

CARD = "README.md"
LEFT_OUT_SHOWN = 10  # ids: a line or two of them
_PACKED = {".gz", ".zst", ".bz2", ".xz", ".zip"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: the source, the format, the target."""
    parser.add_argument(
        "directory", type=a_run, metavar="DIR", help="the output directory of a run, finished or not"
    )
    parser.add_argument("--format", required=True, choices=FORMATS, help="the format to write")
    parser.add_argument(
        "--template",
        metavar="NAME",
        help="for notes with labels: instruction and answers, detection, correction, reasoning, or a TOML file "
        f"({DEFAULT_TEMPLATE})",
    )
    parser.add_argument(
        "--file", metavar="NAME", help="the output to take, if several of the recipe can be trained on"
    )
    parser.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="CONDITION",
        help="leave out lines that do not meet it, such as 'mark >= 4', 'metadata.kind != other' or 'answer == "
        "{gold}'; may be given several times",
    )
    parser.add_argument(
        "-o",
        "--output",
        type=a_new_file,
        metavar="P",
        help="file or folder (default: DIR-FORMAT.jsonl beside DIR)",
    )
    parser.add_argument(
        "--split",
        metavar="90/10",
        help="percentages of train/validation or train/validation/test: one file each; the examples of a row, "
        "and notes about the same case, stay on one side",
    )
    parser.add_argument(
        "--split-by",
        metavar="KEY",
        help="lines of a recipe with the same value of this key, such as article or metadata.source, stay on one "
        "side of --split",
    )
    parser.add_argument(
        "--only",
        choices=("proven", "judged", "not-flagged", "all"),
        help="the rows to take: proven by the rules; judged: also those that asyncgen verify --judge finds to say "
        "the same; not-flagged: those that neither rules nor judge find wrong (default); all",
    )
    parser.add_argument(
        "--input-jsonl",
        "--input",
        action=OneFile,
        type=a_path,
        metavar="P",
        help="the rows of the run, for --only (default: where they were when it ran)",
    )
    parser.add_argument(
        "--prompt-file",
        type=a_prompt_file,
        metavar="P",
        help="the prompts of the run, for --only (default: the same)",
    )
    parser.add_argument(
        "--review",
        type=a_path,
        metavar="FILE",
        help="marks made on the page of asyncgen view: rejected rows are left out, accepted ones kept",
    )
    parser.add_argument(
        "--shuffle",
        action="store_true",
        help="write the examples in random order (default: input order)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of split and shuffle (%(default)s)")
    parser.add_argument(
        "--skip-bad", action="store_true", help="leave out rows that lack what format and template need"
    )
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    parser.add_argument("-q", "--quiet", action="store_true", help="only warnings and errors")


def execute(args: argparse.Namespace) -> int:
    """Export."""
    from asyncgen.cli.export_selection import select  # noqa: PLC0415
    from asyncgen.cli.reviewed_export import with_review  # noqa: PLC0415
    from asyncgen.export.examples import find_paired  # noqa: PLC0415
    from asyncgen.export.parquet import require_pyarrow  # noqa: PLC0415
    from asyncgen.export.run_files import RunFiles  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    if FORMATS[args.format].is_parquet:
        require_pyarrow()
    directory = RunDirectory(Disk(), absolute(args.directory, "the directory"))
    files = RunFiles(directory)
    selection = select(args, directory, files, Lines(quiet=args.quiet))
    if args.split_by is not None and args.split is None:
        raise UsageError("--split-by says which lines --split keeps together: give both")
    split = None if args.split is None else Split.parse(args.split, args.seed)
    paired = find_paired(files) if args.file is None else None
    if paired is None:
        work = lines_work(args, files, split, selection)
    else:
        work = paired_work(args, files, paired, split, selection)
    if args.review is not None:
        work = with_review(work, directory, args.review, Lines(quiet=args.quiet))
    return _carry_out(args, work)


def _carry_out(args: argparse.Namespace, work: ExportWork) -> int:
    """Write everything or nothing."""
    from asyncgen.export.export_run import ColumnsSink  # noqa: PLC0415
    from asyncgen.storage.staging import Staging  # noqa: PLC0415

    export, directory = work.export, absolute(args.directory, "the directory")
    output = args.output or from_here(directory.with_name(f"{directory.name}-{args.format}{work.format.suffix}"))
    card, files = _places(output, work.format, export)
    if any(_is_of_run(path.resolve(), directory) for path in (card, *files.values())):
        raise UsageError(f"{output} is among the files of the run: give a place outside {directory} with -o")
    read = _read_by(args, work.files.state, directory)
    for path in (card, *files.values()):
        if path.resolve() in read:  # --force is meant for an earlier export
            raise UsageError(f"{path} is a file that the run was made from: give another name with -o")
    with Staging(work.files.disk, force=args.force) as staging:
        staging.check([card, *files.values()])
        if work.format.is_parquet and work.columns is not None:
            _refuse_nothing(export.write(dict.fromkeys(files, ColumnsSink(work.columns))), work)
        tally = export.write({side: _sink(staging, path, work) for side, path in files.items()})
        _refuse_nothing(tally, work)
        if export.split is not None:
            export.split.refuse_empty(tally.examples)
        text = work.render(
            output.resolve().stem, tally, {side: path.relative_to(card.parent) for side, path in files.items()}
        )
        staging.open(card.absolute()).write(text.encode())
        staging.publish(superseded=_other_sides(card, files) if work.format.is_folder else ())
    _report(Lines(quiet=args.quiet), work, tally, card=card, files=files)
    return Exit.DONE


def _refuse_nothing(tally: "ExportTally", work: ExportWork) -> None:
    if not tally.pairs:
        raise BadDataError(f"{unmet_line(work.where, tally)}: nothing is written" if tally.unmet else work.nothing)


def _read_by(args: argparse.Namespace, state: "RunState", directory: Path) -> set[Path]:
    """The files that the run and this export were given: rows, prompts and marks."""
    from asyncgen.cli.run_sources import input_of_run, prompts_of_run  # noqa: PLC0415 - as above
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415

    of_run = (input_of_run(None, RunDirectory(Disk(), directory)), prompts_of_run(None, state))
    given = (*of_run, args.input_jsonl, args.prompt_file, args.review)
    return {path.resolve() for path in given if path is not None}


def _is_of_run(path: Path, directory: Path) -> bool:
    """Whether a path is that of a file of the run, or among those that only the program reads."""
    from asyncgen.storage.layout import SHARDS, STATE_DIRECTORY  # noqa: PLC0415 - as above

    if not path.is_relative_to(directory):
        return False
    first, *others = path.relative_to(directory).parts
    return not others or first in {STATE_DIRECTORY, SHARDS}


def _places(output: Path, chosen: Format, export: "Export[Any]") -> tuple[Path, dict[str, Path]]:
    """The paths of the card and of each side's file."""
    if chosen.is_folder:
        if output.exists() and not output.is_dir():
            raise UsageError(f"{output} is a file: give the name of a folder with -o")
        return output / CARD, {side: _in_folder(output, side) for side in export.sides}
    if output.is_dir():
        raise UsageError(f"{output} is a directory: give the name of a file with -o")
    if output.suffix.lower() in _PACKED:
        raise UsageError(
            f"{output}: export does not compress, and trainers unpack a file of this name: "
            f"give {output.with_suffix('')} with -o, and compress it after"
        )
    files = {side: output if export.split is None else side_path(output, side) for side in export.sides}
    return output.with_name(f"{output.stem}-card.md"), files


def _in_folder(folder: Path, side: str) -> Path:
    return folder / "data" / f"{side}.jsonl"


def _other_sides(card: Path, files: dict[str, Path]) -> list[Path]:
    """Files of an earlier export into the folder that this one does not replace."""
    return [path for side in SIDES if side not in files and (path := _in_folder(card.parent, side)).exists()]


def _sink(staging: "Staging", path: Path, work: ExportWork) -> "RecordSink":
    from asyncgen.export.export_run import JsonlSink  # noqa: PLC0415
    from asyncgen.export.parquet import ParquetSink  # noqa: PLC0415

    staged = staging.open(path.absolute())
    return ParquetSink(staged, work.schema()) if work.format.is_parquet else JsonlSink(staged, work.columns)


def _report(
    lines: Lines,
    work: ExportWork,
    tally: "ExportTally",
    *,
    card: Path,
    files: dict[str, Path],
) -> None:
    """Report what was written, what is odd about it, and how to load it."""
    state = work.files.state
    rows = state.rows
    if not work.files.finished:
        done, total = state.done, state.stats["total_pairs"]
        lines.warn(f"the run is not finished: these are the first {done:,} of {total:,} {rows}")
    if state.failed_pairs:
        lines.warn(f"{counted(state.failed_pairs, rows)} failed in the run, left out here (see failed.jsonl)")
    if work.selection is not None:
        from asyncgen.cli.export_selection import left_out_lines  # noqa: PLC0415

        for number, line in enumerate(left_out_lines(work.selection, rows)):
            (lines.advise if number else lines.warn)(line)
    if tally.left_out:
        names = ", ".join(map(repr, tally.left_out[:LEFT_OUT_SHOWN]))
        more = len(tally.left_out) - LEFT_OUT_SHOWN
        lines.warn(
            f"left out, because they lack what the {work.needed_by} needs: "
            f"{counted(len(tally.left_out), rows)}"
            f": {names}" + (f" and {more:,} more" if more > 0 else "")
        )
    if work.where:
        (lines.warn if tally.unmet else lines.say)(unmet_line(work.where, tally))
    for side, path in files.items():
        lines.say(f"✓ {plural(tally.examples[side], 'example')} in {path}")
        least = work.format.least_uploaded
        if least is not None and tally.examples[side] < least:
            lines.warn(f"OpenAI refuses a fine-tuning file of fewer than {least} examples")
    if work.columns is not None and not work.format.is_parquet:
        _warn_of_columns(lines, work.format, work.columns)
    lines.say(f"  card: {card}")
    lines.say(f"to load: {work.format.loading(card, files)}")


def _warn_of_columns(lines: Lines, chosen: Format, columns: "Columns") -> None:
    """Warn of what readers make of JSON lines, other than was meant."""
    times = columns.read_as_times() if chosen.least_uploaded is None else []
    if times:
        lines.warn(
            f"the texts of {', '.join(times)} look like dates, and load_dataset makes times of them: "
            "--format parquet keeps them"
        )
    if chosen.is_folder and (problem := columns.problem()):
        lines.warn(f"{problem}: the card names no types, and load_dataset may refuse the files")
    texts = [name for name in chosen.with_template if columns.is_text(name)]
    if texts:
        lines.warn(
            f"{' and '.join(texts)} are texts, which TRL trains without a chat template: messages in the lines "
            "of the recipe make a conversation of them"
        )
