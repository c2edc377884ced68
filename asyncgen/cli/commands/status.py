"""`asyncgen status`: the state of a run, from another terminal, also after it was killed."""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from asyncgen.cli.command_line import with_larger_budget
from asyncgen.cli.paths import a_run, absolute
from asyncgen.cli.setting_names import PHRASES
from asyncgen.errors import Exit, Phrase
from asyncgen.events import TAKEN, UNREACHED
from asyncgen.humanize import brief, clock, duration, one_of, percent, plural, rate, usd

if TYPE_CHECKING:
    from asyncgen.monitor.run_status import Picture
    from asyncgen.monitor.throughput import Rates

EXAMPLE = "asyncgen status out --watch"

INTERVAL = 1.0  # seconds: as often as a run takes a sample
FRESH = 5.0  # seconds after which the age of a running process's sample is shown
BURST = 1.05  # of a limit in use: more than its rate, a burst
_CLEAR = "\x1b[H\x1b[J"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments: directory and format."""
    parser.add_argument("directory", type=a_run, metavar="DIR", help="the --output-dir of a run")
    parser.add_argument(
        "--watch", action="store_true", help="repeat every second, until Ctrl-C or the end of the run"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object (with --watch: one a line)")


def execute(args: argparse.Namespace) -> int:
    """Read the directory, and print its state."""
    from asyncgen.monitor.run_status import Condition, look  # noqa: PLC0415 - orjson and more, not for --help
    from asyncgen.storage.disk import Disk  # noqa: PLC0415
    from asyncgen.storage.layout import RunDirectory  # noqa: PLC0415
    from asyncgen.text import printable  # noqa: PLC0415

    directory = RunDirectory(Disk(), absolute(args.directory, "the directory"))
    redraw = args.watch and not args.json and _can_redraw()
    with suppress(KeyboardInterrupt) if args.watch else nullcontext():
        while True:
            picture = look(directory)
            text = printable(_text(picture, args))
            sys.stdout.write(f"{_CLEAR if redraw else ''}{text}\n")
            sys.stdout.flush()
            if not (args.watch and picture.condition in {Condition.RUNNING, Condition.STARTING}):
                break
            time.sleep(INTERVAL)
    return Exit.DONE


def _can_redraw() -> bool:
    return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _text(picture: "Picture", args: argparse.Namespace) -> str:
    if args.json:
        return json.dumps(as_json(picture), indent=None if args.watch else 2)
    if args.watch and not _can_redraw():
        return "  ".join(f"{name} {value}" for name, value in lines(picture) if name in {*_IN_SHORT, picture.rows})
    return "\n".join(f"{name:<12} {value}" for name, value in lines(picture))


_IN_SHORT = {"run", "rates", "limit", "waits for"}


def lines(picture: "Picture") -> Iterator[tuple[str, str]]:
    """What a person wants to know, by name."""
    rates = _rates(picture)
    yield "run", _condition(picture)
    if picture.state is not None and picture.state.portion is not None:
        yield "part", picture.state.portion.in_words(picture.rows)
    yield picture.rows, _pairs(picture)
    for (step, kind), number in picture.failures.most_common():
        yield "failed", f"{number:,} by {step}: {kind}"
    yield from _batches(picture)
    session, sample = picture.session, picture.sample
    if session is not None and sample is not None:
        running = picture.pid is not None
        if running:
            yield "rates", _rates_line(rates, picture.rows)
        oldest = (
            ""
            if sample.oldest is None
            else f"; the oldest {one_of(picture.rows)} is {duration(sample.oldest)} old"
        )
        yield (
            "in flight",
            f"{sample.in_flight:,} of {sample.concurrency:,} calls{oldest if running else ' at the last sample'}",
        )
        if running and rates.share is not None:
            yield "limit", _limit(rates)
            yield "waits for", _waits_for(picture)
        if running:
            yield from (("endpoint", line) for line in _endpoints(picture))
        yield from _storm(picture)
        yield from _spent(picture)
        if running and rates.eta is not None:
            yield "remaining", f"{duration(rates.eta)}, until about {clock(time.time() + rates.eta)}"
    elif session is None and picture.state is not None:  # merged from shards: no process has worked here
        yield _tokens(picture)
    if picture.pid is None and session is not None:
        yield from _advice(picture)


def as_json(picture: "Picture") -> dict[str, Any]:
    """The same for programs; unknown values are null. Times are ISO 8601 in UTC, durations seconds, cost USD."""
    rates, session, sample = _rates(picture), picture.session, picture.sample
    portion = picture.state.portion if picture.state else None
    samples = picture.history.samples
    resumable = picture.resumable
    # Without any process there are no counts: a directory merged from shards knows only its tokens.
    merged = picture.state is not None and not picture.history.sessions
    return {
        "directory": str(picture.directory),
        "condition": picture.condition,
        "shard": str(portion.shard) if portion else None,
        "pid": picture.pid,
        "began": session and _iso(session.began),
        "last_sign_of_life": session and _iso(session.last),
        "sessions": len(picture.history.sessions),
        "pairs": {
            "total": picture.total,
            "done": picture.done,
            "failed": sum(picture.failures.values()),
            "durable": 0 if picture.state is None else picture.state.done,
        },
        "failures": [{"step": step, "kind": kind, "pairs": n} for (step, kind), n in picture.failures.items()],
        "rates": {
            "pairs_per_second": rates.pairs,
            "calls_per_second": rates.calls,
            "remaining_seconds": rates.eta,
        },
        "limit": {"name": rates.binding, "share": rates.share, "limit": rates.limit},
        "in_flight": sample and sample.in_flight,
        "concurrency": sample and sample.concurrency,
        "waiting": sample and sample.waiting,
        "waiting_on": sample and sample.waiting_on,
        "endpoints": [asdict(use) for use in sample.endpoints] if sample else [],
        "oldest_pair_seconds": sample and sample.oldest,
        "batches": [asdict(batch) for batch in picture.history.batches.values()],
        "paused_until": _iso(until) if (until := _paused_until(picture)) else None,
        "calls": None if merged else sum(one.calls for one in samples),
        "refused": None if merged else sum(one.refused for one in samples),
        "retried": None if merged else sum(one.retried for one in samples),
        "from_cache": picture.from_cache,
        "prompt_tokens": picture.prompt_tokens,
        "completion_tokens": picture.completion_tokens,
        "cost_usd": None if picture.is_partly_priced else picture.cost,
        "last_start_cost_usd": session and session.sample and session.sample.cost,
        "lost_tokens_at_most": picture.lost_tokens,
        "exit_code": session.ended[0] if session and session.ended else None,
        "reason": session.ended[1] if session and session.ended else None,
        "moved_from": picture.moved_from,
        "resume": resumable and with_larger_budget(resumable.command, resumable.named),
    }


def _rates(picture: "Picture") -> "Rates":
    from asyncgen.monitor.throughput import Meter  # noqa: PLC0415 - as above

    meter = Meter()
    for at, sample in picture.history.last_minute():
        meter.add(at, sample)
    return meter.rates()


def _condition(picture: "Picture") -> str:
    session = picture.session
    said = str(picture.condition)
    if picture.pid is not None:
        said += f" (process {picture.pid})"
        if session is not None and picture.condition == "running":
            said += f" for {duration(time.time() - session.began)}"
            if time.time() - session.last > FRESH:
                said += f"; it last wrote {brief(time.time() - session.last)} ago"
            if session.stopping:
                said += f"; it is stopping: {session.stopping}"
        return said
    if session is None:
        return said
    when = clock(session.last)
    if session.ended is None and picture.condition == "finished":  # killed between its last step and saying so
        return f"{said} at {when}"
    if session.ended is None:
        if session.stopping:
            return f"stopped: process {session.pid} was left at once at about {when}, while it was stopping"
        why = "killed, or the machine went down"
        return f"{said}: process {session.pid} ended unexpectedly at about {when} ({why})"
    code, reason = session.ended
    return f"{said} at {when} (exit code {code})" + (f": {reason}" if reason else "")


def _pairs(picture: "Picture") -> str:
    total, done = picture.total, picture.done
    share = f" ({100 * done / total:.1f} %)" if total else ""
    failed = sum(picture.failures.values())
    text = f"{done:,} of {total:,}{share} done, {failed:,} of them failed"
    session = picture.session
    if picture.pid is not None and session is not None and session.repairing and session.sample is not None:
        text += f"; asking again for those that failed: {session.sample.done:,} of {session.sample.total:,}"
    return text


def _batches(picture: "Picture") -> Iterator[tuple[str, str]]:
    """The batches whose answers are not taken yet, and how many are over."""
    known = picture.history.batches.values()
    over = sum(batch.status == TAKEN for batch in known)
    for batch in known:
        if batch.status != TAKEN:
            name = f"{batch.number} ({batch.id})" if batch.id else f"{batch.number}"
            done = f"{batch.completed:,} of {plural(batch.requests, 'request')} done"
            yield "batch", f"{name}: {batch.status.replace('_', ' ')}, {done} when last looked at"
    if over:
        yield "batches", f"{over:,} over, their answers taken"


def _rates_line(rates: "Rates", rows: str) -> str:
    if rates.pairs is None or rates.calls is None:
        return "not known yet"
    return f"{rate(rates.pairs)} {rows}/s, {rate(rates.calls)} calls/s in the last minute"


def _limit(rates: "Rates") -> str:
    assert rates.share is not None
    assert rates.limit is not None
    unit = "calls in flight" if rates.binding == "concurrency" else f"{rates.binding} a minute"
    burst = " (a burst that the server grants)" if rates.share > BURST and rates.binding != "concurrency" else ""
    return f"{percent(rates.share)} of {rates.limit:,.0f} {unit} in use{burst}"


def _endpoints(picture: "Picture") -> Iterator[str]:
    """The state of each of several endpoints: its health, its calls in flight and its limits in use."""
    sample, rates = picture.sample, _rates(picture)
    for use in () if sample is None else sample.endpoints:
        health = f"out ({use.out})" if use.out else "not answering, being probed" if use.rests else "healthy"
        limits = [
            f"{percent(min(1.0, share))} of {limit:,.0f} {name}/min"
            for (endpoint, name), (share, limit) in rates.limits.items()
            if endpoint == use.name
        ]
        yield ", ".join([f"{use.name}: {health}", f"{use.in_flight:,} of {use.concurrency:,} in flight", *limits])


def _waits_for(picture: "Picture") -> str:
    until = _paused_until(picture)
    sample = picture.sample
    if until:
        kind = picture.history.storms[-1].kind
        if kind in UNREACHED:
            return f"the server: it cannot be reached, and nothing is sent until {clock(until)} ({kind})"
        return f"the server: it asks to send nothing until {clock(until)} ({kind})"
    match None if sample is None else sample.waiting_on:
        case "concurrency":
            return "answers to the calls in flight"
        case "pause":
            return "the end of a pause"
        case None:
            return "the server's answers; nothing is held back"
        case name:
            return f"the limit of {name} a minute"


def _paused_until(picture: "Picture") -> float | None:
    """The end of a pause in force."""
    storms = picture.history.storms
    return storms[-1].ends if picture.pid is not None and storms and storms[-1].ends > time.time() else None


def _storm(picture: "Picture") -> Iterator[tuple[str, str]]:
    from asyncgen.monitor.history import LEAST_STORM  # noqa: PLC0415 - as above

    storms = [storm for storm in picture.history.storms if storm.paused >= LEAST_STORM]
    if storms:
        last = storms[-1]
        yield (
            "storms",
            f"{len(storms)}, {duration(sum(storm.paused for storm in storms))} of pauses; "
            f"the last from {clock(last.began)} to {clock(last.ends)} ({last.kind})",
        )


def _spent(picture: "Picture") -> Iterator[tuple[str, str]]:
    from asyncgen.monitor.report.amounts import cost_of  # noqa: PLC0415 - as above

    samples = picture.history.samples
    calls, refused, retried = (
        sum(getattr(one, name) for one in samples) for name in ("calls", "refused", "retried")
    )
    starts = len(picture.history.sessions)
    yield (
        "calls",
        f"{calls:,} in {plural(starts, 'start')}, {refused:,} refused, {retried:,} retries",
    )
    if picture.from_cache:
        yield "cache", f"{plural(picture.from_cache, 'answer')}, not among these"
    yield _tokens(picture)
    last = "" if picture.last_cost is None else f" in all starts, {usd(picture.last_cost)} of it in the last"
    yield "cost", f"{cost_of(picture)}{last}"
    if picture.lost_tokens:
        yield "lost", f"{picture.lost_tokens:,} tokens at most, not among these: calls whose answer never arrived"


def _tokens(picture: "Picture") -> tuple[str, str]:
    return "tokens", f"{picture.prompt_tokens:,} in, {picture.completion_tokens:,} out"


def _advice(picture: "Picture") -> Iterator[tuple[str, str]]:
    from asyncgen.client.classify import REFUSED  # noqa: PLC0415 - as above

    session = picture.resumable
    assert session is not None
    # Before callers from Python had theirs kept, there was none.
    command = session.command or "the same call in Python that began it"
    if picture.moved and (picture.condition != "finished" or picture.failures):
        yield "moved", picture.moved
    if picture.condition != "finished":
        yield "to resume", with_larger_budget(command, session.named)
    elif picture.failures:
        if {kind for _, kind in picture.failures} == {REFUSED} and picture.failures.total() == picture.total:
            yield "all refused", PHRASES[Phrase.START_OVER]
        yield "to ask again", command


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
