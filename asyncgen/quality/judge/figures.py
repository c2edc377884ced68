"""The results for a set in figures: for the card, and for programs."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from asyncgen.quality.judge.calibration import Calibration, KindTally
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.judge.verdict_file import RowVerdict


def figures_of(model: str, endpoint: str, rows: Iterable[RowVerdict], found: Calibration) -> dict[str, Any]:
    """The figures: the judge, rows by trust, what was judged, the accuracy, and the conclusion.

    Args:
        model: of the judge.
        endpoint: its name in a run.
        rows: all rows.
        found: the calibration.
    """
    counts = Counter(row.trust for row in rows)
    return {
        "judge": {"model": model, "endpoint": endpoint},
        "trust": {str(trust): counts[trust] for trust in Trust},
        "judged": found.judged._asdict(),
        "calibration": [_tally(tally) for tally in found.all],
        "estimate": None if found.estimate is None else asdict(found.estimate),
    }


def _tally(tally: KindTally) -> dict[str, Any]:
    return {
        "kind": tally.kind,
        "same": tally.same,
        "cases": tally.states.total(),
        "rules": {
            "states": {str(state): number for state, number in tally.states.items()},
            "flagged": asdict(tally.flagged),
            "proven": asdict(tally.proven),
        },
        "judge": {
            "outcomes": tally.outcomes._asdict(),
            "different": asdict(tally.rejected),
            "same": asdict(tally.accepted),
        },
    }
