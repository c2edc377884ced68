"""The process beside a run that serves a model of this machine: llama.cpp, for as long as the run lives.

It is llama.cpp's own OpenAI-compatible server. Started by path, it imports nothing of the package. Standard input
brings one line of JSON (written by `local`) and is then held open: when it ends, so does the process, however the
parent went. Standard output says the address, in one line, once the model answers. What llama.cpp has to say goes
to standard error.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1
_ERRORS_ONLY = 1  # the next level tells of every request


def main() -> None:
    """Serve until standard input ends."""
    if sys.platform == "linux":
        # Loading holds the interpreter's lock, for minutes with a large model: only the kernel can end it there.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    line = sys.stdin.buffer.readline()
    settings = json.loads(line) if line else sys.exit()
    if os.getppid() != settings["parent"]:
        sys.exit()  # it went before the kernel was told to watch it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    address = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is not an address
    server = _serve(settings)
    address.write(f"{server.listening_address}\n")
    address.flush()
    threading.Event().wait()


def _serve(settings: dict[str, Any]) -> Any:
    # Threads that spin while they wait for one that has lost its core made a busy machine ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp  # noqa: PLC0415 - slow, it may fail, and it reads the line above: not before here

    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.model_alias = {settings["name"]}  # else its answers give the path as the model's name
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["slot_tokens"]
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = settings["threads"]
    if settings["grammar"]:
        kind = xllamacpp.common_grammar_type.COMMON_GRAMMAR_TYPE_USER
        params.sampling.grammar = xllamacpp.CommonGrammar(kind, settings["grammar"])
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [settings["api_key"]]
    params.verbosity = _ERRORS_ONLY
    params.cache_ram_mib = 0  # by default it would keep the prompts of old calls in gigabytes of memory
    params.ui = params.endpoint_slots = params.endpoint_props = False
    return xllamacpp.Server(params)


def _end_with_parent() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock would be missed at the end of the interpreter
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
