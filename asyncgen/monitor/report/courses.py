"""The sections with charts: a run over time, and the distribution of its calls."""

from collections.abc import Iterator

from asyncgen.humanize import NO_PRICE, amount, duration, one_of, percent, with_article
from asyncgen.monitor.history import Calls, PausedStorm
from asyncgen.monitor.report.amounts import LISTED, cost_of, moment, waited_for
from asyncgen.monitor.report.axis import TimeAxis
from asyncgen.monitor.report.charts import Series, distribution, over_time
from asyncgen.monitor.report.markup import bars, paragraph, table
from asyncgen.monitor.report.record import RunRecord
from asyncgen.monitor.run_status import Picture


def speed(picture: Picture, record: RunRecord, axis: TimeAxis) -> Iterator[str]:
    """Rows, calls against their limits, and what calls waited for."""
    if not record.timeline.bins:
        yield paragraph("There are no samples: the throughput is unknown.")
        return
    times = _times(record)

    def chart(title: str, *series: Series) -> str:
        return over_time(title, axis, times, series)

    yield chart(
        f"{picture.rows.capitalize()} a minute",
        _rate(record, picture.rows, "pairs", "blue"),
    )
    limits = record.timeline.names("limit:")
    for name in limits:
        yield chart(
            f"{name.capitalize()} a minute, against the limit",
            _rate(record, "sent" if name == "requests" else "charged", f"spent:{name}", "blue"),
            Series("limit", record.a_minute(f"limit:{name}", f"known:{name}"), "ink", dashed=True),
        )
    if "requests" not in limits:
        yield chart("Calls a minute", _rate(record, "calls", "calls", "blue"))
    if not limits:
        yield paragraph(
            "No limit a minute was set, and the server named none: the calls in flight were the bound."
        )
    yield chart(
        "Calls in flight, against their limit",
        Series("in flight", record.level("in_flight"), "blue", filled=True, mean=record.mean("in_flight")),
        Series("limit", record.level("concurrency"), "ink", dashed=True),
    )
    shares = record.wait_shares().items()
    yield bars(
        "What the oldest call waited for, as a share of the time",
        ["waited for", "", "share"],
        [(waited_for(name), share, percent(share)) for name, share in shares],
    )


def refusals(picture: Picture, record: RunRecord, axis: TimeAxis, storms: list[PausedStorm]) -> Iterator[str]:
    """Refused calls, retries, storms, and answers that never arrived."""
    if picture.lost_tokens:
        yield paragraph(
            f"Calls whose answer never arrived may have taken {picture.lost_tokens:,} tokens at most, "
            "which no other figure here includes; the budget counts them."
        )
    line = record.timeline
    refused, retried = line.total("refused"), line.total("retried")
    if not (refused or retried):
        known = "No call was refused, and none was retried after a failure."
        yield paragraph(known if line.total("seconds") else "There are no samples: Failures has what calls tell.")
        return
    yield over_time(
        "Calls refused for rate or overload, and retries, a minute",
        axis,
        _times(record),
        [
            _rate(record, "refused", "refused", "red"),
            Series("retries", record.a_minute("retried"), "orange", mean=60 * record.mean("retried")),
        ],
    )
    yield paragraph(
        f"{refused:,.0f} calls were refused, which never counts against {with_article(one_of(picture.rows))}; "
        f"{retried:,.0f} attempts were not the first of their call."
    )
    if storms:
        longest = sorted(storms, key=lambda storm: -storm.paused)[:LISTED]
        yield table(
            "Storms" if len(storms) <= LISTED else f"The longest {LISTED} of {len(storms):,} storms",
            ["from", "until", "why", "paused", "pauses"],
            [
                [moment(one.began), moment(one.ends), one.kind, duration(one.paused), f"{one.pauses:,}"]
                for one in sorted(longest, key=lambda storm: storm.began)
            ],
            numbers=3,
        )


def waiting(picture: Picture, calls: Calls) -> Iterator[str]:
    """Latency and the wait before the gate."""
    if not calls.latency.count:
        yield paragraph("No call was answered.")
    else:
        yield distribution("Latency of answered calls", calls.latency, "blue")
    if calls.waits.count:
        yield distribution("Wait of a call before it could be sent", calls.waits, "orange")
    if calls.steps:
        yield table(
            "Latency by step",
            ["step", "answers", "half within", "90 %", "99 %", "longest"],
            [
                [
                    step,
                    f"{times.count:,}",
                    *(duration(times.quantile(share)) for share in (0.5, 0.9, 0.99)),
                    duration(times.largest),
                ]
                for step, times in sorted(calls.steps.items())
            ],
            numbers=1,
        )
    if calls.slowest:
        yield table(
            "The slowest answers",
            [one_of(picture.rows), "step", "seconds"],
            [[f"{index:,}", step, f"{took:.2f}"] for took, index, step in calls.slowest],
            numbers=2,
        )


def tokens(picture: Picture, record: RunRecord, axis: TimeAxis) -> Iterator[str]:
    """Tokens and cost."""
    line = record.timeline
    if not line.bins:
        yield paragraph("There are no samples: the course of tokens and cost is unknown.")
        return
    yield over_time(
        "Tokens so far",
        axis,
        _times(record),
        [
            Series("in", record.sums("prompt"), "blue", filled=True, growing=True),
            Series("out", record.sums("completion"), "green", filled=True, growing=True),
        ],
        lambda value: f"{value:,.0f}",
    )
    cost = cost_of(picture)
    if cost == NO_PRICE:
        yield paragraph("There is no price for this model, so the cost is unknown.")
    else:
        yield over_time(
            "Cost so far (USD)",
            axis,
            _times(record),
            [Series("cost", record.sums("cost"), "green", filled=True, growing=True)],
            amount,
        )
    prompt, completion, pairs = line.total("prompt"), line.total("completion"), line.total("pairs")
    each = [f"{number / pairs:,.0f}" if pairs else "" for number in (prompt, completion, prompt + completion)]
    yield table(
        "Tokens as the server counted them",
        ["", "in all", with_article(one_of(picture.rows))],
        [
            ["in", f"{prompt:,.0f}", each[0]],
            ["out", f"{completion:,.0f}", each[1]],
            ["together", f"{prompt + completion:,.0f}", each[2]],
            ["cost", cost, ""],
        ],
        numbers=1,
    )


def _rate(record: RunRecord, name: str, counted: str, colour: str) -> Series:
    """A count per minute."""
    return Series(name, record.a_minute(counted), colour, filled=True, mean=60 * record.mean(counted))


def _times(record: RunRecord) -> list[str]:
    width = record.timeline.width
    return [moment(record.moment(place * width)) for place in range(len(record.timeline.bins))]
