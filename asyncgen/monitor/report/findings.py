"""What happened, in sentences: how far the run came, what held it back, what went wrong."""

from collections.abc import Iterator

from asyncgen.humanize import duration, percent, plural
from asyncgen.monitor.history import PausedStorm
from asyncgen.monitor.report.amounts import moment, waited_for
from asyncgen.monitor.report.markup import esc
from asyncgen.monitor.report.record import NOTHING, RunRecord
from asyncgen.monitor.run_status import Condition, Picture

ENDS_LISTED = 5  # the table of starts has more


def what_happened(picture: Picture, record: RunRecord, storms: list[PausedStorm], go_on: str) -> Iterator[str]:
    """The findings, and the command that resumes the run."""
    items = list(_findings(picture, record, storms))
    yield "<ul>" + "".join(f"<li>{esc(item)}</li>" for item in items) + "</ul>"
    if picture.session is not None and (
        picture.condition in {Condition.CRASHED, Condition.STOPPED} or picture.failures
    ):
        words = (
            "To resume"
            if picture.condition is not Condition.FINISHED
            else f"To ask again for the failed {picture.rows}"
        )
        words += f" ({picture.moved})" if picture.moved else ""
        yield f'<p>{esc(words)}:</p><pre tabindex="0"><code>{esc(go_on)}</code></pre>'


def _findings(picture: Picture, record: RunRecord, storms: list[PausedStorm]) -> Iterator[str]:
    sessions = picture.history.sessions
    if not sessions:
        yield (
            "No process has left a record here: the run was merged from shards, whose directories have reports "
            "of their starts; or its events were removed."
        )
        return
    starts, failed = len(sessions), sum(picture.failures.values())
    yield (
        f"{picture.done:,} of {picture.total:,} {picture.rows} are done, {failed:,} of them failed, "
        f"in {duration(record.timeline.total('seconds'))} of work and {plural(starts, 'start')} "
        f"between {moment(sessions[0].began)} and {moment(sessions[-1].last)}."
    )
    yield from _held_back(record)
    for number, session in list(enumerate(sessions, start=1))[-ENDS_LISTED:]:
        if session.ended is None and not (picture.pid is not None and session is sessions[-1]):
            how = "was left at once" if session.stopping else "ended unexpectedly"
            why = "while it was stopping" if session.stopping else "killed, or the machine went down"
            yield f"Start {number} {how} at about {moment(session.last)}: {why}."
        elif session.ended is not None and session.ended[1]:
            yield f"Start {number} ended at {moment(session.last)}: {session.ended[1]}."
    if storms:
        longest = max(storms, key=lambda storm: storm.paused)
        yield (
            f"{plural(len(storms), 'storm')}: nothing was sent for "
            f"{duration(sum(storm.paused for storm in storms))} in all, the longest at {moment(longest.began)} "
            f"for {duration(longest.paused)} ({longest.kind})."
        )
    if picture.failures:
        (step, kind), number = picture.failures.most_common(1)[0]
        yield f"Most of the failed {picture.rows} ({number:,}) failed at {step} with {kind}."


def _held_back(record: RunRecord) -> Iterator[str]:
    waits = record.wait_shares()
    if waits:
        name, share = next(iter(waits.items()))
        if name == NOTHING:
            yield f"For {percent(share)} of the time nothing was held back: the pace was that of the answers."
        else:
            yield f"What held it back most: {waited_for(name)}, for {percent(share)} of the time."
