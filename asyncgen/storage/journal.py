"""Every paid answer, on disk in the tick in which it arrived, until its pair is committed.

Rules:

1. A line is appended on the loop's thread, with no await between the answer and the write: it survives SIGKILL
   at once, and power loss after the next sync (every half second, and before each checkpoint). See
   `segment_log` for the writing, and for a disk that is full.
2. A line is `<crc32 hex> <json>`. A torn last line never counted; a damaged line in the middle costs that
   answer alone and is kept aside in `<segment>.broken`.
3. A segment is unlinked only after a durable checkpoint covers every pair in it. Answers of failed pairs
   are carried into the newest segment first: they are paid and the next start will want them.
4. Opening rewrites what is still needed into a new, synced segment and then unlinks the old ones. So every
   run starts from one clean segment, whatever the last one left, even after an fsync that failed. The new
   segment's header says that it replaces the earlier ones: a crash between the two counts nothing twice.

Line kinds: `header`; `sent` (a call is about to go out: what a crash may have to pay twice); `answer` (one that is
`cached` came from a cache and costs nothing);
`failed` (an attempt without a usable answer, with the tokens it cost); `carried` (what all those of a pair
have cost until then, in their place); `spend` (what the whole directory has cost until then: lines that were
copied before it are not counted again); `adapted` (a field that an endpoint has refused, and how it is sent
since).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from asyncgen.chat import NO_USAGE, NOT_ACCEPTED, Adaptation, Completion, Usage
from asyncgen.cost import CacheUse, Spend
from asyncgen.errors import AsyncgenError
from asyncgen.storage.answer_record import answer_of, answer_record
from asyncgen.storage.disk import lines_of
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.segment_format import (
    ADAPTED,
    PREFIX,
    SUFFIX,
    UNFINISHED,
    adaptation_of,
    adapted_line,
    decode_line,
    encode_line,
    header_line,
    last_compacted,
    segment_number,
    segments,
    spend_line,
)
from asyncgen.storage.segment_writer import LinePlace, SegmentLog


@dataclass(slots=True)
class _Held:
    """What the journal holds of one pair: its lines, the answers among them by step, tokens of the others.

    `bad_answers` counts by step those that the recipe did not accept.
    """

    places: list[LinePlace] = field(default_factory=list)
    answers: dict[str, LinePlace] = field(default_factory=dict)
    wasted: int = 0
    bad_answers: dict[str, int] = field(default_factory=dict)

    def lost(self, record: Mapping[str, Any]) -> None:
        """Count an attempt without a usable answer."""
        self.wasted += record["tokens"]
        if record["error"].startswith(NOT_ACCEPTED):
            self.bad_answers[record["step"]] = self.bad_answers.get(record["step"], 0) + 1


class Journal:
    """The open journal of a run.

    Args:
        directory: of the run, which is locked.
        fingerprint: goes into the header of each segment.
        needed: whether answers of a pair index are still needed; what is not is dropped at opening.
        on_full: told when the disk is full; what is in flight is still saved, in the ballast.
        ballast: bytes set aside for that.
        spend: what the directory has cost, where no journal knows better; kept up to date.
        cache: what it has taken from a cache; the same.
        adaptations: what endpoints have refused, as far as checkpoint or statistics know.
        generation: of the answers that will come; raised when flagged pairs are asked anew.

    `unsettled` calls were sent and neither answered nor failed when the journal was last in use: they may
    be billed twice. `damaged` lines were kept aside.
    """

    def __init__(
        self,
        directory: RunDirectory,
        fingerprint: Fingerprint,
        needed: Callable[[int], bool],
        on_full: Callable[[AsyncgenError], None],
        ballast: int,
        spend: Spend,
        generation: int = 0,
        adaptations: Iterable[Adaptation] = (),
        cache: CacheUse | None = None,
    ) -> None:
        self._disk = directory.disk
        self._state_directory = directory.state_directory
        self._fingerprint = fingerprint
        self._generation = generation
        self._pairs: dict[int, _Held] = {}
        self._kept: set[int] = set()
        self.unsettled = 0
        self.damaged = 0
        self.spend = spend
        self.cache = CacheUse() if cache is None else cache
        self.adaptations = list(adaptations)
        paths = segments(directory)
        number = segment_number(paths[-1]) + 1 if paths else 1
        self._clear_unfinished()
        # It says what was spent behind the lines that it has taken over.
        header = header_line(fingerprint, replaces_earlier=True, spend=None)
        self._log = SegmentLog(directory, number, header, on_full)
        self._compact(paths, needed)
        self._log.set_aside(ballast)

    # Recording

    def sent(self, index: int, step: str, most: Usage) -> None:
        """Record that a call is about to be sent that costs at most this."""
        self._log.append(encode_line({"kind": "sent", "index": index, "step": step, "most": most}))
        # Only here: nothing may come between an answer and its line, and the next header says what was spent,
        # so every line before it must have been counted.
        self._log.roll(
            lambda: header_line(self._fingerprint, replaces_earlier=False, spend=self.spend, cache=self.cache)
        )

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage = NO_USAGE,
        *,
        cached: bool = False,
    ) -> None:
        """Record a usable answer, and what it may have cost beside what the server has said.

        One that is `cached` was paid for earlier.
        """
        record = {
            "kind": "answer",
            "index": index,
            "step": step,
            "generation": self._generation,
            "request": request_hash,
            **answer_record(completion),
        }
        if lost.total_tokens:
            record["lost"] = lost
        if cached:
            record["cached"] = True
        place = self._log.append(encode_line(record))
        self._hold(index, place).answers[step] = place
        self._count(completion.usage, lost, cached=cached)

    def adapted(self, adaptation: Adaptation) -> None:
        """Record what an endpoint has refused, before anything is sent in another way."""
        self.adaptations.append(adaptation)
        self._log.append(adapted_line(adaptation))

    def failed(
        self, index: int, step: str, kind: str, usage: Usage, lost: Usage = NO_USAGE, *, cached: bool = False
    ) -> None:
        """Record that an attempt ended without a usable answer, what it cost, and what it may have cost beside."""
        tokens = usage.total_tokens
        record = {"kind": "failed", "index": index, "step": step, "error": kind, "tokens": tokens}
        record |= {"usage": usage, "lost": lost} | ({"cached": True} if cached else {})
        place = self._log.append(encode_line(record))
        self._count(usage, lost, cached=cached)
        if _counts(record):
            self._hold(index, place).lost(record)

    # Asking

    def known(self, index: int, step: str, request_hash: str) -> Completion | None:
        """The journaled answer to this very request, if there is one."""
        held = self._pairs.get(index)
        place = None if held is None else held.answers.get(step)
        record = None if place is None else decode_line(self._log.read(place))
        if record is None or record["request"] != request_hash:
            return None
        return answer_of(record)

    def wasted(self, index: int) -> int:
        """Tokens of a pair's unusable answers."""
        held = self._pairs.get(index)
        return 0 if held is None else held.wasted

    def bad_answers(self, index: int, step: str) -> int:
        """How many answers of a step the recipe did not accept."""
        held = self._pairs.get(index)
        return 0 if held is None else held.bad_answers.get(step, 0)

    # Committing (see `writer`): `carry`, then `sync` on the helper thread, then the checkpoint, then
    # `unlink_retired`, and `release` or `keep` for each pair that the checkpoint covers.

    def sync(self) -> None:
        """Make every line so far durable; any thread may call it.

        Raises:
            DiskError: the disk refused, and nothing later can be declared durable.
        """
        self._log.sync()

    def unlink_retired(self) -> None:
        """Unlink the segments that a durable checkpoint no longer needs."""
        self._log.unlink_retired()

    def unlink_dead(self) -> None:
        """Unlink the segments that no pair needs; the run has reached its end."""
        self._log.unlink_dead()

    def close(self) -> None:
        """Close the segment; nothing is recorded after that."""
        self._log.close()

    def carry(self) -> None:
        """Copy what failed pairs need out of segments that hold nothing else, so that these can go."""
        for segment in self._log.closed:
            if not segment.live <= self._kept:
                continue
            for index in sorted(segment.live):
                held = self._pairs[index]
                held.places = [place for place in held.places if place.segment is not segment]
                for step, place in held.answers.items():
                    if place.segment is segment:
                        moved = self._log.append(self._log.read(place))
                        self._hold(index, moved).answers[step] = moved
                if held.wasted or held.bad_answers:
                    # The sum and not the lines: where these turn up again, nothing is counted twice.
                    record = {"kind": "carried", "index": index, "step": "", "tokens": held.wasted}
                    record |= {"bad_answers": held.bad_answers} if held.bad_answers else {}
                    self._hold(index, self._log.append(encode_line(record)))
            self._log.append(spend_line(self.spend, self.cache))
            self._log.retire(segment)

    def release(self, index: int) -> None:
        """Forget a pair: a durable checkpoint covers it and it did not fail."""
        held = self._pairs.pop(index, None)
        if held is not None:
            for place in held.places:
                place.segment.live.discard(index)

    def keep(self, index: int) -> None:
        """Keep what was paid for a failed pair, though a durable checkpoint covers it."""
        if index in self._pairs:
            self._kept.add(index)

    def _hold(self, index: int, place: LinePlace) -> _Held:
        held = self._pairs.setdefault(index, _Held())
        held.places.append(place)
        place.segment.live.add(index)
        return held

    # Opening

    def _clear_unfinished(self) -> None:
        for name in self._disk.list_directory(self._state_directory):
            if name.startswith(PREFIX) and name.endswith(UNFINISHED):
                self._disk.unlink(self._state_directory / name)

    def _compact(self, paths: list[Path], needed: Callable[[int], bool]) -> None:
        """Carry what is needed of all segments into the new one, make it durable, and unlink the others."""
        in_flight: dict[tuple[int, str], Usage] = {}
        for record, line in self._records(paths):
            if record["kind"] in {"header", "spend"}:
                if record.get("spend") is not None:
                    self.spend = Spend(**record["spend"])
                    self.cache = CacheUse(**record.get("cache", {}))
                continue
            if record["kind"] == ADAPTED:
                self._know(adaptation_of(record["adaptation"]))
                continue
            index, step = record["index"], record["step"]
            if record["kind"] == "sent":
                in_flight[index, step] = Usage(**record.get("most", {}))
                continue
            in_flight.pop((index, step), None)
            usage, lost = (Usage(**record.get(name, {})) for name in ("usage", "lost"))
            self._count(usage, lost, cached=record.get("cached", False))
            if needed(index):
                self._take_over(record, line)
        self.unsettled = len(in_flight)
        for most in in_flight.values():
            self.spend.lose(most)
        self._log.append(spend_line(self.spend, self.cache))
        for adaptation in self.adaptations:
            self._log.append(adapted_line(adaptation))
        self._log.take_over(paths)

    def _know(self, adaptation: Adaptation) -> None:
        if adaptation not in self.adaptations:
            self.adaptations.append(adaptation)

    def _count(self, usage: Usage, lost: Usage, *, cached: bool) -> None:
        """Add what a call has cost; an answer from the cache costs nothing."""
        if cached:
            self.cache.add(usage)
        else:
            self.spend.add(usage)
        self.spend.lose(lost)

    def _take_over(self, record: dict[str, Any], line: bytes) -> None:
        """Copy a line that is still needed."""
        if record["kind"] == "answer":
            place = self._log.append(line)
            self._hold(record["index"], place).answers[record["step"]] = place
        elif record["kind"] == "carried":
            held = self._hold(record["index"], self._log.append(line))
            held.wasted, held.bad_answers = record["tokens"], record.get("bad_answers", {})
        elif _counts(record):
            self._hold(record["index"], self._log.append(line)).lost(record)

    def _records(self, paths: list[Path]) -> Iterator[tuple[dict[str, Any], bytes]]:
        """All valid records from the last compaction on, with their lines."""
        for path in last_compacted(self._disk, paths):
            broken = b""
            pending: bytes | None = None  # a damaged line that may turn out to be the torn last one
            for line in lines_of(self._disk, path):
                if pending is not None:
                    broken += pending
                    self.damaged += 1
                    pending = None
                record = decode_line(line)
                if record is None:
                    pending = line
                else:
                    yield record, line
            if broken:
                aside = path.with_name(path.name + ".broken")
                fd = self._disk.open_append(aside)
                self._disk.write(fd, broken, aside)
                self._disk.close_descriptor(fd)


def _counts(record: Mapping[str, Any]) -> bool:
    """Whether an attempt without a usable answer must be known as long as its pair is not written."""
    return bool(record["tokens"]) or record["error"].startswith(NOT_ACCEPTED)


def clear_journal(directory: RunDirectory) -> None:
    """Unlink all segments and the ballast of a run that has reached its end without failed pairs."""
    disk, place = directory.disk, directory.state_directory
    for name in disk.list_directory(place):
        if name == directory.ballast.name or (name.startswith(PREFIX) and name.endswith((SUFFIX, UNFINISHED))):
            disk.unlink(place / name)
