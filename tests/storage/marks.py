"""The outputs of a directory, held against what its checkpoint or its statistics say of them."""

import orjson

from .world import OUTPUTS, World, records

STATISTICS = "out/generation_stats_safe.json"
CHECKPOINT = "out/checkpoint.json"
FAILED = "out/failed.jsonl"


class Violation(AssertionError):  # noqa: N818 - what it is called where such models are made
    """An invariant does not hold."""


def check_marks(world: World, files: dict[str, bytes], data: bytes, first: int = 0) -> None:
    """Hold the outputs against a checkpoint or statistics: they have what these say, and nothing is torn.

    Args:
        world: where they were written.
        files: what is on the disk, by path.
        data: the checkpoint or the statistics.
        first: the index of the first row; that of a shard is another than 0.

    Raises:
        Violation: they do not.
    """
    try:
        state = orjson.loads(data)
    except ValueError:
        raise Violation(f"not JSON: {data!r}") from None
    sizes = {name: mark["size"] for name, mark in state["files"].items()}
    try:
        failed = {record["index"] for record in records(files.get(FAILED, b"")[: sizes["failed.jsonl"]])}
    except ValueError:
        raise Violation("failed.jsonl is damaged before the watermark") from None
    done = [index for index in range(first, state["last_completed_idx"] + 1) if index not in failed]
    golden = world.golden(done)
    for name in OUTPUTS:
        if files.get(f"out/{name}", b"")[: sizes[name]] != golden[name] or sizes[name] != len(golden[name]):
            raise Violation(f"{name} does not hold the pairs up to the watermark, {done}")
    stats = state.get("stats", state)
    if not stats["correct_generated"] == stats["incorrect_used"] == len(done):
        raise Violation(f"statistics do not fit {done}: {stats}")
