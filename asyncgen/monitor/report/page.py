"""The page: what happened first, then the charts, then the details."""

from importlib.resources import files

from asyncgen.humanize import duration, rate
from asyncgen.monitor.history import LEAST_STORM, Calls
from asyncgen.monitor.report.accounts import failures, plan, settings, starts
from asyncgen.monitor.report.amounts import cost_of, moment, zone
from asyncgen.monitor.report.axis import time_axis
from asyncgen.monitor.report.courses import refusals, speed, tokens, waiting
from asyncgen.monitor.report.findings import what_happened
from asyncgen.monitor.report.markup import esc, section
from asyncgen.monitor.report.record import RunRecord
from asyncgen.monitor.run_status import Picture

_CONTENT = {
    "what": "What happened",
    "speed": "Throughput",
    "refusals": "Refusals and retries",
    "waiting": "Latency and waiting",
    "tokens": "Tokens and cost",
    "plan": "Planned and actual",
    "failures": "Failures",
    "starts": "Starts and interruptions",
    "settings": "Settings",
}


def render(picture: Picture, record: RunRecord, calls: Calls, now: float, go_on: str) -> str:
    """The whole page; `now` in seconds since the epoch, `go_on` the command that resumes the run."""
    storms = [storm for storm in picture.history.storms if storm.paused >= LEAST_STORM]
    axis = time_axis(record, [(storm.began, storm.ends) for storm in storms])
    title = f"{picture.directory.name}: {picture.condition}"
    links = "".join(f'<li><a href="#{name}">{esc(text)}</a></li>' for name, text in _CONTENT.items())
    body = {
        "what": what_happened(picture, record, storms, go_on),
        "speed": speed(picture, record, axis),
        "refusals": refusals(picture, record, axis, storms),
        "waiting": waiting(picture, calls),
        "tokens": tokens(picture, record, axis),
        "plan": plan(picture, record),
        "failures": failures(picture, calls),
        "starts": starts(picture),
        "settings": settings(picture),
    }
    sections = "".join(section(name, text, *body[name]) for name, text in _CONTENT.items())
    style = (files("asyncgen.monitor.report") / "style.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{esc(title)}</title><style>{style}</style></head><body>"
        '<a class="skip" href="#what">To what happened</a>'
        f'<header><p class="kind">asyncgen report</p><h1>{esc(picture.directory.name)} '
        f'<span class="condition {picture.condition}">{esc(picture.condition)}</span></h1>'
        f'<p class="path">{esc(picture.directory)}</p>{_tiles(picture, record, calls)}</header>'
        f'<nav aria-label="Content"><ul>{links}</ul></nav><main>{sections}</main>'
        f"<footer><p>Written {esc(moment(now))}. Times are of the zone {esc(zone(now))}. "
        "Nothing in this file comes from the notes.</p></footer></body></html>\n"
    )


def _tiles(picture: Picture, record: RunRecord, calls: Calls) -> str:
    line = record.timeline
    worked, pairs = line.total("seconds"), line.total("pairs")
    sent, refused = line.total("calls"), line.total("refused")
    if not picture.history.sessions and picture.state is not None:  # merged from shards
        sent, refused = calls.attempts, calls.refused
    tiles = [
        (picture.rows, f"{picture.done:,} of {picture.total:,}"),
        ("failed", f"{sum(picture.failures.values()):,}"),
        ("working time", duration(worked) if worked else "-"),
        (f"{picture.rows} a minute", rate(60 * pairs / worked) if worked else "-"),
        ("calls", f"{sent:,.0f}"),
        ("refused", f"{refused:,.0f}"),
        *([("from the cache", f"{picture.from_cache:,}")] if picture.from_cache else []),
        ("tokens", f"{picture.tokens:,}"),
        ("cost", cost_of(picture).removesuffix(" for this model")),
    ]
    return (
        "<dl>"
        + "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value)}</dd></div>" for name, value in tiles)
        + "</dl>"
    )
