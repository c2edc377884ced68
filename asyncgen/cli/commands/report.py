"""`asyncgen report`: one HTML file about a run."""

import argparse
import sys
import time

from asyncgen.cli.command_line import with_larger_budget
from asyncgen.cli.page_place import page_place
from asyncgen.cli.paths import a_new_file, a_run, absolute
from asyncgen.errors import Exit

EXAMPLE = "asyncgen report out -o last-night.html"

REPORT = "report.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: directory and file."""
    parser.add_argument("directory", type=a_run, metavar="DIR", help="the --output-dir of a run, finished or not")
    parser.add_argument(
        "-o", "--output", type=a_new_file, metavar="FILE", help=f"where to write (default: DIR/{REPORT})"
    )


def execute(args: argparse.Namespace) -> int:
    """Write the report, and print where."""
    # Not for --help: orjson and more.
    from asyncgen.monitor.history import Calls  # noqa: PLC0415
    from asyncgen.monitor.report.page import render  # noqa: PLC0415
    from asyncgen.monitor.report.record import RunRecord  # noqa: PLC0415
    from asyncgen.monitor.run_status import look  # noqa: PLC0415
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.storage.staging import Staging  # noqa: PLC0415
    from asyncgen.storage.whole_files import lines_of  # noqa: PLC0415

    target = page_place(args.output, args.directory, REPORT)
    disk = Disk()
    directory = RunDirectory(disk, absolute(args.directory, "the directory"))
    record, calls = RunRecord(), Calls()
    picture = look(directory, record.observe)
    for line in lines_of(disk, directory.calls):
        calls.feed(line)
    session = picture.resumable
    go_on = "" if session is None else with_larger_budget(session.command, session.named)
    with Staging(disk, force=True) as staging:  # nothing of a page is left where the disk is full
        staging.open(target).write(render(picture, record, calls, time.time(), go_on).encode(errors="replace"))
        staging.publish()
    sys.stdout.write(f"{target}\n")
    return Exit.DONE
