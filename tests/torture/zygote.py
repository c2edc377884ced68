"""Forks a run of the program for each order: a process that has paid the second of imports already.

Orders come in on stdin, a line each: `{"argv": […], "stdout": path, "stderr": path}`. The answer is the pid of a
child that waits, so that a tracer can be attached; the next line lets it go. The second answer is its exit code,
negative for a signal. The child runs the command line as `python -m asyncgen` would, and ends like it, but for
what `fork_server` leaves out.
"""

import ctypes
import gc
import json
import os
import sys
from importlib import import_module
from pathlib import Path

from asyncgen.cli.main import main

sys.path.append(str(Path(__file__).parents[2]))
from tests.fork_server import end

PRELOADED = (
    "openai",
    "aiohttp",
    "httpx2",
    "uvloop",
    "asyncgen.engine.single_run",
    "asyncgen.cli.console",
    "asyncgen.recipes.medec_safe",
)
PR_SET_PTRACER = 0x59616D61
ANY_PROCESS = ctypes.c_ulong(-1)


def become(order: dict, wait: int) -> None:
    """Turn this fresh child into the program, once the other end of `wait` is closed or written to."""
    for number, (path, flags) in enumerate(
        [
            (os.devnull, os.O_RDONLY),
            (order["stdout"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
            (order["stderr"], os.O_WRONLY | os.O_CREAT | os.O_APPEND),
        ]
    ):
        fd = os.open(path, flags, 0o600)
        os.dup2(fd, number)
        os.close(fd)
    # Where only a parent may trace (Yama), let anyone: it does nothing elsewhere.
    ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY_PROCESS, 0, 0, 0)
    os.read(wait, 1)
    os.close(wait)
    sys.argv = ["__main__.py", *order["argv"]]


def serve() -> bool:
    """Serve orders; true in a child that is to be the program."""
    while line := sys.stdin.readline():
        wait, release = os.pipe()
        pid = os.fork()
        if not pid:
            os.close(release)
            become(json.loads(line), wait)
            return True
        os.close(wait)
        print(pid, flush=True)
        sys.stdin.readline()
        os.close(release)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return False


if __name__ == "__main__":
    for name in PRELOADED:
        import_module(name)
    gc.freeze()
    if serve():
        code = main()
        end(code)
        sys.exit(code)
