"""The command line: finds the command and turns every expected error into a line and an exit code."""

import argparse
import difflib
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NoReturn

from asyncgen import __version__
from asyncgen.cli.config_file import with_settings
from asyncgen.cli.wording import in_flags
from asyncgen.errors import AsyncgenError, Exit

COMMANDS = (
    "prepare",
    "plan",
    "run",
    "status",
    "merge",
    "report",
    "verify",
    "trace",
    "export",
    "tune",
    "drill",
    "simulate",
)


class _Parser(argparse.ArgumentParser):
    """Errors of usage in two lines instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(Exit.USAGE, f"{self.prog}: {message}\nsee {self.prog} --help\n")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="asyncgen",
        description="Turn pairs of clinical notes into SFT data through an OpenAI-compatible chat API.",
        epilog="Each command has --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"asyncgen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMANDS:
        module = import_module(f"asyncgen.cli.commands.{name}")
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.HELP,
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(execute=module.execute)
    return parser


def _parse(words: list[str]) -> argparse.Namespace:
    parser = build_parser()
    [commands] = parser._subparsers._group_actions  # type: ignore[union-attr] # noqa: SLF001 - see settings
    command = commands.choices.get(words[0]) if words and isinstance(commands.choices, dict) else None
    if command is not None and any(action.dest == "config" for action in command._actions):  # noqa: SLF001
        words = [words[0], *with_settings(command, words[1:])]
    args, unknown = parser.parse_known_args(words)
    if unknown:
        (parser if command is None else command).error(_unknown(unknown, command))
    return args


def _unknown(words: list[str], command: argparse.ArgumentParser | None) -> str:
    """What a command does not know; for its first flag the one that may have been meant."""
    said = f"unrecognized arguments: {' '.join(words)}"
    flag = next((word.partition("=")[0] for word in words if word.startswith("--")), None)
    if command is None or flag is None:
        return said
    flags = [option for action in command._actions for option in action.option_strings]  # noqa: SLF001 - as above
    near = difflib.get_close_matches(flag, flags, n=1, cutoff=0.7)
    return f"{said}; did you mean {near[0]}?" if near else said


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _open_missing_streams()
    try:
        args = _parse(words)
    except AsyncgenError as error:
        sys.stderr.write(f"❌ {in_flags(error)}\n")
        return error.exit_code
    # Until the event loop has its own handlers, SIGTERM ends the process like Ctrl-C.
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return int(args.execute(args))
    except AsyncgenError as error:
        from asyncgen.text import printable  # noqa: PLC0415 - not for --help

        sys.stderr.write(f"❌ {printable(in_flags(error))}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("❌ interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; that is no error of ours.
        sys.stderr.close()
        return Exit.DONE
    except Exception as error:  # noqa: BLE001 - the outermost place
        from asyncgen.cli.crash_report import report  # noqa: PLC0415 - not for --help

        sys.stderr.write(report(error))
        return Exit.BUG


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _open_missing_streams() -> None:
    """Where the process began without one of its three streams (`>&-`, some service managers): nowhere.

    Else a socket or the journal would get its number, and whatever a library writes there with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: the one that is missing
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))
