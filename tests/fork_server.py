"""Forks a process of the program for each order: a process that has paid the second of imports already.

Started by `asyncgen_process` with one end of a socket. An order is a JSON object with its three standard files
attached; the answer is the process id. The child becomes what `python -m MODULE` or `python -c CODE` would be with
those words, in that directory, with that environment; its parent is the process that gave the order, which must be
a subreaper.

Its end is that of Python up to what a program can see of it: threads are waited for, exit functions run, streams
flushed. What Python does then, to take all modules apart, would copy the server's memory page by page: most of the
work of a short command. It is left out.
"""

import atexit
import gc
import io
import json
import os
import platform
import runpy
import socket
import sys
import threading
import time
from importlib import import_module
from pkgutil import walk_packages
from types import ModuleType
from typing import Any

import asyncgen
from asyncgen.config.shipped import listed_models

OTHERS = (
    "openai",
    "aiohttp",
    "httpx2",
    "uvloop",
    "rapidfuzz.process",
    "multiprocessing.synchronize",
    "encodings.idna",
)
"""What the program imports only when it needs it."""
MAX_ORDER = 1 << 20


def become(order: dict[str, Any], files: list[int], orders: socket.socket) -> None:
    """Turn this fresh child into the program."""
    orders.detach()  # it is closed with all others
    for number, fd in enumerate(files):
        os.dup2(fd, number)
    os.closerange(3, 1024)
    if order["start_new_session"]:
        os.setsid()
    os.sched_setaffinity(0, order["cores"])
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    time.tzset()
    # What Python does itself.
    sys.path.insert(0, os.getcwd() if order["option"] == "-m" else "")  # noqa: PTH109
    sys.argv = [order["option"], *order["words"]]
    # As Python opens them for a process of its own; the present ones belong to the server.
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(open(0, "rb", closefd=False), "utf-8")  # noqa: SIM115
    for name, number, errors in (("stdout", 1, "strict"), ("stderr", 2, "backslashreplace")):
        raw = open(number, "wb", closefd=False)  # noqa: SIM115
        stream = io.TextIOWrapper(raw, "utf-8", errors, line_buffering=number == 2 or os.isatty(number))
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def execute(option: str, program: str) -> None:
    """Run the module, or the code, as the main one."""
    if option == "-m":
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(program, "<string>", "exec"), main.__dict__)


def end(code: object) -> None:
    """End this process as `sys.exit(code)` does; return where that would say something, so that Python does it."""
    status = 0 if code is None else code
    if not isinstance(status, int):
        return
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(status & 0xFF)


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


def serve(orders: socket.socket) -> tuple[str, str] | None:
    """Serve orders until nobody gives them any more; in a child, the option and the module or code to run."""
    while True:
        message, files, _, _ = socket.recv_fds(orders, MAX_ORDER, 3)
        if not message:
            return None
        pid = fork_for_parent()
        if pid is None:
            order = json.loads(message)
            become(order, files, orders)
            return order["option"], order["program"]
        for fd in files:
            os.close(fd)
        orders.send(str(pid).encode())


if __name__ == "__main__":
    for module in walk_packages(asyncgen.__path__, "asyncgen."):
        if module.name != "asyncgen.__main__":
            import_module(module.name)
    for name in OTHERS:
        import_module(name)
    listed_models()
    platform.platform()  # the SDK tells it to the server; that starts a process, whose answer is kept
    gc.freeze()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        try:
            execute(*wanted)
        except SystemExit as ended:
            end(ended.code)
            raise
