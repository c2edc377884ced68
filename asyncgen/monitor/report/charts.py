"""Charts: the plot is an SVG that stretches to fit, the labels are text beside it that does not.

So they are readable at any width. Each chart is followed by its numbers in a table, for those who cannot see it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from asyncgen.humanize import MINUTE, compact, duration, rate
from asyncgen.monitor.histogram import LEAST, LogHistogram
from asyncgen.monitor.report.axis import AxisLabel, TimeAxis, log_ticks, round_up
from asyncgen.monitor.report.markup import details, esc, table

WIDTH, HEIGHT = 1000.0, 240.0  # in drawing units, which are scaled to the page
BARS = 48  # of a histogram: each is wide enough to point at
STEPS = 4  # lines across a chart: quarters are easy to read
EDGE = 0.05  # of the width, within which labels are set beside their place
A_SECOND = 0.9995  # seconds from which on three figures make one
FAR = 2.5  # times what was used: a limit above that is not drawn


@dataclass(frozen=True, slots=True)
class Series:
    """A line: a value for each bin, None if there is none. `colour` is a class of the style sheet.

    `dashed` lines bound the others; a `growing` one is a running sum. `mean` is that of the whole time: bins may
    be of different lengths.
    """

    name: str
    values: Sequence[float | None]
    colour: str
    dashed: bool = False
    filled: bool = False
    growing: bool = False
    mean: float = 0.0


def over_time(
    title: str, axis: TimeAxis, times: Sequence[str], series: Sequence[Series], show: Callable[[float], str] = rate
) -> str:
    """Lines over time.

    Args:
        title: what it shows, with the unit.
        axis: the time axis of the bins.
        times: the time of each bin, in words.
        series: the lines; all have a value for each bin.
        show: a value in words.
    """
    top = _top(series)
    count = len(times)
    drawn = [_shade(*storm) for storm in axis.storms]
    drawn += [_grid(step / STEPS) for step in range(STEPS)]
    for one in series:
        drawn.append(_line(one, top, count))
    drawn += [f'<path class="break" d="M{mark.place * WIDTH:.1f} 0V{HEIGHT:.0f}"/>' for mark in axis.breaks]
    for place, time in enumerate(times):
        words = ", ".join(f"{one.name} {show(v)}" for one in series if (v := one.values[place]) is not None)
        drawn.append(_hit(place, count, f"{time}: {words}"))
    rows = [
        [time, *("" if (value := one.values[place]) is None else show(value) for one in series)]
        for place, time in enumerate(times)
    ]
    return _figure(
        title,
        _summary(series, top, show),
        "".join(drawn),
        y_labels=[AxisLabel(1 - step / STEPS, compact(top * step / STEPS)) for step in range(STEPS + 1)],
        x_labels=axis.ticks,
        breaks=axis.breaks,
        legend=_legend(series, storms=bool(axis.storms)),
        behind=table(title, ["from", *(one.name for one in series)], rows, numbers=1),
    )


def distribution(title: str, histogram: LogHistogram, colour: str) -> str:
    """The distribution of seconds, on a logarithmic axis."""
    spans = histogram.bars(BARS)
    total = histogram.count
    low = max(spans[0][0], LEAST / 1.1)
    high = spans[-1][1]
    reach = math.log(high / low)

    def place(value: float) -> float:
        return math.log(max(value, low) / low) / reach

    top = round_up(max(number for _, _, number in spans) / total * 100)
    drawn = [_grid(step / STEPS) for step in range(STEPS)]
    for begin, end, number in spans:
        if number:
            left, right = place(begin) * WIDTH, place(end) * WIDTH
            tall = number / total * 100 / top * HEIGHT
            words = f"{_seconds(begin)} to {_seconds(end)}: {number:,} ({100 * number / total:.1f} %)"
            wide = max(1.0, right - left - 2)
            drawn.append(
                f'<rect class="fill {colour}" x="{left + 1:.1f}" y="{HEIGHT - tall:.1f}" width="{wide:.1f}" '
                f'height="{tall:.1f}"><title>{esc(words)}</title></rect>'
            )
    quantiles = {"half": 0.5, "90 %": 0.9, "99 %": 0.99}
    found = {name: histogram.quantile(share) for name, share in quantiles.items()}
    drawn += [f'<path class="mark" d="M{place(value) * WIDTH:.1f} 0V{HEIGHT:.0f}"/>' for value in found.values()]
    words = ", ".join(f"{name} within {_seconds(value)}" for name, value in found.items())
    rows = [[f"{_seconds(b)} to {_seconds(e)}", f"{n:,}", f"{100 * n / total:.2f} %"] for b, e, n in spans]
    return _figure(
        title,
        f"{words}; mean {_seconds(histogram.total / total)}, longest {_seconds(histogram.largest)}",
        "".join(drawn),
        y_labels=[AxisLabel(1 - step / STEPS, f"{top * step / STEPS:g} %") for step in range(STEPS + 1)],
        x_labels=[AxisLabel(place(tick), _seconds(tick)) for tick in log_ticks(low, high)],
        behind=table(title, ["seconds", "attempts", "share"], rows, numbers=1),
    )


def _figure(
    title: str,
    summary: str,
    drawn: str,
    *,
    y_labels: Sequence[AxisLabel],
    x_labels: Sequence[AxisLabel],
    breaks: Sequence[AxisLabel] = (),
    legend: str = "",
    behind: str,
) -> str:
    ys = "".join(f'<span style="top:{100 * mark.place:.2f}%">{esc(mark.label)}</span>' for mark in y_labels)
    xs = "".join(_across(mark, mark.label) for mark in x_labels)
    gaps = "".join(_across(mark, f"{mark.label} off") for mark in breaks if mark.label)
    return (
        f"<figure><figcaption><h3>{esc(title)}</h3><p>{esc(summary)}</p></figcaption>{legend}"
        f'<div class="chart"><div class="y" aria-hidden="true">{ys}</div>'
        f'<svg role="img" aria-label="{esc(title)}: {esc(summary)}" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" '
        f'preserveAspectRatio="none">{drawn}</svg>'
        f'<div class="gaps" aria-hidden="true">{gaps}</div><div class="x" aria-hidden="true">{xs}</div></div>'
        f"{details('The numbers', behind)}</figure>"
    )


def _top(series: Sequence[Series]) -> float:
    """The end of the axis: a limit far above what was used would press that to the bottom."""
    most = max(
        (value for one in series if not one.dashed for value in one.values if value is not None), default=0.0
    )
    bounds = [value for one in series if one.dashed for value in one.values if value is not None]
    near = [bound for bound in bounds if bound <= FAR * most]
    return round_up(max([most, *near]))


def _across(mark: AxisLabel, label: str) -> str:
    side = ' class="left"' if mark.place < EDGE else ' class="right"' if mark.place > 1 - EDGE else ""
    return f'<span{side} style="left:{100 * mark.place:.2f}%">{esc(label)}</span>'


def _line(series: Series, top: float, count: int) -> str:
    pieces: list[list[str]] = [[]]
    for place, value in enumerate(series.values):
        if value is None or value > top:
            pieces.append([])
        else:
            pieces[-1].append(f"{(place + 0.5) / count * WIDTH:.1f} {HEIGHT * (1 - value / top):.1f}")
    drawn = []
    for points in filter(None, pieces):
        path = "M" + "L".join(points if len(points) > 1 else points * 2)
        if series.filled:
            ends = points[0].split()[0], points[-1].split()[0]
            drawn.append(
                f'<path class="area {series.colour}" d="{path}L{ends[1]} {HEIGHT:.0f}L{ends[0]} {HEIGHT:.0f}Z"/>'
            )
        drawn.append(f'<path class="line {series.colour}{" dashed" if series.dashed else ""}" d="{path}"/>')
    return "".join(drawn)


def _grid(height: float) -> str:
    return f'<path class="grid" d="M0 {HEIGHT * height:.1f}H{WIDTH:.0f}"/>'


def _shade(start: float, end: float) -> str:
    wide = max(2.0, (end - start) * WIDTH)
    return f'<rect class="storm" x="{start * WIDTH:.1f}" y="0" width="{wide:.1f}" height="{HEIGHT:.0f}"/>'


def _hit(place: int, count: int, words: str) -> str:
    wide = WIDTH / count
    return (
        f'<rect class="hit" x="{place * wide:.1f}" y="0" width="{wide:.1f}" height="{HEIGHT:.0f}">'
        f"<title>{esc(words)}</title></rect>"
    )


def _legend(series: Sequence[Series], *, storms: bool) -> str:
    items = [
        f'<li><span class="key {one.colour}{" dashed" if one.dashed else ""}"></span>{esc(one.name)}</li>'
        for one in series
    ]
    if storms:
        items.append('<li><span class="key storm"></span>storm: nothing was sent</li>')
    return f'<ul class="legend" aria-hidden="true">{"".join(items)}</ul>'


def _summary(series: Sequence[Series], top: float, show: Callable[[float], str]) -> str:
    words = []
    for one in series:
        values = [value for value in one.values if value is not None]
        if values and one.dashed:
            words.append(f"{one.name} {show(values[-1])}" + (", beyond the chart" if min(values) > top else ""))
        elif values and one.growing:
            words.append(f"{one.name}: {show(values[-1])} at the end")
        elif values:
            words.append(f"{one.name}: mean {show(one.mean)}, at most {show(max(values))}")
    return "; ".join(words)


def _seconds(value: float) -> str:
    if value < LEAST:
        return "0"
    if value < A_SECOND:
        return f"{1000 * value:.3g} ms"
    return f"{value:.3g} s" if value < MINUTE else duration(value)
