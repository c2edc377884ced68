"""The commands, one per file: `EXAMPLE`, `add_arguments(parser)` and `execute(args) -> exit code`.

Modules with an underscore are shared by several commands.
"""

COMMANDS = {
    "init": "write a recipe file, the flags of its run and some rows, to begin a job of your own with",
    "prepare": "make the input of a run from the files that MEDEC publishes",
    "preview": "show the prompts and answers of a few rows; nothing is kept",
    "plan": "say what a run will cost and how long it takes, before any call; takes the flags of run",
    "run": "generate SFT data from rows; the same command again resumes it",
    "requests": "ask the requests of a file in the Batch API's format, now; the same command again resumes it",
    "status": "say how a run stands: done, failed, rates, cost, what it waits for, how to resume it",
    "merge": "join the finished shards of a run, in order, to what a single run would have left",
    "report": "write one HTML file about a run: rates, limits, latency, refusals, tokens, cost, failures, starts",
    "verify": "prove the data: structure, checksums, and what the recipe checks of each row",
    "view": "write one HTML file to look at the records: changed words marked, findings, accept and reject by key",
    "trace": "show the calls that a record was made from; --again sends the same requests once more",
    "export": "make a file or a folder that trains from the outputs of a run",
    "tune": "answer: what concurrency for my tier, which limit binds, how long for N rows",
    "drill": "rehearse storms, errors and restarts against a simulated API: no key, no cost",
    "simulate": "serve a simulated chat API on this machine, with limits, latency and faults from a profile",
    "completion": "print what lets a shell complete commands and flags",
}
"""What each command is for, in the order of the help; here, because the help imports no command."""
