"""The process that serves a model on this machine with llama.cpp, for as long as the run lives.

It is llama.cpp's own OpenAI-compatible server. Started by path, it imports nothing of the package. Standard input
brings one line of JSON (written by `local.model`) and is then held open: when it closes, the process ends, however
the parent ended. Standard output gives the address, in one line, once the model answers. llama.cpp's log goes to
standard error.
"""

import ctypes
import json
import os
import signal
import sys
import threading
from typing import Any

_PR_SET_PDEATHSIG = 1  # from <linux/prctl.h>
_ERRORS_ONLY = 1  # the next level logs every request


def main() -> None:
    """Serve until standard input ends."""
    if sys.platform == "linux":
        # Loading holds the interpreter's lock, for minutes with a large model: only the kernel can end the process
        # then.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    line = sys.stdin.buffer.readline()
    settings = json.loads(line) if line else sys.exit()
    if os.getppid() != settings["parent"]:
        sys.exit()  # the parent ended before the kernel was told to watch it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    address = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # other output is not an address
    server = _serve(settings)
    address.write(f"{server.listening_address}\n")
    address.flush()
    threading.Event().wait()


def _serve(settings: dict[str, Any]) -> Any:
    # Threads that spin while waiting for one that has lost its core made a busy machine ten times slower.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import xllamacpp  # noqa: PLC0415 - slow, may fail, and reads the variable above: not before here

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
    params.cache_ram_mib = 0  # the default keeps the prompts of old calls in gigabytes of memory
    params.ui = params.endpoint_slots = params.endpoint_props = False
    return xllamacpp.Server(params)


def _end_with_parent() -> None:
    while os.read(0, 1):  # not through sys.stdin, whose lock would be taken at the interpreter's exit
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
