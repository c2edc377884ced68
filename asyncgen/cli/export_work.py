"""What `asyncgen export` makes of a directory: notes with labels through a template, or lines as they are."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asyncgen.errors import UsageError
from asyncgen.export.formats import FORMATS, Format
from asyncgen.humanize import counted
from asyncgen.medec.splits import Split

if TYPE_CHECKING:
    from collections.abc import Callable

    from asyncgen.export.columns import Columns
    from asyncgen.export.export_run import Export, ExportTally, RecordSource
    from asyncgen.export.line_conditions import LineCondition
    from asyncgen.export.run_files import RunFiles
    from asyncgen.quality.judge.selection import RowSelection

DEFAULT_TEMPLATE = "detection"


@dataclass(frozen=True, slots=True)
class ExportWork:
    """An export and its specifics: the card, the schema of the format `parquet`, the exported rows.

    `columns`: what is to be known of all lines before they are written as Parquet, or described in a card.
    """

    files: "RunFiles"
    export: "Export[Any]"
    format: Format
    nothing: str
    needed_by: str
    render: "Callable[[str, ExportTally, dict[str, Path]], str]"
    schema: "Callable[[], Any]"
    selection: "RowSelection | None"
    columns: "Columns | None" = None
    where: Sequence[str] = ()


def unmet_line(where: Sequence[str], tally: "ExportTally") -> str:
    """The report on the lines that do not meet all conditions."""
    total = tally.unmet + sum(tally.examples.values())
    lacking = [
        f"{number:,} of them with nothing to compare in {text!r}" for text, number in (+tally.incomparable).items()
    ]
    flags = " ".join(f"--where {text!r}" for text in where)
    return f"{flags} leaves {counted(tally.unmet, 'lines')} of {total:,} out" + "".join(
        f", {one}" for one in lacking
    )


def paired_work(
    args: argparse.Namespace, files: "RunFiles", name: str, split: Split | None, selection: "RowSelection | None"
) -> ExportWork:
    """The export of notes with labels, through a template.

    Raises:
        UsageError: the format or the template cannot be used.
    """
    from asyncgen.cli.export_selection import card_rows  # noqa: PLC0415
    from asyncgen.export.card import render_card  # noqa: PLC0415
    from asyncgen.export.examples import ExamplePairs  # noqa: PLC0415
    from asyncgen.export.pair_records import PairRecords  # noqa: PLC0415
    from asyncgen.export.parquet import schema_of_pairs  # noqa: PLC0415
    from asyncgen.export.template import ExportTemplate  # noqa: PLC0415

    chosen = FORMATS[args.format]
    for flag, given in (("--where", args.where), ("--split-by", args.split_by)):
        if given:
            raise UsageError(
                f"{flag} is for lines that a recipe wrote to be trained on, and these are notes with labels"
            )
    if chosen.of_note is None:
        raise UsageError(
            f"the examples are notes with labels, and {args.format} needs chosen and rejected: "
            f"they export as {', '.join(name for name, one in FORMATS.items() if one.of_note is not None)}"
        )
    template = ExportTemplate.load(args.template or DEFAULT_TEMPLATE)
    records = PairRecords(ExamplePairs(files, name), template, chosen.of_note, args.skip_bad)
    export = _export(args, records, split, selection)

    def render(title: str, tally: "ExportTally", paths: dict[str, Path]) -> str:
        return render_card(
            title,
            files.state,
            tally,
            template,
            format_name=args.format,
            files=paths,
            finished=files.finished,
            trust=card_rows(selection, files.state.rows),
        )

    nothing = f"no pair has what the template {template.name} needs: nothing is written"
    return ExportWork(files, export, chosen, nothing, "template", render, schema_of_pairs, selection)


def lines_work(
    args: argparse.Namespace, files: "RunFiles", split: Split | None, selection: "RowSelection | None"
) -> ExportWork:
    """The export of lines as the recipe wrote them.

    Raises:
        UsageError: a template is named, or no file fits the format.
        BadDataError: no lines are trainable, or there are none.
    """
    from asyncgen.cli.export_selection import card_rows  # noqa: PLC0415
    from asyncgen.export.columns import Columns  # noqa: PLC0415
    from asyncgen.export.lines_card import render_lines_card  # noqa: PLC0415
    from asyncgen.export.parquet import schema_of  # noqa: PLC0415
    from asyncgen.export.recipe_lines import LineRecords, find_source  # noqa: PLC0415

    source = find_source(files, args.format, args.file)
    if args.template is not None:
        raise UsageError(
            f"--template is for notes with labels, and {source.name} holds {source.shape}: leave it out"
        )
    chosen = FORMATS[args.format]
    trust = card_rows(selection, files.state.rows)
    where = [_condition(text) for text in args.where]
    by = () if args.split_by is None else args.split_by.split(".")
    export = _export(args, LineRecords(source, chosen.of_line, args.skip_bad, where, by), split, selection)

    columns = Columns()

    def render(title: str, tally: "ExportTally", paths: dict[str, Path]) -> str:
        features = columns.features() if chosen.is_folder else []
        met = {"lines exported where": " and ".join(args.where), "lines left out for that": tally.unmet}
        more = {**trust, **(met if args.where else {})}
        return render_lines_card(
            title, source, tally, format_name=args.format, files=paths, trust=more, features=features
        )

    nothing = f"no line fits {args.format}: nothing is written"
    return ExportWork(
        files,
        export,
        chosen,
        nothing,
        "format",
        render,
        lambda: schema_of(columns),
        selection,
        columns,
        args.where,
    )


def _condition(text: str) -> "LineCondition":
    from asyncgen.export.line_conditions import LineCondition  # noqa: PLC0415

    try:
        return LineCondition.parse(text)
    except ValueError as problem:
        raise UsageError(f"--where {problem}") from None


def _export(
    args: argparse.Namespace, source: "RecordSource[Any]", split: Split | None, selection: "RowSelection | None"
) -> "Export[Any]":
    from asyncgen.export.export_run import Export  # noqa: PLC0415

    keeps = None if selection is None else selection.keeps
    return Export(source, split, args.seed if args.shuffle else None, keeps)
