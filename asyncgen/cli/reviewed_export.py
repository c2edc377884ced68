"""`asyncgen export --review`: the reviewer has the last word on which records are exported."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.export_work import ExportWork
from asyncgen.cli.lines import Lines
from asyncgen.errors import BadDataError
from asyncgen.humanize import counted, one_of
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.review_file import Mark, load_review

if TYPE_CHECKING:
    from asyncgen.export.export_run import ExportTally


def with_review(work: ExportWork, directory: RunDirectory, path: Path, lines: Lines) -> ExportWork:
    """The export without rejected rows, and with accepted ones; prints how many these are.

    Args:
        work: the export, with the rows of another selection.
        directory: of the run.
        path: of the file of marks.
        lines: reports the effect of the marks.

    Raises:
        UsageError, BadDataError, DirectoryError: as `load_review`; or no row is left.
    """
    review = load_review(directory, work.files.state, path)
    rows = work.files.state.rows
    before = work.export.keeps
    keeps = review.keeps(before)
    if not any(keeps):
        raise BadDataError(f"{path} rejects every {one_of(rows)} that is left: nothing is written")
    added = 0 if before is None else sum(new > old for new, old in zip(keeps, before, strict=True))
    left_out = counted(review.count(Mark.REJECTED), rows, "rejected")
    also = f"; {counted(added, rows, 'accepted')} kept that would be left out" if added else ""
    lines.say(f"review: {review.summary}")
    lines.say(f"  {left_out} left out{also}")

    def render(title: str, tally: "ExportTally", files: dict[str, Path]) -> str:
        return work.render(title, tally, files) + f"\nA person has looked at records of it: {review.summary}.\n"

    return replace(work, export=replace(work.export, keeps=keeps), render=render)
