"""`failed.jsonl`: the rows that failed."""

from typing import Any

import orjson

from asyncgen.errors import DirectoryError
from asyncgen.storage.layout import RunDirectory


def failed_records(directory: RunDirectory) -> list[dict[str, object]]:
    """The lines of `failed.jsonl`, in order.

    Raises:
        DirectoryError: it is damaged.
    """
    data = directory.disk.read(directory.failed) or b""
    try:
        records = [orjson.loads(line) for line in data.splitlines()]
    except orjson.JSONDecodeError:
        records = [None]
    if not all(map(_is_record, records)):
        raise DirectoryError(f"{directory.failed} is damaged")
    return records


def _is_record(record: Any) -> bool:
    kinds = {"index": int, "step": str, "tokens": int}
    return isinstance(record, dict) and all(isinstance(record.get(name), kind) for name, kind in kinds.items())
