"""`asyncgen completion`: shell completion for commands, flags and file names."""

import argparse
import sys

from asyncgen.errors import Exit

EXAMPLE = """eval "$(asyncgen completion bash)"       # in ~/.bashrc
  eval "$(asyncgen completion zsh)"        # in ~/.zshrc
  asyncgen completion fish | source        # in ~/.config/fish/config.fish"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the argument: the shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell that reads it")


def execute(args: argparse.Namespace) -> int:
    """Print it."""
    from argcomplete.shell_integration import shellcode  # noqa: PLC0415 - not for --help

    sys.stdout.write(shellcode(["asyncgen"], shell=args.shell))
    return Exit.DONE
