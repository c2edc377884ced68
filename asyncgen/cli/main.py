"""The command line: finds the command and turns every expected error into a line and an exit code."""

import argparse
import difflib
import io
import os
import signal
import sys
from collections.abc import Collection, Sequence
from functools import partial
from importlib import import_module
from types import FrameType
from typing import Any, NoReturn

from asyncgen.cli.commands import COMMANDS
from asyncgen.cli.config_file import flags_of, with_settings
from asyncgen.cli.lines import Lines, silence
from asyncgen.cli.setting_names import in_flags
from asyncgen.config.version import __version__
from asyncgen.errors import AsyncgenError, DiskError, Exit

RESUMED = {"run", "requests"}  # commands that the same command resumes
_OWNERS = 0o700  # permissions that no umask takes: what we make, we open again
LOOK_AT_RUNS = {"preview", "trace", "verify"}  # before or after a run, and take the file that is written for it
_LACKING = "the following arguments are required"
COMPLETING = "_ARGCOMPLETE"  # set by the shell function that `asyncgen completion` prints


class _Parser(argparse.ArgumentParser):
    """Accepts flags by their whole names only; usage errors are two lines instead of the whole usage.

    `typed` are the words behind the command's name.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)
        self.typed: list[str] = []

    def _print_message(self, message: str, file: Any = None) -> None:
        (file or sys.stderr).write(
            message
        )  # argparse's own swallows what the disk refuses, since a patch of Python 3.11

    def error(self, message: str) -> NoReturn:
        names = [word.partition("=")[0] for word in self.typed if word.startswith("--") and word != "--"]
        unknown = [name for name in names if name not in self._option_string_actions]
        if unknown and message.startswith(_LACKING):  # what lacks may be what is misspelt
            message = _unknown(unknown, self)
        self.exit(Exit.USAGE, f"{self.prog}: {message}\nsee {self.prog} --help\n")


def build_parser(names: Collection[str] = tuple(COMMANDS)) -> argparse.ArgumentParser:
    """The parser of the commands in `names`: no other is imported; if none of them is there, all without flags."""
    parser = _Parser(
        prog="asyncgen",
        description="Turn rows into SFT data through an OpenAI-compatible chat API.",
        epilog="Each command has --help with an example.",
    )
    parser.add_argument("--version", action="version", version=f"asyncgen {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    wanted = [name for name in COMMANDS if name in names]
    for name in () if wanted else COMMANDS:
        commands.add_parser(name, help=COMMANDS[name])
    for name in wanted:
        module = import_module(f"asyncgen.cli.commands.{name}")
        command = commands.add_parser(
            name,
            help=COMMANDS[name],
            description=COMMANDS[name],
            epilog=f"example:\n  {module.EXAMPLE}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(execute=module.execute)
    return parser


def _parse(words: list[str]) -> argparse.Namespace:
    parser = build_parser(COMMANDS if COMPLETING in os.environ else words[:1])
    if COMPLETING in os.environ:
        import argcomplete  # noqa: PLC0415 - only for a completing shell

        argcomplete.autocomplete(parser)
    if not words:
        parser.exit(Exit.USAGE, parser.format_help())
    if not words[0].startswith("-") and words[0] not in COMMANDS:
        near = difflib.get_close_matches(words[0], COMMANDS, n=1)
        parser.error(f"there is no command {words[0]}" + (f"; did you mean {near[0]}?" if near else ""))
    [commands] = parser._subparsers._group_actions  # type: ignore[union-attr] # noqa: SLF001 - see settings
    command = commands.choices.get(words[0]) if isinstance(commands.choices, dict) else None
    if command is not None and any(action.dest == "config" for action in command._actions):  # noqa: SLF001
        words = [words[0], *with_settings(command, words[1:], partial(_flags_of_run, words[0]))]
    if isinstance(command, _Parser):
        command.typed = words[1:]
    args, unknown = parser.parse_known_args(words)
    if unknown:
        (parser if command is None else command).error(_unknown(unknown, command))
    return args


def _flags_of_run(command: str) -> Collection[str]:
    """What the configuration of a run may hold beside the flags of a command that looks at the run."""
    if command not in LOOK_AT_RUNS:
        return ()
    parser = argparse.ArgumentParser()
    import_module("asyncgen.cli.commands.run").add_arguments(parser)
    return flags_of(parser)


def _unknown(words: list[str], command: argparse.ArgumentParser | None) -> str:
    """The message about unknown arguments; for the first flag with the one that may have been meant."""
    said = f"unrecognized arguments: {' '.join(words)}"
    flag = next((word.partition("=")[0] for word in words if word.startswith("--") and word != "--"), None)
    if command is None:
        return said
    if flag is None:
        takes_rows = "--input" in command._option_string_actions  # noqa: SLF001 - as above
        several = takes_rows and any(os.path.isfile(word) for word in words)  # noqa: PTH113 - not for --help
        return f"{said}; --input takes one file: join several first (cat FILES > rows.jsonl)" if several else said
    flags = [option for action in command._actions for option in action.option_strings]  # noqa: SLF001 - as above
    longer = [each for each in flags if each.startswith(flag)]
    near = difflib.get_close_matches(flag, longer or flags, n=1, cutoff=0 if longer else 0.7)
    return f"{said}; did you mean {near[0]}?" if near else said


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    _prepare_streams()
    os.umask(os.umask(0o777) & ~_OWNERS)
    try:
        code = _execute(words)
    except SystemExit:  # --help, or wrong flags
        if _lost_output():
            raise SystemExit(Exit.DISK) from None
        raise
    return Exit.DISK if _lost_output() else code


def _lost_output() -> bool:
    """Whether the disk behind stdout refuses the last lines, and say so; a reader that has gone is no error."""
    refused = None
    for stream in (sys.stderr, sys.stdout):
        try:
            stream.flush()
        except OSError as error:
            silence(stream)
            refused = error if stream is sys.stdout and not isinstance(error, BrokenPipeError) else None
    if refused is not None:
        Lines(quiet=False).error(f"cannot write the output: {refused.strerror}")
    return refused is not None


def _execute(words: list[str]) -> int:
    say = Lines(quiet=False)
    try:
        args = _parse(words)
        if getattr(args, "env_file", None) is not None:  # other commands ask no server
            from asyncgen.cli.env_file import load_env_file  # noqa: PLC0415 - not for --help

            load_env_file(args.env_file)
        # Until the event loop has its own handlers, these end the process like Ctrl-C, unless they are ignored.
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _interrupt)
        return int(args.execute(args))
    except AsyncgenError as error:
        return _end(say, words, error)
    except KeyboardInterrupt:
        say.error("interrupted")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        silence(sys.stdout)
        return Exit.DONE
    except PermissionError as error:  # a path was only looked at, in a directory that is closed to this user
        say.error(f"cannot open {error.filename}: {error.strerror}")
        return Exit.DISK
    except Exception as error:  # noqa: BLE001 - the outermost place
        return _unexpected(say, words, error)


def _unexpected(say: Lines, words: list[str], error: Exception) -> int:
    """Print what the machine lacks, or the place of a bug."""
    from asyncgen.cli.crash_report import (  # noqa: PLC0415 - not for --help
        refusal,
        report,
        shortage,
        unusable_variable,
    )

    refused, lack, variable = refusal(error), shortage(error), unusable_variable(error)
    if variable is not None:
        say.error(variable)
        return Exit.USAGE
    if refused is not None:
        silence(sys.stdout)
        say.error(refused)
        _tell_how_to_resume(say, words)
        return Exit.DISK
    if lack is not None:
        say.error(lack)
        return Exit.TRY_LATER
    say.advise(report(error).rstrip())
    return Exit.BUG


def _end(say: Lines, words: list[str], error: AsyncgenError) -> int:
    """Print an expected error; a disk error may come before the run itself could say how to resume it."""
    say.error(in_flags(error))
    if isinstance(error, DiskError):
        _tell_how_to_resume(say, words)
    return error.exit_code


def _tell_how_to_resume(say: Lines, words: list[str]) -> None:
    if words[0] in RESUMED:
        from asyncgen.cli.command_line import this_command  # noqa: PLC0415 - only here

        say.advise(f"to resume: {this_command(sys.argv)}")


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _prepare_streams() -> None:
    """Open missing standard streams (`>&-`, some service managers), and let them accept any text.

    Otherwise a socket or the journal would get the descriptor, and whatever a library writes there with it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # takes the lowest free number: the missing one
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))
    for stream in (sys.stdout, sys.stderr):
        # A character that the terminal lacks, or a name that is not text, must not end the program.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
