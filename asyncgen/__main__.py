"""The command line as a process of its own: `asyncgen`, or `python -m asyncgen`."""

import atexit
import gc
import sys
from collections.abc import Sequence

from asyncgen.cli.main import main

WHILE_LOADING = 50_000  # objects: imports make more, none of them garbage; a run sets a threshold of its own


def program(argv: Sequence[str] | None = None) -> int:
    """Run a command (None: that of the process); returns its exit code.

    The garbage collector would take a sixth of the time of a short command: while modules are loaded, and at the
    end, where it would look through all that the system takes back anyway.
    """
    gc.set_threshold(WHILE_LOADING)
    atexit.register(gc.freeze)
    return main(argv)


if __name__ == "__main__":
    sys.exit(program())
