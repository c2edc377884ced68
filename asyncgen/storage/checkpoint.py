"""The state of a run at a moment, and the two small files that hold it.

`checkpoint.json` records how far an unfinished run is durable; `generation_stats_safe.json` how a finished one
ended. Both are replaced atomically. A checkpoint only covers durable bytes: journal and outputs are synced before
one is written (see the rules of `writer` and `repair`). How often: see `engine.writer`.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from asyncgen.chat import Adaptation, ModelWays
from asyncgen.cost import CacheUse, Spend
from asyncgen.errors import DirectoryError
from asyncgen.recipe import nouns_of
from asyncgen.shard import Portion, Shard
from asyncgen.storage.fingerprint import Fingerprint, digest
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.recipe_record import RecipeRecord
from asyncgen.storage.segment_format import adaptation_of
from asyncgen.storage.whole_files import replace_atomically
from asyncgen.text import dumps

CHECKSUM = "checksum"
VERSION = 1
OF_OLDER_VERSIONS = "pairs"  # whatever the recipe
FAILED_ROWS = "failed_rows"
"""The part of a fingerprint that is set if the files of a run have lines for failed rows too."""
TAIL = 4096  # bytes: a page, which holds the end of a record or two


@dataclass(frozen=True, slots=True)
class FileMark:
    """The extent of a file: size in bytes, CRC-32 of all of it, hash of its last `TAIL` bytes."""

    size: int = 0
    crc32: int = 0
    tail: str = digest(b"")


@dataclass(slots=True)
class FileMeter:
    """Computes the mark of a file that is being appended to."""

    size: int = 0
    crc32: int = 0
    tail: bytes = b""

    def advance(self, data: bytes) -> None:
        """Add what was appended."""
        self.size += len(data)
        self.crc32 = zlib.crc32(data, self.crc32)
        self.tail = (self.tail + data[-TAIL:])[-TAIL:]

    def mark(self) -> FileMark:
        """The mark of everything added."""
        return FileMark(self.size, self.crc32, digest(self.tail))


@dataclass(frozen=True, slots=True)
class Regeneration:
    """The last round of regeneration: its number (0: there was none), and its rows.

    `unfinished` are the indexes of rows whose results are not merged yet.
    """

    number: int = 0
    unfinished: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class RunState:
    """Everything up to row `last_completed_idx` (one before the first: nothing): where a run resumes.

    `input_end` and `input_chain` are the position behind that row's line and the hash of all lines up to it;
    `files` has a mark for each output file and `failed.jsonl`; `stats` are the counters shown to users; `spend` is
    what all runs of the directory have cost until then; `portion` is a shard's part of the input, None for a run
    of the whole; `ways` is what was known of the model when the run began (None: an older version began it),
    `adaptations` what its endpoints have refused since; `finished_with` is the model that took over from the one
    that the run was begun with; `recipe` says what made the files (None: an older version did); `cache` counts the
    answers that came from a cache; `repairs` counts how often failed rows were asked again and merged.
    """

    last_completed_idx: int
    input_end: int
    input_chain: str
    files: Mapping[str, FileMark]
    stats: Mapping[str, int]
    failed_pairs: int = 0
    fingerprint: Fingerprint = field(default_factory=dict)
    spend: Spend = field(default_factory=Spend)
    regeneration: Regeneration = Regeneration()
    portion: Portion | None = None
    ways: ModelWays | None = None
    adaptations: tuple[Adaptation, ...] = ()
    finished_with: str = ""
    recipe: RecipeRecord | None = None
    cache: CacheUse = field(default_factory=CacheUse)
    repairs: int = 0

    @property
    def rows(self) -> str:
        """The word for its rows in messages, in the plural."""
        return OF_OLDER_VERSIONS if self.recipe is None else nouns_of(self.recipe.rows).many

    @property
    def first(self) -> int:
        """The index of the run's first row."""
        return 0 if self.portion is None else self.portion.first

    @property
    def done(self) -> int:
        """How many rows it has processed, failed ones included."""
        return self.last_completed_idx + 1 - self.first

    @property
    def writes_failed(self) -> bool:
        """Whether its files have lines for failed rows too."""
        return FAILED_ROWS in self.fingerprint


def save_checkpoint(directory: RunDirectory, state: RunState) -> None:
    """Replace `checkpoint.json`."""
    content = {
        "last_completed_idx": state.last_completed_idx,
        "stats": state.stats,
        "timestamp": timestamp(),
        **_common(state),
    }
    replace_atomically(directory.disk, directory.checkpoint, encode(content))


def encode_statistics(state: RunState) -> bytes:
    """The content of `generation_stats_safe.json`."""
    return encode(
        {
            **state.stats,
            "timestamp": timestamp(),
            "last_completed_idx": state.last_completed_idx,
            **_common(state),
        }
    )


def load_checkpoint(directory: RunDirectory) -> RunState | None:
    """The state in `checkpoint.json`, or None if there is none.

    Raises:
        DirectoryError: the file is damaged, was edited, or is another tool's.
    """
    data = directory.disk.read(directory.checkpoint)
    return None if data is None else _decode(data, directory.checkpoint, lambda content: content["stats"])


def load_statistics(directory: RunDirectory) -> RunState | None:
    """The state in `generation_stats_safe.json`, or None if there is none.

    Raises:
        DirectoryError: the file is damaged, was edited, or is another tool's.
    """
    data = directory.disk.read(directory.statistics)
    return None if data is None else _decode(data, directory.statistics, lambda content: content)


def encode(content: Mapping[str, Any]) -> bytes:
    """JSON for people to read, ending with a line break; with a checksum, so that `decode` notices any change."""
    sealed = {**content, CHECKSUM: _checksum(orjson.loads(dumps(content)))}
    return dumps(sealed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(data: bytes) -> dict[str, Any]:
    """The content that was encoded.

    Raises:
        ValueError: it is damaged, or was edited.
    """
    content = orjson.loads(data)
    if not isinstance(content, dict) or content.pop(CHECKSUM, None) != _checksum(content):
        raise ValueError("damaged or edited")
    return content


def timestamp() -> str:
    """Now, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _checksum(content: Mapping[str, Any]) -> str:
    """The checksum of values that JSON has, independent of their layout."""
    return digest(orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


def _common(state: RunState) -> dict[str, Any]:
    return {
        "version": VERSION,
        "failed_pairs": state.failed_pairs,
        "fingerprint": state.fingerprint,
        "input": {"offset": state.input_end, "chain": state.input_chain},
        "files": dict(state.files),
        "counters": list(state.stats),
        "spend": state.spend,
        "regeneration": state.regeneration,
        **({} if state.portion is None else {"shard": _shard(state.portion)}),
        **({} if state.ways is None else {"ways": state.ways}),
        **({"adaptations": state.adaptations} if state.adaptations else {}),
        **({"finished_with": state.finished_with} if state.finished_with else {}),
        **({} if state.recipe is None else {"recipe": asdict(state.recipe)}),
        **({"cache": state.cache} if state.cache.answers else {}),
        **({"repairs": state.repairs} if state.repairs else {}),
    }


def _shard(portion: Portion) -> dict[str, int | str]:
    shard = portion.shard
    return {"number": shard.number, "of": shard.of, "pairs": portion.pairs, "chain": portion.chain}


def _decode(data: bytes, path: Path, stats_of: Callable[[dict[str, Any]], dict[str, Any]]) -> RunState:
    try:
        content = orjson.loads(data)
        version = content.get("version")
        if version == VERSION:
            # An earlier build wrote no checksum; its runs can be resumed.
            content = decode(data) if CHECKSUM in content else content
            return _state(content, stats_of(content))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise DirectoryError(f"{path} is damaged") from None
    if version is None:
        raise DirectoryError(f"{path} was written by another tool")
    raise DirectoryError(f"{path} was written by another version of asyncgen: resume it with that one")


def _state(content: dict[str, Any], stats: dict[str, Any]) -> RunState:
    round_ = content.get("regeneration", {"number": 0, "unfinished": []})
    shard = content.get("shard")
    return RunState(
        last_completed_idx=int(content["last_completed_idx"]),
        input_end=int(content["input"]["offset"]),
        input_chain=str(content["input"]["chain"]),
        files={
            name: FileMark(int(mark["size"]), int(mark["crc32"]), str(mark["tail"]))
            for name, mark in content["files"].items()
        },
        stats={name: int(stats[name]) for name in content["counters"]},
        failed_pairs=int(content["failed_pairs"]),
        fingerprint=dict(content["fingerprint"]),
        spend=Spend(**content.get("spend", {})),
        regeneration=Regeneration(int(round_["number"]), tuple(map(int, round_["unfinished"]))),
        portion=None
        if shard is None
        else Portion(Shard(shard["number"], shard["of"]), shard["pairs"], shard["chain"]),
        ways=ModelWays(**content["ways"]) if "ways" in content else None,
        adaptations=tuple(map(adaptation_of, content.get("adaptations", []))),
        finished_with=str(content.get("finished_with", "")),
        recipe=RecipeRecord.decode(content["recipe"]) if "recipe" in content else None,
        cache=CacheUse(**content.get("cache", {})),
        repairs=int(content.get("repairs", 0)),
    )
