"""The sections with tables: plan, failures, starts, settings."""

from collections.abc import Iterator

from asyncgen.events import BatchChanged
from asyncgen.humanize import NO_PRICE, duration, one_of, usd
from asyncgen.monitor.history import Calls, Session
from asyncgen.monitor.report.amounts import LISTED, cost_of, moment
from asyncgen.monitor.report.markup import bars, details, esc, paragraph, table
from asyncgen.monitor.report.record import RunRecord
from asyncgen.monitor.run_status import Picture


def plan(picture: Picture, record: RunRecord) -> Iterator[str]:
    """What was expected, and what it took."""
    plans = [(session, plan) for session in picture.history.sessions if (plan := session.planned) is not None]
    if not plans:
        yield paragraph("No plan was made before this run; asyncgen plan says beforehand what to expect.")
        return
    first, plan = plans[0]
    line = record.timeline
    low, high = plan.cost_low, plan.cost_high
    cost = NO_PRICE if low is None or high is None else f"{usd(low)} to {usd(high)}"
    rows = [
        (picture.rows, plan.pairs, line.total("pairs")),
        ("calls", plan.calls, line.total("calls")),
        ("tokens in", plan.prompt_tokens, line.total("prompt")),
        ("tokens out", plan.completion_tokens, line.total("completion")),
    ]
    told: list[list[object]] = [[name, f"{a:,.0f}", f"{b:,.0f}", _difference(a, b)] for name, a, b in rows]
    worked = line.total("seconds")
    if plan.seconds is not None:
        told.append(["time", duration(plan.seconds), duration(worked), _difference(plan.seconds, worked)])
    told.append(["cost", cost, cost_of(picture), ""])
    if plan.binding is not None:
        told.append(["what binds", plan.binding, next(iter(record.wait_shares()), ""), ""])
    yield table(f"Planned at {moment(first.began)}", ["", "planned", "actual", "difference"], told, numbers=1)


def failures(picture: Picture, calls: Calls) -> Iterator[str]:
    """Failed rows, and attempts without an answer."""
    if picture.failures:
        yield bars(
            f"Failed {picture.rows}, by step and kind",
            ["step and kind", "", picture.rows],
            [(f"{step}: {kind}", n, f"{n:,}") for (step, kind), n in picture.failures.most_common()],
            "red",
        )
        yield details(
            f"The {picture.rows}"
            if len(picture.failed) == picture.failures.total()
            else f"The first {len(picture.failed)} {picture.rows}",
            table(
                f"Failed {picture.rows}, as in failed.jsonl",
                [one_of(picture.rows), "id" if picture.rows != "pairs" else "note", "step", "kind", "attempts"],
                [[pair.index, pair.note_id, pair.step, pair.kind, pair.attempts] for pair in picture.failed],
            ),
        )
    else:
        yield paragraph(f"No {one_of(picture.rows)} has failed, or those that had are repaired.")
    if calls.outcomes:
        rows = [
            (kind if status is None else f"{kind} ({status})", n, f"{n:,} ({100 * n / calls.attempts:.2f} %)")
            for (kind, status), n in calls.outcomes.most_common()
            if kind != "ok"
        ]
        if rows:
            yield bars("Attempts without an answer, by kind", ["kind", "", "attempts"], rows, "orange")
        yield table(
            "Answers by attempt",
            ["attempt", "answers"],
            [[f"{attempt}", f"{n:,}"] for attempt, n in sorted(calls.answers_by_attempt.items())],
            numbers=1,
        )


def starts(picture: Picture) -> Iterator[str]:
    """Every process that worked here."""
    sessions = picture.history.sessions
    if not sessions:
        yield paragraph("No starts are recorded.")
        return
    rows = []
    before: Session | None = None
    for number, session in enumerate(sessions, start=1):
        off = "" if before is None else duration(max(0.0, session.began - before.last))
        rows.append(
            [
                number,
                moment(session.began),
                off,
                duration(session.last - session.began),
                f"{session.done:,}",
                _end(session, running=picture.pid is not None and session is sessions[-1]),
                _changed(before, session),
            ]
        )
        before = session
    if len(rows) > LISTED:
        yield paragraph(f"The last {LISTED} of {len(rows):,} starts.")
    yield table(
        "Starts",
        ["start", "began", "idle before", "worked", picture.rows, "ended", "settings changed"],
        rows[-LISTED:],
    )
    batches = picture.history.batches.values()
    if batches:
        yield table(
            "Batches",
            ["batch", "id", "stood last", "requests", "answered", "failed"],
            [
                [batch.number, batch.id, batch.status.replace("_", " "), *_counts(batch)]
                for batch in list(batches)[-LISTED:]
            ],
            numbers=3,
        )
    notices = [f"{moment(session.began)}: {text}" for session in sessions for text in session.notices][-LISTED:]
    if notices:
        yield "<h3>Warnings</h3><ul>" + "".join(f"<li>{esc(text)}</li>" for text in notices) + "</ul>"


def _counts(batch: BatchChanged) -> list[str]:
    return [f"{number:,}" for number in (batch.requests, batch.completed, batch.failed)]


def _end(session: Session, *, running: bool) -> str:
    if session.ended is None:
        how = "left at once" if session.stopping else "killed, or the machine went down"
        return "is running" if running else how
    code, reason = session.ended
    return f"{reason or 'done'} (exit code {code})"


def _changed(before: Session | None, session: Session) -> str:
    if before is None:
        return ""
    was = before.settings
    names = [name for name, value in session.settings.items() if was.get(name) != value]
    return ", ".join(f"{name}: {_setting(was.get(name))} → {_setting(session.settings[name])}" for name in names)


def settings(picture: Picture) -> Iterator[str]:
    """The settings of the last process."""
    session = picture.session
    if session is None:
        yield paragraph("No settings are recorded.")
        return
    rows = [[name, _setting(value)] for name, value in session.settings.items()]
    rows += [["version of asyncgen", session.version], ["process", str(session.pid)], ["command", session.command]]
    yield table("Settings of the last start", ["setting", "value"], rows)


def _setting(value: object) -> str:
    if value is None:
        return "not set"
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _difference(planned: float, actual: float) -> str:
    return f"{100 * (actual - planned) / planned:+.0f} %" if planned else ""
