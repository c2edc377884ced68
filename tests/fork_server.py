"""Forks a process of the program for each order: a process that has paid the second of imports already.

Started by `asyncgen_process` with one end of a socket. An order is a JSON object with its three standard files
attached; the answer is the process id. The child becomes what `python -m MODULE` would be with those words, in
that directory, with that environment; its parent is the process that gave the order, which must be a subreaper.
"""

import gc
import io
import json
import os
import runpy
import socket
import sys
import time
from importlib import import_module
from typing import Any

from asyncgen.cli.main import COMMANDS

PRELOADED = (
    *(f"asyncgen.cli.commands.{name}" for name in COMMANDS),
    "openai",
    "aiohttp",
    "httpx2",
    "uvloop",
    "asyncgen.client.batch_http",
    "asyncgen.engine.batch.delivery",
    "asyncgen.engine.single_run",
    "asyncgen.cli.console",
    "asyncgen.cli.execution",
    "asyncgen.recipes.medec_safe",
    "asyncgen.simulator",
)
MAX_ORDER = 1 << 20


def become(order: dict[str, Any], files: list[int], orders: socket.socket) -> None:
    """Turn this fresh child into the program."""
    orders.detach()  # it is closed with all others
    for number, fd in enumerate(files):
        os.dup2(fd, number)
    os.closerange(3, 1024)
    if order["start_new_session"]:
        os.setsid()
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - what `python -m` does
    sys.argv = ["-m", *order["words"]]
    # As Python opens them for a process of its own; the present ones belong to the server.
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(open(0, "rb", closefd=False), "utf-8")  # noqa: SIM115
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        raw = open(number, "wb", closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2 or os.isatty(number))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def fork_for_parent() -> int | None:
    """Fork a child of our own parent, which waits for it; its process id, or None in the child."""
    reading, writing = os.pipe()
    between = os.fork()
    if not between:
        pid = os.fork()
        if not pid:
            return None
        os.write(writing, str(pid).encode())
        os._exit(0)
    os.waitpid(between, 0)  # then the child has its new parent
    pid = int(os.read(reading, 32))
    os.close(reading)
    os.close(writing)
    return pid


def serve(orders: socket.socket) -> str | None:
    """Serve orders until nobody gives them any more; in a child, the module that it is to run."""
    while True:
        message, files, _, _ = socket.recv_fds(orders, MAX_ORDER, 3)
        if not message:
            return None
        pid = fork_for_parent()
        if pid is None:
            order = json.loads(message)
            become(order, files, orders)
            return order["module"]
        for fd in files:
            os.close(fd)
        orders.send(str(pid).encode())


if __name__ == "__main__":
    for name in PRELOADED:
        import_module(name)
    gc.freeze()
    module = serve(socket.socket(fileno=int(sys.argv[1])))
    if module is not None:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
