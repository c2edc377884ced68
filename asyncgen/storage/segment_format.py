"""The files of a journal: their names, and their lines, each `<crc32 hex> <json>`."""

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import Adaptation
from asyncgen.cost import CacheUse, Spend
from asyncgen.storage.disk import Disk
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.whole_files import lines_of
from asyncgen.text import make_room

PREFIX = "journal-"
SUFFIX = ".jsonl"
UNFINISHED = ".tmp"
ADAPTED = "adapted"
_NAME = re.compile(rf"{PREFIX}[0-9]+{re.escape(SUFFIX)}")


def segment_name(number: int) -> str:
    """The name of a segment; segments are read in the order of their numbers."""
    return f"{PREFIX}{number:08d}{SUFFIX}"


def segment_number(path: Path) -> int:
    """The number in the name of a segment."""
    return int(path.name.removeprefix(PREFIX).split(".")[0])


def segments(directory: RunDirectory) -> list[Path]:
    """The segments of a run, in order."""
    place = directory.state_directory
    names = directory.disk.list_directory(place)
    return [place / name for name in names if _NAME.fullmatch(name)]


def last_compacted(disk: Disk, paths: list[Path]) -> list[Path]:
    """The segments from the last one on that replaces all earlier ones."""
    for place in range(len(paths) - 1, -1, -1):
        first = next(lines_of(disk, paths[place]), b"")
        if (decode_line(first) or {}).get("replaces_earlier"):
            return paths[place:]
    return paths


def encode_line(record: Mapping[str, Any]) -> bytes:
    """A record as a line."""
    length = 0
    for value in record.values():
        if type(value) is str:
            length += len(value)
    make_room(length)
    data = orjson.dumps(record)
    return b"%08x %s\n" % (zlib.crc32(data), data)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """The record of a line; None if it is torn or damaged."""
    checksum, _, data = line.removesuffix(b"\n").partition(b" ")
    if not line.endswith(b"\n") or checksum != b"%08x" % zlib.crc32(data):
        return None
    record: dict[str, Any] = orjson.loads(data)
    return record


def header_line(
    fingerprint: Fingerprint, *, replaces_earlier: bool, spend: Spend | None, cache: CacheUse | None = None
) -> bytes:
    """The first line of a segment.

    Args:
        fingerprint: of the run.
        replaces_earlier: it has taken over all that is needed of the segments before it.
        spend: what the directory had cost when it began; None: a later line records it.
        cache: what the directory had taken from a cache by then.
    """
    return encode_line(
        {
            "kind": "header",
            "version": 1,
            "fingerprint": fingerprint,
            "replaces_earlier": replaces_earlier,
            "spend": spend,
            **_taken(cache),
        }
    )


def spend_line(spend: Spend, cache: CacheUse) -> bytes:
    """What the directory has cost and taken from a cache, all lines before this one included."""
    return encode_line({"kind": "spend", "spend": spend, **_taken(cache)})


def _taken(cache: CacheUse | None) -> dict[str, CacheUse]:
    return {} if cache is None or not cache.answers else {"cache": cache}


def adapted_line(adaptation: Adaptation) -> bytes:
    """A field that an endpoint refuses, and how it is sent from now on."""
    return encode_line({"kind": ADAPTED, "adaptation": adaptation})


def adaptation_of(content: Mapping[str, Any]) -> Adaptation:
    """The adaptation in such a line, or in a checkpoint."""
    return Adaptation(**dict(content) | {"fields": tuple(content["fields"])})


def records_of(directory: RunDirectory) -> Iterator[tuple[dict[str, Any], bytes]]:
    """All valid records of a journal that is not in use, from the last compaction on, with their lines."""
    for path in last_compacted(directory.disk, segments(directory)):
        for line in lines_of(directory.disk, path):
            record = decode_line(line)
            if record is not None:
                yield record, line


def paid_lines(directory: RunDirectory) -> Iterator[tuple[int, bytes]]:
    """The lines of everything paid that may be needed, each with the index of its row."""
    for record, line in records_of(directory):
        if record["kind"] in {"answer", "failed", "carried"}:
            yield record["index"], line


def write_segment(
    directory: RunDirectory, fingerprint: Fingerprint, lines: Iterable[bytes], spend: Spend, cache: CacheUse
) -> None:
    """Write the only segment of a journal, and make its content durable.

    Args:
        directory: of the run, which has no journal yet.
        fingerprint: of the run.
        lines: paid answers that are not in the files yet.
        spend: what the directory has cost, these lines included.
        cache: what it has taken from a cache.
    """
    disk, path = directory.disk, directory.state_directory / segment_name(1)
    fd = disk.open_append(path)
    try:
        disk.write(fd, header_line(fingerprint, replaces_earlier=True, spend=None), path)
        for line in lines:
            disk.write(fd, line, path)
        disk.write(fd, spend_line(spend, cache), path)
        disk.fsync(fd, path)
    finally:
        disk.close_descriptor(fd)
