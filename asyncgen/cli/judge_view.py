"""What `asyncgen verify --judge` shows: the judge's verdicts, its accuracy, and the conclusion."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from asyncgen.cli.judge_run import JudgeOutcome
from asyncgen.cli.judge_session import JudgeReport
from asyncgen.cost import describe
from asyncgen.humanize import NO_PRICE, amount, plural, usd
from asyncgen.quality.judge.calibration import Calibration
from asyncgen.quality.judge.figures import figures_of
from asyncgen.quality.judge.intervals import Share
from asyncgen.quality.judge.trust import Trust

_SAYS = {
    Trust.PROVEN: "by the rules",
    Trust.JUDGED: "to have the same meaning, in both orders",
    Trust.OPEN: "neither rules nor judge decide",
    Trust.FLAGGED: "wrong by rule",
    Trust.REJECTED: "judged to differ, in both orders",
}


def judge_lines(report: JudgeReport, rows: str) -> Iterator[str]:
    """The lines for a person; `rows` is the word for rows."""
    found, outcome = report.calibration, report.outcome
    judged = found.judged
    yield (
        f"\njudge          {outcome.model}: {judged.same:,} the same, {judged.different:,} different, "
        f"{judged.open:,} where its two answers disagree, of {report.cases:,} open or flagged"
    )
    if report.unanswered:
        yield f"               {report.unanswered:,} not answered: the same command asks only these again"
    yield f"               {plural(outcome.calls, 'call')} now; in all: {describe(outcome.spend, outcome.price)}"
    yield from _calibration_lines(found)
    yield from _estimate_lines(found, rows)
    counts = Counter(row.trust for row in report.rows)
    total = max(1, len(report.rows))
    yield ""
    for trust in Trust:
        number = f"{counts[trust]:,} of {len(report.rows):,} {rows} ({100 * counts[trust] / total:.2f} %)"
        yield f"{trust:<14} {number:<32} {_SAYS[trust]}"


def _calibration_lines(found: Calibration) -> Iterator[str]:
    if not found.kinds:
        yield "               not calibrated: how often it errs is unknown"
        return
    heads = (
        "cases whose answer is known",
        "cases",
        "rules flag",
        "rules prove",
        "judge: different",
        "judge: same",
    )
    yield "\n" + _row(*heads)
    for tally in found.all:
        yield _row(
            f"{'good' if tally.same else 'bad'}  {tally.kind}",
            f"{tally.states.total():,}",
            *map(_percent, (tally.flagged, tally.proven)),
            *(map(_percent, (tally.rejected, tally.accepted)) if tally.meanings else ("-", "-")),
        )


def _row(first: str, *others: str) -> str:
    return f"{first:<28} {others[0]:>5}" + "".join(f" {one:>18}" for one in others[1:])


def _estimate_lines(found: Calibration, rows: str) -> Iterator[str]:
    same, total = found.judged.same, sum(found.judged)
    if found.estimate is None:
        if total and found.bad.meanings and found.good.meanings:
            yield (
                "\nthe judge calls no more of the bad ones different than of the good ones: "
                f"what it says of these {rows} means nothing"
            )
        return
    yield f"\nif the errors in these {rows} are like the known ones (95 % intervals):"
    if same:
        yield f"  of the {same:,} judged the same, {_percent(found.estimate.bad_in_same)} are bad"
    yield f"  of all {total:,} judged, {_percent(found.estimate.bad)} are bad"


def _percent(share: Share) -> str:
    return f"{_number(share.value)} % ({_number(share.low)}-{_number(share.high)})"


def _number(share: float) -> str:
    percent = 100 * share
    return f"{percent:.1f}" if 0 < percent < 10 else f"{percent:.0f}"  # noqa: PLR2004 - two figures


def plan_lines(report: JudgeReport) -> Iterator[str]:
    """The forecast of the calls, for a person."""
    outcome, planned = report.outcome, report.outcome.planned
    mixed = f"{report.known:,} known ones mixed in"
    yield f"\njudge          {outcome.model}: {report.cases:,} open or flagged, {mixed}"
    if planned is None:
        yield "               nothing to ask: all of them have their verdict"
        return
    yield f"               {planned.calls:,.0f} calls, two for each of {planned.pairs:,} that have no verdict yet"
    yield f"cost           {_cost(outcome)}"


def _cost(outcome: JudgeOutcome) -> str:
    planned, price = outcome.planned, outcome.price
    if planned is None or planned.cost is None or price is None:
        return f"{NO_PRICE} (--prices FILE)"
    low, likely, high = planned.cost
    listed = f"{price.model}, list prices of {price.dated or price.source}"
    return f"{usd(likely)} ({amount(low)} to {amount(high)}; {listed})"


def judge_as_json(report: JudgeReport) -> dict[str, Any]:
    """The same for programs; the quotes are with the rows."""
    outcome, planned = report.outcome, report.outcome.planned
    figures = figures_of(outcome.model, outcome.endpoint, report.rows, report.calibration)
    if report.dry:
        cost = None if planned is None or planned.cost is None else planned.cost
        return {
            "judge": figures["judge"],
            "cases": report.cases,
            "known_cases": report.known,
            "calls": 0 if planned is None else round(planned.calls),
            "cost": cost,
        }
    return figures | {"calls": outcome.calls, "tokens": outcome.spend.known.total_tokens}
