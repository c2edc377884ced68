"""The commands, one per file: `EXAMPLE`, `add_arguments(parser)` and `execute(args) -> exit code`.

An `AsyncgenError` that `execute` raises is printed by `main`.
"""

COMMANDS = {
    "init": "write a recipe file, a run.toml with its flags and sample rows, to start a job of your own",
    "prepare": "make the input of a run from MEDEC's published files",
    "preview": "show the prompts and answers of a few rows; nothing is kept",
    "plan": "say what a run will cost and how long it takes, before any call; takes the flags of run",
    "run": "generate SFT data from rows; the same command again resumes it",
    "requests": "send the requests of a file in the Batch API's format now; the same command again resumes it",
    "status": "show the state of a run: done, failed, rates, cost, what it waits for, how to resume it",
    "merge": "join the finished shards of a run into what a single run would have written",
    "report": "write one HTML file about a run: rates, limits, latency, refusals, tokens, cost, failures, starts",
    "verify": "prove the data: structure, checksums, and what the recipe checks of each row",
    "view": "write one HTML file to look at the records: changed words marked, findings, accept and reject by key",
    "trace": "show the calls that a record was made from; --again sends the same requests once more",
    "export": "turn the outputs of a run into a file or folder to train on",
    "tune": "say what concurrency a tier needs, which limit binds, and how long N rows take",
    "drill": "rehearse storms, errors and restarts against a simulated API: no key, no cost",
    "simulate": "serve a simulated chat API on this machine, with limits, latency and faults from a profile",
    "completion": "print the code that lets a shell complete commands and flags",
}
"""What each command is for, in the order of the help; here, because the help imports no command."""
