"""The names of the files in an output directory."""

CHECKPOINT = "checkpoint.json"

STATISTICS = "generation_stats_safe.json"

FAILED = "failed.jsonl"

INTENT = "intent.json"

STATE_DIRECTORY = ".asyncgen"

SHARDS = "shards"  # of a run on a cluster, until it is whole

MERGED = "merged"  # all of them, in there

EVENTS = "events.jsonl"

CALLS = "calls.jsonl"
