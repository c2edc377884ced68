"""Real processes of the command, without the second that each of them takes to import the program.

`run` and `Process` are `subprocess.run` and `subprocess.Popen`. Where the command is this Python with
`-m asyncgen`, `-m` and a program of the tests, or `-c`, the process is forked from a server that has imported all
(see `fork_server`): it has its own process id and is a child of this process. Any other command, and any option or
environment that a fork could not follow, is started the ordinary way.
"""

import atexit
import ctypes
import json
import os
import socket
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path
from typing import Any

SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: what the server forks and leaves becomes a child of this process."""
_ONE_ORDER = threading.Lock()
_AT_START = ("PYTHON", "LANG", "LC_", "OPENAI_LOG", "AIOHTTP_", "TQDM_", "SSLKEYLOGFILE")
"""Beginnings of names that are read when Python or a package starts, so that a fork would not hear of them."""


@cache
def _server() -> socket.socket:
    """The server of this process, started when first needed."""
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = Path(__file__).with_name("fork_server.py")
    words = [sys.executable, "-P", str(program), str(its.fileno())]
    process = subprocess.Popen(words, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
    its.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def _at_start(env: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_AT_START)}


class Process(subprocess.Popen[Any]):
    """A process of the command, or of anything else."""

    def _execute_child(  # type: ignore[override]
        self,
        args: Any,
        executable: Any,
        preexec_fn: Any,
        close_fds: Any,
        pass_fds: Any,
        cwd: Any,
        env: Any,
        startupinfo: Any,
        creationflags: Any,
        shell: Any,
        p2cread: int,
        p2cwrite: int,
        c2pread: int,
        c2pwrite: int,
        errread: int,
        errwrite: int,
        *rest: Any,
    ) -> None:
        whole = dict(os.environ) if env is None else {str(name): str(value) for name, value in env.items()}
        start_new_session, process_group = rest[-2:]
        if (
            sys.platform != "linux"
            or shell
            or args[0] != sys.executable
            or not (args[1] == "-c" or (args[1] == "-m" and args[2].partition(".")[0] in {"asyncgen", "tests"}))
            or executable
            or preexec_fn
            or pass_fds
            or process_group != -1
            or _at_start(whole) != _at_start(dict(os.environ))
        ):
            super()._execute_child(
                args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags, shell,
                p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, *rest,
            )  # fmt: skip
            return
        order = {
            "option": args[1],
            "program": args[2],
            "words": list(map(str, args[3:])),
            "cwd": str(cwd or os.getcwd()),  # noqa: PTH109
            "env": whole,
            "start_new_session": bool(start_new_session),
            "cores": sorted(os.sched_getaffinity(0)),
        }
        files = [fd if fd != -1 else number for number, fd in enumerate((p2cread, c2pwrite, errwrite))]
        with _ONE_ORDER:
            server = _server()
            socket.send_fds(server, [json.dumps(order).encode()], files)
            self.pid = int(server.recv(32))
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)


def run(
    args: Any,
    *,
    input: str | bytes | None = None,  # noqa: A002 - as subprocess calls it
    capture_output: bool = False,
    timeout: float | None = None,
    check: bool = False,
    **options: Any,
) -> subprocess.CompletedProcess[Any]:
    """Run a command to its end."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with Process(args, **options) as process:
        try:
            stdout, stderr = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)
    if check:
        done.check_returncode()
    return done
