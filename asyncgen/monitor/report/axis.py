"""Axes: round numbers, times of day, logarithms."""

import math
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta

from asyncgen.humanize import brief
from asyncgen.monitor.report.record import RunRecord

_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200]
_DAY = 86_400
MOST_TICKS = 7  # so many labels fit side by side on a phone
LEAST_DISTANCE = 0.1  # of the width, between two labels
MOST_LABELLED_BREAKS = 6  # more labels would cover each other


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A label at a place from 0 to 1 along the axis."""

    place: float
    label: str


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """The time axis of a record: ticks at times of day, breaks between sessions, storms as spans from 0 to 1."""

    length: float
    ticks: list[AxisLabel]
    breaks: list[AxisLabel]
    storms: list[tuple[float, float]]


def time_axis(record: RunRecord, storms: list[tuple[float, float]]) -> TimeAxis:
    """The time axis of a record.

    Args:
        record: the record of the samples.
        storms: from, to, in seconds since the epoch.
    """
    length = record.length or 1.0
    breaks = []
    for before, after in zip(record.spans, record.spans[1:], strict=False):
        breaks.append(AxisLabel(after.offset / length, brief(max(0.0, after.began - before.last))))
    if len(breaks) > MOST_LABELLED_BREAKS:
        breaks = [AxisLabel(one.place, "") for one in breaks]
    shaded = [
        ((span.offset + start - span.began) / length, (span.offset + end - span.began) / length)
        for span in record.spans
        for began, ended in storms
        if (start := max(began, span.began)) < (end := min(ended, span.last))
    ]
    return TimeAxis(length, _time_ticks(record, length), breaks, shaded)


def _time_ticks(record: RunRecord, length: float) -> list[AxisLabel]:
    if not record.spans:
        return []
    first, last = _local(record.spans[0].began), _local(record.spans[-1].last)
    days = first.date() != last.date()
    wanted = next((step for step in _STEPS if length / step <= MOST_TICKS), None)
    step = wanted or _DAY * math.ceil(length / _DAY / MOST_TICKS)
    pattern = "%d %b %H:%M" if days else "%H:%M" if step % 60 == 0 else "%H:%M:%S"
    ticks: list[AxisLabel] = []
    for span in record.spans:
        begin = _local(span.began)
        midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
        at = midnight + timedelta(seconds=step * math.ceil((begin - midnight).total_seconds() / step))
        while at.timestamp() <= span.last:
            place = (span.offset + at.timestamp() - span.began) / length
            distance = LEAST_DISTANCE * (2 if days else 1)
            if not ticks or place - ticks[-1].place >= distance:
                ticks.append(AxisLabel(place, at.strftime(pattern)))
            at += timedelta(seconds=step)
    return ticks


def _local(at: float) -> datetime:
    return datetime.fromtimestamp(at).astimezone()


def round_up(value: float) -> float:
    """The next of 1, 2, 3, 4, 5, 6, 8, 10 times a power of ten."""
    if value < sys.float_info.min:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(power * step for step in (1, 2, 3, 4, 5, 6, 8, 10) if value <= power * step * (1 + 1e-9))


def log_ticks(low: float, high: float) -> list[float]:
    """1, 2, 5 times powers of ten between two positive numbers; only the powers if there are many."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    few = len(exponents) <= 3  # noqa: PLR2004
    numbers = [step * 10.0**exponent for exponent in exponents for step in ((1, 2, 5) if few else (1,))]
    return [number for number in numbers if low <= number <= high]
