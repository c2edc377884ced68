"""The journal: every paid answer, on disk in the tick in which it arrived, until its row is committed.

Rules:

1. A line is appended on the loop's thread, with no await between the answer and that. The lines of calls are
   written together at the end of the loop's pass, and `written` waits for that: before the request is sent, and
   before the answer is used. So a SIGKILL costs no more calls than are in flight; a loss of power, what has come
   since the last sync (every half second, and before each checkpoint). See `segment_writer` for writing and for a
   full disk.
2. A line is `<crc32 hex> <json>`. A torn last line never counted; a damaged line in the middle costs that answer
   alone and is kept aside in `<segment>.broken`.
3. A segment is unlinked only after a durable checkpoint covers every row in it. Answers of failed rows are carried
   into the newest segment first: they are paid and the next start needs them.
4. Opening rewrites what is still needed into a new, synced segment and then unlinks the old ones. So every run
   starts from one clean segment, whatever the last one left, even after an fsync that failed. The new segment's
   header says that it replaces the earlier ones, so a crash between the two steps counts nothing twice.

Line kinds: `header`; `sent` (a call is about to be sent, which a crash may have to pay twice); `answer` (a
`cached` one costs nothing); `failed` (an attempt without a usable answer, with the tokens it cost, and the number
of the `repair` that made it); `carried` (the cost of all of a row's failed attempts so far, which replaces them);
`spend` (the cost of the whole directory so far: lines copied before it are not counted again); `adapted` (a field
that an endpoint refuses, and how it is sent instead); and those of batches (see `batch_records`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from asyncgen.chat import NO_USAGE, NOT_ACCEPTED, Adaptation, Completion, OutOfBatch, Usage
from asyncgen.cost import CacheUse, Spend
from asyncgen.errors import AsyncgenError
from asyncgen.storage.account import Account
from asyncgen.storage.answer_record import answer_of, answer_record
from asyncgen.storage.batch_records import BatchBook, OpenBatch
from asyncgen.storage.fingerprint import Fingerprint
from asyncgen.storage.layout import RunDirectory
from asyncgen.storage.pair_lines import PairLines
from asyncgen.storage.segment_format import (
    ADAPTED,
    adaptation_of,
    adapted_line,
    decode_line,
    encode_line,
    header_line,
    segment_number,
    segments,
    spend_line,
)
from asyncgen.storage.segment_reader import SegmentReader, clear_unfinished
from asyncgen.storage.segment_writer import LinePlace, Segment, SegmentWriter


class Journal:
    """The open journal of a run.

    Args:
        directory: of the run, which is locked.
        fingerprint: goes into the header of each segment.
        needed: whether answers of a row index are still needed; the others are dropped at opening.
        stop: called with the reason when the disk refuses lines; if it is full, what is in flight is still saved,
            in the ballast.
        ballast: bytes reserved for that.
        spend: what the directory has cost, unless a journal knows better; kept up to date.
        cache: what it has taken from a cache; likewise.
        at_end_of_pass: calls a function at the end of the event loop's pass; None: there is no loop.
        adaptations: what endpoints have refused, as known to checkpoint or statistics.
        generation: of the coming answers; raised when flagged rows are regenerated.
        repair: the number of the repair that asks failed rows again, and may reject as many answers as the run;
            0: none.

    `unsettled` calls were sent and neither answered nor failed when the journal was last in use: they may be
    billed twice. `damaged` lines were set aside. `batches` is the state of all batches.
    """

    def __init__(
        self,
        directory: RunDirectory,
        fingerprint: Fingerprint,
        needed: Callable[[int], bool],
        stop: Callable[[AsyncgenError], None],
        ballast: int,
        spend: Spend,
        generation: int = 0,
        repair: int = 0,
        adaptations: Iterable[Adaptation] = (),
        cache: CacheUse | None = None,
        at_end_of_pass: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        self._disk = directory.disk
        self._fingerprint = fingerprint
        self._generation = generation
        self._repair = repair
        self._pairs = PairLines(repair)
        self._in_flight: dict[tuple[int, str], Segment] = {}
        self.unsettled = 0
        self.damaged = 0
        self.spend = spend
        self.cache = CacheUse() if cache is None else cache
        self.adaptations = list(adaptations)
        self.batches = BatchBook()
        paths = segments(directory)
        number = segment_number(paths[-1]) + 1 if paths else 1
        clear_unfinished(directory)
        # The total spend comes behind the lines that it has taken over.
        header = header_line(fingerprint, replaces_earlier=True, spend=None)
        self._log = SegmentWriter(directory, number, header, stop, at_end_of_pass)
        self._compact(paths, needed)
        self._log.set_aside(ballast)

    # Recording

    def sent(self, index: int, step: str, most: Usage) -> None:
        """Record that a call of at most this cost is about to be sent, after `written`."""
        # Only here: nothing may come between an answer and its line.
        self._roll()
        line = encode_line({"kind": "sent", "index": index, "step": step, "most": most})
        call = index, step

        def moved(place: LinePlace) -> None:
            if call in self._in_flight:
                self._in_flight[call] = place.segment

        self._in_flight[call] = self._log.append_soon(line, moved).segment

    def answered(
        self,
        index: int,
        step: str,
        request_hash: str,
        completion: Completion,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
        *,
        cached: bool = False,
    ) -> None:
        """Record a usable answer, and what it may have cost beyond the server's count.

        A `cached` answer was paid for earlier.
        """
        record: dict[str, Any] = {
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
        if came is not None:
            record |= _of_batch(came)
            self._roll()
        is_at = partial(self._pairs.answered, index, step)
        is_at(self._log.append_soon(encode_line(record), is_at))
        self._in_flight.pop((index, step), None)
        self._count(completion.usage, lost, batch=came is not None, cached=cached)
        if came is not None:
            self.batches.settle(came.batch, came.most)

    def adapted(self, adaptation: Adaptation) -> None:
        """Record what an endpoint refuses, before anything is sent differently."""
        self.adaptations.append(adaptation)
        self._log.append(adapted_line(adaptation))

    def failed(
        self,
        index: int,
        step: str,
        kind: str,
        usage: Usage,
        lost: Usage = NO_USAGE,
        came: OutOfBatch | None = None,
        *,
        cached: bool = False,
        unusable: str = "",
    ) -> None:
        """Record an attempt without a usable answer, its cost, and its possible cost beyond the server's count.

        `unusable` is the request's hash if an answer came that nobody can use.
        """
        tokens = usage.total_tokens
        record: dict[str, Any] = {"kind": "failed", "index": index, "step": step, "error": kind, "tokens": tokens}
        record |= {"usage": usage, "lost": lost} | ({"cached": True} if cached else {})
        record |= {"unusable": unusable} if unusable else {}
        record |= {"repair": self._repair} if self._repair else {}
        if came is not None:
            record |= _of_batch(came) | {"request": came.request}
            self._roll()
        place = self._log.append(encode_line(record))
        self._in_flight.pop((index, step), None)
        self._count(usage, lost, batch=came is not None, cached=cached)
        if came is not None:
            self.batches.failures.setdefault(came.batch, set()).add((index, step, came.request))
            self.batches.settle(came.batch, came.most)
        if _counts(record):
            self._pairs.lost(index, place, record, here=True)

    def batch(self, batch: OpenBatch) -> None:
        """Record the state of a batch; `sync` before the step that it allows."""
        self._log.append(encode_line({"kind": "batch", "batch": batch}))
        self.batches.put(batch)

    def batch_closed(self, number: int, lost: Usage) -> None:
        """Record that all results of a batch are here, and what the other requests may have cost."""
        self._log.append(encode_line({"kind": "batch_closed", "number": number, "lost": lost}))
        self.spend.lose(lost)
        self.batches.close(number)

    def batch_book(self) -> None:
        """Record the state of all batches together, as in `batches`."""
        self._log.append(encode_line(self.batches.record()))

    async def written(self) -> None:
        """Wait until every line so far is written.

        Raises:
            DiskError: the disk refused, and now once more.
        """
        lines = self._log.line_count
        await asyncio.sleep(0)  # the lines are written behind this pass
        self._log.flush_to(lines)

    # Asking

    def known(self, index: int, step: str, request_hash: str) -> Completion | None:
        """The journaled answer to this very request, if any."""
        place = self._pairs.answer(index, step)
        record = None if place is None else decode_line(self._log.read(place))
        if record is None or record["request"] != request_hash:
            return None
        return answer_of(record)

    def wasted(self, index: int) -> int:
        """Tokens of a row's unusable answers."""
        return self._pairs.wasted(index)

    def bad_answers(self, index: int, step: str) -> int:
        """How many answers of a step the recipe rejected."""
        return self._pairs.bad_answers(index).get(step, 0)

    def rejections(self, index: int, step: str) -> Sequence[str]:
        """Why the recipe rejected answers of a step since the run, or this repair, began: in any of its starts."""
        return self._pairs.rejections(index, step)

    def unusable(self, index: int, step: str, request_hash: str) -> Sequence[str]:
        """Why nobody could use the answers to a request since the run, or this repair, began."""
        return self._pairs.unusable(index, step, request_hash)

    def has_failed_here(self, index: int) -> bool:
        """Whether an answer of a row could not be used, or was rejected, in this very start."""
        return self._pairs.has_failed_here(index)

    # Committing (see `writer`): `carry` and `flush`, then `sync` on the helper thread, then the checkpoint, then
    # `unlink_retired`, and `release` or `keep` for each row that the checkpoint covers.

    async def make_durable(self) -> None:
        """Make every line so far durable.

        Raises:
            DiskError: the disk refused.
        """
        self.flush()
        await self._disk.call(self.sync)

    def flush(self) -> None:
        """Write every line so far now, on the loop's thread.

        Raises:
            DiskError: the disk refused.
        """
        self._log.flush()

    def sync(self) -> None:
        """Make every line durable that is written; any thread may call it.

        Raises:
            DiskError: the disk refused, and nothing later can be declared durable.
        """
        self._log.sync()

    def unlink_retired(self) -> None:
        """Unlink the segments that a durable checkpoint no longer needs."""
        self._log.unlink_retired()

    def unlink_dead(self) -> None:
        """Unlink the segments that no row needs; the run has reached its end."""
        if self.batches.open:  # of another phase of the directory; the lines may be in a removed segment
            self._append_batches()
            self.sync()
        self._log.unlink_dead(keep_last=bool(self.batches.open))

    def close(self) -> None:
        """Close the segment; nothing is recorded after that."""
        self._log.close()

    def carry(self) -> None:
        """Copy what failed rows need out of segments that hold nothing else, so that these can go.

        A segment that holds the `sent` line of a call in flight stays until that call has come back, and so do all
        behind it: they say how the calls ended that it sent. One that is not durable stays too: if the power took
        a line there and left its copy, the copy would be counted beside the total that includes it.
        """
        in_flight = set(map(id, self._in_flight.values()))
        for segment in self._log.closed:
            if segment.live != segment.kept or id(segment) in in_flight or not segment.is_durable:
                break
            for index in self._pairs.kept_in(segment):
                self._carry_pair(segment, index)
            self._log.append(spend_line(self.spend, self.cache))
            self._append_batches()
            self._log.retire(segment)

    def _carry_pair(self, segment: Segment, index: int) -> None:
        for step, place in self._pairs.answers_in(segment, index):
            self._pairs.answered(index, step, self._log.append(self._log.read(place)))
        wasted, bad_answers = self._pairs.wasted(index), self._pairs.bad_answers(index)
        self._pairs.forget_losses_in(segment, index)
        if wasted or bad_answers:
            # The sum, not the lines: if the lines turn up again, nothing is counted twice.
            record = {"kind": "carried", "index": index, "step": "", "tokens": wasted}
            record |= {"bad_answers": bad_answers} if bad_answers else {}
            self._pairs.carried(index, self._log.append(encode_line(record)), record)

    def release(self, index: int) -> None:
        """Forget a row: a durable checkpoint covers it and it did not fail."""
        self._pairs.release(index)

    def keep(self, index: int) -> None:
        """Keep what was paid for a failed row, though a durable checkpoint covers it."""
        self._pairs.keep(index)

    def _roll(self) -> None:
        """Begin the next segment if it is time.

        Its header holds the spend, so every line before it must have been counted. What an open batch has answered
        must also be durable: if the power took those lines and left the header, they would be fetched again, and
        counted again.
        """
        self._log.roll(
            lambda: header_line(self._fingerprint, replaces_earlier=False, spend=self.spend, cache=self.cache),
            durably=bool(self.batches.open),
        )

    # Opening

    def _compact(self, paths: list[Path], needed: Callable[[int], bool]) -> None:
        """Copy what is needed of all segments into the new one, make it durable, and unlink the others."""
        reader, account = SegmentReader(self._disk), Account(self.spend, self.cache)
        for record, line in reader.records(paths):
            account.read(record, line)
            if record["kind"] in {"header", "spend", "sent"} or self._is_of_the_run(record):
                continue
            self.batches.came(record)
            if needed(record["index"]):
                self._take_over(record, line)
        self.unsettled, self.damaged = account.unsettled, reader.damaged
        self.spend, self.cache = account.total(), account.cache
        self._log.append(spend_line(self.spend, self.cache))
        for adaptation in self.adaptations:
            self._log.append(adapted_line(adaptation))
        self._append_batches()
        self._log.take_over(paths)

    def _append_batches(self) -> None:
        for record in self.batches.records():
            self._log.append(encode_line(record))

    def _is_of_the_run(self, record: dict[str, Any]) -> bool:
        """Read a line that is not about a single row; returns whether it was one."""
        if record["kind"] == ADAPTED:
            self._know(adaptation_of(record["adaptation"]))
            return True
        return self.batches.take(record)

    def _know(self, adaptation: Adaptation) -> None:
        if adaptation not in self.adaptations:
            self.adaptations.append(adaptation)

    def _count(self, usage: Usage, lost: Usage, *, batch: bool = False, cached: bool = False) -> None:
        """Add the cost of a call; an answer from the cache costs nothing."""
        if cached:
            self.cache.add(usage)
        else:
            self.spend.add(usage, batch=batch)
        self.spend.lose(lost)

    def _take_over(self, record: dict[str, Any], line: bytes) -> None:
        """Copy a line that is still needed."""
        if record["kind"] == "answer":
            self._pairs.answered(record["index"], record["step"], self._log.append(line))
        elif record["kind"] == "carried":
            self._pairs.carried(record["index"], self._log.append(line), record)
        elif _counts(record):
            self._pairs.lost(record["index"], self._log.append(line), record)


def _of_batch(came: OutOfBatch) -> dict[str, Any]:
    return {"batch": came.batch, "most": came.most}


def _counts(record: Mapping[str, Any]) -> bool:
    """Whether an attempt without a usable answer must be remembered until its row is written."""
    return bool(record["tokens"]) or "unusable" in record or record["error"].startswith(NOT_ACCEPTED)
